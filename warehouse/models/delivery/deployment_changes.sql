-- One row per application and change: a pull request, else a commit, with the first deployment to production that brought it.
-- Rollbacks and failed deployments bring nothing. first_commit_at is when its oldest commit was written.
-- Where no source tells the commits of a deployment, it brought the pull requests that were merged to the default branch since
-- the one before (is_inferred); the first that is known of a repository then brought nothing that can be told.
-- grain: app_id, change_id
-- stored: yes
with arrived as (
  select app_id, deployment_id, repo_id, began_at, over_at from production_runs where status <> 'failed' and not is_rollback
)
, brought as (
  select r.app_id, coalesce('pr:' || c.pull_request_id, 'sha:' || c.repo_id || ':' || c.sha) as change_id,
         any_value(c.pull_request_id) as pull_request_id, any_value(c.repo_id) as repo_id, count(*) as commit_count,
         min(c.authored_at) as authored_at, min(r.over_at) as deployed_at, arg_min(r.deployment_id, r.over_at) as deployment_id,
         false as is_inferred
  from deployment_commits c join arrived r on r.deployment_id = c.deployment_id
  group by all
)
, untold as (
  select app_id, deployment_id, repo_id, began_at, over_at,
         row_number() over (partition by app_id, repo_id order by began_at, deployment_id) as number
  from arrived r
  where repo_id is not null and not exists (select 1 from deployment_commits c where c.deployment_id = r.deployment_id)
)
, guessed as (
  select u.app_id, 'pr:' || p.pull_request_id as change_id, p.pull_request_id, p.repo_id, p.commit_count,
         coalesce(p.first_commit_at, p.created_at) as authored_at, u.over_at as deployed_at, u.deployment_id, true as is_inferred
  from (select distinct a.app_id, q.* from pull_requests q join (select distinct app_id, repo_id from untold) a on a.repo_id = q.repo_id
        left join repositories o on o.repo_id = q.repo_id
        where q.state = 'merged' and q.merged_at is not null
          and (o.default_branch is null or q.base_ref is null or q.base_ref = o.default_branch)) p
  asof join untold u on u.app_id = p.app_id and u.repo_id = p.repo_id and p.merged_at <= u.began_at
  where u.number > 1
)
, either as (
  from brought
  union all by name
  select g.* from guessed g anti join brought b on b.app_id = g.app_id and b.change_id = g.change_id
)
select b.app_id, b.change_id, b.pull_request_id, b.repo_id, b.deployment_id, b.commit_count,
       least(b.authored_at, p.first_commit_at) as first_commit_at, b.deployed_at,
       epoch(b.deployed_at - least(b.authored_at, p.first_commit_at)) as lead_s, b.is_inferred,
       count(*) over (partition by b.change_id) > 1 as is_shared
from either b left join pull_requests p on p.pull_request_id = b.pull_request_id
