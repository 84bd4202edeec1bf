-- One row per component with announced maintenance: the spans announced for it or for an application that it belongs to.
-- grain: component_id
-- stored: yes
with announced as (
  select coalesce(c.same_as, m.component_id) as component_id, m.starts_at, m.ends_at
  from maintenance_now m left join components c on c.component_id = m.component_id
  where m.component_id is not null
  union
  select a.component_id, m.starts_at, m.ends_at
  from maintenance_now m join app_components a on a.app_id = m.app_id where m.component_id is null
)
select component_id, list({'starts_at': starts_at, 'ends_at': ends_at} order by starts_at) as spans
from announced group by component_id
