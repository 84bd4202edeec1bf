-- One row per budget in force: its limit for the present period, what was spent of it up to covered_on, what the period will
-- cost with an interval of 80 %, and when it runs out. Effective cost counts (showback). A budget in whose currency nothing
-- was ever charged has no figures. State is the worst of: 100, 80 and 50 % spent, and 100 % forecast.
-- grain: budget_id
-- check: limit_amount >= 0
-- check: state in ('over', 'at_80', 'forecast_over', 'at_50', 'within', 'unknown')
with told as (
  select b.budget_id, b.name, b.app_id, b.team_id, b.scope, b.period, b.starts_on, b.ends_on as valid_until, b.limit_amount, b.currency,
         o.begins_on, o.ends_on, o.covered_on, o.spent_cost, o.forecast_cost, o.forecast_low_cost, o.forecast_high_cost,
         o.runs_out_on, b.vendor_actual_amount, b.vendor_forecast_amount, b.source_instance
  from budgets_now b
  left join cost_outlook_in(null, ['budget']) o on o.kind = 'budget' and o.series_id = b.budget_id and o.currency = b.currency
  where b.starts_on <= utc_now()::date and coalesce(b.ends_on, date '9999-12-31') >= utc_now()::date
)
select *, 100.0 * spent_cost::double / nullif(limit_amount::double, 0) as used_pct,
       100.0 * forecast_cost::double / nullif(limit_amount::double, 0) as forecast_pct,
       case when spent_cost is null then 'unknown' when spent_cost >= limit_amount then 'over'
            when spent_cost::double >= 0.8 * limit_amount::double then 'at_80' when forecast_cost >= limit_amount then 'forecast_over'
            when spent_cost::double >= 0.5 * limit_amount::double then 'at_50' else 'within' end as state
from told
