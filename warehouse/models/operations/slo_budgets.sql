-- One row per objective: budget left, burn rates, when the budget will be gone, and its state, worst first by state_rank.
-- Null where nothing was measured: absent is not 0 % errors. Silence counts as the full outage that
-- it may hide, once it is longer than the usual time between points explains.
-- grain: slo_id
-- check: sli_pct is null or sli_pct between 0 and 100.000001
-- check: budget_left_pct is null or budget_left_pct <= 100.000001
with summed as (
  select s.slo_id, sum(p.good) as good, sum(p.total) as total
  from slo_spans s join slo_points p on p.slo_id = s.slo_id and p.ts_start >= s.since_at and p.ts_start <= utc_now()
  where s.kind <> 'vendor' and p.part_day >= (utc_now() - to_days(32))::date and p.total > 0
  group by s.slo_id
)
, burns as (
  select slo_id, max(long_burn) filter (where rule = 'page_quick') as burn_1h,
         max(long_burn) filter (where rule = 'page_slow') as burn_6h,
         max(long_burn) filter (where rule = 'ticket_quick') as burn_1d,
         max(long_burn) filter (where rule = 'ticket_slow') as burn_3d,
         bool_or(verdict = 'firing' and severity = 'critical') as is_paging, bool_or(verdict = 'firing') as is_burning,
         bool_or(verdict = 'insufficient_traffic') as is_sparse
  from slo_burns group by slo_id
)
, counted as (
  select s.slo_id, s.kind, s.budget_ratio, s.period_s, s.since_at, s.vendor_left_pct, s.measured_at, s.interval_s, m.good, m.total,
         100.0 * m.good / m.total as sli_pct,
         epoch(utc_now() - s.measured_at) as age_s, s.period_s * s.budget_ratio as outage_s,
         case when s.kind = 'vendor' then s.vendor_left_pct
              else 100 * (1 - (m.total - m.good) / m.total / nullif(s.budget_ratio, 0)
                              * least(1.0, epoch(utc_now() - s.since_at) / s.period_s)) end as budget_left_pct,
         b.burn_1h, b.burn_6h, b.burn_1d, b.burn_3d, b.is_paging, b.is_burning, b.is_sparse
  from slo_spans s left join summed m on m.slo_id = s.slo_id left join burns b on b.slo_id = s.slo_id
)
, judged as (
  select *, case when budget_left_pct is null then 'no_data'
                 when kind <> 'vendor' and age_s >= greatest(0.05 * outage_s, 600, 6 * coalesce(interval_s, 0)) then 'silent'
                 when is_paging then 'burning_fast'
                 when budget_left_pct <= 0 then 'exhausted'
                 when is_burning then 'burning'
                 when kind <> 'vendor' and age_s >= greatest(0.01 * outage_s, 300, 3 * coalesce(interval_s, 0)) then 'late'
                 when is_sparse then 'insufficient_traffic' else 'ok' end as state
  from counted
)
select j.slo_id, n.name, n.app_id, n.component_id, j.kind, n."window", n.target_pct, n.threshold, n.good_sql,
       n.total_sql, n.question_id, n.declared_in, n.source_instance, j.good, j.total, j.sli_pct, j.budget_left_pct, j.burn_1h,
       j.burn_6h, j.burn_1d, j.burn_3d,
       case when j.budget_left_pct <= 0 then 0.0
            when j.burn_1d > 0 then j.period_s * j.budget_left_pct / 100 / j.burn_1d end as exhausted_in_s,
       j.state, case j.state when 'burning_fast' then 0 when 'exhausted' then 1 when 'silent' then 2 when 'burning' then 3
                             when 'late' then 4 when 'no_data' then 5 when 'insufficient_traffic' then 6 else 7 end
         as state_rank,
       j.age_s, j.interval_s, j.outage_s, j.since_at, j.period_s, j.measured_at
from judged j join slos_now n on n.slo_id = j.slo_id
