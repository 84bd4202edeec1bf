-- One row per app of a store over a span: sessions and the share without a crash (as an SDK counts them), its rating at the
-- end of the span and before it, and first downloads. Null: not told.
-- grain: listing_id
-- check: crash_free_pct is null or crash_free_pct between 0 and 100
-- takes: since, until
with healthy as (
  select listing_id, sum(session_count)::bigint as session_count,
         100.0 * (1 - sum(crashed_session_count) / nullif(sum(session_count), 0)) as crash_free_pct
  from mobile_health_days where day >= since and day < until group by listing_id
)
, rated as (
  select m.listing_id, arg_max(r.rating_avg, r.day) filter (where r.day >= since) as rating_avg,
         arg_max(r.rating_count, r.day) filter (where r.day >= since) as rating_count,
         arg_max(r.rating_avg, r.day) filter (where r.day < since) as base_rating_avg
  from store_ratings_daily r join mobile_listings m on m.store_app_id = r.store_app_id
  where r.country = '' and r.rating_avg is not null and r.day >= since - interval 62 day and r.day < until
    and r.part_month >= date_trunc('month', since - interval 62 day) and r.part_month < until
  group by m.listing_id
)
, loaded as (
  select m.listing_id, sum(i.first_download_count)::bigint as first_download_count
  from mobile_installs_daily i join mobile_listings m on m.store_app_id = i.store_app_id
  where i.day >= since and i.day < until and i.part_month >= date_trunc('month', since) and i.part_month < until
  group by m.listing_id
)
select n.listing_id, n.app_id, n.name, n.platform, h.session_count, h.crash_free_pct, r.rating_avg, r.base_rating_avg,
       r.rating_count, l.first_download_count
from mobile_apps_now n
left join healthy h on h.listing_id = n.listing_id
left join rated r on r.listing_id = n.listing_id
left join loaded l on l.listing_id = n.listing_id
