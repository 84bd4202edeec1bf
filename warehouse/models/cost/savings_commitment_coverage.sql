-- Steady and not committed: what a compute or database service of an account costs at on-demand prices on each of at least
-- 28 of the last 30 days of its bill. A commitment of a year, nothing paid ahead, costs about 27 % less (AWS Compute
-- Savings Plans; an assumption for others), so it has paid off after 12 * (1 - 0.27) = 8.8 months, even if all stopped then.
-- Advised where less than 80 % of the service is covered; steady is the cheapest of the days.
-- grain: subject_id, currency
-- check: saving_amount < base_cost
with days as (
  select ProviderName as provider, coalesce(SubAccountId, '') as account_id, ServiceName as service,
         BillingCurrency as currency, ChargePeriodStart::date as day,
         money_sum(case when PricingCategory = 'Standard' and CommitmentDiscountId is null then EffectiveCost else 0 end) as demand_cost,
         money_sum(case when CommitmentDiscountStatus = 'Used' then EffectiveCost else 0 end) as committed_cost
  from focus_cost
  where ChargeCategory = 'Usage' and ServiceCategory in ('Compute', 'Databases') and ChargePeriodStart >= utc_now() - interval 40 day
    and ChargePeriodStart <= utc_now() and ChargePeriodEnd <= ChargePeriodStart + interval 1 day
  group by 1, 2, 3, 4, 5
)
, billed as (
  -- the newest day is often not complete yet
  select provider, max(day) - 1 as until_on from days group by provider having max(day) > utc_now()::date - 10
)
, summed as (
  select d.provider, d.account_id, d.service, d.currency, b.until_on, min(d.demand_cost) as steady_cost,
         money_sum(d.demand_cost) as demand_cost, money_sum(d.committed_cost) as committed_cost,
         count(*) filter (where d.demand_cost > 0) as day_count
  from days d join billed b on b.provider = d.provider
  where d.day > b.until_on - 30 and d.day <= b.until_on
  group by d.provider, d.account_id, d.service, d.currency, b.until_on
)
, cases as (
  select *, product_of(steady_cost, 30.4) as base_cost,
         committed_cost::double / nullif(committed_cost::double + demand_cost::double, 0) as coverage_ratio
  from summed where steady_cost > 0 and day_count >= 28
)
select 'service:' || provider || '/' || account_id || '/' || service as subject_id, []::varchar[] as within,
       null::varchar as resource_id, null::varchar as component_id, null::varchar as app_id, provider, currency, base_cost,
       product_of(base_cost, 0.27) as saving_amount, 0.5 as confidence_ratio, 'medium' as risk,
       'small' as effort, false as is_guarded,
       printf('%s is used steadily at on-demand prices; %.0f %% is covered by commitments', service, 100 * coverage_ratio) as message,
       'Commit for a year to the steady part, after what is too large has been made smaller.' as suggestion,
       json_object('steady_cost_a_day', round(steady_cost, 2)::varchar, 'coverage_pct', round(100 * coverage_ratio, 1),
                   'discount_pct', 27, 'break_even_months', 8.8, 'charged_days', day_count, 'window_days', 30,
                   'window_until', until_on::varchar, 'account', account_id)::varchar as evidence
from cases where coverage_ratio < 0.8 and base_cost >= 10
