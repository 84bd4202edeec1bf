-- One row per store listing, vital, version, phone model and day, of all countries; '' = all: the mean weighted by users.
-- What the store told as a whole counts where there is one, else the sum of the rows that are cut least (by version, else by
-- model, else by country). Phone models have the 28 days up to the last told only. Days are those of the store: Play's are
-- days of America/Los_Angeles. A day not yet told is no row.
-- grain: listing_id, vital, version, device_model, day
-- stored: yes
with newest as (
  select store_app_id, vital, max(day) as told_on from mobile_vitals_daily group by store_app_id, vital
)
, whole as (
  -- each way to cut is added up first, since what is ranked then is a small part of the rows
  select m.listing_id, v.vital, v.day, '' as version, '' as device_model, v.store_app_id, v.unit,
         v.version <> '' as by_version, v.device_model <> '' as by_model, v.country <> '' as by_country,
         sum(v.value * v.user_count) as weighted, sum(v.user_count) as user_count, avg(v.value) as plain
  from mobile_vitals_daily v join mobile_listings m on m.store_app_id = v.store_app_id
  where v.value >= 0
  group by all
)
, versions as (
  select m.listing_id, v.vital, v.day, v.version, '' as device_model, v.store_app_id, v.unit,
         true as by_version, v.device_model <> '' as by_model, v.country <> '' as by_country,
         sum(v.value * v.user_count) as weighted, sum(v.user_count) as user_count, avg(v.value) as plain
  from mobile_vitals_daily v join mobile_listings m on m.store_app_id = v.store_app_id
  where v.value >= 0 and v.version <> ''
  group by all
)
, models as (
  select m.listing_id, v.vital, v.day, '' as version, v.device_model, v.store_app_id, v.unit,
         v.version <> '' as by_version, true as by_model, v.country <> '' as by_country,
         sum(v.value * v.user_count) as weighted, sum(v.user_count) as user_count, avg(v.value) as plain
  from mobile_vitals_daily v
  join newest n on n.store_app_id = v.store_app_id and n.vital = v.vital and v.day > n.told_on - 28
  join mobile_listings m on m.store_app_id = v.store_app_id
  where v.value >= 0 and v.device_model <> ''
  group by all
)
, cuts as (
  from whole union all by name from versions union all by name from models
)
, best as (
  from cuts
  qualify rank() over (
    partition by listing_id, vital, day, version, device_model
    order by by_version::int + by_model::int + by_country::int, not by_version, not by_model, store_app_id, unit) = 1
)
select listing_id, vital, version, device_model, day, min(unit) as unit,
       coalesce(sum(weighted) / nullif(sum(user_count) filter (where weighted is not null), 0), avg(plain)) as value,
       sum(user_count)::bigint as user_count
from best
group by listing_id, vital, version, device_model, day
