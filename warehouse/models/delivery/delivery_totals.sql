-- One row for a span over all applications: DORA's five figures, a deployment that several applications share counted once.
-- The rules are those of `dora`; medians are over all changes and failures. Null: nothing is told, or none in the span.
-- grain: since_at
-- check: change_fail_pct is null or change_fail_pct between 0 and 100
-- takes: since, until
with runs as (
  select deployment_id, any_value(status) as status, bool_or(is_rollback) as is_rollback, bool_or(is_hotfix) as is_hotfix,
         bool_or(is_change_failed) as is_change_failed, min(failed_at) as failed_at,
         case when count(failed_at) = count(recovered_at) then max(recovered_at) end as recovered_at
  from prod_deployments where over_at >= since and over_at < until group by deployment_id
)
, counted as (
  select count(*) as run_count, count(*) filter (where status <> 'failed') as deployment_count,
         count(*) filter (where not is_rollback) as change_count,
         count(*) filter (where not is_rollback and is_change_failed) as failed_count,
         count(*) filter (where is_rollback or is_hotfix) as rework_count,
         median(epoch(recovered_at - failed_at)) filter (where not is_rollback and is_change_failed) as recovery_median_s
  from runs
)
, led as (
  select median(lead_s) as lead_median_s, count(*) as lead_count
  from (
    select min(lead_s) as lead_s from deployment_changes
    where deployed_at >= since and deployed_at < until and lead_s >= 0 group by change_id
  )
)
select since as since_at, exists(select 1 from prod_deployments where over_at < until) as is_told, c.run_count,
       c.deployment_count, c.change_count, c.failed_count,
       100.0 * c.failed_count / nullif(c.change_count, 0) as change_fail_pct,
       c.rework_count, 100.0 * c.rework_count / nullif(c.run_count, 0) as rework_pct, c.recovery_median_s, l.lead_median_s,
       l.lead_count
from counted c cross join led l
