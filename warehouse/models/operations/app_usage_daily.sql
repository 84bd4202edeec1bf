-- One row per application and day: active users by the first source that has the day: its metric (the one its tag
-- active_users_metric names, else app.active_users; the day's highest figure), else active devices of its store
-- listings, else users of its production releases as their SDK counts them. told_by says which.
-- grain: app_id, day
-- check: told_by in ('metric', 'store', 'release_health')
with owned as (
  select component_id, min(app_id) as app_id from app_components group by component_id
)
, asked as (
  select app_id, case when json_valid(tags) then json_extract_string(tags, '/active_users_metric') end as metric
  from applications_now
)
, counted as (
  -- part_day is the day of ts_start: a question for some days reads the files of those days only
  select coalesce(p.app_id, o.app_id) as app_id, p.part_day as day, p.metric, max(p.value) as active_users
  from metric_points p
  left join owned o on o.component_id = p.component_id
  where p.metric in (select 'app.active_users' union all select metric from asked where metric is not null)
    and p.value is not null and coalesce(p.app_id, o.app_id) is not null
  group by coalesce(p.app_id, o.app_id), p.part_day, p.metric
)
, by_metric as (
  select c.app_id, c.day, c.active_users, 'metric' as told_by, 0 as place
  from counted c left join asked a on a.app_id = c.app_id
  where c.metric = coalesce(a.metric, 'app.active_users')
)
, listings as (
  select distinct app_id, native_id as store_app_id from app_links_now where kind = 'store_app'
)
, by_store as (
  select l.app_id, d.day, sum(d.active_device_count)::double as active_users, 'store' as told_by, 1 as place
  from mobile_active_daily d join listings l on l.store_app_id = d.store_app_id
  group by l.app_id, d.day
)
, releases_of as (
  select l.app_id, h.project_id, h.version, h.env_tier, h.day, h.user_count
  from release_health_daily h join listings l on l.store_app_id = h.store_app_id
  union
  select l.app_id, h.project_id, h.version, h.env_tier, h.day, h.user_count
  from release_health_daily h join app_links_now l on l.kind = 'project' and l.native_id = h.project_id
)
, by_release as (
  select app_id, day, sum(user_count)::double as active_users, 'release_health' as told_by, 2 as place
  from releases_of where env_tier in ('production', 'unknown') and user_count is not null
  group by app_id, day
)
, every_source as (
  from by_metric union all by name from by_store union all by name from by_release
)
select app_id, day, active_users, told_by
from every_source
qualify row_number() over (partition by app_id, day order by place) = 1
