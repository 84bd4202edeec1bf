-- One row per component for the last days: share of the observed time in which it was up.
-- Degraded counts as up. Maintenance and unknown time are in no denominator; coverage_pct says how much was observed.
-- grain: component_id
-- check: uptime_pct is null or uptime_pct between 0 and 100
-- takes: days
with spent as (
  select component_id, epoch(ts_end - ts_start) as seconds,
         sample_state(status, cpu_pct, memory_pct, disk_pct, response_time_ms, requests_per_minute, error_rate_pct,
                      network_latency_ms) as state
  from component_health
  where part_day >= (utc_now() - to_days(days))::date and ts_end > utc_now() - to_days(days) and ts_end <= utc_now()
)
, summed as (
  select component_id, coalesce(sum(seconds) filter (where state in ('healthy', 'degraded')), 0) as up_s,
         coalesce(sum(seconds) filter (where state = 'down'), 0) as down_s,
         coalesce(sum(seconds) filter (where state = 'maintenance'), 0) as maintenance_s
  from spent group by component_id
)
select component_id, up_s, down_s, maintenance_s, 100.0 * up_s / nullif(up_s + down_s, 0) as uptime_pct,
       least(100.0, 100.0 * (up_s + down_s + maintenance_s) / (86400.0 * days)) as coverage_pct
from summed
