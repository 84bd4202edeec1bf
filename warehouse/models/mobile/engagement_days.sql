-- One row per store listing and day: sessions, their mean length, page views and devices, as the store counts them.
-- grain: listing_id, day
-- check: mean_session_s is null or mean_session_s >= 0
-- stored: yes
with best as (
  select m.listing_id, e.* from mobile_engagement_daily e join mobile_listings m on m.store_app_id = e.store_app_id
  qualify rank() over (partition by m.listing_id, e.day order by e.version <> '', e.country <> '', e.store_app_id) = 1
)
select listing_id, day, sum(session_count)::bigint as session_count,
       sum(session_total_s) filter (where session_count > 0) / nullif(sum(session_count) filter (where session_total_s is not null), 0) as mean_session_s,
       sum(device_count)::bigint as device_count, sum(page_view_count)::bigint as page_view_count
from best group by listing_id, day
