-- One row per objective as it stands: its last version, unless deleted.
-- grain: slo_id
select slo_id, name, app_id, component_id, kind, good_sql, total_sql, threshold, target_pct, "window", declared_in,
       changed_by, changed_at, source_instance
from slos
qualify row_number() over (partition by slo_id order by version desc, changed_at desc) = 1 and not is_deleted
