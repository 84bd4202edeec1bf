-- One row per application and deployment: several sources of one deployment made one, the application found through
-- its links, and a return to an older commit recognised as a rollback.
-- grain: app_id, deployment_id
-- stored: yes
with owned as (
  -- a union, so that an application linked by several folders, and by its store too, has the deployment once
  select d.deployment_id, l.app_id
  from deployments d join app_links_now l on l.kind = 'repository' and l.native_id = d.repo_id
  where d.app_id is null and (l.env_pattern is null or try(regexp_matches(d.environment, l.env_pattern)))
  union
  select d.deployment_id, l.app_id
  from deployments d join app_links_now l on l.kind = 'store_app' and l.native_id = d.store_app_id
  where d.app_id is null and (l.env_pattern is null or try(regexp_matches(d.environment, l.env_pattern)))
)
, linked as (
  select d.* exclude (app_id), coalesce(d.app_id, o.app_id) as app_id,
         case when d.is_inferred then 3 when d.source in ('sentry', 'rollbar') then 2
              when d.ci_run_id is not null then 1 else 0 end as source_rank
  from deployments d left join owned o on o.deployment_id = d.deployment_id
)
, single as (
  select a.* from linked a where not exists (
    select 1 from linked b
    where b.app_id = a.app_id and b.env_tier = a.env_tier and b.sha = a.sha and b.source_instance <> a.source_instance
      and (b.source_rank, b.deployment_id) < (a.source_rank, a.deployment_id)
      and abs(epoch(coalesce(b.started_at, b.created_at)) - epoch(coalesce(a.started_at, a.created_at))) <= 1800)
)
, walked as (
  select *, lag(sha) over o as sha_before, row_number() over o as rn
  from single where status in ('success', 'rolled_back')
  window o as (partition by app_id, env_tier order by coalesce(started_at, created_at))
)
, seen as (
  select distinct a.app_id, a.env_tier, a.deployment_id
  from walked a join walked b using (app_id, env_tier) where b.rn < a.rn - 1 and b.sha = a.sha
)
, judged as (
  select w.app_id, w.env_tier, w.deployment_id, w.started_at, w.created_at,
         coalesce(w.is_rollback, w.sha <> w.sha_before and s.deployment_id is not null, false) as is_rb
  from walked w left join seen s using (app_id, env_tier, deployment_id)
)
, marked as (
  select *, coalesce(lead(is_rb) over (partition by app_id, env_tier order by coalesce(started_at, created_at)), false)
              as is_undone
  from judged
)
select s.app_id, s.deployment_id, s.repo_id, s.component_id, s.environment, s.env_tier, s.ref, s.sha, s.previous_sha,
       s.version, s.ci_run_id, s.created_at, s.started_at, s.finished_at, s.duration_s,
       case when s.status = 'success' and m.is_undone then 'rolled_back' else s.status end as status,
       coalesce(m.is_rb, s.is_rollback, false) as is_rollback, coalesce(s.is_hotfix, false) as is_hotfix,
       s.is_inferred, s.actor, s.changes, s.url, s.source, s.source_instance
from single s
left join marked m using (app_id, env_tier, deployment_id)
where s.app_id is not null
