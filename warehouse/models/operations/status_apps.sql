-- One row per application of the status page: its status now, the uptime of 90 days and how much of them was observed.
-- An application is as bad as the worst of its components; one without a component is unknown.
-- grain: app_id
-- check: uptime_90d_pct is null or uptime_90d_pct between 0 and 100
-- check: coverage_90d_pct is null or coverage_90d_pct between 0 and 100
with parts as (
  select a.app_id, min_by(s.status, s.status_rank) as status
  from app_components a join component_status s on s.component_id = a.component_id group by a.app_id
)
, observed as (
  select app_id, 100.0 * sum(healthy_s + degraded_s) / nullif(sum(healthy_s + degraded_s + down_s), 0) as uptime_pct,
         100.0 * (1 - sum(unknown_s) / nullif(sum(healthy_s + degraded_s + down_s + maintenance_s + unknown_s), 0)) as coverage_pct
  from status_days(since := utc_now() - interval 89 day, until := utc_now()) group by app_id
)
select l.app_id, l.name, coalesce(p.status, 'unknown') as status, status_rank(coalesce(p.status, 'unknown')) as status_rank,
       o.uptime_pct as uptime_90d_pct, o.coverage_pct as coverage_90d_pct, l.source_instance
from status_listed l
left join parts p on p.app_id = l.app_id
left join observed o on o.app_id = l.app_id
