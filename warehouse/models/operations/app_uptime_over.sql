-- One row per application with components: uptime of its components over the days of a span, and how much of it was observed.
-- Maintenance and unknown time are in no denominator; null: nothing was observed.
-- grain: app_id
-- check: uptime_pct is null or uptime_pct between 0 and 100
-- takes: since, until
select a.app_id, count(distinct a.component_id) as component_count,
       100.0 * sum(d.healthy_s + d.degraded_s) / nullif(sum(d.healthy_s + d.degraded_s + d.down_s), 0) as uptime_pct,
       sum(d.down_s) as down_s, 100.0 * (1 - sum(d.unknown_s) / nullif(sum(d.elapsed_s), 0)) as coverage_pct
from app_components a
join component_days(since := since, until := until) d on d.component_id = a.component_id
group by a.app_id
