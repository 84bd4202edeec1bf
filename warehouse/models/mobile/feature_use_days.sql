-- One row per store listing, feature and day: how often it was used, as the app's own analytics count it.
-- grain: listing_id, feature, day
-- check: use_count >= 0
-- stored: yes
with best as (
  select m.listing_id, e.day, e.feature_uses
  from mobile_engagement_daily e join mobile_listings m on m.store_app_id = e.store_app_id
  where e.feature_uses is not null and try(json_type(e.feature_uses)) = 'OBJECT'
  qualify rank() over (partition by m.listing_id, e.day order by e.version <> '', e.country <> '', e.store_app_id) = 1
)
, keyed as (
  select listing_id, day, feature_uses, unnest(json_keys(feature_uses)) as feature from best
)
, counted as (
  select listing_id, day, feature,
         try_cast(json_extract_string(feature_uses, '/' || replace(replace(feature, '~', '~0'), '/', '~1')) as bigint) as use_count
  from keyed
)
select listing_id, feature, day, sum(use_count)::bigint as use_count from counted where use_count >= 0 group by all
