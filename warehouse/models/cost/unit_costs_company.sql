-- One row per month and currency: the sums of unit_costs over all applications and what belongs to none, and the quotients,
-- sum over sum, never a mean of quotients. The cost of applications that tell no users, requests or messages is in it all
-- the same. Users of several applications count in each.
-- grain: month_on, currency
-- takes: wanted, with_labour
with parts as materialized (
  from unit_costs(wanted, with_labour)
)
, costs as (
  select month_on, currency, bool_or(is_converted) as is_converted,
         -- an amount that is beyond all money makes the sum unknown; one that is not there does not
         case when bool_and(cost is not null or (effective_cost is null and labour_cost is null)) then money_sum(cost) end as cost,
         money_sum(effective_cost) as effective_cost, money_sum(labour_cost) as labour_cost,
         money_sum(revenue_amount) as revenue_amount
  from parts group by month_on, currency
)
, used as (
  select month_on, sum(active_users) as active_users, sum(request_count)::bigint as request_count,
         sum(deployment_count)::bigint as deployment_count, sum(message_count)::bigint as message_count
  from (select distinct app_id, month_on, active_users, request_count, deployment_count, message_count from parts)
  group by month_on
)
select c.month_on, c.currency, c.is_converted, c.cost, c.effective_cost, c.labour_cost, u.active_users, u.request_count,
       u.deployment_count, u.message_count, c.revenue_amount,
       money_per(c.cost, u.active_users) as per_user_cost, money_per(c.cost, u.request_count / 1000.0) as per_1k_requests_cost,
       money_per(c.cost, u.deployment_count) as per_deployment_cost, money_per(c.cost, u.message_count) as per_message_cost,
       case when c.revenue_amount > 0 then c.cost::double / c.revenue_amount::double end as spend_ratio,
       case when c.cost > 0 then (c.revenue_amount::double - c.cost::double) / c.cost::double end as return_ratio
from costs c join used u on u.month_on = c.month_on
