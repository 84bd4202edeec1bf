-- One row per component and interval of step_s seconds (3600, 86400) in a span, made of its samples: the shape of the rollups.
-- A sample belongs to the interval in which it starts; unknown_s is what no sample covers and what samples call unknown, so the five states add up to the interval.
-- grain: component_id, ts_start
-- check: healthy_s + degraded_s + down_s + maintenance_s + unknown_s >= 3599
-- takes: since, until, step_s
with sampled as (
  select *, time_bucket(to_seconds(step_s), ts_start, timestamp '2000-01-01') as step_at from health_judged
  where part_day >= since::date and part_day <= until::date and ts_start >= since and ts_start < until
)
, summed as (
  select component_id, step_at, max(source_instance) as source_instance, count(*) as sample_count,
         coalesce(sum(seconds) filter (where state = 'healthy'), 0)::double as healthy_s,
         coalesce(sum(seconds) filter (where state = 'degraded'), 0)::double as degraded_s,
         coalesce(sum(seconds) filter (where state = 'down'), 0)::double as down_s,
         coalesce(sum(seconds) filter (where state = 'maintenance'), 0)::double as maintenance_s,
         sum(requests_in_sample) filter (where error_rate_pct is not null) as rated_requests,
         sum(requests_in_sample * error_rate_pct / 100) as failed_requests,
         count(cpu_pct) as cpu_pct_count, sum(cpu_pct) as cpu_pct_sum, min(cpu_pct) as cpu_pct_min, max(cpu_pct) as cpu_pct_max,
         count(memory_pct) as memory_pct_count, sum(memory_pct) as memory_pct_sum, min(memory_pct) as memory_pct_min, max(memory_pct) as memory_pct_max,
         count(disk_pct) as disk_pct_count, sum(disk_pct) as disk_pct_sum, min(disk_pct) as disk_pct_min, max(disk_pct) as disk_pct_max,
         count(network_latency_ms) as network_latency_ms_count, sum(network_latency_ms) as network_latency_ms_sum, min(network_latency_ms) as network_latency_ms_min, max(network_latency_ms) as network_latency_ms_max,
         count(response_time_ms) as response_time_ms_count, sum(response_time_ms) as response_time_ms_sum, min(response_time_ms) as response_time_ms_min, max(response_time_ms) as response_time_ms_max,
         count(requests_per_minute) as requests_per_minute_count, sum(requests_per_minute) as requests_per_minute_sum, min(requests_per_minute) as requests_per_minute_min, max(requests_per_minute) as requests_per_minute_max,
         count(error_rate_pct) as error_rate_pct_count, sum(error_rate_pct) as error_rate_pct_sum, min(error_rate_pct) as error_rate_pct_min, max(error_rate_pct) as error_rate_pct_max
  from sampled group by component_id, step_at
)
, counted as (
  select component_id, step_at, measure, sketch_key(value) as bucket, count(*) as n
  from (
    unpivot (select component_id, step_at, cpu_pct, memory_pct, disk_pct, network_latency_ms,
                    response_time_ms, requests_per_minute, error_rate_pct from sampled)
    on cpu_pct, memory_pct, disk_pct, network_latency_ms, response_time_ms,
       requests_per_minute, error_rate_pct
    into name measure value value
  )
  group by all
)
, sketched as (
  select component_id, step_at,
         list_sort(list(bucket * 4294967296 + n) filter (where measure = 'cpu_pct')) as cpu_pct_sketch,
         list_sort(list(bucket * 4294967296 + n) filter (where measure = 'memory_pct')) as memory_pct_sketch,
         list_sort(list(bucket * 4294967296 + n) filter (where measure = 'disk_pct')) as disk_pct_sketch,
         list_sort(list(bucket * 4294967296 + n) filter (where measure = 'network_latency_ms')) as network_latency_ms_sketch,
         list_sort(list(bucket * 4294967296 + n) filter (where measure = 'response_time_ms')) as response_time_ms_sketch,
         list_sort(list(bucket * 4294967296 + n) filter (where measure = 'requests_per_minute')) as requests_per_minute_sketch,
         list_sort(list(bucket * 4294967296 + n) filter (where measure = 'error_rate_pct')) as error_rate_pct_sketch
  from counted group by component_id, step_at
)
select s.component_id, s.step_at as ts_start, s.step_at + to_seconds(step_s) as ts_end, sample_count, healthy_s, degraded_s, down_s,
       maintenance_s, greatest(0.0, step_s - healthy_s - degraded_s - down_s - maintenance_s) as unknown_s,
       rated_requests, failed_requests,
       cpu_pct_count, cpu_pct_sum, cpu_pct_min, cpu_pct_max, cpu_pct_sketch,
       memory_pct_count, memory_pct_sum, memory_pct_min, memory_pct_max, memory_pct_sketch,
       disk_pct_count, disk_pct_sum, disk_pct_min, disk_pct_max, disk_pct_sketch,
       network_latency_ms_count, network_latency_ms_sum, network_latency_ms_min, network_latency_ms_max, network_latency_ms_sketch,
       response_time_ms_count, response_time_ms_sum, response_time_ms_min, response_time_ms_max, response_time_ms_sketch,
       requests_per_minute_count, requests_per_minute_sum, requests_per_minute_min, requests_per_minute_max, requests_per_minute_sketch,
       error_rate_pct_count, error_rate_pct_sum, error_rate_pct_min, error_rate_pct_max, error_rate_pct_sketch, source_instance
from summed s left join sketched k on k.component_id = s.component_id and k.step_at = s.step_at
