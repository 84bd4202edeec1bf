-- One row per application, month and currency: its cost (with development work if with_labour), what it is divided by,
-- and the quotients: a user, a thousand requests, a deployment, a message; spend_ratio is cost over revenue, return_ratio
-- is what revenue leaves after cost, over cost. A quotient is null where its denominator is null or not above zero.
-- Currencies: app_cost_monthly_converted; is_converted tells the row of the wanted one, others are parts that have no rate.
-- grain: app_id, month_on, currency
-- check: spend_ratio is null or revenue_amount > 0
-- takes: wanted, with_labour
with costs as materialized (
  select app_id, month_on, currency, effective_cost, labour_cost,
         effective_cost + case when with_labour then labour_cost else 0 end as cost
  from app_cost_monthly_converted(wanted)
)
, earned as materialized (
  from app_revenue_monthly(wanted)
)
, keys as (
  select app_id, month_on, currency from costs union select app_id, month_on, currency from earned
)
, facts as (
  select k.app_id, k.month_on, k.currency, coalesce(k.currency = wanted, false) as is_converted, c.cost, c.effective_cost,
         c.labour_cost, u.active_users, u.request_count, u.deployment_count, u.message_count, r.revenue_amount
  from keys k
  left join costs c on c.app_id = k.app_id and c.month_on = k.month_on and c.currency = k.currency
  left join earned r on r.app_id = k.app_id and r.month_on = k.month_on and r.currency = k.currency
  left join app_usage_monthly u on u.app_id = k.app_id and u.month_on = k.month_on
)
select app_id, month_on, currency, is_converted, cost, effective_cost, labour_cost, active_users, request_count,
       deployment_count, message_count, revenue_amount,
       money_per(cost, active_users) as per_user_cost, money_per(cost, request_count / 1000.0) as per_1k_requests_cost,
       money_per(cost, deployment_count) as per_deployment_cost, money_per(cost, message_count) as per_message_cost,
       case when revenue_amount > 0 then cost::double / revenue_amount::double end as spend_ratio,
       case when cost > 0 then (revenue_amount::double - cost::double) / cost::double end as return_ratio
from facts
