-- One row per application and month: what its cost is divided by. active_users is the mean of its days (app_usage_daily),
-- requests and messages are sums: of its metrics app.requests and app.messages_sent, on days without them the calls of its
-- endpoints and what its numbers sent; deployments are those to production that were not failed attempts. Requests and
-- messages of a month that was charged for before anybody counted them (four days or more) are null: they are not all.
-- grain: app_id, month_on
-- check: active_users is null or active_users >= 0
with owned as (
  select component_id, min(app_id) as app_id from app_components group by component_id
)
, counted as (
  select coalesce(p.app_id, o.app_id) as app_id, p.part_day as day, p.metric, sum(p.value) as total, 0 as place
  from metric_points p left join owned o on o.component_id = p.component_id
  where p.metric in ('app.requests', 'app.messages_sent') and p.agg = 'sum' and p.value >= 0
    and coalesce(p.app_id, o.app_id) is not null
  group by coalesce(p.app_id, o.app_id), p.part_day, p.metric
  union all by name
  select o.app_id, s.part_day as day, 'app.requests' as metric, sum(s.call_count)::double as total, 1 as place
  from api_endpoint_stats s join owned o on o.component_id = s.component_id
  group by o.app_id, s.part_day
  union all by name
  select o.app_id, v.ts_start::date as day, 'app.messages_sent' as metric, sum(v.sent_count)::double as total, 1 as place
  from messaging_volumes v join owned o on o.component_id = v.component_id
  where v.sent_count is not null
  group by o.app_id, v.ts_start::date
)
, days as (
  select *, min(day) over (partition by app_id, metric) as counted_since from counted
  qualify row_number() over (partition by app_id, metric, day order by place) = 1
)
, charged as (
  select app_id, date_trunc('month', day)::date as month_on, min(day) as charged_since
  from app_spend_daily where category <> 'labour' group by all
)
, totals as (
  select d.app_id, date_trunc('month', d.day)::date as month_on,
         round(sum(d.total) filter (where d.metric = 'app.requests' and d.counted_since <= coalesce(c.charged_since, d.day) + 3))::bigint
           as request_count,
         round(sum(d.total) filter (where d.metric = 'app.messages_sent' and d.counted_since <= coalesce(c.charged_since, d.day) + 3))::bigint
           as message_count
  from days d left join charged c on c.app_id = d.app_id and c.month_on = date_trunc('month', d.day)::date
  group by d.app_id, date_trunc('month', d.day)::date
)
, users as (
  select app_id, date_trunc('month', day)::date as month_on, avg(active_users) as active_users, max(active_users) as most_active_users,
         count(active_users) as user_day_count
  from app_usage_daily where active_users is not null group by all
)
, deployed as (
  select app_id, date_trunc('month', over_at)::date as month_on, count(*) filter (where status <> 'failed') as deployment_count
  from prod_deployments group by all
)
, known as (
  select app_id, month_on from totals union select app_id, month_on from users union select app_id, month_on from deployed
  union
  -- a month without a deployment is one of none, once there was a first
  select c.app_id, c.month_on from charged c
  where exists (select 1 from deployed d where d.app_id = c.app_id and d.month_on <= c.month_on)
)
, begun as (
  select app_id, min(month_on) as first_on from deployed group by app_id
)
select k.app_id, k.month_on, u.active_users, u.most_active_users, u.user_day_count, t.request_count, t.message_count,
       case when b.first_on <= k.month_on then coalesce(d.deployment_count, 0) end::bigint as deployment_count
from known k
left join users u on u.app_id = k.app_id and u.month_on = k.month_on
left join totals t on t.app_id = k.app_id and t.month_on = k.month_on
left join deployed d on d.app_id = k.app_id and d.month_on = k.month_on
left join begun b on b.app_id = k.app_id
