-- One row per series and currency of cost_spend_in: what it cost on the days of a span, in the currency that is wanted, and
-- which of those days are charged. Purchases on one day (once_cost) are in it.
-- grain: kind, series_id, currency
-- check: kind in ('total', 'service', 'app', 'team', 'budget')
-- takes: wanted, since, until
select s.kind, s.series_id, coalesce(a.name, e.name, b.name, s.series_id) as name, s.currency,
       money_sum(s.daily_cost + s.once_cost) as cost, count(distinct s.day) as day_count, min(s.day) as first_charged_on,
       max(s.day) as last_charged_on, bool_or(s.is_converted) as is_converted
from cost_spend_in(wanted) s
left join applications_now a on s.kind = 'app' and a.app_id = s.series_id
left join (select team_id, min(name) as name from teams group by team_id) e on s.kind = 'team' and e.team_id = s.series_id
left join budgets_now b on s.kind = 'budget' and b.budget_id = s.series_id
where s.day >= since and s.day < until
group by s.kind, s.series_id, coalesce(a.name, e.name, b.name, s.series_id), s.currency
