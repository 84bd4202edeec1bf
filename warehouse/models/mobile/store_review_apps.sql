-- One row per id by which a source knows a store listing: ids of the same platform and native id are one listing. Of a
-- listing whose reviews several sources tell, those of the source with most are counted, so that none counts twice.
-- grain: store_app_id
-- check: listing_id is not null and store_app is not null
-- stored: yes
with listed as (
  select store_app_id, platform, store_native_id, name from mobile_apps
  qualify row_number() over (partition by store_app_id order by day desc, source_instance) = 1
)
, told as (
  select store_app_id, count(*) as review_count from store_reviews where deleted_seen_at is null group by store_app_id
)
, owned as (
  select native_id as store_app_id, min(app_id) as app_id from app_links_now where kind = 'store_app' group by native_id
)
, known as (
  select coalesce(l.store_app_id, t.store_app_id) as store_app_id, l.platform, l.name,
         coalesce(l.store_native_id, regexp_replace(t.store_app_id, '^[^:]*:', '')) as store_native_id,
         coalesce(t.review_count, 0)::bigint as review_count
  from listed l full join told t on t.store_app_id = l.store_app_id
)
select k.store_app_id, min(k.store_app_id) over listing as listing_id, k.platform, k.store_native_id,
       coalesce(max(k.name) over listing, k.store_native_id) as store_app, min(o.app_id) over listing as app_id,
       k.review_count,
       k.review_count > 0 and row_number() over (listing order by k.review_count desc, k.store_app_id) = 1 as is_counted
from known k left join owned o on o.store_app_id = k.store_app_id
window listing as (partition by k.platform, k.store_native_id)
