-- One row per component and interval of a span, by rollups where there are any and by samples after them: hours, or whole days where step_s is 86400.
-- Read ranges longer than a day from here: it opens no sample before rolled_until().
-- grain: component_id, ts_start
-- takes: since, until, step_s
select * from (
  select component_id, ts_start, ts_end, sample_count, healthy_s, degraded_s, down_s, maintenance_s, unknown_s,
         rated_requests, failed_requests, cpu_pct_count, cpu_pct_sum, cpu_pct_min, cpu_pct_max, cpu_pct_sketch,
         memory_pct_count, memory_pct_sum, memory_pct_min, memory_pct_max, memory_pct_sketch,
         disk_pct_count, disk_pct_sum, disk_pct_min, disk_pct_max, disk_pct_sketch,
         network_latency_ms_count, network_latency_ms_sum, network_latency_ms_min, network_latency_ms_max, network_latency_ms_sketch,
         response_time_ms_count, response_time_ms_sum, response_time_ms_min, response_time_ms_max, response_time_ms_sketch,
         requests_per_minute_count, requests_per_minute_sum, requests_per_minute_min, requests_per_minute_max, requests_per_minute_sketch,
         error_rate_pct_count, error_rate_pct_sum, error_rate_pct_min, error_rate_pct_max, error_rate_pct_sketch, source_instance
  from component_health_1h
  where step_s < 86400 and part_month >= date_trunc('month', since)::date and part_month <= until::date
    and ts_start >= since and ts_start < least(until, rolled_until())
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
    and ts_start >= since and ts_start < least(until, date_trunc('day', rolled_until()))
  union all
  select * from health_rolled(
    since := greatest(since, case when step_s >= 86400 then date_trunc('day', rolled_until()) else rolled_until() end),
    until := until, step_s := case when step_s >= 86400 then 86400 else 3600 end)
)
