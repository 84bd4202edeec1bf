-- One row per store listing, vital, version, phone model and day, of all countries; '' = all: the mean weighted by users.
-- What the store told as a whole counts where there is one, else the sum of the rows that are cut least (by version, else by
-- model, else by country). Days are those of the store: Play's are days of America/Los_Angeles. A day not yet told is no row.
-- grain: listing_id, vital, version, device_model, day
-- stored: yes
with folded as (
  -- countries go first: most rows of a store are of one country, and the rest is small
  select m.listing_id, v.store_app_id, v.vital, v.day, v.version, v.device_model, v.unit, v.country <> '' as is_of_countries,
         (v.version <> '')::int + (v.device_model <> '')::int + (v.country <> '')::int as cut_count,
         sum(v.value * v.user_count) as weighted, sum(v.user_count) as user_count, avg(v.value) as plain
  from mobile_vitals_daily v join mobile_listings m on m.store_app_id = v.store_app_id
  where v.value >= 0
  group by all
)
, cuts as (
  select *, '' as of_version, '' as of_model from folded
  qualify rank() over (partition by listing_id, vital, day
                       order by cut_count, version = '', device_model = '', store_app_id, unit) = 1
  union all by name
  select *, version as of_version, '' as of_model from folded where version <> ''
  qualify rank() over (partition by listing_id, vital, day, version
                       order by cut_count, device_model = '', store_app_id, unit) = 1
  union all by name
  select *, '' as of_version, device_model as of_model from folded where device_model <> ''
  qualify rank() over (partition by listing_id, vital, day, device_model
                       order by cut_count, version = '', store_app_id, unit) = 1
)
select listing_id, vital, of_version as version, of_model as device_model, day, min(unit) as unit,
       coalesce(sum(weighted) / nullif(sum(user_count) filter (where weighted is not null), 0), avg(plain)) as value,
       sum(user_count)::bigint as user_count
from cuts
group by listing_id, vital, of_version, of_model, day
