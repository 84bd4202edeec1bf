-- One row per change or event in the minutes before an instant, as in change_ledger, with how many minutes before.
-- grain: kind, subject_id, occurred_at, app_id
-- check: minutes_before > 0
-- takes: at, minutes
select occurred_at, epoch("at" - occurred_at) / 60 as minutes_before, kind, app_id, app_name, component_id, subject_id, title,
       state, actor, url, source_instance
from change_ledger(since := "at" - to_seconds(60.0 * minutes), until := "at")
