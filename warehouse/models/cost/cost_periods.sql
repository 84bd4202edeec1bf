-- One row per source, export and billing period: how many charge lines it has, what they come to, and whether that is all
-- of it: lines that could not stand are quarantined, and the period is not complete without them. A line whose billing
-- period cannot be read may belong to each period of its import. Amounts are those of the one currency of the period,
-- null where it has several; the maps have each.
-- grain: source_instance, source_export, period_start
-- check: line_count > 0
-- check: is_complete = (quarantined_count = 0)
-- stored: yes
with sums as (
  select source_instance, x_SourceExport as source_export, BillingPeriodStart as period_start, BillingCurrency as currency,
         max(BillingPeriodEnd) as period_end, count(*) as line_count, money_sum(BilledCost) as billed_cost,
         money_sum(EffectiveCost) as effective_cost, bool_or(x_IsEstimated) as is_estimated,
         max(ingested_at) as loaded_at, max_by(run_id, ingested_at) as run_id
  from focus_cost
  group by source_instance, x_SourceExport, BillingPeriodStart, BillingCurrency
)
, periods as (
  select source_instance, source_export, period_start, max(period_end) as period_end,
         sum(line_count)::bigint as line_count, case when count(*) = 1 then min(currency) end as currency,
         case when count(*) = 1 then any_value(billed_cost) end as billed_cost,
         case when count(*) = 1 then any_value(effective_cost) end as effective_cost,
         map_from_entries(list({'k': currency, 'v': billed_cost} order by currency)) as billed_by_currency,
         map_from_entries(list({'k': currency, 'v': effective_cost} order by currency)) as effective_by_currency,
         bool_or(is_estimated) as is_estimated, max(loaded_at) as loaded_at, max_by(run_id, loaded_at) as run_id
  from sums
  group by source_instance, source_export, period_start
)
, left_out as (
  select source_instance, run_id, coalesce(try_cast(payload->>'x_BillingPeriod' as timestamp),
                                           try_cast(payload->>'BillingPeriodStart' as timestamp)) as period_start,
         count(*) as line_count
  from quarantine
  where table_name = 'focus_cost'
  group by all
)
, short as (
  select p.source_instance, p.source_export, p.period_start, sum(q.line_count)::bigint as quarantined_count
  from periods p join left_out q on q.source_instance = p.source_instance and q.run_id = p.run_id
    and coalesce(q.period_start, p.period_start) = p.period_start
  group by p.source_instance, p.source_export, p.period_start
)
select p.source_instance, p.source_export, p.period_start, p.period_end, p.line_count, p.currency, p.billed_cost,
       p.effective_cost, p.billed_by_currency, p.effective_by_currency,
       coalesce(s.quarantined_count, 0) as quarantined_count, s.quarantined_count is null as is_complete,
       p.is_estimated, p.loaded_at
from periods p
left join short s on s.source_instance = p.source_instance and s.source_export = p.source_export
  and s.period_start = p.period_start
