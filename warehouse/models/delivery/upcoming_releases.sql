-- One row per thing that is about to be released: a deployment that waits or runs, a draft or future release, a project's date.
-- grain: kind, subject_id
select 'deployment' as kind, d.deployment_id as subject_id, d.app_id, coalesce(d.version, left(d.sha, 8), d.ref) as title,
       d.environment, d.env_tier, d.status as state, coalesce(d.started_at, d.created_at) as due_at, d.url, d.source_instance
from (from deployments_by_app where status in ('queued', 'running', 'blocked') and created_at >= utc_now() - interval 7 day
      qualify row_number() over (partition by deployment_id order by app_id) = 1) d
union all
select 'release' as kind, r.release_id as subject_id, l.app_id, coalesce(r.name, r.tag) as title, null as environment, null as env_tier,
       case when r.is_draft then 'draft' else 'scheduled' end as state, coalesce(r.published_at, r.created_at) as due_at,
       null as url, r.source_instance
from releases r
left join (select native_id, min(app_id) as app_id from app_links_now where kind = 'repository' group by native_id) l
  on l.native_id = r.repo_id
where (r.is_draft and r.created_at >= utc_now() - interval 90 day) or r.published_at > utc_now()
union all
select 'project' as kind, p.project_id as subject_id, l.app_id, p.name as title, null as environment, null as env_tier,
       'scheduled' as state, p.next_release_on::timestamp as due_at, p.url, p.source_instance
from projects p
left join (select native_id, min(app_id) as app_id from app_links_now where kind = 'project' group by native_id) l
  on l.native_id = p.project_id
where p.next_release_on >= utc_now()::date
