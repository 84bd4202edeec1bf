-- One row per planning project: where it stands, its active sprint, deployments of the last 30 days, open issues, next release.
-- The status is what a person set, else what the source says, else what its deployments show: production within 30 days, else
-- staging, testing or development by the furthest of them; nothing seen is unknown.
-- grain: project_id
with apps as (
  select distinct native_id as project_id, app_id from app_links_now where kind = 'project'
)
, said as (
  select entity_id as project_id, trim(after, '"') as status, changed_by from edits
  where entity_type = 'project' and field = 'status'
  qualify row_number() over (partition by entity_id order by changed_at desc, edit_id) = 1 and action = 'set'
)
, ran as (
  select a.project_id, d.deployment_id, any_value(d.env_tier) as env_tier, any_value(d.status) as status,
         bool_or(coalesce(p.is_change_failed, d.status in ('failed', 'rolled_back'))) as is_bad,
         max(coalesce(d.finished_at, d.created_at)) as over_at
  from apps a join deployments_by_app d on d.app_id = a.app_id
  left join prod_deployments p on p.app_id = d.app_id and p.deployment_id = d.deployment_id
  where coalesce(d.finished_at, d.created_at) >= utc_now() - interval 30 day
    and d.status in ('success', 'failed', 'rolled_back')
  group by all
)
, counted as (
  select project_id, count(*) filter (where env_tier = 'production' and not is_bad) as good_deployment_count,
         count(*) filter (where env_tier = 'production' and is_bad) as bad_deployment_count, max(over_at) as last_deployed_at,
         min(case env_tier when 'production' then 0 when 'staging' then 1 when 'testing' then 2 when 'development' then 3 end) as furthest
  from ran group by project_id
)
, items as (
  select p.project_id, count(*) filter (where w.state <> 'done') as open_item_count,
         count(*) filter (where w.state = 'done') as closed_item_count,
         count(*) filter (where w.state <> 'done' and w.severity = 'critical') as critical_item_count,
         count(*) filter (where w.state <> 'done' and w.type = 'bug') as open_bug_count
  from projects p join work_items w on w.project_id = p.project_id
  group by p.project_id
)
, pulls as (
  select a.project_id, count(distinct c.pull_request_id) filter (where c.state = 'open') as open_pull_request_count,
         count(distinct c.pull_request_id) filter (where c.merged_at >= utc_now() - interval 30 day) as merged_pull_request_count
  from apps a join pull_request_cycle c on c.app_id = a.app_id group by a.project_id
)
, active as (
  from sprints_now where state = 'active'
  qualify row_number() over (partition by project_id order by starts_at desc nulls last, sprint_id) = 1
)
, people_of as (
  select m.scope_id as project_id,
         list(distinct coalesce(n.display_name, m.person_id)) filter (where m.role = 'product_manager') as product_managers,
         count(distinct m.person_id) filter (where m.role = 'developer') as developer_count,
         count(distinct m.person_id) filter (where m.role = 'designer') as designer_count,
         count(distinct m.person_id) filter (where m.role = 'tester') as tester_count
  from memberships m left join people n on n.person_id = m.person_id
  where m.scope_type = 'project' group by m.scope_id
)
, owners as (select project_id, list_sort(list(app_id)) as app_ids from apps group by project_id)
select p.project_id, p.key, p.name, coalesce(o.app_ids, []) as app_ids,
       coalesce(s.status, nullif(p.status, 'unknown'),
                case c.furthest when 0 then 'production' when 1 then 'staging' when 2 then 'testing' when 3 then 'development' end,
                'unknown') as status,
       case when s.status is not null then 'person' when nullif(p.status, 'unknown') is not null then 'source'
            when c.furthest is not null then 'derived' end as status_by,
       s.changed_by as status_set_by, a.sprint_id, a.name as sprint, a.number as sprint_number, a.starts_at as sprint_starts_at,
       a.ends_at as sprint_ends_at, a.completed_points, a.total_points, a.progress_pct, a.elapsed_pct, a.pace,
       c.good_deployment_count, c.bad_deployment_count, c.last_deployed_at, i.open_item_count, i.closed_item_count,
       i.critical_item_count, i.open_bug_count, q.open_pull_request_count, q.merged_pull_request_count,
       p.next_release_on, v.forecast_on, v.forecast_first_on, v.forecast_last_on, v.velocity_points, v.trend,
       t.product_managers, t.developer_count, t.designer_count, t.tester_count, p.lead, p.url, p.source_instance
from projects p
left join said s on s.project_id = p.project_id
left join owners o on o.project_id = p.project_id
left join active a on a.project_id = p.project_id
left join counted c on c.project_id = p.project_id
left join items i on i.project_id = p.project_id
left join pulls q on q.project_id = p.project_id
left join velocity v on v.project_id = p.project_id
left join people_of t on t.project_id = p.project_id
where p.kind = 'planning'
