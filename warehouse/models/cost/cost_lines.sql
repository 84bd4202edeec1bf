-- One row per charge: lines of bills (FOCUS), and costs by day from elsewhere that no line of a bill covers: a day of a
-- provider for which the bill has a line of the same account or service is left out, so that nothing counts twice.
-- Hosting is what FOCUS calls infrastructure; all else, and every cost by day, is a third party's. Where a source tells
-- only one of billed and effective cost, it stands for both, and for the list price. What is charged for longer than a day
-- (a subscription of a month) is not is_daily: it stands on its first day and tells nothing of the days after it. quantity is
-- what prices are for (PricingQuantity), where a bill tells only what was used, that.
-- grain: line_id
-- check: category in ('hosting', 'third_party')
with billed as (
  select lower(ProviderName) as provider, ChargePeriodStart::date as day,
         unnest(['account:' || SubAccountId, 'account:' || BillingAccountId, 'service:' || ServiceName]) as scope
  from focus_cost
)
, covered as (
  select distinct provider, day, scope from billed where scope is not null
)
select 'bill:' || x_RowId as line_id, ChargePeriodStart::date as day, ProviderName as provider,
       SubAccountId as account_id, ServiceName as service, ResourceId as resource_id, Tags as tags,
       case when ServiceCategory in ('Compute', 'Storage', 'Networking', 'Databases', 'Management and Governance',
                                     'Analytics', 'Integration', 'Security', 'Identity', 'Multicloud', 'Migration', 'Web')
            then 'hosting' else 'third_party' end as category,
       BillingCurrency as currency, EffectiveCost as effective_cost, BilledCost as billed_cost, ListCost as list_cost,
       ChargePeriodEnd <= ChargePeriodStart + interval 1 day as is_daily, coalesce(SkuId, SkuPriceId, SkuMeter) as sku,
       coalesce(PricingQuantity, ConsumedQuantity) as quantity,
       case when PricingQuantity is not null then PricingUnit else ConsumedUnit end as quantity_unit,
       x_IsEstimated as is_estimated, source_instance
from focus_cost
union all by name
select 'day:' || c.cost_day_id as line_id, c.day, c.provider, c.account_id, c.service, c.resource_id, c.tags,
       'third_party' as category, c.currency, coalesce(c.effective_cost, c.billed_cost) as effective_cost,
       coalesce(c.billed_cost, c.effective_cost) as billed_cost,
       coalesce(c.effective_cost, c.billed_cost) as list_cost, true as is_daily, null as sku,
       try_cast(c.usage_quantity as decimal(38, 18)) as quantity, c.usage_unit as quantity_unit, c.is_estimated,
       c.source_instance
from cost_days c
where coalesce(c.effective_cost, c.billed_cost) is not null
  and not exists (select 1 from covered b
                  where b.provider = lower(c.provider) and b.day = c.day
                    and (b.scope = 'account:' || c.account_id or b.scope = 'service:' || c.service))
