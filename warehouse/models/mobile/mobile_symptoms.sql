-- One row per store listing, day and sign that its users are worse off: the first day of a drop of the rating (0.2 within a
-- week), and of user-perceived crashes or ANR at 1.5 times the median of the 14 days before (7 known). Where the store tells
-- no crashes, the share of crashed sessions counts.
-- grain: listing_id, day, symptom
-- check: symptom in ('rating_drop', 'crash_rise', 'anr_rise')
-- stored: yes
with by_store as (
  select listing_id, day, if(vital = 'user_perceived_crash', 'crash_rise', 'anr_rise') as symptom, value
  from mobile_vital_days
  where vital in ('user_perceived_crash', 'user_perceived_anr') and unit = 'ratio' and version = '' and device_model = ''
)
, series as (
  from by_store
  union all by name
  select listing_id, day, 'crash_rise' as symptom, sum(crashed_session_count) / nullif(sum(session_count), 0) as value
  from mobile_health_days
  where listing_id not in (select listing_id from by_store where symptom = 'crash_rise')
    and session_count is not null and crashed_session_count is not null
  group by listing_id, day
)
, usual as (
  select *, median(value) over span as usual_value, count(value) over span as known_count
  from series
  window span as (partition by listing_id, symptom order by day range between interval 14 day preceding and interval 1 day preceding)
)
, risen as (
  select *, lag(day) over (partition by listing_id, symptom order by day) as day_before from usual
  where known_count >= 7 and usual_value > 0 and value >= 1.5 * usual_value
)
select listing_id, day, symptom, 100 * value as value, 100 * usual_value as usual_value,
       printf('%s %.2f %%, usually %.2f %%', if(symptom = 'crash_rise', 'crashes', 'ANR'), 100 * value, 100 * usual_value) as text
from risen where day_before is null or day - day_before > 2
union all by name
select m.listing_id, d.day, 'rating_drop' as symptom, min(d.rating_avg) as value, max(d.usual_rating_avg) as usual_value,
       printf('rated %.2f, %.2f a week before', min(d.rating_avg), max(d.usual_rating_avg)) as text
from rating_drops d join mobile_listings m on m.store_app_id = d.store_app_id
where d.is_first
group by m.listing_id, d.day
