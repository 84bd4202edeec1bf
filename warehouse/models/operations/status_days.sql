-- One row per application and UTC day of a span: how long its components were in each state, and its uptime.
-- Seconds are summed over its components, each day up to now. Degraded counts as up; maintenance and unknown time are
-- in no denominator, so uptime is null where nothing is known.
-- grain: app_id, day
-- check: uptime_pct is null or uptime_pct between 0 and 100
-- check: unknown_s >= 0
-- takes: since, until
with summed as (
  select a.app_id, d.day, sum(d.healthy_s) as healthy_s, sum(d.degraded_s) as degraded_s, sum(d.down_s) as down_s,
         sum(d.maintenance_s) as maintenance_s, sum(d.unknown_s) as unknown_s, sum(d.elapsed_s) as elapsed_s
  from app_components a
  join component_days(since := since, until := until) d on d.component_id = a.component_id
  group by a.app_id, d.day
)
select app_id, day, healthy_s, degraded_s, down_s, maintenance_s, unknown_s, elapsed_s,
       day_status(healthy_s, degraded_s, down_s, maintenance_s, unknown_s) as worst_status,
       100.0 * (healthy_s + degraded_s) / nullif(healthy_s + degraded_s + down_s, 0) as uptime_pct
from summed
