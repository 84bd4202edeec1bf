-- One row per component, endpoint, method and error code of a span: how many, and when last, null where no source tells.
-- grain: component_id, endpoint, method, error_code
-- check: error_count > 0
-- check: error_share_pct between 0 and 100
-- takes: since, until
with counted as (
  select component_id, endpoint, method, error_code, sum(error_count)::bigint as error_count,
         max(last_occurred_at) as last_occurred_at
  from api_endpoint_errors
  where part_day >= since::date and part_day <= until::date and ts_start >= since and ts_start < until and error_count > 0
  group by component_id, endpoint, method, error_code
)
select component_id, endpoint, method, error_code, error_count,
       100 * error_count / sum(error_count) over (partition by component_id, endpoint, method) as error_share_pct,
       last_occurred_at
from counted
