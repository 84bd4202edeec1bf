-- One row per application or team and week (from Monday, UTC) that a span touches: DORA's figures of that week, as `dora` has them.
-- A week without deployments is counted as one with none once there was a first; its other figures are null.
-- grain: scope_type, scope_id, week
-- takes: since, until
with runs as (
  select s.scope_type, s.scope_id, date_trunc('week', p.over_at)::date as week, p.deployment_id, bool_or(p.status <> 'failed') as arrived,
         bool_or(p.is_rollback) as is_rollback, bool_or(p.is_hotfix) as is_hotfix, bool_or(p.is_change_failed) as is_change_failed,
         max(epoch(p.recovered_at - p.failed_at)) as recovery_s
  from dora_scopes s join prod_deployments p on p.app_id = s.app_id
  where p.over_at >= date_trunc('week', since) and p.over_at < until
  group by all
)
, counted as (
  select scope_type, scope_id, week, count(*) filter (where arrived) as deployment_count,
         100.0 * count(*) filter (where is_change_failed and not is_rollback) / nullif(count(*) filter (where not is_rollback), 0)
           as change_fail_pct,
         median(recovery_s) filter (where is_change_failed and not is_rollback) as recovery_median_s,
         100.0 * count(*) filter (where is_rollback or is_hotfix) / count(*) as rework_pct
  from runs group by scope_type, scope_id, week
)
, led as (
  select s.scope_type, s.scope_id, date_trunc('week', c.deployed_at)::date as week, median(c.lead_s) as lead_median_s
  from dora_scopes s join deployment_changes c on c.app_id = s.app_id
  where c.deployed_at >= date_trunc('week', since) and c.deployed_at < until and c.lead_s >= 0 group by all
)
, weeks as (
  select f.scope_type, f.scope_id,
         unnest(generate_series(greatest(date_trunc('week', since), date_trunc('week', f.first_at)),
                                least(until, utc_now()) - interval 1 second, interval 7 day))::date as week
  from (select s.scope_type, s.scope_id, min(p.over_at) as first_at
        from dora_scopes s join prod_deployments p on p.app_id = s.app_id group by all) f
)
select w.scope_type, w.scope_id, w.week, coalesce(c.deployment_count, 0)::bigint as deployment_count, l.lead_median_s,
       c.change_fail_pct, c.recovery_median_s, c.rework_pct
from weeks w
left join counted c on c.scope_type = w.scope_type and c.scope_id = w.scope_id and c.week = w.week
left join led l on l.scope_type = w.scope_type and l.scope_id = w.scope_id and l.week = w.week
