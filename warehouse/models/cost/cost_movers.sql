-- One row per service, application, team and the company (total), and currency: the month so far (up to the last day that
-- bills cover), the same days of the month before, the whole of it, and what the month will have cost. Null: nothing then.
-- grain: kind, series_id, currency
-- check: kind in ('total', 'service', 'app', 'team')
-- takes: wanted
select t.kind, t.series_id, coalesce(a.name, e.name, t.series_id) as name, t.currency, t.begins_on as month_on, t.covered_on,
       t.spent_cost, t.same_days_cost, t.spent_cost - coalesce(t.same_days_cost, 0) as change_cost,
       100.0 * (t.spent_cost::double / nullif(t.same_days_cost::double, 0) - 1) as change_pct, t.last_cost as last_month_cost,
       t.forecast_cost, t.forecast_low_cost, t.forecast_high_cost
from cost_outlook_in(wanted, ['service', 'app', 'team']) t
left join applications_now a on t.kind = 'app' and a.app_id = t.series_id
left join (select team_id, min(name) as name from teams group by team_id) e on t.kind = 'team' and e.team_id = t.series_id
