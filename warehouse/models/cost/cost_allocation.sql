-- One row per month, application, environment, way of allocation and currency: its own charges, or its part of what a split
-- shares; `untagged` is what belongs to nobody. Effective cost is showback, billed cost is cash, list cost is before any
-- discount. Environment is what a tag of the charge says, else the application's. In the currency that is wanted, each day
-- at its rate; a day without a rate stays in its own. Null is an amount beyond all money.
-- grain: month_on, app_id, environment, split_id, currency
-- takes: wanted
with rated as (
  select c.*, case when c.currency <> wanted then f.rate_price end as rate_price
  from app_cost_daily_by_service c
  left join fx_daily f on f.base = c.currency and f.quote = wanted and f.day = c.day
)
, amounts as (
  select date_trunc('month', day)::date as month_on, app_id, environment, split_id,
         case when rate_price is null then currency else wanted end as currency,
         case when rate_price is null then effective_cost else converted(effective_cost, rate_price) end as effective_cost,
         case when rate_price is null then billed_cost else converted(billed_cost, rate_price) end as billed_cost,
         case when rate_price is null then list_cost else converted(list_cost, rate_price) end as list_cost, line_count
  from rated
)
select m.month_on, m.app_id, coalesce(a.name, m.app_id) as app_name, a.team_id, a.product,
       coalesce(m.environment, a.env_tier, 'unknown') as environment, case when m.app_id <> 'untagged' then m.split_id end as split_id,
       m.currency, case when bool_and(m.effective_cost is not null) then money_sum(m.effective_cost) end as effective_cost,
       case when bool_and(m.billed_cost is not null) then money_sum(m.billed_cost) end as billed_cost,
       case when bool_and(m.list_cost is not null) then money_sum(m.list_cost) end as list_cost,
       sum(m.line_count)::bigint as line_count
from amounts m left join applications_now a on a.app_id = m.app_id
group by all
