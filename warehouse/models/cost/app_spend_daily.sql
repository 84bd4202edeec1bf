-- One row per application, day, currency and category: what it cost, charges (hosting, third_party) and development work
-- (labour: counted hours at their rates; hours without a rate are in none). What belongs to nobody stands in the row
-- `untagged`. Null is an amount beyond all money.
-- grain: app_id, day, currency, category
-- check: category in ('hosting', 'third_party', 'labour')
-- stored: yes
select app_id, day, currency, category, effective_cost, billed_cost from app_cost_daily
union all by name
select app_id, day, currency, 'labour' as category,
       case when bool_and(product_of(rate_amount, hours) is not null) then money_sum(product_of(rate_amount, hours)) end
         as effective_cost,
       case when bool_and(product_of(rate_amount, hours) is not null) then money_sum(product_of(rate_amount, hours)) end
         as billed_cost
from work_hours_counted
where rate_amount is not null and currency is not null
group by app_id, day, currency
