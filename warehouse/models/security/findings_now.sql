-- One row per finding as it stands: its state after the decisions of people, when CISA wants it mended, and the
-- applications that it belongs to (stated, else by component, project, or the longest folder of its repository).
-- A decision counts until the end of the day on which it expires; after it the finding is what its tool says.
-- grain: finding_id
-- check: is_open = (state in ('open', 'unknown'))
with decided as (
  select finding_key, state, expires_on, changed_by, reason
  from finding_decisions
  qualify row_number() over (partition by finding_key order by version desc) = 1 and not is_deleted
)
, other_names as (
  select upper(advisory_id) as advisory_id, upper(unnest(aliases)) as alias from advisories where withdrawn_at is null
)
, named as (
  select finding_id, upper(unnest(advisory_ids)) as advisory_id from findings where advisory_ids is not null
)
, exploited as (
  select n.finding_id, min(k.due_on) as kev_due_on
  from (from named union select n.finding_id, o.alias from named n join other_names o on o.advisory_id = n.advisory_id) n
  join kev_entries k on upper(k.cve) = n.advisory_id
  group by n.finding_id
)
, by_repository as (
  select f.finding_id, l.app_id
  from findings f join app_links_now l on l.kind = 'repository' and l.native_id = f.repo_id
    and (l.path_prefix = '' or f.file is null or starts_with(f.file, rtrim(l.path_prefix, '/') || '/'))
  where f.app_id is null
  qualify rank() over (partition by f.finding_id order by length(l.path_prefix) desc) = 1 or f.file is null
)
, owned as (
  select finding_id, app_id from findings where app_id is not null
  union
  from by_repository
  union
  select f.finding_id, l.app_id
  from findings f join app_links_now l on l.kind = 'project' and l.native_id = f.project_id where f.app_id is null
  union
  select f.finding_id, a.app_id
  from findings f join components c on c.component_id = f.component_id
  join app_components a on a.component_id = coalesce(c.same_as, c.component_id) where f.app_id is null
)
, owners as (
  select finding_id, list(app_id order by app_id) as app_ids from owned group by finding_id
)
, judged as (
  select f.*, case when f.state in ('fixed', 'gone') then f.state
                   when d.expires_on is null or d.expires_on >= utc_now()::date then coalesce(d.state, f.state)
                   else f.state end as state_now,
         d.state as decided_state, d.expires_on as decision_expires_on, d.changed_by as decided_by,
         d.reason as decision_reason
  from findings f left join decided d on d.finding_key = f.finding_id
)
select j.finding_id, coalesce(o.app_ids, []::varchar[]) as app_ids, j.project_id, j.repo_id, j.component_id, j.category,
       j.category not in ('license', 'bug', 'code_smell', 'lint') as is_security, j.tool, j.rule_id, j.title, j.message,
       j.severity, j.cvss_score, j.advisory_ids, j.cwes, j.purl, j.package_name, j.package_version, j.fixed_version,
       j.is_direct, j.is_reachable, j.has_fix, j.file, j.line, j.effort_min, j.state_now as state,
       j.state_now in ('open', 'unknown') as is_open, j.state as state_told, j.state_reason, j.decided_state,
       j.decision_expires_on, j.decided_by, j.decision_reason, e.finding_id is not null as is_known_exploited,
       e.kev_due_on, j.first_seen_at, j.last_seen_at, j.fixed_at, j.updated_at, j.url, j.source, j.source_instance
from judged j
left join owners o on o.finding_id = j.finding_id
left join exploited e on e.finding_id = j.finding_id
