-- One row per service, account or application, currency and day: what is charged for days, as cost anomalies are looked for
-- in it. Charges of longer periods are left out; a day without a charge has no row, which is not a cost of 0. is_estimated:
-- some of it may still change. Null is an amount beyond all money.
-- grain: series_id, day
-- check: kind in ('service', 'account', 'app')
-- stored: yes
with by_scope as (
  select provider, account_id, service, day, currency, source_instance, money_sum(effective_cost) as cost,
         bool_or(is_estimated) as is_estimated, count(*) as line_count
  from cost_lines where is_daily
  group by provider, account_id, service, day, currency, source_instance
)
, estimated as (
  select distinct service, day, source_instance from by_scope where is_estimated
)
, every as (
  select 'service:' || provider || '/' || service || ':' || currency as series_id, 'service' as kind, service as name,
         provider, null as app_id, day, currency, cost, is_estimated, line_count, source_instance
  from by_scope
  union all by name
  select 'account:' || provider || '/' || account_id || ':' || currency as series_id, 'account' as kind, account_id as name,
         provider, null as app_id, day, currency, cost, is_estimated, line_count, source_instance
  from by_scope where account_id is not null
  union all by name
  select 'app:' || a.app_id || ':' || a.currency as series_id, 'app' as kind, a.app_id as name, null as provider, a.app_id,
         a.day, a.currency, a.effective_cost as cost, e.day is not null as is_estimated, a.line_count, a.source_instance
  from app_cost_daily_by_service a
  left join estimated e on e.service = a.service and e.day = a.day and e.source_instance = a.source_instance
  where a.is_daily and a.app_id <> 'untagged'
)
select series_id, min(kind) as kind, min(name) as name, min(provider) as provider, min(app_id) as app_id, day,
       min(currency) as currency, case when bool_and(cost is not null) then money_sum(cost) end as effective_cost,
       bool_or(is_estimated) as is_estimated, sum(line_count)::bigint as line_count,
       list_sort(list_distinct(list(source_instance))) as source_instances
from every
group by series_id, day
