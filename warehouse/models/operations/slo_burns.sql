-- One row per objective and burn rule of the SRE workbook: what happened in its two windows, against its factor.
-- Windows shrink with a period below 28 days. A page needs 30 events and 3 failures in its long window.
-- A window without data says neither that a burn began nor that it is over.
-- grain: slo_id, rule
-- check: long_good is null or long_good <= long_total
with rules as (
  from (values ('page_quick', 'critical', 0.02, 3600.0, 300.0), ('page_slow', 'critical', 0.05, 21600.0, 1800.0),
               ('ticket_quick', 'warning', 0.10, 86400.0, 7200.0), ('ticket_slow', 'warning', 0.10, 259200.0, 21600.0))
  t(rule, severity, budget_share, long_s, short_s)
)
, scaled as (
  select s.slo_id, s.at, s.budget_ratio, s.period_s, r.rule, r.severity,
         r.long_s * least(1.0, s.period_s / 2419200) as long_s,
         greatest(60, r.short_s * least(1.0, s.period_s / 2419200)) as short_s,
         r.budget_share * s.period_s / (r.long_s * least(1.0, s.period_s / 2419200)) as factor
  from slo_spans s cross join rules r where s.kind <> 'vendor' and s.budget_ratio > 0
)
, recent as (
  select slo_id, ts_start, good, total from slo_points
  where part_day >= (utc_now() - to_days(4))::date and ts_start >= utc_now() - interval 73 hour and total > 0
)
, summed as (
  select c.slo_id, c.rule, c.severity, c.long_s, c.short_s, c.factor, c.budget_ratio,
         sum(p.good) filter (where p.ts_start >= c.at - to_seconds(c.long_s)) as long_good,
         sum(p.total) filter (where p.ts_start >= c.at - to_seconds(c.long_s)) as long_total,
         sum(p.good) filter (where p.ts_start >= c.at - to_seconds(c.short_s)) as short_good,
         sum(p.total) filter (where p.ts_start >= c.at - to_seconds(c.short_s)) as short_total
  from scaled c left join recent p on p.slo_id = c.slo_id and p.ts_start < c.at
  group by all
)
, burning as (
  select *, (long_total - long_good) / long_total / budget_ratio as long_burn,
         (short_total - short_good) / short_total / budget_ratio as short_burn
  from summed
)
select slo_id, rule, severity, long_s, short_s, factor, long_good, long_total, short_good, short_total, long_burn,
       short_burn,
       case when long_burn is null or short_burn is null then 'no_data'
            when long_burn <= factor or short_burn <= factor then 'ok'
            when severity = 'critical' and (long_total < 30 or long_total - long_good < 3) then 'insufficient_traffic'
            else 'firing' end as verdict
from burning
