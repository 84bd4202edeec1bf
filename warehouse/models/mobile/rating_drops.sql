-- One row per store listing and day on which the store's rating (all countries) stood 0.2 or more below that of seven
-- days before. is_first marks the first day of a row of them; where several applications share a listing, app_id is the
-- first by name.
-- grain: store_app_id, day
-- check: drop >= 0.2
-- stored: yes
with rated as (
  select store_app_id, day, rating_avg, rating_count from store_ratings_daily
  where country = '' and rating_avg is not null
)
, owned as (
  select native_id as store_app_id, min(app_id) as app_id from app_links_now where kind = 'store_app' group by native_id
)
, dropped as (
  select r.store_app_id, r.day, r.rating_avg, b.rating_avg as usual_rating_avg, r.rating_count,
         -- a rating has two decimals at most, and 3.9 - 3.7 is below 0.2 in floats
         round(b.rating_avg - r.rating_avg, 6) as drop
  from rated r join rated b on b.store_app_id = r.store_app_id and b.day = r.day - 7
)
select d.store_app_id, d.day, o.app_id, d.rating_avg, d.usual_rating_avg, d.drop, d.rating_count,
       lag(d.day) over (partition by d.store_app_id order by d.day) is distinct from d.day - 1 as is_first
from dropped d
left join owned o on o.store_app_id = d.store_app_id
where d.drop >= 0.2
