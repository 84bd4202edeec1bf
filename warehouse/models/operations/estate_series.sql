-- One row per bucket of a span over all components: availability, response time, error rate.
-- Availability is up time over observed time; quantiles are approximate; error rate is weighted by requests.
-- grain: bucket_at
-- check: availability_pct is null or availability_pct between 0 and 100
-- takes: since, until, bucket_s
select time_bucket(to_seconds(bucket_s), ts_start, timestamp '2000-01-01') as bucket_at,
       100.0 * sum(epoch(ts_end - ts_start)) filter (where state in ('healthy', 'degraded'))
         / nullif(sum(epoch(ts_end - ts_start)) filter (where state in ('healthy', 'degraded', 'down')), 0) as availability_pct,
       approx_quantile(response_time_ms, 0.5) as response_time_p50_ms,
       approx_quantile(response_time_ms, 0.95) as response_time_p95_ms,
       sum(error_rate_pct * requests_per_minute)
         / nullif(sum(requests_per_minute) filter (where error_rate_pct is not null), 0) as error_rate_pct,
       count(*) as sample_count
from (
  select *, sample_state(status, cpu_pct, memory_pct, disk_pct, response_time_ms, requests_per_minute, error_rate_pct,
                         network_latency_ms) as state
  from component_health
)
where part_day >= since::date and part_day <= until::date and ts_start >= since and ts_start < until
group by bucket_at
