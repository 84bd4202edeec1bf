-- Too large: the smallest size at which P99 of CPU and of memory over 14 days or more stays at or below 80 %. Sizes of a
-- family halve, and prices with them (list prices of AWS, Azure and Google are proportional to the size); below one core
-- there is none, and where cores are not known one halving is advised at most. Source of 80 % and one core: OptScale,
-- with 14 days instead of its 3. Memory that nobody measures is not low: then there is no advice.
-- grain: subject_id, currency
-- check: saving_amount > 0 and saving_amount < base_cost
with cases as (
  select r.*, l.cpu_p95_pct, l.cpu_p99_pct, l.memory_p95_pct, l.memory_p99_pct,
         least(l.cpu_day_count, l.memory_day_count) as day_count,
         least(floor(log2(80 / greatest(l.cpu_p99_pct, l.memory_p99_pct, 0.1))),
               coalesce(floor(log2(greatest(r.cpu_count, 1))), 1))::bigint as halvings
  from resource_costs r join component_loads l on l.component_id = r.component_id
  where r.component_type in ('server', 'database') and least(l.cpu_day_count, l.memory_day_count) >= 14
    and l.cpu_p99_pct is not null and l.memory_p99_pct is not null
)
select 'resource:' || resource_id as subject_id, within, resource_id, component_id, app_id, provider, currency,
       month_cost as base_cost, product_of(month_cost, 1 - 1 / pow(2, halvings)) as saving_amount, 0.8 as confidence_ratio,
       case when halvings = 1 then 'low' when halvings = 2 then 'medium' else 'high' end as risk,
       'small' as effort, true as is_guarded,
       printf('%s uses at most %.0f %% of its CPU and %.0f %% of its memory (P99 of %d days)', name, cpu_p99_pct,
              memory_p99_pct, day_count) as message,
       case when cpu_count is null then 'Take half the size.'
            else printf('Take %d of %d cores, and memory in proportion.', cpu_count // pow(2, halvings)::bigint, cpu_count) end
         || printf(' P99 would be %.0f %% of CPU and %.0f %% of memory.', cpu_p99_pct * pow(2, halvings),
                   memory_p99_pct * pow(2, halvings)) as suggestion,
       json_object('month_cost', round(month_cost, 2)::varchar, 'cpu_p95_pct', round(cpu_p95_pct, 1),
                   'cpu_p99_pct', round(cpu_p99_pct, 1), 'memory_p95_pct', round(memory_p95_pct, 1),
                   'memory_p99_pct', round(memory_p99_pct, 1), 'measured_days', day_count, 'window_days', 14,
                   'window_until', utc_now()::date::varchar, 'cores', cpu_count, 'halvings', halvings)::varchar as evidence
from cases where halvings >= 1
