-- One row per application, day, currency and category (hosting, third_party): effective (showback) and billed (cash)
-- cost of the charges linked to it, the sum of app_cost_daily_by_service, which says how shares are taken; what belongs
-- to nobody stands in the row `untagged`. Null is an amount beyond all money.
-- grain: app_id, day, currency, category
-- stored: yes
select app_id, day, currency, category,
       case when bool_and(effective_cost is not null) then money_sum(effective_cost) end as effective_cost,
       case when bool_and(billed_cost is not null) then money_sum(billed_cost) end as billed_cost,
       sum(line_count)::bigint as line_count
from app_cost_daily_by_service
group by app_id, day, currency, category
