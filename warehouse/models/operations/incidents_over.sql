-- One row per incident in production, planned ones aside, that was open at some time of a span: how long it lasted (until the
-- end of the span where it is not over), and until it was acknowledged and resolved. Null: not told.
-- grain: incident_id
-- check: is_new or started_at < since_at
-- takes: since, until
select i.incident_id, i.app_id, a.name as app_name, i.component_id, i.title, i.severity, i.commander, i.cause,
       i.caused_by_deployment_id, i.affected_user_count, i.started_at, i.resolved_at, since as since_at,
       i.started_at >= since as is_new, i.resolved_at is null or i.resolved_at >= until as is_lasting,
       epoch(i.acknowledged_at - i.started_at) as acknowledged_in_s,
       epoch(least(i.resolved_at, until) - i.started_at) as resolved_in_s,
       epoch(least(coalesce(i.resolved_at, until), until) - greatest(i.started_at, since)) as lasted_s
from incidents_now i
left join applications_now a on a.app_id = i.app_id
where i.env_tier = 'production' and not coalesce(i.is_planned, false)
  and i.started_at < until and (i.resolved_at is null or i.resolved_at >= since)
