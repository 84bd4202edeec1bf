-- One row per component and window (24h, 7d, 30d, 90d): share of the observed time in which it was up.
-- Degraded counts as up. Maintenance and unknown time are in no denominator; coverage_pct says how much was observed.
-- grain: component_id, time_window
-- check: uptime_pct is null or uptime_pct between 0 and 100
with spans as (
  select unnest([('24h', 1), ('7d', 7), ('30d', 30), ('90d', 90)]::struct(time_window varchar, days integer)[], recursive := true)
)
, states as (
  select component_id, ts_end, epoch(ts_end - ts_start) as seconds,
         sample_state(status, cpu_pct, memory_pct, disk_pct, response_time_ms, requests_per_minute, error_rate_pct,
                      network_latency_ms) as state
  from component_health
  where part_day >= (utc_now() - interval 90 day)::date and ts_end > utc_now() - interval 90 day and ts_end <= utc_now()
)
, daily as (
  select component_id, floor(epoch(utc_now() - ts_end) / 86400)::integer as days_ago,
         sum(seconds) filter (where state in ('healthy', 'degraded')) as up_s,
         sum(seconds) filter (where state = 'down') as down_s,
         sum(seconds) filter (where state = 'maintenance') as maintenance_s
  from states group by component_id, days_ago
)
select d.component_id, s.time_window, coalesce(sum(d.up_s), 0) as up_s, coalesce(sum(d.down_s), 0) as down_s,
       coalesce(sum(d.maintenance_s), 0) as maintenance_s,
       100.0 * sum(coalesce(d.up_s, 0)) / nullif(sum(coalesce(d.up_s, 0) + coalesce(d.down_s, 0)), 0) as uptime_pct,
       least(100.0, 100.0 * sum(coalesce(d.up_s, 0) + coalesce(d.down_s, 0) + coalesce(d.maintenance_s, 0))
                    / (86400.0 * s.days)) as coverage_pct
from daily d
join spans s on d.days_ago < s.days
group by d.component_id, s.time_window, s.days
