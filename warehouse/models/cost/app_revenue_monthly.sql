-- One row per application, month and currency: its revenue, in the currency that is wanted at the last rate known in that
-- month (fx_daily), where there is none in its own. What is earned by no application stands in the row `untagged`.
-- grain: app_id, month_on, currency
-- takes: wanted
with rates as (
  select base, date_trunc('month', day)::date as month_on, max_by(rate_price, day) as rate_price
  from fx_daily where quote = wanted group by all
)
, earned as (
  select coalesce(r.app_id, 'untagged') as app_id, date_trunc('month', r.month_on)::date as month_on, r.currency,
         r.revenue_amount, f.rate_price
  from revenues r
  left join rates f on f.base = r.currency and f.month_on = date_trunc('month', r.month_on)::date and r.currency <> wanted
)
, amounts as (
  select app_id, month_on, case when rate_price is null then currency else wanted end as currency,
         case when rate_price is null then revenue_amount else converted(revenue_amount, rate_price) end as revenue_amount
  from earned
)
select app_id, month_on, currency,
       case when bool_and(revenue_amount is not null) then money_sum(revenue_amount) end as revenue_amount
from amounts
group by app_id, month_on, currency
