-- One row per objective as it stands: the last version of each source that declares it, unless deleted, of
-- several the one that was said last.
-- grain: slo_id
with last_words as (
  select * from slos
  qualify row_number() over (partition by slo_id, source_instance order by version desc, changed_at desc) = 1
      and not is_deleted
)
select slo_id, name, app_id, component_id, kind, good_sql, total_sql, threshold, target_pct, "window", declared_in,
       changed_by, changed_at, source_instance
from last_words
qualify row_number() over (partition by slo_id order by changed_at desc, source_instance) = 1
