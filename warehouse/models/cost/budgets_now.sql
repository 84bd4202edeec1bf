-- One row per budget as it stands: its last version, unless deleted.
-- grain: budget_id
select budget_id, name, scope, app_id, team_id, period, starts_on, ends_on, limit_amount, currency, vendor_actual_amount,
       vendor_forecast_amount, changed_by, changed_at, source_instance
from budgets
qualify row_number() over (partition by budget_id order by version desc, changed_at desc) = 1 and not is_deleted
