-- One row per application and team over a span: what its DORA figures rest on, and which rows were left out and why.
-- unknown_stage_count: of an environment that no rule maps. unfinished_count: still running, blocked or cancelled.
-- other_stage_count: not production. failed_attempt_count: in the fail rate, in no frequency. negative_lead_count: changes
-- that are younger than the deployment which brought them. planned_incident_count: in no rate.
-- grain: scope_type, scope_id
-- takes: since, until
with told as (
  select s.scope_type, s.scope_id, d.deployment_id, any_value(d.env_tier) as env_tier, any_value(d.status) as status,
         max(coalesce(d.finished_at, d.started_at, d.created_at)) as told_at,
         any_value(d.source_instance) as source_instance, any_value(d.is_inferred) as is_inferred
  from dora_scopes s join deployments_by_app d on d.app_id = s.app_id
  where coalesce(d.finished_at, d.started_at, d.created_at) >= since and coalesce(d.finished_at, d.started_at, d.created_at) < until
  group by all
)
, counted as (
  select scope_type, scope_id, count(*) as told_count, max(told_at) as newest_at, list_sort(list(distinct source_instance)) as sources,
         count(*) filter (where env_tier = 'production' and status in ('success', 'failed', 'rolled_back')) as used_count,
         count(*) filter (where is_inferred and env_tier = 'production') as inferred_count,
         count(*) filter (where env_tier = 'unknown') as unknown_stage_count,
         count(*) filter (where env_tier not in ('production', 'unknown')) as other_stage_count,
         count(*) filter (where env_tier = 'production' and status not in ('success', 'failed', 'rolled_back')) as unfinished_count,
         count(*) filter (where env_tier = 'production' and status = 'failed') as failed_attempt_count
  from told group by scope_type, scope_id
)
, young as (
  select s.scope_type, s.scope_id, count(distinct c.change_id) as negative_lead_count
  from dora_scopes s join deployment_changes c on c.app_id = s.app_id
  where c.deployed_at >= since and c.deployed_at < until and c.lead_s < 0 group by all
)
, planned as (
  select s.scope_type, s.scope_id, count(distinct i.incident_id) as planned_incident_count
  from dora_scopes s join app_incidents a on a.app_id = s.app_id join incidents_now i on i.incident_id = a.incident_id
  where i.is_planned and i.started_at >= since and i.started_at < until group by all
)
select c.scope_type, c.scope_id, c.told_count, c.used_count, c.newest_at, c.sources, c.inferred_count, c.unknown_stage_count,
       c.other_stage_count, c.unfinished_count, c.failed_attempt_count,
       coalesce(y.negative_lead_count, 0)::bigint as negative_lead_count,
       coalesce(p.planned_incident_count, 0)::bigint as planned_incident_count
from counted c
left join young y on y.scope_type = c.scope_type and y.scope_id = c.scope_id
left join planned p on p.scope_type = c.scope_type and p.scope_id = c.scope_id
