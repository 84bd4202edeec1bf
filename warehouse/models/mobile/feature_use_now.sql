-- One row per store listing and feature: its uses over the 28 days up to the last day told, for each 100 device days, and against
-- the 28 days before them (null unless those are known from their first week on).
-- grain: listing_id, feature
-- stored: yes
with told as (
  select *, max(day) over (partition by listing_id) as told_on, min(day) over (partition by listing_id) as since_on from feature_use_days
)
, devices as (
  select t.listing_id, sum(e.device_count) as device_days
  from (select distinct listing_id, told_on from told) t
  join engagement_days e on e.listing_id = t.listing_id and e.day > t.told_on - 28 and e.day <= t.told_on
  group by t.listing_id
)
, used as (
  select listing_id, feature, sum(use_count) filter (where day > told_on - 28) as use_count,
         sum(use_count) filter (where day <= told_on - 28 and day > told_on - 56) as before_count, any_value(told_on) as told_on,
         any_value(since_on) as since_on
  from told group by listing_id, feature
)
select u.listing_id, u.feature, u.use_count::bigint as use_count, 100.0 * u.use_count / nullif(d.device_days, 0) as uses_per_100,
       case when u.since_on <= u.told_on - 49 then 100.0 * (u.use_count / nullif(u.before_count, 0) - 1) end as change_pct, u.told_on
from used u left join devices d on d.listing_id = u.listing_id
where u.use_count is not null
