-- One row per series of cost_spend_in that is of these kinds, or the total, and currency: what its present period (of a
-- budget its own, else the month) has cost up to covered_on, the last day that bills cover, what the same days of the period
-- before and the whole of that have cost, what it will have cost at its end, and the day on which its budget is used up.
-- Forecast: what was spent, and for each day left the median of the same weekday over 8 weeks (of a series that is charged
-- on less than half of the days, the mean day), charges of longer periods as in the last full month. Interval of 80 %:
-- +- 1.2816 s sqrt(days left), s = 1.4826 x median absolute residual (seasonal naive method with independent residuals,
-- Hyndman and Athanasopoulos, Forecasting: Principles and Practice, 3rd ed., 5.5). Null with less than 7 days of history.
-- grain: kind, series_id, currency
-- check: forecast_low_cost is null or forecast_low_cost <= forecast_cost
-- check: forecast_high_cost is null or forecast_high_cost >= forecast_cost
-- takes: wanted, kinds
with spend as materialized (
  -- which days bills cover is told by the total
  from cost_spend_in(wanted) where kind = 'total' or list_contains(kinds, kind)
)
, covered as (
  -- today is not over; a day counts as covered for all once anything is charged for it
  select currency, max(day) filter (where daily_cost <> 0 and day < utc_now()::date) as covered_on, min(day) as known_since
  from spend where kind = 'total' group by currency
)
, periods as (
  select s.kind, s.series_id, s.currency, coalesce(c.covered_on, utc_now()::date - 1) as covered_on, c.known_since,
         b.limit_amount, date_trunc(coalesce(b.period, 'month'), utc_now())::date as begins_on,
         case coalesce(b.period, 'month') when 'month' then interval 1 month when 'quarter' then interval 3 month
              else interval 1 year end as length
  from (select distinct kind, series_id, currency from spend) s
  join covered c on c.currency = s.currency
  left join budgets_now b on s.kind = 'budget' and b.budget_id = s.series_id
)
, past as (
  select kind, series_id, currency,
         unnest(generate_series(greatest(covered_on - 55, known_since), covered_on, interval 1 day))::date as day
  from periods
)
, days as (
  -- a day without a charge of the series is 0 where the company was charged at all
  select p.kind, p.series_id, p.currency, p.day, dayofweek(p.day) as weekday, coalesce(s.daily_cost, 0)::double as cost
  from past p
  left join spend s on s.kind = p.kind and s.series_id = p.series_id and s.currency = p.currency and s.day = p.day
)
, of_series as (
  select kind, series_id, currency, count(*) as day_count, avg((cost <> 0)::int) as charged_ratio, avg(cost) as mean_cost
  from days group by all
)
, of_weekday as (
  select kind, series_id, currency, weekday, median(cost) as usual_cost from days group by all
)
, usual as (
  select w.kind, w.series_id, w.currency, w.weekday,
         case when s.day_count < 7 then null when s.charged_ratio < 0.5 then s.mean_cost else w.usual_cost end as usual_cost
  from of_weekday w join of_series s using (kind, series_id, currency)
)
, spread as (
  select d.kind, d.series_id, d.currency, 1.4826 * median(abs(d.cost - u.usual_cost)) as deviation
  from days d join usual u using (kind, series_id, currency, weekday)
  group by all
)
, once as (
  select kind, series_id, currency, sum(once_cost)::double as month_cost
  from spend
  where day >= (date_trunc('month', utc_now()) - interval 1 month)::date and day < date_trunc('month', utc_now())::date
  group by all
)
, spent as (
  select p.kind, p.series_id, p.currency,
         money_sum(case when s.day <= p.covered_on then s.daily_cost else 0 end + s.once_cost) as spent_cost
  from periods p
  join spend s on s.kind = p.kind and s.series_id = p.series_id and s.currency = p.currency
   and s.day between p.begins_on and utc_now()::date
  group by all
)
, before as (
  select p.kind, p.series_id, p.currency, money_sum(s.daily_cost + s.once_cost) as last_cost,
         money_sum(case when s.day <= (p.begins_on - p.length)::date + (p.covered_on - p.begins_on)::int
                        then s.daily_cost + s.once_cost else 0 end) as same_days_cost
  from periods p
  join spend s on s.kind = p.kind and s.series_id = p.series_id and s.currency = p.currency
   and s.day >= (p.begins_on - p.length)::date and s.day < p.begins_on
  group by all
)
, future as (
  select kind, series_id, currency, limit_amount,
         unnest(generate_series(greatest(covered_on + 1, begins_on), begins_on + length - interval 1 day,
                                interval 1 day))::date as day
  from periods
)
, ahead as (
  select p.kind, p.series_id, p.currency, p.limit_amount, p.day,
         coalesce(s.spent_cost, 0)::double
           + sum(u.usual_cost + case when day(p.day) = 1 and p.day > utc_now() then coalesce(o.month_cost, 0) else 0 end)
             over (partition by p.kind, p.series_id, p.currency order by p.day) as total_cost,
         row_number() over (partition by p.kind, p.series_id, p.currency order by p.day) as days_ahead
  from future p
  left join usual u on u.kind = p.kind and u.series_id = p.series_id and u.currency = p.currency and u.weekday = dayofweek(p.day)
  left join once o on o.kind = p.kind and o.series_id = p.series_id and o.currency = p.currency
  left join spent s on s.kind = p.kind and s.series_id = p.series_id and s.currency = p.currency
)
, ends as (
  select kind, series_id, currency, max_by(total_cost, day) as total_cost, max(days_ahead) as days_ahead,
         min(day) filter (where total_cost >= limit_amount) as runs_out_on
  from ahead group by all
)
select p.kind, p.series_id, p.currency, p.begins_on, (p.begins_on + p.length)::date - 1 as ends_on, p.covered_on,
       coalesce(s.spent_cost, 0)::decimal(38, 18) as spent_cost, b.same_days_cost, b.last_cost,
       estimated_amount(case when e.kind is null then s.spent_cost::double else e.total_cost end) as forecast_cost,
       estimated_amount(case when e.kind is null then s.spent_cost::double
                             else e.total_cost - 1.2816 * d.deviation * sqrt(e.days_ahead) end) as forecast_low_cost,
       estimated_amount(case when e.kind is null then s.spent_cost::double
                             else e.total_cost + 1.2816 * d.deviation * sqrt(e.days_ahead) end) as forecast_high_cost,
       case when s.spent_cost >= p.limit_amount then p.covered_on else e.runs_out_on end as runs_out_on
from periods p
left join spent s on s.kind = p.kind and s.series_id = p.series_id and s.currency = p.currency
left join before b on b.kind = p.kind and b.series_id = p.series_id and b.currency = p.currency
left join ends e on e.kind = p.kind and e.series_id = p.series_id and e.currency = p.currency
left join spread d on d.kind = p.kind and d.series_id = p.series_id and d.currency = p.currency
