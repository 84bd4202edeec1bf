-- One row per provider, service, day and currency: what was charged for that day.
-- grain: provider, service, day, currency
select ProviderName as provider, ServiceName as service, ChargePeriodStart::date as day, BillingCurrency as currency,
       sum(EffectiveCost) as effective_cost, sum(BilledCost) as billed_cost, count(*) as line_count
from focus_cost
group by all
