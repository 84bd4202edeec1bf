-- One row per component: its measures in the minutes before an instant and in those after it, null where nothing was sampled.
-- grain: component_id
-- takes: at, minutes
with sampled as (
  select component_id, ts_start >= "at" as is_after, response_time_ms, error_rate_pct, cpu_pct, requests_per_minute, seconds, state
  from health_judged
  where part_day between ("at" - to_minutes(minutes))::date and ("at" + to_minutes(minutes))::date
    and ts_start >= "at" - to_minutes(minutes) and ts_start < "at" + to_minutes(minutes)
)
select component_id,
       avg(response_time_ms) filter (where not is_after) as response_before_ms, avg(response_time_ms) filter (where is_after) as response_after_ms,
       avg(error_rate_pct) filter (where not is_after) as errors_before_pct, avg(error_rate_pct) filter (where is_after) as errors_after_pct,
       avg(cpu_pct) filter (where not is_after) as cpu_before_pct, avg(cpu_pct) filter (where is_after) as cpu_after_pct,
       sum(seconds) filter (where is_after and state = 'down') as down_after_s
from sampled group by component_id
