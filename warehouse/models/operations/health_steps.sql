-- One row per component and interval of a span, in the shape of the rollups: hours, whole days where step_s is 86400, from
-- the one in which the span begins, and after rolled_until() single samples. With a step_s below 3600 all are samples.
-- Read it with sums: counts, sums, seconds add up, sketches are joined. What no sample covers is told by rolled intervals
-- only.
-- grain: component_id, ts_start
-- takes: since, until, step_s
select component_id, ts_start, ts_end, sample_count, healthy_s, degraded_s, down_s, maintenance_s, unknown_s,
       rated_requests, failed_requests, cpu_pct_count, cpu_pct_sum, cpu_pct_min, cpu_pct_max, cpu_pct_sketch,
       memory_pct_count, memory_pct_sum, memory_pct_min, memory_pct_max, memory_pct_sketch,
       disk_pct_count, disk_pct_sum, disk_pct_min, disk_pct_max, disk_pct_sketch,
       network_latency_ms_count, network_latency_ms_sum, network_latency_ms_min, network_latency_ms_max, network_latency_ms_sketch,
       response_time_ms_count, response_time_ms_sum, response_time_ms_min, response_time_ms_max, response_time_ms_sketch,
       requests_per_minute_count, requests_per_minute_sum, requests_per_minute_min, requests_per_minute_max, requests_per_minute_sketch,
       error_rate_pct_count, error_rate_pct_sum, error_rate_pct_min, error_rate_pct_max, error_rate_pct_sketch, source_instance
from component_health_1h
where step_s >= 3600 and step_s < 86400 and part_day >= since::date and part_day <= until::date
  and ts_start >= date_trunc('hour', since) and ts_start < least(until, rolled_until())
union all
select component_id, ts_start, ts_end, sample_count, healthy_s, degraded_s, down_s, maintenance_s, unknown_s,
       rated_requests, failed_requests, cpu_pct_count, cpu_pct_sum, cpu_pct_min, cpu_pct_max, cpu_pct_sketch,
       memory_pct_count, memory_pct_sum, memory_pct_min, memory_pct_max, memory_pct_sketch,
       disk_pct_count, disk_pct_sum, disk_pct_min, disk_pct_max, disk_pct_sketch,
       network_latency_ms_count, network_latency_ms_sum, network_latency_ms_min, network_latency_ms_max, network_latency_ms_sketch,
       response_time_ms_count, response_time_ms_sum, response_time_ms_min, response_time_ms_max, response_time_ms_sketch,
       requests_per_minute_count, requests_per_minute_sum, requests_per_minute_min, requests_per_minute_max, requests_per_minute_sketch,
       error_rate_pct_count, error_rate_pct_sum, error_rate_pct_min, error_rate_pct_max, error_rate_pct_sketch, source_instance
from component_health_1d
where step_s >= 86400 and part_month >= date_trunc('month', since)::date and part_month <= until::date
  and ts_start >= date_trunc('day', since) and ts_start < least(until, date_trunc('day', rolled_until()))
union all
select component_id, ts_start, ts_end, 1 as sample_count, seconds * (state = 'healthy')::int as healthy_s,
       seconds * (state = 'degraded')::int as degraded_s, seconds * (state = 'down')::int as down_s,
       seconds * (state = 'maintenance')::int as maintenance_s, seconds * (state = 'unknown')::int as unknown_s,
       case when error_rate_pct is not null then requests_in_sample end as rated_requests,
       requests_in_sample * error_rate_pct / 100 as failed_requests,
       (cpu_pct is not null)::bigint as cpu_pct_count, cpu_pct as cpu_pct_sum, cpu_pct as cpu_pct_min, cpu_pct as cpu_pct_max,
       sketch_of_one(cpu_pct) as cpu_pct_sketch,
       (memory_pct is not null)::bigint as memory_pct_count, memory_pct as memory_pct_sum, memory_pct as memory_pct_min, memory_pct as memory_pct_max,
       sketch_of_one(memory_pct) as memory_pct_sketch,
       (disk_pct is not null)::bigint as disk_pct_count, disk_pct as disk_pct_sum, disk_pct as disk_pct_min, disk_pct as disk_pct_max,
       sketch_of_one(disk_pct) as disk_pct_sketch,
       (network_latency_ms is not null)::bigint as network_latency_ms_count, network_latency_ms as network_latency_ms_sum, network_latency_ms as network_latency_ms_min, network_latency_ms as network_latency_ms_max,
       sketch_of_one(network_latency_ms) as network_latency_ms_sketch,
       (response_time_ms is not null)::bigint as response_time_ms_count, response_time_ms as response_time_ms_sum, response_time_ms as response_time_ms_min, response_time_ms as response_time_ms_max,
       sketch_of_one(response_time_ms) as response_time_ms_sketch,
       (requests_per_minute is not null)::bigint as requests_per_minute_count, requests_per_minute as requests_per_minute_sum, requests_per_minute as requests_per_minute_min, requests_per_minute as requests_per_minute_max,
       sketch_of_one(requests_per_minute) as requests_per_minute_sketch,
       (error_rate_pct is not null)::bigint as error_rate_pct_count, error_rate_pct as error_rate_pct_sum, error_rate_pct as error_rate_pct_min, error_rate_pct as error_rate_pct_max,
       sketch_of_one(error_rate_pct) as error_rate_pct_sketch, source_instance
from health_judged
where part_day >= greatest(since, rolled_for(step_s))::date and part_day <= until::date
  and ts_start >= greatest(since, rolled_for(step_s)) and ts_start < until
