-- One row per objective with the span that its budget is counted over, and the instant from which windows look back:
-- the end of the newest point, but at most ten minutes ago, so that what is old does not count as now.
-- grain: slo_id
-- check: period_s > 0
with newest as (
  select slo_id, max(ts_end) as evaluated_at, max(ts_end) filter (where total > 0) as measured_at,
         (epoch(max(ts_start) filter (where total > 0)) - epoch(min(ts_start) filter (where total > 0)))
           / nullif(count(*) filter (where total > 0) - 1, 0) as interval_s,
         arg_max(vendor_budget_left_pct, ts_start) filter (where vendor_budget_left_pct is not null) as vendor_left_pct
  from slo_points where part_day >= (utc_now() - to_days(40))::date and ts_start <= utc_now() group by slo_id
)
select s.slo_id, s.kind, s.target_pct, 1 - s.target_pct / 100.0 as budget_ratio, n.measured_at, n.interval_s,
       n.vendor_left_pct,
       least(utc_now(), greatest(coalesce(n.evaluated_at, utc_now()), utc_now() - interval 10 minute)) as at,
       case when s."window" = 'calendar_month' then date_trunc('month', utc_now())
            else utc_now() - to_days(try_cast(replace(s."window", 'd', '') as integer)) end as since_at,
       case when s."window" = 'calendar_month'
            then epoch(date_trunc('month', utc_now()) + interval 1 month) - epoch(date_trunc('month', utc_now()))
            else 86400.0 * try_cast(replace(s."window", 'd', '') as integer) end as period_s
from slos_now s left join newest n on n.slo_id = s.slo_id
