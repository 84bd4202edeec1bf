-- One row per application and deployment: several sources of one deployment made one, and a return of the same thing in
-- the same environment to an older commit recognised as a rollback.
-- grain: app_id, deployment_id
-- stored: yes
with linked as (
  select d.* exclude (app_id), o.app_id, coalesce(d.started_at, d.created_at) as began_at,
         coalesce(d.repo_id, d.component_id, d.store_app_id) as thing_id,
         case when d.is_inferred then 3 when d.source in ('sentry', 'rollbar') then 2
              when d.ci_run_id is not null then 1 else 0 end as source_rank
  from deployments d join deployment_owners o on o.deployment_id = d.deployment_id
)
, told_again as (
  -- looked for in the half hours around only: a commit may be deployed again thousands of times
  select distinct a.app_id, a.deployment_id
  from (select *, unnest([-1, 0, 1]) + floor(epoch(began_at) / 1800) as half_hour from linked) a
  join (select *, floor(epoch(began_at) / 1800) as half_hour from linked) b
    on b.app_id = a.app_id and b.env_tier = a.env_tier and b.sha = a.sha and b.half_hour = a.half_hour
   and b.source_instance <> a.source_instance
   and (b.source_rank, b.deployment_id) < (a.source_rank, a.deployment_id)
  where abs(epoch(b.began_at) - epoch(a.began_at)) <= 1800
  union
  -- a store releases a version of a listing once, whoever tells of it
  select a.app_id, a.deployment_id
  from linked a
  join linked b on b.app_id = a.app_id and b.env_tier = a.env_tier and b.version = a.version
   and substr(b.store_app_id, strpos(b.store_app_id, ':') + 1) = substr(a.store_app_id, strpos(a.store_app_id, ':') + 1)
   and b.source_instance <> a.source_instance
   and (b.source_rank, b.deployment_id) < (a.source_rank, a.deployment_id)
)
, single as (
  select l.* from linked l anti join told_again t on t.app_id = l.app_id and t.deployment_id = l.deployment_id
)
, walked as (
  -- what succeeded, in order; of a deployment whose thing nobody tells, the walk is that of the environment
  select app_id, thing_id, env_tier, environment, deployment_id, sha, is_rollback, began_at, lag(sha) over walk as sha_before,
         row_number() over walk as number
  from single where status in ('success', 'rolled_back')
  window walk as (partition by app_id, thing_id, env_tier, environment order by began_at, deployment_id)
)
, judged as (
  select *, coalesce(is_rollback, sha <> sha_before and number - 1 > min(number) over (
              partition by app_id, thing_id, env_tier, environment, sha), false) as is_back
  from walked
)
, marked as (
  select app_id, deployment_id, is_back,
         coalesce(lead(is_back) over (partition by app_id, thing_id, env_tier, environment order by number), false) as is_undone
  from judged
)
select s.app_id, s.deployment_id, s.repo_id, s.component_id, s.environment, s.env_tier, s.ref, s.sha, s.previous_sha,
       s.version, s.ci_run_id, s.created_at, s.started_at, s.finished_at, s.duration_s,
       case when s.status = 'success' and m.is_undone then 'rolled_back' else s.status end as status,
       coalesce(m.is_back, s.is_rollback, false) as is_rollback, coalesce(s.is_hotfix, false) as is_hotfix,
       s.is_inferred, s.actor, s.changes, s.url, s.source, s.source_instance
from single s
left join marked m on m.app_id = s.app_id and m.deployment_id = s.deployment_id
