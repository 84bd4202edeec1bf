-- One row per change or event of a span on one axis, for each application that it is of: deployment, release, config
-- (every change event), edit, alert, incident, maintenance, cost_jump, store_release, rating_drop, vulnerability (a
-- finding first seen) and third_party. A jump (up or down) or drop that lasts stands on its first day.
-- grain: kind, subject_id, occurred_at, app_id
-- takes: since, until
with stands_for as (
  select component_id as told_id, coalesce(same_as, component_id) as component_id from components
)
, deployed as (
  select coalesce(finished_at, created_at) as occurred_at, 'deployment' as kind, app_id, component_id,
         deployment_id as subject_id, coalesce(version, left(sha, 8), ref, '') || ' to ' || environment as title,
         case when is_rollback then 'rollback' else status end as state, actor, url, source_instance
  from (from deployments_by_app union all by name select *, null as app_id from deployments_unlinked)
)
, released as (
  select distinct r.created_at as occurred_at, 'release' as kind, l.app_id, r.release_id as subject_id, r.tag as title,
         r.source_instance
  from releases r left join app_links_now l on l.kind = 'repository' and l.native_id = r.repo_id
  where r.created_at >= since and r.created_at < until
)
, alerted as (
  -- an alert fires some time after it started, a month later at most
  select coalesce(n.fired_at, n.started_at) as occurred_at, 'alert' as kind, a.app_id, n.component_id,
         n.alert_id as subject_id, n.title, n.severity as state, n.source_instance as actor, n.url, n.source_instance
  from alerts_now n left join app_alerts a on a.alert_id = n.alert_id
  where started_at >= since - interval 31 day and started_at < until + interval 1 day
)
, happened as (
  select n.started_at as occurred_at, 'incident' as kind, a.app_id, n.component_id, n.incident_id as subject_id, n.title,
         n.severity as state, n.commander as actor, n.url, n.source_instance
  from incidents_now n left join app_incidents a on a.incident_id = n.incident_id
  where started_at >= since and started_at < until
)
, edited as (
  select changed_at as occurred_at, 'edit' as kind, case when entity_type = 'app' then entity_id end as app_id,
         case when entity_type = 'component' then entity_id end as component_id, edit_id as subject_id,
         spoken_edit(entity_type, entity_id, field, action, before, after) as title, action as state,
         changed_by as actor, source_instance
  from edits
  where part_month >= date_trunc('month', since)::date and part_month <= until::date
)
, maintained as (
  select starts_at as occurred_at, 'maintenance' as kind, app_id, component_id, maintenance_id as subject_id, title,
         case when ends_at <= utc_now() then 'ended' else 'open' end as state, changed_by as actor, source_instance
  from maintenance_now
)
, configured as (
  select e.occurred_at, 'config' as kind, coalesce(e.app_id, c.app_id) as app_id, e.component_id, e.change_id as subject_id,
         e.title, e.kind as state, e.actor, e.url, e.source_instance
  from change_events e
  left join stands_for t on e.app_id is null and t.told_id = e.component_id
  left join app_components c on c.component_id = t.component_id
  where e.part_month >= date_trunc('month', since)::date and e.part_month <= until::date
    and e.occurred_at >= since and e.occurred_at < until
)
, jumped as (
  select day::timestamp as occurred_at, 'cost_jump' as kind, app_id, app_id || ' ' || currency as subject_id,
         printf('cost %.2f %s, usually %.2f', cost::double, currency, usual_cost::double) as title,
         printf('%+.0f %%', change_pct) as state, 'aurora' as source_instance
  from cost_jumps
)
, shipped as (
  select distinct coalesce(r.released_at, r.created_at) as occurred_at, 'store_release' as kind, l.app_id,
         r.mobile_release_id as subject_id, 'version ' || r.version as title, r.state, r.source_instance
  from mobile_releases r left join app_links_now l on l.kind = 'store_app' and l.native_id = r.store_app_id
  where r.track = 'production' and r.state in ('released', 'rolling_out')
)
, dropped as (
  select distinct d.day::timestamp as occurred_at, 'rating_drop' as kind, l.app_id, d.store_app_id as subject_id,
         printf('rating %.2f, %.2f a week before', d.rating_avg, d.usual_rating_avg) as title,
         printf('-%.2f', d.drop) as state, 'aurora' as source_instance
  from rating_drops d left join app_links_now l on l.kind = 'store_app' and l.native_id = d.store_app_id
  where d.is_first
)
, seen as (
  select finding_id, project_id, repo_id, app_id, component_id, tool, title, severity, package_name, package_version,
         file, first_seen_at, url, source_instance
  from findings
  where part_month >= date_trunc('month', since)::date and part_month <= until::date
    and first_seen_at >= since and first_seen_at < until
    and category in ('sca', 'sast', 'secret', 'container', 'iac', 'dast')
)
, in_repositories as (
  -- the longest folder that holds its file, as on the pages of findings
  select s.finding_id, l.app_id
  from seen s join app_links_now l on l.kind = 'repository' and l.native_id = s.repo_id and in_folder(s.file, l.path_prefix)
  where s.app_id is null
  qualify s.file is null or rank() over (partition by s.finding_id order by length(rtrim(l.path_prefix, '/')) desc) = 1
)
, owned as (
  select finding_id, app_id from seen where app_id is not null
  union
  select finding_id, app_id from in_repositories
  union
  select s.finding_id, l.app_id
  from seen s join app_links_now l on l.kind = 'project' and l.native_id = s.project_id where s.app_id is null
  union
  select s.finding_id, c.app_id
  from seen s join stands_for t on t.told_id = s.component_id join app_components c on c.component_id = t.component_id
  where s.app_id is null
)
, found as (
  select s.first_seen_at as occurred_at, 'vulnerability' as kind, o.app_id, s.component_id, s.finding_id as subject_id,
         coalesce(s.package_name || coalesce(' ' || s.package_version, '') || ': ', '') || s.title as title,
         s.severity as state, s.tool as actor, s.url, s.source_instance
  from seen s left join owned o on o.finding_id = s.finding_id
)
, elsewhere as (
  select t.*, unnest(coalesce(nullif(t.component_ids, []), [null])) as met_id
  from third_party_incidents t where t.started_at >= since and t.started_at < until
)
, suffered as (
  select t.started_at as occurred_at, 'third_party' as kind, c.app_id, min(t.met_id) as component_id,
         t.third_party_incident_id as subject_id, any_value(t.provider || ': ' || t.title) as title,
         any_value(case when t.is_maintenance then 'maintenance' else coalesce(t.impact, t.state) end) as state,
         any_value(t.provider) as actor, any_value(t.url) as url, any_value(t.source_instance) as source_instance
  from elsewhere t
  left join stands_for m on m.told_id = t.met_id
  left join app_components c on c.component_id = m.component_id
  -- where one of its components is somebody's, the others are not a row of nobody
  group by t.third_party_incident_id, t.started_at, c.app_id
  qualify c.app_id is not null or count(*) over (partition by t.third_party_incident_id) = 1
)
, every as (
  from deployed union all by name from released union all by name from configured union all by name from edited
  union all by name from alerted union all by name from happened union all by name from maintained
  union all by name from jumped union all by name from shipped union all by name from dropped union all by name from found
  union all by name from suffered
)
select e.occurred_at, e.kind, e.app_id, a.name as app_name, e.component_id, e.subject_id, e.title, e.state, e.actor, e.url,
       e.source_instance
from every e
left join applications_now a on a.app_id = e.app_id
where e.occurred_at >= since and e.occurred_at < until
