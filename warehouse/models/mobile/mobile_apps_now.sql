-- One row per app of a store, however many sources know it: of each fact the newest that any of them told. Crash-free sessions of
-- the 28 days up to the last told; of its vitals (mobile_vitals_now) the one nearest its limit, how many are over it or on the way,
-- and the first that will reach it; how far the current version spread.
-- grain: platform, store_native_id
-- check: crash_free_pct is null or crash_free_pct between 0 and 100
-- check: vital_state in ('over', 'rising', 'near', 'within', 'unknown')
-- stored: yes
with facts as (
  select m.listing_id, any_value(m.platform) as platform, any_value(m.store_native_id) as store_native_id, any_value(m.name) as name,
         any_value(m.app_id) as app_id, any_value(a.bundle_id) as bundle_id,
         max_by(a.current_version, a.day) filter (where a.current_version is not null) as current_version,
         max_by(a.rating_avg, a.day) filter (where a.rating_avg is not null) as rating_avg,
         max_by(a.rating_count, a.day) filter (where a.rating_count is not null) as rating_count,
         max_by(a.download_count, a.day) filter (where a.download_count is not null) as download_count,
         max(a.last_released_at) as last_released_at, max(a.day) as told_on,
         string_agg(distinct a.source_instance, ', ' order by a.source_instance) as source_instance
  from mobile_apps a join mobile_listings m on m.store_app_id = a.store_app_id
  group by m.listing_id
)
, last_days as (
  select listing_id, max(day) as told_on from mobile_health_days group by listing_id
)
, sessions as (
  select h.listing_id, sum(h.session_count) as session_count, sum(h.crashed_session_count) as crashed_count
  from mobile_health_days h join last_days l on l.listing_id = h.listing_id and h.day > l.told_on - 28
  where h.session_count is not null and h.crashed_session_count is not null
  group by h.listing_id
)
, worst as (
  from mobile_vitals_now where state <> 'no_limit'
  qualify row_number() over (
    partition by listing_id order by array_position(['over', 'rising', 'near', 'within'], state), device_model <> '', used_pct desc, vital) = 1
)
, limits as (
  select listing_id, count(*) filter (where state = 'over') as over_count, count(*) filter (where state = 'rising') as rising_count,
         min(crosses_on) as crosses_on, min_by(vital, crosses_on) filter (where crosses_on is not null) as crossing_vital
  from mobile_vitals_now where state <> 'no_limit' group by listing_id
)
, active as (
  select m.listing_id, max_by(d.active_device_count, d.day) as active_device_count
  from mobile_active_daily d join mobile_listings m on m.store_app_id = d.store_app_id
  group by m.listing_id
)
, shipped as (
  select listing_id, version, released_at, state, rollout_ratio from mobile_versions where state in ('released', 'rolling_out')
  qualify row_number() over (partition by listing_id order by place) = 1
)
, spread as (
  select listing_id, version, max_by(share_ratio, day) as adoption_ratio from release_adoption group by listing_id, version
)
select f.listing_id, f.app_id, f.name, f.platform, f.store_native_id, f.bundle_id, coalesce(s.version, f.current_version) as current_version,
       s.rollout_ratio, p.adoption_ratio, f.rating_avg, f.rating_count, f.download_count,
       100 * (1 - n.crashed_count / nullif(n.session_count, 0)) as crash_free_pct, n.session_count::bigint as session_count,
       a.active_device_count, coalesce(w.state, 'unknown') as vital_state, w.vital, w.device_model, w.used_pct,
       i.over_count, i.rising_count, i.crossing_vital, i.crosses_on,
       greatest(f.last_released_at, s.released_at) as last_released_at, f.told_on, f.source_instance
from facts f
left join sessions n on n.listing_id = f.listing_id
left join worst w on w.listing_id = f.listing_id
left join limits i on i.listing_id = f.listing_id
left join active a on a.listing_id = f.listing_id
left join shipped s on s.listing_id = f.listing_id
left join spread p on p.listing_id = f.listing_id and p.version = coalesce(s.version, f.current_version)
