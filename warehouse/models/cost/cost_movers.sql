-- One row per service, application, team and the company (total), and currency: the month so far (up to the last day that
-- bills cover), the same days of the month before, the whole of it, and what the month will have cost. Null: nothing then.
-- grain: kind, series_id, currency
-- check: kind in ('total', 'service', 'app', 'team')
-- takes: wanted
with told as materialized (
  select kind, series_id, currency, begins_on, covered_on, spent_cost, forecast_cost, forecast_low_cost, forecast_high_cost
  from cost_outlook_in(wanted) where kind <> 'budget'
)
, before as (
  select t.kind, t.series_id, t.currency, money_sum(s.daily_cost + s.once_cost) as last_month_cost,
         money_sum(case when s.day <= (t.begins_on - interval 1 month)::date + (t.covered_on - t.begins_on)::int
                        then s.daily_cost + s.once_cost else 0 end) as same_days_cost
  from told t
  join cost_spend_in(wanted) s on s.kind = t.kind and s.series_id = t.series_id and s.currency = t.currency
   and s.day >= (t.begins_on - interval 1 month)::date and s.day < t.begins_on
  group by all
)
select t.kind, t.series_id, coalesce(a.name, e.name, t.series_id) as name, t.currency, t.begins_on as month_on, t.covered_on,
       t.spent_cost, b.same_days_cost, t.spent_cost - coalesce(b.same_days_cost, 0) as change_cost,
       100.0 * (t.spent_cost::double / nullif(b.same_days_cost::double, 0) - 1) as change_pct, b.last_month_cost, t.forecast_cost,
       t.forecast_low_cost, t.forecast_high_cost
from told t
left join before b on b.kind = t.kind and b.series_id = t.series_id and b.currency = t.currency
left join applications_now a on t.kind = 'app' and a.app_id = t.series_id
left join (select team_id, min(name) as name from teams group by team_id) e on t.kind = 'team' and e.team_id = t.series_id
