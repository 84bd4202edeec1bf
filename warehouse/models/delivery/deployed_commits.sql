-- One row per application and commit that is no merge, with the first deployment to production that contains it.
-- The lead time by commits: from when it was committed, each by itself. The first deployment of an application that we know
-- brings all of its past, and is left out.
-- grain: app_id, repo_id, sha
with ordered as (
  select app_id, deployment_id, over_at, row_number() over (partition by app_id order by over_at, deployment_id) as number
  from production_runs where status <> 'failed' and not is_rollback
)
, brought as (
  select o.app_id, d.repo_id, d.sha, arg_min(o.deployment_id, o.over_at) as deployment_id, min(o.over_at) as deployed_at,
         min(o.number) as number
  from deployment_commits d join ordered o on o.deployment_id = d.deployment_id
  group by o.app_id, d.repo_id, d.sha
)
select b.app_id, b.repo_id, b.sha, b.deployment_id, c.committed_at, b.deployed_at,
       epoch(b.deployed_at - c.committed_at) as lead_s
from brought b join commits c on c.repo_id = b.repo_id and c.sha = b.sha
where not c.is_merge and b.number > 1
