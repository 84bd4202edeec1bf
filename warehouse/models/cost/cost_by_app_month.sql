-- One row per application, month and currency: effective (showback) and billed (cash) cost of the charges linked to it,
-- and what of the effective cost is hosting and what is third parties. Days and shares: app_cost_daily, of which this is
-- the sum; what belongs to nobody stands in the row `untagged`.
-- grain: app_id, month_on, currency
-- check: effective_cost = hosting_cost + third_party_cost
select app_id, date_trunc('month', day)::date as month_on, currency, money_sum(effective_cost) as effective_cost,
       money_sum(billed_cost) as billed_cost, sum(line_count)::bigint as line_count, max(day) as last_charged_on,
       money_sum(case when category = 'hosting' then effective_cost else 0 end) as hosting_cost,
       money_sum(case when category = 'third_party' then effective_cost else 0 end) as third_party_cost
from app_cost_daily
group by app_id, date_trunc('month', day)::date, currency
