-- One row per store listing, version and day: its share of the day's sessions (as the store counts them, else the SDK), else of
-- the active devices, and for how many days it had been out. A version is adopted from the first day on which it has 10 % of
-- them (the cut that Sentry uses for "adopted": docs.sentry.io, Release Health).
-- grain: listing_id, version, day
-- check: share_ratio between 0 and 1
-- check: basis in ('sessions', 'sdk_sessions', 'devices')
-- stored: yes
with told as (
  select m.listing_id, e.version, e.day, 'sessions' as basis, 0 as place, e.session_count as counted, e.country, e.store_app_id
  from mobile_engagement_daily e join mobile_listings m on m.store_app_id = e.store_app_id
  where e.version <> '' and e.session_count is not null
  union all by name
  select listing_id, version, day, 'sdk_sessions' as basis, 1 as place, session_count as counted, '' as country, '' as store_app_id
  from mobile_health_days where version <> '' and session_count is not null
  union all by name
  select m.listing_id, i.version, i.day, 'devices' as basis, 2 as place, i.active_device_count as counted, i.country, i.store_app_id
  from mobile_installs_daily i join mobile_listings m on m.store_app_id = i.store_app_id
  where i.version <> '' and i.active_device_count is not null
)
, whole as (
  select listing_id, version, day, basis, sum(counted) as counted
  from (from told qualify rank() over (partition by listing_id, day order by place, country <> '', store_app_id) = 1)
  group by all
)
, released as (
  select m.listing_id, r.version, min(r.released_at)::date as released_on
  from mobile_releases r join mobile_listings m on m.store_app_id = r.store_app_id
  where r.track = 'production' and r.released_at is not null
  group by all
)
, shared as (
  select w.*, counted / nullif(sum(counted) over (partition by w.listing_id, w.day), 0) as share_ratio,
         coalesce(r.released_on, min(w.day) over (partition by w.listing_id, w.version)) as released_on
  from whole w left join released r on r.listing_id = w.listing_id and r.version = w.version
)
select listing_id, version, day, basis, counted::bigint as counted, share_ratio, released_on,
       greatest(0, day - released_on)::int as age_days,
       min(day) filter (where share_ratio >= 0.1) over (partition by listing_id, version) as adopted_on
from shared where share_ratio is not null
