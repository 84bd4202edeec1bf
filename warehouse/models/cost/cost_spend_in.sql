-- One row per series, currency and day of cost_spend_days, in the currency that is wanted, each day at its rate (fx_daily);
-- a day without a rate stays in its own. Wanted null: everything in its own currency.
-- grain: kind, series_id, currency, day
-- takes: wanted
with rated as (
  select s.kind, s.series_id, s.currency, s.day, s.daily_cost, s.once_cost,
         case when s.currency <> wanted then f.rate_price end as rate_price
  from cost_spend_days s
  left join fx_daily f on f.base = s.currency and f.quote = wanted and f.day = s.day
)
, told as (
  -- apart from the sum, which names what it sums three times
  select kind, series_id, case when rate_price is null then currency else wanted end as currency, day,
         rate_price is not null as is_converted,
         case when rate_price is null then daily_cost else converted(daily_cost, rate_price) end as daily_cost,
         case when rate_price is null then once_cost else converted(once_cost, rate_price) end as once_cost
  from rated
)
select kind, series_id, currency, day, money_sum(daily_cost) as daily_cost, money_sum(once_cost) as once_cost,
       bool_or(is_converted) as is_converted
from told
group by kind, series_id, currency, day
