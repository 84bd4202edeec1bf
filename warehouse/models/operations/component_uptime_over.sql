-- One row per component for the last days: share of the observed time in which it was up.
-- Degraded counts as up. Maintenance, told or announced, and unknown time are in no denominator; coverage_pct says how much was observed.
-- Counted by whole hours, from the one in which the window starts.
-- grain: component_id
-- check: uptime_pct is null or uptime_pct between 0 and 100
-- takes: days
with summed as (
  -- two sources of one thing are one component
  select coalesce(c.same_as, s.component_id) as component_id, sum(s.healthy_s + s.degraded_s) as up_s,
         sum(s.down_s) as down_s, sum(s.maintenance_s) as maintenance_s
  from health_steps(since := utc_now() - to_days(days), until := utc_now(), step_s := 3600) s
  left join components c on c.component_id = s.component_id group by 1
)
select component_id, up_s, down_s, maintenance_s, 100.0 * up_s / nullif(up_s + down_s, 0) as uptime_pct,
       least(100.0, 100.0 * (up_s + down_s + maintenance_s) / (86400.0 * days)) as coverage_pct
from summed
