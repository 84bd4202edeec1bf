-- One row per objective: what was kept over the days of a span, against its target, and how much of the error budget that
-- such a span allows was spent. Null: nothing was measured. A vendor's own objective is not in points, so it is left out.
-- grain: slo_id
-- check: sli_pct is null or sli_pct between 0 and 100.000001
-- takes: since, until
with summed as (
  select slo_id, sum(good) as good, sum(total) as total
  from slo_points
  where part_day >= since::date and part_day <= until::date and ts_start >= since and ts_start < until and total > 0
  group by slo_id
)
select n.slo_id, n.name, n.app_id, a.name as app_name, a.tier, n.target_pct, m.good, m.total, 100.0 * m.good / m.total as sli_pct,
       100.0 * (m.total - m.good) / m.total / nullif(1 - n.target_pct / 100.0, 0) as spent_pct,
       100.0 * m.good / m.total >= n.target_pct as is_kept
from slos_now n
left join summed m on m.slo_id = n.slo_id
left join applications_now a on a.app_id = n.app_id
where n.kind <> 'vendor'
