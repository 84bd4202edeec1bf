-- One row per announced maintenance window as it stands: its last version, unless deleted.
-- grain: maintenance_id
-- stored: yes
-- check: ends_at >= starts_at
select maintenance_id, title, app_id, component_id, starts_at, ends_at, recurrence, is_public, version, changed_by,
       changed_at, source, source_instance
from maintenance_windows
qualify row_number() over (partition by maintenance_id order by version desc) = 1 and not is_deleted
