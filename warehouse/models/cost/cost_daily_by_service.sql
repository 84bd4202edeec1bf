-- One row per provider, service, day and currency: what was charged for that day.
-- grain: provider, service, day, currency
select provider, service, day, currency, case when bool_and(effective_cost is not null) then money_sum(effective_cost) end as effective_cost,
       case when bool_and(billed_cost is not null) then money_sum(billed_cost) end as billed_cost,
       sum(line_count)::bigint as line_count
from cost_scope_days
group by provider, service, day, currency
