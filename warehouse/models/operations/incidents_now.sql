-- One row per incident, with the application found through its component where the source names none.
-- grain: incident_id
with owned as (
  select component_id, min(app_id) as app_id from app_components group by component_id
)
select i.incident_id, coalesce(i.app_id, o.app_id) as app_id, i.component_id, i.env_tier, i.title, i.severity, i.state,
       i.state in ('open', 'acknowledged', 'mitigated') as is_open, i.commander, i.caused_by_deployment_id, i.cause,
       i.is_planned, i.affected_apps, i.affected_user_count, i.started_at, i.detected_at, i.acknowledged_at,
       i.mitigated_at, i.resolved_at, i.url, i.source, i.source_instance
from incidents i
left join owned o on o.component_id = i.component_id
