-- One row per id by which a source knows a store listing, with the listing it is: the same app of one store told by several
-- sources is one listing (platform and the store's own id). An id that no store described (crash reporters tell bundle ids)
-- is that of the only listing whose store id or bundle id it is. app_id: the application that any of its ids is linked to.
-- grain: store_app_id
-- stored: yes
with told as (
  select store_app_id, platform, platform || ':' || store_native_id as listing_id, store_native_id, bundle_id, name
  from mobile_apps
  qualify row_number() over (partition by store_app_id order by day desc, source_instance) = 1
)
, mentioned as (
  select store_app_id from mobile_vitals_daily union select store_app_id from release_health_daily
  union select store_app_id from error_groups union select store_app_id from mobile_installs_daily
  union select store_app_id from mobile_engagement_daily union select store_app_id from mobile_releases
  union select store_app_id from store_ratings_daily
)
, named as (
  select listing_id, platform, store_native_id, store_native_id as known_as from told
  union select listing_id, platform, store_native_id, bundle_id as known_as from told where bundle_id is not null
)
, guessed as (
  select m.store_app_id, min(n.listing_id) as listing_id, min(n.platform) as platform, min(n.store_native_id) as store_native_id
  from mentioned m join named n on n.known_as = regexp_replace(m.store_app_id, '^[^:]*:', '')
  where m.store_app_id is not null and m.store_app_id not in (select store_app_id from told)
  group by m.store_app_id having count(distinct n.listing_id) = 1
)
, every_id as (
  select store_app_id, listing_id, platform, store_native_id, name, true as is_described from told
  union all by name
  select store_app_id, listing_id, platform, store_native_id, false as is_described from guessed
)
, owned as (
  select e.listing_id, min(l.app_id) as app_id
  from every_id e join app_links_now l on l.kind = 'store_app' and l.native_id = e.store_app_id
  group by e.listing_id
)
select e.store_app_id, e.listing_id, e.platform, e.store_native_id,
       coalesce(first_value(e.name) over (partition by e.listing_id order by e.name is null, e.store_app_id), e.store_native_id) as name,
       o.app_id, e.is_described
from every_id e left join owned o on o.listing_id = e.listing_id
