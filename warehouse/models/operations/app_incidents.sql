-- One row per application and incident: those that name it, and those of every component or project that belongs to it.
-- grain: app_id, incident_id
select app_id, incident_id from incidents where app_id is not null
union
select a.app_id, i.incident_id
from incidents i
join components c on c.component_id = i.component_id
join app_components a on a.component_id = coalesce(c.same_as, c.component_id)
where i.app_id is null
union
select l.app_id, i.incident_id
from incidents i join app_links_now l on l.kind = 'project' and l.native_id = i.project_id
where i.app_id is null and i.component_id is null
