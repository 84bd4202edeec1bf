-- One row per bucket of a span over all components: availability, response time, error rate.
-- Availability is up time over observed time, announced maintenance in neither; quantiles are within 1 %; error rate is
-- weighted by requests. Buckets of an hour and more are read from rollups.
-- grain: bucket_at
-- check: availability_pct is null or availability_pct between 0 and 100
-- takes: since, until, bucket_s
with steps as (
  select *, time_bucket(to_seconds(bucket_s), ts_start, timestamp '2000-01-01') as bucket_at
  from health_steps(since := since, until := until, step_s := case when bucket_s < 3600 then 0 else 3600 end)
)
, summed as (
  select bucket_at, 100.0 * sum(healthy_s + degraded_s) / nullif(sum(healthy_s + degraded_s + down_s), 0) as availability_pct,
         100.0 * sum(failed_requests) / nullif(sum(rated_requests), 0) as error_rate_pct,
         sum(sample_count)::bigint as sample_count
  from steps group by bucket_at
)
, counted as (
  select bucket_at, entry // 4294967296 as bucket, sum(entry % 4294967296) as n
  from (select bucket_at, unnest(response_time_ms_sketch) as entry from steps) group by all
)
, ranked as (
  select bucket_at, bucket, sum(n) over (partition by bucket_at order by bucket) as upto, sum(n) over (partition by bucket_at) as total
  from counted
)
, spread as (
  select bucket_at, sketch_middle(min(bucket) filter (where upto >= 0.5 * total)) as response_time_p50_ms,
         sketch_middle(min(bucket) filter (where upto >= 0.95 * total)) as response_time_p95_ms
  from ranked group by bucket_at
)
select s.bucket_at, s.availability_pct, q.response_time_p50_ms, q.response_time_p95_ms, s.error_rate_pct, s.sample_count
from summed s left join spread q on q.bucket_at = s.bucket_at
