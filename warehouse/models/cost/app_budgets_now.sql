-- One row per application with a budget that is in force: the newest of them, its limit that of a month.
-- grain: app_id
-- check: limit_amount > 0
select app_id, budget_id, name, currency,
       part_of(limit_amount, case period when 'year' then 12 when 'quarter' then 3 else 1 end) as limit_amount
from budgets_now
where app_id is not null and limit_amount > 0 and starts_on <= utc_now()::date
  and coalesce(ends_on, date '9999-12-31') >= utc_now()::date
qualify row_number() over (partition by app_id order by starts_on desc, changed_at desc, budget_id) = 1
