-- One row per component and bucket of a span: means of the measures, weighted equally, and the worst status.
-- Buckets of an hour and more are read from rollups: means are exact, the 95th percentile is within 1 %, and a part of an
-- hour at the start of the span is left out.
-- grain: component_id, bucket_at
-- takes: since, until, bucket_s
with sampled as (
  select *, sample_state(status, cpu_pct, memory_pct, disk_pct, response_time_ms, requests_per_minute, error_rate_pct,
                         network_latency_ms) as state
  from component_health
  where bucket_s < 3600 and part_day >= since::date and part_day <= until::date and ts_start >= since and ts_start < until
)
select component_id, time_bucket(to_seconds(bucket_s), ts_start, timestamp '2000-01-01') as bucket_at,
       count(*) as sample_count, avg(cpu_pct) as cpu_pct, avg(memory_pct) as memory_pct, avg(disk_pct) as disk_pct,
       avg(network_latency_ms) as network_latency_ms, avg(response_time_ms) as response_time_ms,
       quantile_cont(response_time_ms, 0.95) as response_time_p95_ms,
       avg(requests_per_minute) as requests_per_minute, avg(error_rate_pct) as error_rate_pct,
       min_by(state, status_rank(state)) as worst_status
from sampled group by component_id, bucket_at
union all
select component_id, time_bucket(to_seconds(bucket_s), ts_start, timestamp '2000-01-01') as bucket_at,
       sum(sample_count)::bigint as sample_count, sum(cpu_pct_sum) / nullif(sum(cpu_pct_count), 0) as cpu_pct,
       sum(memory_pct_sum) / nullif(sum(memory_pct_count), 0) as memory_pct,
       sum(disk_pct_sum) / nullif(sum(disk_pct_count), 0) as disk_pct,
       sum(network_latency_ms_sum) / nullif(sum(network_latency_ms_count), 0) as network_latency_ms,
       sum(response_time_ms_sum) / nullif(sum(response_time_ms_count), 0) as response_time_ms,
       sketch_quantile(list(response_time_ms_sketch), 0.95) as response_time_p95_ms,
       sum(requests_per_minute_sum) / nullif(sum(requests_per_minute_count), 0) as requests_per_minute,
       sum(error_rate_pct_sum) / nullif(sum(error_rate_pct_count), 0) as error_rate_pct,
       case when sum(down_s) > 0 then 'down' when sum(degraded_s) > 0 then 'degraded'
            when sum(healthy_s + maintenance_s) = 0 then 'unknown' when sum(maintenance_s) > 0 then 'maintenance'
            else 'healthy' end as worst_status
from health_steps(since := since, until := until, step_s := 3600)
where bucket_s >= 3600
group by component_id, bucket_at
