-- One row per component with samples within 14 days: how busy its CPU and memory were (mean, P95, P99 within 1 %), on how
-- many days that was measured, and the same over the last 7 days. Null is not measured.
-- grain: component_id
-- check: cpu_p99_pct is null or cpu_p95_pct <= cpu_p99_pct
with days as (
  select coalesce(c.same_as, s.component_id) as component_id, s.ts_start::date as day, s.ts_start as begun_at,
         s.cpu_pct_count, s.cpu_pct_sum, s.cpu_pct_sketch, s.memory_pct_count, s.memory_pct_sum, s.memory_pct_sketch,
         s.requests_per_minute_count, s.requests_per_minute_sum
  from health_steps(since := date_trunc('day', utc_now()) - interval 14 day, until := utc_now(), step_s := 86400) s
  left join components c on c.component_id = s.component_id
)
, spread as (
  select component_id, count(distinct day) filter (where cpu_pct_count > 0) as cpu_day_count,
         count(distinct day) filter (where memory_pct_count > 0) as memory_day_count,
         sum(cpu_pct_sum) / nullif(sum(cpu_pct_count), 0) as cpu_avg_pct,
         sum(memory_pct_sum) / nullif(sum(memory_pct_count), 0) as memory_avg_pct,
         sketch_quantile(list(cpu_pct_sketch), 0.95) as cpu_p95_pct, sketch_quantile(list(cpu_pct_sketch), 0.99) as cpu_p99_pct,
         sketch_quantile(list(memory_pct_sketch), 0.95) as memory_p95_pct,
         sketch_quantile(list(memory_pct_sketch), 0.99) as memory_p99_pct,
         count(distinct day) filter (where cpu_pct_count > 0 and begun_at >= date_trunc('day', utc_now()) - interval 7 day)
           as cpu_day_count_7d,
         sum(cpu_pct_sum) filter (where begun_at >= date_trunc('day', utc_now()) - interval 7 day)
           / nullif(sum(cpu_pct_count) filter (where begun_at >= date_trunc('day', utc_now()) - interval 7 day), 0) as cpu_avg_7d_pct,
         sum(requests_per_minute_sum) filter (where begun_at >= date_trunc('day', utc_now()) - interval 7 day)
           as requests_per_minute_7d_sum
  from days group by component_id
)
select component_id, cpu_day_count, memory_day_count, cpu_avg_pct, memory_avg_pct, cpu_p95_pct, cpu_p99_pct, memory_p95_pct,
       memory_p99_pct, cpu_day_count_7d, cpu_avg_7d_pct, requests_per_minute_7d_sum
from spread
