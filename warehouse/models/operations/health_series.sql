-- One row per component and bucket of a span: means of the measures, weighted equally, and the worst status.
-- Buckets of an hour and more are read from rollups, from the hour in which the span begins. Means are exact, the 95th
-- percentile is within 1 %.
-- grain: component_id, bucket_at
-- takes: since, until, bucket_s
select component_id, time_bucket(to_seconds(bucket_s), ts_start, timestamp '2000-01-01') as bucket_at,
       sum(sample_count)::bigint as sample_count,
       sum(cpu_pct_sum) / nullif(sum(cpu_pct_count), 0) as cpu_pct,
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
from health_steps(since := since, until := until, step_s := case when bucket_s < 3600 then 0 else 3600 end)
group by component_id, bucket_at
