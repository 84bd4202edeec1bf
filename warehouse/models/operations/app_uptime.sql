-- One row per application and window: uptime over its components' observed time.
-- grain: app_id, time_window
-- check: uptime_pct is null or uptime_pct between 0 and 100
select a.app_id, u.time_window, 100.0 * sum(u.up_s) / nullif(sum(u.up_s + u.down_s), 0) as uptime_pct,
       avg(u.coverage_pct) as coverage_pct, sum(u.down_s) as down_s
from app_components a
join component_uptime u on u.component_id = a.component_id
group by a.app_id, u.time_window
