-- One row per application and incident in production that nobody planned.
-- grain: app_id, incident_id
select a.app_id, i.incident_id, i.title, i.severity, i.caused_by_deployment_id, i.started_at, i.resolved_at
from incidents_now i join app_incidents a on a.incident_id = i.incident_id
where i.env_tier = 'production' and not coalesce(i.is_planned, false)
