-- One row per provider, service, day and currency: what was charged for that day.
-- grain: provider, service, day, currency
select provider, service, day, currency, money_sum(effective_cost) as effective_cost, money_sum(billed_cost) as billed_cost,
       count(*) as line_count
from cost_lines
group by provider, service, day, currency
