-- One row per application, day and currency that cost far more than usual: at least half more, and at least 10 units of
-- currency more, than the median of its days within the 14 before; at least 7 of them must have a cost. A day without a
-- cost is not a day of cost 0. A new level is a jump until it is the usual one; is_first marks the day it began.
-- grain: app_id, day, currency
-- check: increase_cost >= 10
-- stored: yes
with days as (
  select app_id, day, currency, money_sum(effective_cost) as cost from app_cost_daily
  where app_id <> 'untagged'
  group by app_id, day, currency
)
, compared as (
  select *, median(cost) over before as usual_cost, count(cost) over before as day_count
  from days
  window before as (partition by app_id, currency order by day
                    range between interval 14 days preceding and interval 1 day preceding)
)
, risen as (
  select app_id, day, currency, cost, usual_cost, try(cost - usual_cost) as increase_cost
  from compared where day_count >= 7
)
select app_id, day, currency, cost, usual_cost::decimal(38, 18) as usual_cost, increase_cost::decimal(38, 18) as increase_cost,
       case when usual_cost > 0 then 100 * increase_cost::double / usual_cost::double end as change_pct,
       lag(day) over (partition by app_id, currency order by day) is distinct from day - 1 as is_first
from risen
where increase_cost >= 10 and increase_cost >= usual_cost / 2
