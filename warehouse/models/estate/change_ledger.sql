-- One row per change or event of a span on one axis: deployments, releases, edits, alerts, incidents, maintenance.
-- grain: kind, subject_id, occurred_at, app_id
-- takes: since, until
with deployed as (
  select coalesce(d.finished_at, d.created_at) as occurred_at, 'deployment' as kind, d.app_id, d.component_id,
         d.deployment_id as subject_id,
         coalesce(d.version, left(d.sha, 8), d.ref, '') || ' to ' || d.environment as title,
         case when d.is_rollback then 'rollback' else d.status end as state, d.actor, d.url, d.source_instance
  from deployments_by_app d
  union all by name
  select coalesce(u.finished_at, u.created_at) as occurred_at, 'deployment' as kind, null as app_id, u.component_id,
         u.deployment_id as subject_id,
         coalesce(u.version, left(u.sha, 8), u.ref, '') || ' to ' || u.environment as title,
         case when u.is_rollback then 'rollback' else u.status end as state, u.actor, u.url, u.source_instance
  from deployments_unlinked u
)
, released as (
  select distinct created_at as occurred_at, 'release' as kind, l.app_id, null as component_id, release_id as subject_id,
         r.tag as title, null as state, null as actor, null as url, r.source_instance
  from releases r left join app_links_now l on l.kind = 'repository' and l.native_id = r.repo_id and l.state = 'confirmed'
)
, alerted as (
  select coalesce(fired_at, started_at) as occurred_at, 'alert' as kind, app_id, component_id, alert_id as subject_id, title,
         severity as state, source_instance as actor, url, source_instance
  from alerts_now
)
, happened as (
  select started_at as occurred_at, 'incident' as kind, app_id, component_id, incident_id as subject_id, title,
         severity as state, commander as actor, url, source_instance
  from incidents_now
)
, edited as (
  select changed_at as occurred_at, 'edit' as kind, case when entity_type = 'app' then entity_id end as app_id,
         case when entity_type = 'component' then entity_id end as component_id, edit_id as subject_id,
         entity_type || ' ' || entity_id || ': ' || field as title, action as state, changed_by as actor, null as url, source_instance
  from edits
)
, maintained as (
  select starts_at as occurred_at, 'maintenance' as kind, app_id, component_id, maintenance_id as subject_id, title,
         case when ends_at <= utc_now() then 'ended' else 'open' end as state, changed_by as actor, null as url, source_instance
  from maintenance_now
)
, every as (
  from deployed union all by name from released union all by name from alerted union all by name from happened
  union all by name from edited union all by name from maintained
)
select e.occurred_at, e.kind, e.app_id, a.name as app_name, e.component_id, e.subject_id, e.title, e.state, e.actor, e.url,
       e.source_instance
from every e
left join applications_now a on a.app_id = e.app_id
where e.occurred_at >= since and e.occurred_at < until
