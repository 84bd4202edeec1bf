-- One row per month and currency: the cost of all applications and of what belongs to none (unit_costs), what all of them
-- are divided by, and the quotients: sum over sum, never a mean of quotients. Users of several applications count in each.
-- Shares of nothing that is counted: an application without, say, users bears its cost all the same.
-- grain: month_on, currency
-- takes: wanted, with_labour
with costs as (
  select month_on, currency, bool_or(is_converted) as is_converted,
         case when count(cost) > 0 and bool_and(cost is not null or effective_cost is null and labour_cost is null)
              then money_sum(coalesce(cost, 0)) end as cost,
         money_sum(effective_cost) as effective_cost, money_sum(labour_cost) as labour_cost,
         money_sum(revenue_amount) as revenue_amount, count(*) as app_count
  from unit_costs(wanted, with_labour)
  group by month_on, currency
)
, used as (
  select month_on, sum(active_users) as active_users, sum(request_count)::bigint as request_count,
         sum(deployment_count)::bigint as deployment_count, sum(message_count)::bigint as message_count
  from app_usage_monthly group by month_on
)
select c.month_on, c.currency, c.is_converted, c.cost, c.effective_cost, c.labour_cost, u.active_users, u.request_count,
       u.deployment_count, u.message_count, c.revenue_amount,
       money_per(c.cost, u.active_users) as per_user_cost, money_per(c.cost, u.request_count / 1000.0) as per_1k_requests_cost,
       money_per(c.cost, u.deployment_count) as per_deployment_cost, money_per(c.cost, u.message_count) as per_message_cost,
       case when c.revenue_amount > 0 then c.cost::double / c.revenue_amount::double end as spend_ratio,
       case when c.cost > 0 then (c.revenue_amount::double - c.cost::double) / c.cost::double end as return_ratio
from costs c left join used u on u.month_on = c.month_on
