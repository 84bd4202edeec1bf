-- One row per split, month of the last 13, currency and application that takes part: its weight, and its part of what is
-- shared, end to end. Weight is 1 (even), the stated share (fixed), the cost of its own in that month and currency
-- (proportional), or what it used in the month (usage): requests of its components, active users of a mean day,
-- deployments to production, or list price of its Kubernetes workloads. Nobody's weight above 0: no row, and
-- the charge stays with nobody. Of the method fixed, what the shares leave stays too.
-- grain: split_id, month_on, currency, app_id
-- check: share_to_ratio >= share_from_ratio
with shared as (
  select split_id, date_trunc('month', day)::date as month_on, currency
  from app_cost_direct
  where split_id is not null and day >= (date_trunc('month', utc_now()) - interval 12 month)::date
  group by all
)
, own_cost as (
  select app_id, date_trunc('month', day)::date as month_on, currency, money_sum(effective_cost)::double as weight
  from app_cost_direct where app_id <> 'untagged' and exists (from shared)
  group by all
)
, used as (
  select 'requests' as usage, c.app_id, date_trunc('month', d.ts_start)::date as month_on, sum(d.rated_requests) as weight
  from component_health_1d d join app_components c on c.component_id = d.component_id
  where d.part_month >= (date_trunc('month', utc_now()) - interval 12 month)::date and exists (from shared)
  group by all
  union all
  select 'active_users', app_id, date_trunc('month', day)::date, avg(active_users) from app_usage_daily
  where exists (from shared) group by all
  union all
  select 'deployments', app_id, date_trunc('month', over_at)::date, count(*)::double from prod_deployments
  where exists (from shared) group by all
  union all
  select 'kubernetes', c.app_id, date_trunc('month', k.day)::date, sum(k.total_cost)::double
  from cost_allocations k join app_components c on c.component_id = k.component_id
  where exists (from shared) group by all
)
, members as (
  select s.split_id, s.method, s.usage, s.shares, unnest(s.app_ids) as app_id from cost_splits_now s where s.app_ids is not null
  union all
  select s.split_id, s.method, s.usage, s.shares, a.app_id
  from cost_splits_now s join applications_now a on coalesce(a.lifecycle, '') <> 'retired'
  where s.app_ids is null
)
, weighed as (
  select h.split_id, h.month_on, h.currency, m.app_id, m.method,
         case m.method when 'even' then 1.0
                       when 'fixed' then try_cast(json_extract_string(m.shares, '/' || m.app_id) as double)
                       when 'proportional' then o.weight
                       else u.weight end as weight
  from shared h
  join members m on m.split_id = h.split_id
  left join own_cost o on m.method = 'proportional' and o.app_id = m.app_id and o.month_on = h.month_on and o.currency = h.currency
  left join used u on m.method = 'usage' and u.usage = m.usage and u.app_id = m.app_id and u.month_on = h.month_on
)
, laid as (
  select split_id, month_on, currency, app_id, weight,
         -- six decimals are what money is shared by
         round(sum(weight) over (partition by split_id, month_on, currency order by app_id)
           / case when method = 'fixed' then 1 else sum(weight) over (partition by split_id, month_on, currency) end, 6) as share_to_ratio
  from weighed where weight > 0
)
select split_id, month_on, currency, app_id, weight,
       coalesce(lag(share_to_ratio) over (partition by split_id, month_on, currency order by app_id), 0) as share_from_ratio,
       share_to_ratio
from laid
