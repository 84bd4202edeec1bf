-- One row per application and month: hours of development work and what they cost. Hours of a project belong to its
-- applications by their shares: who states none has an even part of what the others leave; shares of more than the whole
-- are scaled down to it. Hours of no application are left out. Hours without a rate are in unpriced_hours and in no
-- cost; where rates have several currencies, there is no one cost: null.
-- grain: app_id, month_on
-- check: hours >= unpriced_hours
-- stored: yes
with owners as (
  select native_id as project_id, app_id, max(share_ratio) filter (where share_ratio between 0 and 1) as stated
  from app_links_now where kind = 'project'
  group by native_id, app_id
)
, shared as (
  select project_id, app_id,
         coalesce(stated / greatest(1, sum(stated) over w),
                  greatest(0, 1 - coalesce(sum(stated) over w, 0)) / count(*) filter (where stated is null) over w) as share
  from owners window w as (partition by project_id)
)
, worked as (
  select app_id, day, hours, rate_amount, currency from work_hours where app_id is not null
  union all by name
  select s.app_id, w.day, w.hours * s.share as hours, w.rate_amount, w.currency
  from work_hours w join shared s on s.project_id = w.project_id
  where w.app_id is null
)
select app_id, date_trunc('month', day)::date as month_on, sum(hours) as hours,
       coalesce(sum(hours) filter (where rate_amount is null or currency is null), 0) as unpriced_hours,
       case when count(distinct currency) filter (where rate_amount is not null) = 1
            then money_sum(product_of(rate_amount, hours)) end as labour_cost,
       case when count(distinct currency) filter (where rate_amount is not null) = 1
            then min(currency) filter (where rate_amount is not null) end as currency
from worked
group by app_id, date_trunc('month', day)::date
