-- One row per store listing and day: sessions, their mean length, page views and devices, as the store counts them; where it tells
-- none (Google Play), sessions and users of production releases as an SDK counts them. told_by says which.
-- grain: listing_id, day
-- check: mean_session_s is null or mean_session_s >= 0
-- check: told_by in ('store', 'release_health')
-- stored: yes
with best as (
  select m.listing_id, e.* from mobile_engagement_daily e join mobile_listings m on m.store_app_id = e.store_app_id
  qualify rank() over (partition by m.listing_id, e.day order by e.version <> '', e.country <> '', e.store_app_id) = 1
)
, by_store as (
  select listing_id, day, sum(session_count)::bigint as session_count,
         sum(session_total_s) filter (where session_count > 0)
           / nullif(sum(session_count) filter (where session_total_s is not null), 0) as mean_session_s,
         sum(device_count)::bigint as device_count, sum(page_view_count)::bigint as page_view_count, 'store' as told_by
  from best group by listing_id, day
)
, by_sdk as (
  select listing_id, day, sum(session_count)::bigint as session_count, sum(user_count)::bigint as device_count,
         'release_health' as told_by
  from mobile_health_days group by listing_id, day
)
, every_source as (
  from by_store union all by name from by_sdk
)
select listing_id, day, session_count, mean_session_s, device_count, page_view_count, told_by
from every_source where session_count is not null or device_count is not null
qualify row_number() over (partition by listing_id, day order by told_by = 'release_health') = 1
