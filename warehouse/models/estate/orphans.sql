-- One row per application, not retired, about which no source told anything for that many days: candidates to clean up.
-- grain: app_id
-- takes: days
select app_id, name, lifecycle, team_id, product_owner, last_row_at, source_instance,
       date_diff('day', last_row_at, utc_now()) as silent_days
from app_last_rows
where coalesce(lifecycle, 'active') <> 'retired'
  and (last_row_at is null or last_row_at < utc_now() - to_days(days::integer))
