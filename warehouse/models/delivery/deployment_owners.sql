-- One row per deployment and application that it belongs to: the one that its source states, else those that its
-- repository or store is linked to; a deployment known by its component alone belongs to those of the component.
-- grain: deployment_id, app_id
-- stored: yes
-- a union, so that an application linked by several folders, and by its store too, has the deployment once
select deployment_id, app_id from deployments where app_id is not null
union
select d.deployment_id, l.app_id
from deployments d join app_links_now l on l.kind = 'repository' and l.native_id = d.repo_id
where d.app_id is null and (l.env_pattern is null or try(regexp_full_match(d.environment, l.env_pattern)))
union
select d.deployment_id, l.app_id
from deployments d join app_links_now l on l.kind = 'store_app' and l.native_id = d.store_app_id
where d.app_id is null and (l.env_pattern is null or try(regexp_full_match(d.environment, l.env_pattern)))
union
select d.deployment_id, a.app_id
from deployments d
join components c on c.component_id = d.component_id
join app_components a on a.component_id = coalesce(c.same_as, c.component_id)
where d.app_id is null and d.repo_id is null and d.store_app_id is null
