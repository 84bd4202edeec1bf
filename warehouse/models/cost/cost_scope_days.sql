-- One row per provider, account, service, set of tags, source, currency and day: what was charged, apart for charges of a
-- day at most and of longer periods. Null is an amount beyond all money.
-- grain: provider, account_id, service, tags, source_instance, currency, day, is_daily
-- stored: yes
select provider, account_id, service, tags, source_instance, currency, day, is_daily,
       case when bool_and(effective_cost is not null) then money_sum(effective_cost) end as effective_cost,
       case when bool_and(billed_cost is not null) then money_sum(billed_cost) end as billed_cost,
       case when bool_and(list_cost is not null) then money_sum(list_cost) end as list_cost,
       bool_or(is_estimated) as is_estimated, count(*) as line_count
from cost_lines
group by provider, account_id, service, tags, source_instance, currency, day, is_daily
