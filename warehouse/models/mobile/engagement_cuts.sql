-- One row per store listing and version or country: sessions, their mean length and active devices a day over the 28 days up to
-- the last day told, and its share of the sessions.
-- grain: listing_id, cut, part
-- check: cut in ('version', 'country')
-- check: share_ratio is null or share_ratio between 0 and 1
-- stored: yes
with told as (
  select m.listing_id, e.version, e.country, e.day, e.session_count, e.session_total_s, e.device_count, e.store_app_id,
         max(e.day) over (partition by m.listing_id) as told_on
  from mobile_engagement_daily e join mobile_listings m on m.store_app_id = e.store_app_id
)
, last_days as (
  from told where day > told_on - 28
)
, parts as (
  select *, 'version' as cut, version as part from last_days where version <> ''
  qualify rank() over (partition by listing_id, day, version order by country <> '', store_app_id) = 1
  union all by name
  select *, 'country' as cut, country as part from last_days where country <> ''
  qualify rank() over (partition by listing_id, day, country order by version <> '', store_app_id) = 1
)
select listing_id, cut, part, sum(session_count)::bigint as session_count,
       sum(session_total_s) filter (where session_count > 0) / nullif(sum(session_count) filter (where session_total_s is not null), 0) as mean_session_s,
       sum(device_count)::double / count(distinct day) as devices_per_day, count(distinct day) as day_count,
       sum(session_count) / nullif(sum(sum(session_count)) over (partition by listing_id, cut), 0) as share_ratio, any_value(told_on) as told_on
from parts group by listing_id, cut, part
