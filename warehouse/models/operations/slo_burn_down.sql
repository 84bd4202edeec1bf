-- One row per objective and hour: what failed, the budget left after it, and what an even burn would have left.
-- grain: slo_id, bucket_at
-- check: bad >= -0.000001
-- takes: since, until
with hours as (
  select p.slo_id, time_bucket(interval 1 hour, p.ts_start) as bucket_at, sum(p.good) as good, sum(p.total) as total
  from slo_points p
  where p.part_day between since::date and until::date and p.ts_start >= since and p.ts_start < until and p.total > 0
  group by all
)
, spent as (
  select slo_id, bucket_at, good, total, total - good as bad,
         sum(total - good) over (partition by slo_id order by bucket_at) as bad_so_far,
         sum(total) over (partition by slo_id) as all_total
  from hours
)
select h.slo_id, h.bucket_at, h.good, h.total, h.bad,
       100 * h.bad / h.all_total / nullif(s.budget_ratio, 0) * least(1.0, epoch(utc_now() - since) / epoch(until - since))
         as spent_pct,
       100 - 100 * h.bad_so_far / h.all_total / nullif(s.budget_ratio, 0)
           * least(1.0, epoch(utc_now() - since) / epoch(until - since)) as left_pct,
       100 - 100.0 * greatest(0, epoch(h.bucket_at - since)) / epoch(until - since) as ideal_pct
from spent h join slo_spans s on s.slo_id = h.slo_id and s.kind <> 'vendor'
