-- One row per application and alert: those that name it, and those of every component that belongs to it.
-- grain: app_id, alert_id
select app_id, alert_id from alerts where app_id is not null
union
select a.app_id, n.alert_id
from alerts n
join components c on c.component_id = n.component_id
join app_components a on a.component_id = coalesce(c.same_as, c.component_id)
where n.app_id is null
