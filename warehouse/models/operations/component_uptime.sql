-- One row per component and window (24h, 7d, 30d, 90d): share of the observed time in which it was up.
-- A query for one window reads the samples of that window only.
-- grain: component_id, time_window
-- check: uptime_pct is null or uptime_pct between 0 and 100
select component_id, '24h' as time_window, up_s, down_s, maintenance_s, uptime_pct, coverage_pct from component_uptime_over(1)
union all
select component_id, '7d' as time_window, up_s, down_s, maintenance_s, uptime_pct, coverage_pct from component_uptime_over(7)
union all
select component_id, '30d' as time_window, up_s, down_s, maintenance_s, uptime_pct, coverage_pct from component_uptime_over(30)
union all
select component_id, '90d' as time_window, up_s, down_s, maintenance_s, uptime_pct, coverage_pct from component_uptime_over(90)
