-- One row per component, endpoint and method called in a span, worst first, beside the same span a week before.
-- Success is over calls whose outcome is known, null where there are none; the mean is weighted by calls. Percentiles of
-- intervals do not add up to one of the span: p95_ms_max and p99_ms_max are those of the worst interval, said as such.
-- Worst first: failing (1 % of calls or more) by the share that fails, then the slowest; over 200 ms is slow, over 500 ms
-- is to be investigated. An endpoint of which neither is known is unknown, not good.
-- The last call is told to the interval: last_call_at is the end of the last one that had calls.
-- grain: component_id, endpoint, method
-- check: success_pct is null or success_pct between 0 and 100
-- check: known_call_count <= call_count
-- takes: since, until
with told as (
  select *, true as is_now from api_endpoint_stats
  where part_day >= since::date and part_day <= until::date and ts_start >= since and ts_start < until
  union all
  select *, false as is_now from api_endpoint_stats
  where part_day >= (since - interval 7 day)::date and part_day <= (until - interval 7 day)::date
    and ts_start >= since - interval 7 day and ts_start < until - interval 7 day
)
, summed as (
  select component_id, endpoint, method, is_now, min(source_instance) as source_instance,
         sum(call_count)::bigint as call_count, sum(error_count)::bigint as error_count,
         coalesce(sum(call_count) filter (where error_count is not null), 0)::bigint as known_call_count,
         sum(epoch(ts_end - ts_start)) / 60 as observed_min,
         sum(response_time_ms * call_count) / nullif(sum(call_count) filter (where response_time_ms is not null), 0)
           as response_time_ms,
         max(p95_ms) as p95_ms_max, max(p99_ms) as p99_ms_max,
         max(ts_end) filter (where call_count > 0) as last_call_at
  from told group by component_id, endpoint, method, is_now
)
, rated as (
  select *, 100 * (1 - least(error_count, known_call_count) / nullif(known_call_count, 0)) as success_pct from summed
)
, judged as (
  select n.*, b.response_time_ms as previous_response_time_ms, b.success_pct as previous_success_pct,
         b.call_count as previous_call_count,
         case when n.known_call_count > 0 and 100 * n.error_count >= n.known_call_count then 'failing' when n.response_time_ms > 500 then 'investigate'
              when n.response_time_ms > 200 then 'slow'
              when coalesce(n.success_pct, n.response_time_ms) is null then 'unknown' else 'good' end as verdict
  from rated n
  left join rated b on b.component_id = n.component_id and b.endpoint = n.endpoint and b.method = n.method and not b.is_now
  where n.is_now
)
, owners as (
  select c.component_id, any_value(c.name) as component, list_sort(list(a.app_id) filter (where a.app_id is not null)) as app_ids
  from components c left join app_components a on a.component_id = coalesce(c.same_as, c.component_id)
  group by c.component_id
)
select row_number() over (order by (j.verdict = 'failing') desc, case when j.verdict = 'failing' then j.success_pct end,
                          j.response_time_ms desc nulls last, j.component_id, j.endpoint, j.method) as worst_rank,
       j.component_id, coalesce(o.component, j.component_id) as component, coalesce(o.app_ids, []) as app_ids,
       j.endpoint, j.method, j.verdict, j.call_count, j.call_count / nullif(j.observed_min, 0) as calls_per_minute,
       j.known_call_count, j.error_count, j.success_pct, j.response_time_ms, j.p95_ms_max, j.p99_ms_max, j.last_call_at,
       j.previous_response_time_ms, j.previous_success_pct, j.previous_call_count,
       100 * (j.response_time_ms / nullif(j.previous_response_time_ms, 0) - 1) as response_change_pct,
       j.success_pct - j.previous_success_pct as success_change_points,
       100 * (j.call_count / nullif(j.previous_call_count, 0) - 1) as call_change_pct, j.source_instance
from judged j left join owners o on o.component_id = j.component_id
