-- One row per application and deployment that succeeded, with the one before it: of the same repository (else component or
-- store) in the same environment, by when they began; null for the first. What was rolled back succeeded before that.
-- grain: app_id, deployment_id
with walked as (
  select app_id, deployment_id, version, sha, coalesce(finished_at, started_at, created_at) as over_at,
         lag(deployment_id) over walk as previous_deployment_id, lag(version) over walk as previous_version,
         lag(sha) over walk as previous_commit, lag(coalesce(finished_at, started_at, created_at)) over walk as previous_over_at
  from deployments_by_app where status in ('success', 'rolled_back')
  window walk as (partition by app_id, coalesce(repo_id, component_id), environment
                  order by coalesce(started_at, created_at), deployment_id)
)
select app_id, deployment_id, version, sha, over_at, previous_deployment_id, previous_version, previous_commit, previous_over_at
from walked
