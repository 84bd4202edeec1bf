-- One row per application and change: a pull request, else a commit, with the first deployment to production that brought it.
-- Rollbacks and failed deployments bring nothing. first_commit_at is when its oldest commit was written.
-- grain: app_id, change_id
-- stored: yes
with brought as (
  select r.app_id, coalesce('pr:' || c.pull_request_id, 'sha:' || c.repo_id || ':' || c.sha) as change_id,
         any_value(c.pull_request_id) as pull_request_id, any_value(c.repo_id) as repo_id, count(*) as commit_count,
         min(c.authored_at) as authored_at, min(r.over_at) as deployed_at, arg_min(r.deployment_id, r.over_at) as deployment_id
  from deployment_commits c
  join production_runs r on r.deployment_id = c.deployment_id and r.status <> 'failed' and not r.is_rollback
  group by all
)
select b.app_id, b.change_id, b.pull_request_id, b.repo_id, b.deployment_id, b.commit_count,
       least(b.authored_at, p.first_commit_at) as first_commit_at, b.deployed_at,
       epoch(b.deployed_at - least(b.authored_at, p.first_commit_at)) as lead_s
from brought b left join pull_requests p on p.pull_request_id = b.pull_request_id
