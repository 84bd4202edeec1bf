-- One row per application and component that belongs to it, by a confirmed link.
-- grain: app_id, component_id
select distinct l.app_id, coalesce(c.same_as, c.component_id) as component_id
from components c
join app_links_now l
  on l.kind = 'component' and l.state = 'confirmed'
 and (l.native_id = c.component_id or (l.is_pattern and regexp_full_match(c.component_id, l.native_id)))
