-- One row per application and day: active users as the sources count them (the day's highest figure).
-- grain: app_id, day
with owned as (
  select component_id, min(app_id) as app_id from app_components group by component_id
)
select coalesce(p.app_id, o.app_id) as app_id, p.ts_start::date as day, max(p.value) as active_users
from metric_points p
left join owned o on o.component_id = p.component_id
where p.metric = 'app.active_users' and p.value is not null and coalesce(p.app_id, o.app_id) is not null
group by coalesce(p.app_id, o.app_id), p.ts_start::date
