-- One row per application and component that told of itself in the last 24 hours: mean response time and error rate
-- (by requests where it tells them) and its share of the application's requests; a component that tells no requests
-- counts as much as the mean of the others. Rounded, since sums of the same floats may differ in their last digit.
-- grain: app_id, component_id
-- check: weight_ratio is null or weight_ratio between 0 and 1
with told as (
  select component_id, avg(requests_per_minute) as requests_per_minute, max(ts_end) as sampled_at,
         coalesce(sum(response_time_ms * requests_per_minute)
                    / nullif(sum(requests_per_minute) filter (where response_time_ms is not null), 0),
                  avg(response_time_ms)) as response_time_ms,
         coalesce(sum(error_rate_pct * requests_per_minute)
                    / nullif(sum(requests_per_minute) filter (where error_rate_pct is not null), 0),
                  avg(error_rate_pct)) as error_rate_pct
  from component_health
  where part_day >= (utc_now() - interval 1 day)::date and ts_end > utc_now() - interval 1 day
    and ts_end <= utc_now() + interval 5 minute
  group by component_id
)
, mine as (
  select a.app_id, c.component_id, c.name, c.type in ('api', 'cdn') as answers, t.response_time_ms, t.error_rate_pct,
         t.sampled_at,
         coalesce(t.requests_per_minute, avg(t.requests_per_minute) over (partition by a.app_id), 1) as requests
  from app_components a
  join components c on c.component_id = a.component_id
  join told t on t.component_id = a.component_id
)
select app_id, component_id, name, case when answers then round(response_time_ms, 3) end as response_time_ms,
       round(error_rate_pct, 4) as error_rate_pct, sampled_at,
       round(case when sum(requests) over app > 0 then requests / sum(requests) over app else 1.0 / count(*) over app end, 6)
         as weight_ratio
from mine
window app as (partition by app_id)
