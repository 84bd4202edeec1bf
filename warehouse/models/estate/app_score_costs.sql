-- One row per application with a budget that is in force: the budget of a month and what the month costs at the present
-- rate: charges of days, up to the last complete day of its sources' bills, / share of the month that is covered, and
-- charges of longer periods once, as they are; last month's cost until the bills cover two days.
-- grain: app_id
-- check: limit_amount > 0
with charged as (
  select app_id, currency, day, is_daily, source_instance, effective_cost as cost,
         day >= date_trunc('month', utc_now())::date as is_this_month
  from app_cost_daily_by_service
  where day >= (date_trunc('month', utc_now()) - interval 1 month)::date
    and day < (date_trunc('month', utc_now()) + interval 1 month)::date
)
, covered as (
  -- of a source that charges by the day, its last day before today; a bill of longer periods covers what has gone by
  select source_instance,
         case when bool_or(is_daily) then max(day) filter (where is_daily and is_this_month and day < utc_now()::date)
              when bool_or(is_this_month) then utc_now()::date - 1 end as covered_on
  from charged group by source_instance
)
, spent as (
  select c.app_id, c.currency, max(v.covered_on) - date_trunc('month', utc_now())::date + 1 as covered_days,
         money_sum(case when not c.is_this_month then c.cost end) as last_month_cost,
         coalesce(money_sum(case when c.is_this_month and c.is_daily and c.day < utc_now()::date then c.cost end), 0)
           as daily_cost,
         coalesce(money_sum(case when c.is_this_month and not c.is_daily then c.cost end), 0) as once_cost,
         bool_and(c.cost is not null) as is_known
  from charged c join covered v on v.source_instance = c.source_instance
  group by c.app_id, c.currency
)
, counted as (
  select app_id, currency,
         case when covered_days >= 2 then date_trunc('month', utc_now())::date
              when last_month_cost is not null then (date_trunc('month', utc_now()) - interval 1 month)::date end as month_on,
         case when covered_days >= 2
              then part_of(product_of(daily_cost, day(last_day(utc_now()::date))), covered_days) + once_cost
              else last_month_cost end as month_cost
  from spent where is_known
)
select b.app_id, b.budget_id, b.name, b.limit_amount, b.currency, c.month_on, c.month_cost
from app_budgets_now b
left join counted c on c.app_id = b.app_id and c.currency = b.currency
