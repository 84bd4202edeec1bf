-- On at night: machines and databases that are not production (tag env, environment or stage, else the component's) and
-- cost at weekends what they cost on weekdays. With 12 hours on 5 days they would run 60 of 168 hours, so 64.3 % are saved.
-- grain: subject_id, currency
-- check: saving_amount < base_cost
with costs as materialized (
  from resource_costs where is_non_production
)
, weeks as (
  select r.provider, r.resource_id, r.currency, count(*) filter (where isodow(d.day) > 5) as weekend_day_count,
         avg(d.effective_cost::double) filter (where isodow(d.day) > 5) as weekend_cost,
         avg(d.effective_cost::double) filter (where isodow(d.day) <= 5) as weekday_cost
  from costs r
  join resource_days d on d.provider = r.provider and d.resource_id = r.resource_id and d.currency = r.currency
                      and d.day > r.window_until_on - 28 and d.day <= r.window_until_on
  group by r.provider, r.resource_id, r.currency
)
select 'resource:' || r.resource_id as subject_id, r.within, r.resource_id, r.component_id, r.app_id, r.provider, r.currency,
       r.month_cost as base_cost, product_of(r.month_cost, 0.642857) as saving_amount, 0.6 as confidence_ratio,
       'low' as risk, 'small' as effort, false as is_guarded,
       r.name || ' is not production and runs at nights and weekends' as message,
       'Let it run on weekdays for 12 hours only.' as suggestion,
       json_object('month_cost', round(r.month_cost, 2)::varchar, 'weekend_cost_a_day', round(w.weekend_cost, 2),
                   'weekday_cost_a_day', round(w.weekday_cost, 2), 'hours_on_of_168', 60, 'off_pct', 64.3,
                   'window_days', 28, 'window_until', r.window_until_on::varchar)::varchar as evidence
from costs r
join weeks w on w.provider = r.provider and w.resource_id = r.resource_id and w.currency = r.currency
where (r.service_category in ('Compute', 'Databases') or r.component_type in ('server', 'database'))
  and w.weekend_day_count >= 4 and w.weekday_cost > 0 and w.weekend_cost >= 0.8 * w.weekday_cost
