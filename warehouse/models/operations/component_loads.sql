-- One row per component with samples within 14 days: how busy its CPU and memory were (mean, P95, P99 within 1 %), on how
-- many days that was measured, over the last 7 days, and the P99 of the last 24 h. Null is not measured.
-- grain: component_id
-- check: cpu_p99_pct is null or cpu_p95_pct <= cpu_p99_pct
with days as (
  select coalesce(c.same_as, s.component_id) as component_id, s.ts_start::date as day, s.ts_start as begun_at,
         s.cpu_pct_count, s.cpu_pct_sum, s.cpu_pct_sketch, s.memory_pct_count, s.memory_pct_sum, s.memory_pct_sketch,
         s.requests_per_minute_count, s.requests_per_minute_sum
  from health_steps(since := date_trunc('day', utc_now()) - interval 14 day, until := utc_now(), step_s := 86400) s
  left join components c on c.component_id = s.component_id
)
, lately as (
  select coalesce(c.same_as, s.component_id) as component_id, sketch_quantile(list(s.cpu_pct_sketch), 0.99) as cpu_p99_1d_pct,
         sketch_quantile(list(s.memory_pct_sketch), 0.99) as memory_p99_1d_pct
  from health_steps(since := utc_now() - interval 1 day, until := utc_now(), step_s := 3600) s
  left join components c on c.component_id = s.component_id
  group by 1
)
, moved as (
  -- network of OTel (system.network.io, bytes of an interval), by second
  select coalesce(c.same_as, p.component_id) as component_id, sum(p.value) / (7 * 86400.0) as sent_a_second
  from metric_points p left join components c on c.component_id = p.component_id
  where p.metric = 'system.network.io' and p.agg = 'sum' and p.value is not null and p.component_id is not null
    and p.part_day >= (utc_now() - interval 7 day)::date and p.ts_start >= utc_now() - interval 7 day
  group by 1
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
select s.component_id, s.cpu_day_count, s.memory_day_count, s.cpu_avg_pct, s.memory_avg_pct, s.cpu_p95_pct, s.cpu_p99_pct,
       s.memory_p95_pct, s.memory_p99_pct, s.cpu_day_count_7d, s.cpu_avg_7d_pct, s.requests_per_minute_7d_sum, m.sent_a_second,
       l.cpu_p99_1d_pct, l.memory_p99_1d_pct
from spread s left join lately l on l.component_id = s.component_id left join moved m on m.component_id = s.component_id
