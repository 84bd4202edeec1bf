-- One row for a span over all components: availability, response time, error rate of the whole of it.
-- Availability is up time over observed time, announced maintenance in neither; quantiles are within 1 %; error rate is
-- weighted by requests. A span of more than three hours begins with a whole one, and is read from rollups.
-- grain: since_at
-- check: availability_pct is null or availability_pct between 0 and 100
-- takes: since, until
with steps as (
  select * from health_steps(since := since, until := until,
                             step_s := case when until > since + interval 3 hour then 3600 else 0 end)
)
, ranked as (
  select bucket, sum(n) over (order by bucket) as upto, sum(n) over () as total
  from (
    select entry // 4294967296 as bucket, sum(entry % 4294967296) as n
    from (select unnest(response_time_ms_sketch) as entry from steps) group by all
  )
)
, spread as (
  select sketch_middle(min(bucket) filter (where upto >= 0.5 * total)) as response_time_p50_ms,
         sketch_middle(min(bucket) filter (where upto >= 0.95 * total)) as response_time_p95_ms
  from ranked
)
, summed as (
  select coalesce(sum(sample_count), 0)::bigint as sample_count, count(distinct component_id) as component_count,
         100.0 * sum(healthy_s + degraded_s) / nullif(sum(healthy_s + degraded_s + down_s), 0) as availability_pct,
         100.0 * sum(failed_requests) / nullif(sum(rated_requests), 0) as error_rate_pct
  from steps
)
select since as since_at, s.sample_count, s.component_count, s.availability_pct, q.response_time_p50_ms, q.response_time_p95_ms,
       s.error_rate_pct
from summed s cross join spread q
