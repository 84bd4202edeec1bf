-- One row per application and team over a span: DORA's five figures with how many each rests on. No data gives null, never 0.
-- Frequency: deployments that reached production, rollbacks too, failed attempts not, over the days since the first one.
-- Lead time: of changes first deployed in the span, from the oldest commit. Fail rate: of deployments, attempts too, without
-- rollbacks, which mend. Recovery: of failures that began in the span, those that are over. Rework: rollbacks and hotfixes.
-- A deployment that several applications of a team share is one.
-- grain: scope_type, scope_id
-- check: change_fail_pct is null or change_fail_pct between 0 and 100
-- check: rework_pct is null or rework_pct between 0 and 100
-- takes: since, until
with scopes as (
  select s.scope_type, s.scope_id, s.app_id from dora_scopes s
)
, firsts as (
  select s.scope_type, s.scope_id, min(p.over_at) as first_at
  from scopes s join prod_deployments p on p.app_id = s.app_id where p.status <> 'failed' group by all
)
, runs as (
  -- one of a deployment that several applications share; it failed if it failed one of them
  select s.scope_type, s.scope_id, p.deployment_id, any_value(p.over_at) as over_at, any_value(p.status) as status,
         bool_or(p.is_rollback) as is_rollback, bool_or(p.is_hotfix) as is_hotfix, bool_or(p.is_inferred) as is_inferred,
         bool_or(p.is_change_failed) as is_change_failed, min(p.failed_at) as failed_at,
         case when count(p.failed_at) = count(p.recovered_at) then max(p.recovered_at) end as recovered_at
  from scopes s join prod_deployments p on p.app_id = s.app_id
  where p.over_at >= since and p.over_at < until
  group by s.scope_type, s.scope_id, p.deployment_id
)
, counted as (
  select scope_type, scope_id, count(*) as run_count, count(*) filter (where status <> 'failed') as deployment_count,
         count(distinct over_at::date) filter (where status <> 'failed') as active_days,
         count(*) filter (where not is_rollback) as change_count,
         count(*) filter (where not is_rollback and is_change_failed) as failed_count,
         count(*) filter (where not is_rollback and is_change_failed and recovered_at is null) as open_failure_count,
         median(epoch(recovered_at - failed_at)) filter (where not is_rollback and is_change_failed) as recovery_median_s,
         avg(epoch(recovered_at - failed_at)) filter (where not is_rollback and is_change_failed) as recovery_mean_s,
         count(*) filter (where is_rollback or is_hotfix) as rework_count,
         count(*) filter (where is_inferred) as inferred_count, max(over_at) as last_deployed_at
  from runs group by scope_type, scope_id
)
, changes as (
  -- only what several applications share has to be made one
  select s.scope_type, s.scope_id, c.lead_s
  from scopes s join deployment_changes c on c.app_id = s.app_id
  where c.deployed_at >= since and c.deployed_at < until and c.lead_s >= 0 and not c.is_shared
  union all
  select s.scope_type, s.scope_id, min(c.lead_s) as lead_s
  from scopes s join deployment_changes c on c.app_id = s.app_id
  where c.deployed_at >= since and c.deployed_at < until and c.lead_s >= 0 and c.is_shared
  group by s.scope_type, s.scope_id, c.change_id
)
, led as (
  select scope_type, scope_id, count(*) as lead_count, median(lead_s) as lead_median_s,
         quantile_cont(lead_s, 0.9) as lead_p90_s
  from changes group by scope_type, scope_id
)
, sized as (select scope_type, scope_id, count(*) as app_count from scopes group by all)
, lasted as (
  select scope_type, scope_id,
         ceil(epoch(least(until, utc_now()) - greatest(since, date_trunc('day', first_at))) / 86400)::bigint as day_count
  from firsts
)
select z.scope_type, z.scope_id, z.app_count, c.deployment_count, f.day_count,
       c.deployment_count / nullif(f.day_count, 0) as per_day,
       c.active_days, l.lead_count, l.lead_median_s, l.lead_p90_s, c.change_count, c.failed_count,
       100.0 * c.failed_count / nullif(c.change_count, 0) as change_fail_pct, c.open_failure_count, c.recovery_median_s,
       c.recovery_mean_s, c.run_count, c.rework_count, 100.0 * c.rework_count / nullif(c.run_count, 0) as rework_pct,
       c.inferred_count, c.last_deployed_at
from sized z
left join counted c on c.scope_type = z.scope_type and c.scope_id = z.scope_id
left join lasted f on f.scope_type = z.scope_type and f.scope_id = z.scope_id
left join led l on l.scope_type = z.scope_type and l.scope_id = z.scope_id
