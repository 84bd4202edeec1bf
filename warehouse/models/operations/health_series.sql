-- One row per component and bucket of a span: means of the measures, weighted equally, and the worst status.
-- grain: component_id, bucket_at
-- takes: since, until, bucket_s
select component_id, time_bucket(to_seconds(bucket_s), ts_start, timestamp '2000-01-01') as bucket_at,
       count(*) as sample_count, avg(cpu_pct) as cpu_pct, avg(memory_pct) as memory_pct, avg(disk_pct) as disk_pct,
       avg(network_latency_ms) as network_latency_ms, avg(response_time_ms) as response_time_ms,
       quantile_cont(response_time_ms, 0.95) as response_time_p95_ms,
       avg(requests_per_minute) as requests_per_minute, avg(error_rate_pct) as error_rate_pct,
       min_by(state, status_rank(state)) as worst_status
from (
  select *, sample_state(status, cpu_pct, memory_pct, disk_pct, response_time_ms, requests_per_minute, error_rate_pct,
                         network_latency_ms) as state
  from component_health
)
where part_day >= since::date and part_day <= until::date and ts_start >= since and ts_start < until
group by component_id, bucket_at
