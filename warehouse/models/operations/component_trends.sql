-- One row per component over a span: uptime, how much of it was observed, and its mean response time per bucket, in order.
-- All in one pass over the steps; degraded counts as up, maintenance and unknown time are in no denominator.
-- grain: component_id
-- check: uptime_pct is null or uptime_pct between 0 and 100
-- takes: since, until, bucket_s
with bucketed as (
  -- two sources of one thing are one component
  select coalesce(c.same_as, s.component_id) as component_id,
         time_bucket(to_seconds(bucket_s), s.ts_start, timestamp '2000-01-01') as bucket_at,
         sum(s.healthy_s + s.degraded_s) as up_s, sum(s.down_s) as down_s, sum(s.maintenance_s) as maintenance_s,
         sum(s.response_time_ms_sum) / nullif(sum(s.response_time_ms_count), 0) as response_time_ms
  from health_steps(since := since, until := until, step_s := case when bucket_s < 3600 then 0 else 3600 end) s
  left join components c on c.component_id = s.component_id group by 1, 2
)
select component_id, 100.0 * sum(up_s) / nullif(sum(up_s + down_s), 0) as uptime_pct,
       least(100.0, 100.0 * sum(up_s + down_s + maintenance_s) / epoch(until - since)) as coverage_pct,
       list(response_time_ms order by bucket_at) filter (where response_time_ms is not null) as trend
from bucketed group by component_id
