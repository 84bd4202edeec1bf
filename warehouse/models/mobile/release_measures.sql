-- One row per store listing and version with a version before it: its first days (at most 14, up to the last day told) against
-- the same days since release of the version before: sessions and crashed ones, ANR, starts, reviews, and the ratings of the
-- whole app on the days after that of the release.
-- Starts are the share of slow cold starts on Android (start_unit ratio), milliseconds to the first frame on iOS.
-- grain: listing_id, version
-- check: day_count between 1 and 14
-- stored: yes
with told as (
  select listing_id, max(day) as told_on from mobile_health_days group by listing_id
)
, watched as (
  select v.listing_id, v.version, v.previous_version, v.released_at::date as released_on, v.previous_released_at::date as previous_on,
         least(13, t.told_on - v.released_at::date)::int as last_age
  from mobile_versions v join told t on t.listing_id = v.listing_id
  where v.previous_version is not null and t.told_on >= v.released_at::date
)
, sides as (
  select listing_id, version, version as of_version, released_on as since_on, released_on + last_age as until_on, true as is_own from watched
  union all
  select listing_id, version, previous_version, previous_on, previous_on + last_age, false from watched
)
, sessions as (
  select s.listing_id, s.version, s.is_own, sum(h.session_count) as session_count, sum(h.crashed_session_count) as crashed_count
  from sides s
  join mobile_health_days h on h.listing_id = s.listing_id and h.version = s.of_version and h.day between s.since_on and s.until_on
  where h.session_count is not null and h.crashed_session_count is not null
  group by all
)
, vitals as (
  select s.listing_id, s.version, s.is_own, d.vital, any_value(d.unit) as unit,
         coalesce(sum(d.value * d.user_count) / nullif(sum(d.user_count), 0), avg(d.value)) as value
  from sides s
  join mobile_vital_days d on d.listing_id = s.listing_id and d.version = s.of_version and d.device_model = ''
   and d.day between s.since_on and s.until_on
  where d.vital in ('user_perceived_anr', 'slow_start_cold', 'launch_time')
  group by all
)
, of_vitals as (
  select listing_id, version, is_own, max(value) filter (where vital = 'user_perceived_anr') as anr_ratio,
         arg_min(value, vital) filter (where vital <> 'user_perceived_anr') as start_value,
         arg_min(unit, vital) filter (where vital <> 'user_perceived_anr') as start_unit
  from vitals group by all
)
, ratings as (
  select s.listing_id, s.version, s.is_own, avg(r.day_rating_avg) as day_rating_avg
  from sides s
  join mobile_listings m on m.listing_id = s.listing_id
  join store_ratings_daily r on r.store_app_id = m.store_app_id and r.country = '' and r.day > s.since_on and r.day <= s.until_on
  where r.day_rating_avg is not null
  group by all
)
, reviews as (
  select s.listing_id, s.version, s.is_own, count(*) as review_count, avg(r.rating) as rating_avg
  from sides s
  join mobile_listings m on m.listing_id = s.listing_id
  join store_reviews r on r.store_app_id = m.store_app_id and r.version = s.of_version
   and r.created_at::date between s.since_on and s.until_on
  where r.rating is not null and r.deleted_seen_at is null
  group by all
)
, both_sides as (
  select s.listing_id, s.version, s.is_own, n.session_count, n.crashed_count, v.anr_ratio, v.start_value, v.start_unit,
         coalesce(r.day_rating_avg, w.rating_avg) as day_rating_avg, w.review_count
  from sides s
  left join sessions n on n.listing_id = s.listing_id and n.version = s.version and n.is_own = s.is_own
  left join of_vitals v on v.listing_id = s.listing_id and v.version = s.version and v.is_own = s.is_own
  left join ratings r on r.listing_id = s.listing_id and r.version = s.version and r.is_own = s.is_own
  left join reviews w on w.listing_id = s.listing_id and w.version = s.version and w.is_own = s.is_own
)
, joined as (
  select listing_id, version,
         any_value(columns(* exclude (listing_id, version, is_own))) filter (where is_own),
         any_value(columns(* exclude (listing_id, version, is_own))) filter (where not is_own) as 'base_\0'
  from both_sides group by listing_id, version
)
select w.listing_id, w.version, w.previous_version, w.released_on, w.last_age + 1 as day_count, j.session_count::bigint as session_count,
       j.crashed_count::bigint as crashed_session_count, j.base_session_count::bigint as base_session_count,
       j.base_crashed_count::bigint as base_crashed_session_count, j.anr_ratio, j.base_anr_ratio, j.start_value, j.start_unit,
       case when j.base_start_unit = j.start_unit then j.base_start_value end as base_start_value, j.day_rating_avg,
       j.base_day_rating_avg, coalesce(j.review_count, 0) as review_count, coalesce(j.base_review_count, 0) as base_review_count
from watched w join joined j on j.listing_id = w.listing_id and j.version = w.version
