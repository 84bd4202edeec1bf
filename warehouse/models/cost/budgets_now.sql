-- One row per budget as it stands: the last version of each source that declares it, unless deleted, of
-- several the one that was said last.
-- grain: budget_id
with last_words as (
  select * from budgets
  qualify row_number() over (partition by budget_id, source_instance order by version desc, changed_at desc) = 1
      and not is_deleted
)
select budget_id, name, scope, app_id, team_id, period, starts_on, ends_on, limit_amount, currency, vendor_actual_amount,
       vendor_forecast_amount, changed_by, changed_at, source_instance
from last_words
qualify row_number() over (partition by budget_id order by changed_at desc, source_instance) = 1
