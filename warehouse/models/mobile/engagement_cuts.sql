-- One row per store listing and version or country: sessions, their mean length and devices a day over the 28 days up to the last
-- day told, its share of the sessions (versions of which a store tells nothing: as an SDK counts them), and the active devices
-- on the last day on which the store counted installs.
-- grain: listing_id, cut, part
-- check: cut in ('version', 'country')
-- check: share_ratio is null or share_ratio between 0 and 1
-- stored: yes
with told as (
  select m.listing_id, e.version, e.country, e.day, e.session_count, e.session_total_s, e.device_count, e.store_app_id, 0 as place
  from mobile_engagement_daily e join mobile_listings m on m.store_app_id = e.store_app_id
  union all by name
  select listing_id, version, '' as country, day, session_count, user_count as device_count, '' as store_app_id, 1 as place
  from mobile_health_days
)
, last_days as (
  from told qualify day > max(day) over (partition by listing_id) - 28
)
, parts as (
  select *, 'version' as cut, version as part from last_days where version <> ''
  qualify rank() over (partition by listing_id, day, version order by place, country <> '', store_app_id) = 1
  union all by name
  select *, 'country' as cut, country as part from last_days where country <> ''
  qualify rank() over (partition by listing_id, day, country order by version <> '', store_app_id) = 1
)
, used as (
  select listing_id, cut, part, sum(session_count)::bigint as session_count,
         sum(session_total_s) filter (where session_count > 0)
           / nullif(sum(session_count) filter (where session_total_s is not null), 0) as mean_session_s,
         sum(device_count)::double / count(distinct day) as devices_per_day, count(distinct day) as day_count,
         sum(session_count) / nullif(sum(sum(session_count)) over (partition by listing_id, cut), 0) as share_ratio, max(day) as told_on
  from parts group by listing_id, cut, part
)
, counted as (
  select m.listing_id, i.version, i.country, i.active_device_count, i.store_app_id
  from mobile_installs_daily i join mobile_listings m on m.store_app_id = i.store_app_id
  where i.active_device_count is not null
  qualify i.day = max(i.day) over (partition by m.listing_id)
)
, installed_parts as (
  select *, 'version' as cut, version as part from counted where version <> ''
  qualify rank() over (partition by listing_id, version order by country <> '', store_app_id) = 1
  union all by name
  select *, 'country' as cut, country as part from counted where country <> ''
  qualify rank() over (partition by listing_id, country order by version <> '', store_app_id) = 1
)
, installed as (
  select listing_id, cut, part, sum(active_device_count)::bigint as active_device_count from installed_parts group by listing_id, cut, part
)
select coalesce(u.listing_id, i.listing_id) as listing_id, coalesce(u.cut, i.cut) as cut, coalesce(u.part, i.part) as part,
       u.session_count, u.mean_session_s, u.devices_per_day, u.day_count, u.share_ratio, i.active_device_count, u.told_on
from used u full join installed i on i.listing_id = u.listing_id and i.cut = u.cut and i.part = u.part
