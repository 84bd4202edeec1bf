-- One row per store listing as it stands: store facts of its newest day, and over the last 28 days crash-free sessions
-- (1 - crashed / total of production releases) and the vitals by which a store judges. Of a vital the store's own total
-- counts where there is one, else the mean of its parts weighted by their users.
-- grain: store_app_id
-- check: crash_free_pct is null or crash_free_pct between 0 and 100
with newest as (
  from mobile_apps qualify row_number() over (partition by store_app_id order by day desc, source_instance) = 1
)
, owned as (
  select native_id as store_app_id, min(app_id) as app_id from app_links_now where kind = 'store_app' group by native_id
)
, sessions as (
  select m.store_app_id, sum(h.session_count) as session_count, sum(h.crashed_session_count) as crashed_session_count
  from mobile_health_days h join mobile_listings m on m.listing_id = h.listing_id
  where h.day > utc_now()::date - 28 and h.session_count is not null and h.crashed_session_count is not null
  group by m.store_app_id
)
, vital_parts as (
  select store_app_id, vital, value, user_count from mobile_vitals_daily
  where day > utc_now()::date - 28 and part_month >= date_trunc('month', utc_now()::date - 28)::date
    and vital in ('user_perceived_crash', 'user_perceived_anr', 'anr') and unit = 'ratio' and value is not null
  qualify rank() over (partition by store_app_id, vital, day order by version <> '', device_model <> '', country <> '') = 1
)
, vital_means as (
  select store_app_id, vital,
         100 * coalesce(sum(value * user_count) / nullif(sum(user_count), 0), avg(value)) as mean_pct
  from vital_parts group by store_app_id, vital
)
, vitals as (
  select store_app_id, max(mean_pct) filter (where vital = 'user_perceived_crash') as user_perceived_crash_pct,
         max(mean_pct) filter (where vital = 'user_perceived_anr') as user_perceived_anr_pct,
         max(mean_pct) filter (where vital = 'anr') as anr_pct
  from vital_means group by store_app_id
)
, active as (
  select store_app_id, max_by(active_device_count, day) as active_device_count, max(day) as active_on
  from mobile_active_daily where day > utc_now()::date - 28 group by store_app_id
)
, shipped as (
  select store_app_id, max(coalesce(released_at, created_at)) as last_released_at,
         max_by(version, coalesce(released_at, created_at)) as version
  from mobile_releases where track = 'production' and state in ('released', 'rolling_out') group by store_app_id
)
select n.store_app_id, o.app_id, n.platform, n.name, n.bundle_id, n.store_native_id,
       coalesce(n.current_version, r.version) as current_version, n.rating_avg, n.rating_count, n.review_count,
       n.download_count, n.download_since_on,
       100 * (1 - s.crashed_session_count / nullif(s.session_count, 0)) as crash_free_pct, s.session_count::bigint as session_count,
       v.user_perceived_crash_pct, v.user_perceived_anr_pct, v.anr_pct, a.active_device_count, a.active_on,
       greatest(n.last_released_at, r.last_released_at) as last_released_at, n.day as told_on, n.source_instance
from newest n
left join owned o on o.store_app_id = n.store_app_id
left join sessions s on s.store_app_id = n.store_app_id
left join vitals v on v.store_app_id = n.store_app_id
left join active a on a.store_app_id = n.store_app_id
left join shipped r on r.store_app_id = n.store_app_id
