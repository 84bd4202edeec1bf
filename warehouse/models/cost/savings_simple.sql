-- Little used: CPU below 30 % and memory below 40 % on the mean, so a smaller size saves about 40 % of the cost (the rule of
-- the specification). The weakest rule, as a mean hides peaks: only for what has not been measured for 14 days yet, but for
-- three; there P99 decides.
-- grain: subject_id, currency
-- check: saving_amount > 0
with cases as (
  select r.*, l.cpu_avg_pct, l.memory_avg_pct, least(l.cpu_day_count, l.memory_day_count) as day_count
  from resource_costs r join component_loads l on l.component_id = r.component_id
  where l.cpu_avg_pct < 30 and l.memory_avg_pct < 40 and r.component_type in ('server', 'database')
    and least(l.cpu_day_count, l.memory_day_count) between 3 and 13
)
select 'resource:' || resource_id as subject_id, within, resource_id, component_id, app_id, provider, currency,
       month_cost as base_cost, product_of(month_cost, 0.4) as saving_amount, 0.3 as confidence_ratio, 'medium' as risk,
       'small' as effort, true as is_guarded,
       printf('%s uses %.0f %% of its CPU and %.0f %% of its memory on the mean', name, cpu_avg_pct, memory_avg_pct) as message,
       'Look at its peaks, then take a smaller size.' as suggestion,
       json_object('month_cost', round(month_cost, 2)::varchar, 'cpu_avg_pct', round(cpu_avg_pct, 1),
                   'memory_avg_pct', round(memory_avg_pct, 1), 'measured_days', day_count, 'window_days', 14,
                   'window_until', utc_now()::date::varchar)::varchar as evidence
from cases
