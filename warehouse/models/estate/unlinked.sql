-- One row per vendor thing or cost mark that belongs to no application, with the application that its name suggests.
-- grain: kind, native_id
with things as (
  select kind, native_id, name, source_instance, last_seen_at from unlinked_things
  union all by name
  select 'cost' as kind, mark as native_id, mark as name, source_instance, last_charged_at as last_seen_at
  from cost_marks_unlinked
)
select t.kind, t.native_id, t.name, t.source_instance, t.last_seen_at, s.app_id as suggested_app_id,
       s.confidence_ratio, s.shared_words
from things t
left join (from link_suggestions
           qualify row_number() over (partition by kind, native_id order by confidence_ratio desc, app_id) = 1) s
  on s.kind = t.kind and s.native_id = t.native_id
