-- One row per application and deployment to production that is over: it succeeded, failed or was rolled back.
-- Several of one pipeline run are one, the last.
-- grain: app_id, deployment_id
-- stored: yes
select app_id, deployment_id, repo_id, component_id, environment, version, sha, status, is_rollback, is_hotfix, is_inferred,
       coalesce(started_at, created_at) as began_at, coalesce(finished_at, started_at, created_at) as over_at, actor, url,
       source, source_instance
from deployments_by_app
where env_tier = 'production' and status in ('success', 'failed', 'rolled_back')
qualify ci_run_id is null or row_number() over (
  partition by app_id, ci_run_id, environment order by coalesce(finished_at, started_at, created_at) desc, deployment_id desc) = 1
