-- One row per application, month and currency: effective (showback) and billed (cash) cost of the charges linked to it,
-- and what of the effective cost is hosting and what is third parties. Days and shares: app_cost_daily, of which this is
-- the sum; what belongs to nobody stands in the row `untagged`. Null is an amount beyond all money.
-- grain: app_id, month_on, currency
-- check: effective_cost = hosting_cost + third_party_cost
with amounts as (
  select *, date_trunc('month', day)::date as month_on, case when category = 'hosting' then effective_cost else 0 end as hosting,
         case when category = 'third_party' then effective_cost else 0 end as third_party
  from app_cost_daily
)
select app_id, month_on, currency,
       case when bool_and(effective_cost is not null) then money_sum(effective_cost) end as effective_cost,
       case when bool_and(billed_cost is not null) then money_sum(billed_cost) end as billed_cost,
       sum(line_count)::bigint as line_count, max(day) as last_charged_on,
       case when bool_and(hosting is not null) then money_sum(hosting) end as hosting_cost,
       case when bool_and(third_party is not null) then money_sum(third_party) end as third_party_cost
from amounts
group by app_id, month_on, currency
