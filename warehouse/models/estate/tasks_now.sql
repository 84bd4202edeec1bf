-- One row per task as it stands: its last version, unless that says that it was deleted.
-- grain: task_id
select task_id, version, kind, title, body, subject_type, subject_id, owner_id, due_on, state, progress_pct, likelihood, impact,
       state in ('open', 'in_progress') as is_open,
       coalesce(state in ('open', 'in_progress') and due_on < utc_now()::date, false) as is_overdue, created_at, changed_by,
       changed_at, reason, source_instance
from tasks
qualify row_number() over (partition by task_id order by version desc) = 1 and not is_deleted
