-- One row per deployment that no confirmed link gives to an application; counted and shown, so that none is missing.
-- grain: deployment_id
-- stored: yes
select d.deployment_id, d.repo_id, d.component_id, d.environment, d.env_tier, d.ref, d.sha, d.version, d.created_at,
       d.started_at, d.finished_at, d.status, coalesce(d.is_rollback, false) as is_rollback, d.actor, d.url, d.source,
       d.source_instance
from deployments d
where not exists (select 1 from deployment_owners o where o.deployment_id = d.deployment_id)
