-- One row per application and component that belongs to it, by a confirmed link.
-- grain: app_id, component_id
-- stored: yes
with things as (
  select component_id, coalesce(same_as, component_id) as stands_for, service from components
)
select distinct l.app_id, t.stands_for as component_id
from app_links_now l
join things t on t.component_id = l.native_id
where l.kind in ('component', 'messaging_channel', 'third_party')
union
select distinct l.app_id, t.stands_for as component_id
from app_links_now l
join things t on t.service = l.native_id
where l.kind = 'service'
