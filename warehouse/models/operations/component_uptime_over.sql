-- One row per component for the last days: share of the observed time in which it was up.
-- Degraded counts as up. Maintenance, told or announced, and unknown time are in no denominator; coverage_pct says how much was observed.
-- grain: component_id
-- check: uptime_pct is null or uptime_pct between 0 and 100
-- takes: days
with sampled as (
  -- two sources of one thing are one component
  select coalesce(c.same_as, h.component_id) as component_id, h.ts_start, epoch(h.ts_end - h.ts_start) as seconds,
         sample_state(h.status, h.cpu_pct, h.memory_pct, h.disk_pct, h.response_time_ms, h.requests_per_minute,
                      h.error_rate_pct, h.network_latency_ms) as state
  from component_health h left join components c on c.component_id = h.component_id
  where part_day >= (utc_now() - to_days(days))::date and ts_end > utc_now() - to_days(days) and ts_end <= utc_now()
)
, spent as (
  select s.component_id, s.seconds, case when m.spans is null then s.state when is_within(s.ts_start, m.spans) then 'maintenance' else s.state end as state
  from sampled s left join maintenance_spans m on m.component_id = s.component_id
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
