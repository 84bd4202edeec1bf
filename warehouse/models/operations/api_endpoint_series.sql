-- One row per component, endpoint, method and bucket of a span: calls, errors, mean response weighted by calls, worst p95.
-- The p95 of a bucket is the highest of its intervals: percentiles of intervals do not add up.
-- grain: component_id, endpoint, method, bucket_at
-- takes: since, until, bucket_s
select component_id, endpoint, method, time_bucket(to_seconds(bucket_s), ts_start, timestamp '2000-01-01') as bucket_at,
       sum(call_count)::bigint as call_count, sum(error_count)::bigint as error_count,
       sum(response_time_ms * call_count) / nullif(sum(call_count) filter (where response_time_ms is not null), 0)
         as response_time_ms,
       max(p95_ms) as p95_ms_max
from api_endpoint_stats
where part_day >= since::date and part_day <= until::date and ts_start >= since and ts_start < until
group by component_id, endpoint, method, bucket_at
