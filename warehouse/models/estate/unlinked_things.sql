-- One row per vendor thing, cost marks aside, that belongs to no application.
-- grain: kind, native_id
with owned as (
  select kind, native_id from app_links_now
  union
  -- a component that belongs through its service, or through another kind of link, is not missing
  select t.kind, t.native_id from linkables t join app_components a on a.component_id = t.native_id
)
select t.kind, t.native_id, t.name, t.source_instance, t.last_seen_at
from linkables t
where t.kind <> 'service'
  and not exists (select 1 from owned o where o.kind = t.kind and o.native_id = t.native_id)
