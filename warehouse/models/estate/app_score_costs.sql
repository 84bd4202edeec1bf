-- One row per application with a budget that is in force: the budget of a month and what the month costs at the present
-- rate: spent so far / share of the month that the bill covers; last month's cost until the bill covers two days.
-- grain: app_id
-- check: limit_amount > 0
with budget as (
  select app_id, budget_id, name, currency,
         limit_amount::double / case period when 'year' then 12 when 'quarter' then 3 else 1 end as limit_amount
  from budgets_now
  where app_id is not null and limit_amount > 0 and starts_on <= utc_now()::date
    and coalesce(ends_on, date '9999-12-31') >= utc_now()::date
  qualify row_number() over (partition by app_id order by starts_on desc, changed_at desc, budget_id) = 1
)
, spent as (
  select app_id, currency, month_on, effective_cost::double as cost, last_charged_on,
         month_on = date_trunc('month', utc_now())::date as is_this_month
  from cost_by_app_month
  where month_on >= (date_trunc('month', utc_now()) - interval 1 month)::date and month_on <= utc_now()::date
)
, covered as (
  select currency, least(utc_now(), max(last_charged_on)::timestamp + interval 1 day) as until_at
  from spent where is_this_month group by currency
)
, rated as (
  select s.app_id, s.currency, s.month_on, s.cost, s.is_this_month, epoch(c.until_at - s.month_on::timestamp) as covered_s,
         epoch(s.month_on::timestamp + interval 1 month - s.month_on::timestamp) as month_s
  from spent s left join covered c on c.currency = s.currency
)
, counted as (
  select app_id, currency, month_on, case when is_this_month then cost * month_s / covered_s else cost end as month_cost
  from rated where not is_this_month or covered_s >= 2 * 86400
  qualify row_number() over (partition by app_id, currency order by month_on desc) = 1
)
select b.app_id, b.budget_id, b.name, b.limit_amount, b.currency, c.month_on, c.month_cost
from budget b
left join counted c on c.app_id = b.app_id and c.currency = b.currency
