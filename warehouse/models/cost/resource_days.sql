-- One row per resource of the bill, provider, currency and day: its effective cost. Charges of longer than a day are left
-- out, since they tell nothing of single days. Null is an amount beyond all money.
-- grain: provider, resource_id, currency, day
-- stored: yes
select provider, resource_id, currency, day,
       case when bool_and(effective_cost is not null) then money_sum(effective_cost) end as effective_cost,
       count(*) as line_count
from cost_lines
where resource_id is not null and is_daily
group by provider, resource_id, currency, day
