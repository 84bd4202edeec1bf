-- One row per group of crashes, hangs and errors of a store listing (or of a mobile platform without one): how many, whom,
-- which versions, and how it moves. trend: what the tracker says (regressed, escalating), else new (first seen within seven
-- days), quiet (not seen for 14 days), steady; resolved and ignored as told. Trackers tell totals, so a rate is that of its life.
-- grain: error_group_id
-- check: trend in ('new', 'regressed', 'rising', 'steady', 'quiet', 'resolved', 'ignored')
with newest as (
  select listing_id, version, row_number() over (partition by listing_id order by place) as number
  from mobile_versions where state in ('released', 'rolling_out')
)
, of_listing as (
  select g.*, coalesce(m.listing_id, p.listing_id) as listing_id
  from error_groups g
  left join mobile_listings m on m.store_app_id = g.store_app_id
  left join mobile_projects p on g.store_app_id is null and p.project_id = g.project_id
)
, listed as (
  select listing_id, any_value(platform) as platform, any_value(name) as name, any_value(app_id) as app_id from mobile_listings group by listing_id
)
select g.error_group_id, g.listing_id, l.app_id, l.name, coalesce(l.platform, g.platform) as platform, g.kind, g.title, g.location,
       case when g.state in ('resolved', 'ignored') then g.state when g.state_raw ilike '%regress%' then 'regressed'
            when g.state_raw ilike '%escalat%' or g.state_raw ilike '%velocity%' then 'rising'
            when g.first_seen_at > utc_now() - interval 7 day then 'new'
            when g.last_seen_at < utc_now() - interval 14 day then 'quiet' else 'steady' end as trend,
       g.event_count, g.user_count,
       g.event_count / greatest(1.0, epoch(g.last_seen_at - g.first_seen_at) / 86400) as events_per_day,
       100.0 * g.event_count / nullif(sum(g.event_count) over (partition by g.listing_id, g.kind), 0) as share_pct,
       g.first_version, g.last_version, n.version as newest_version, g.last_version = n.version as is_in_newest, g.is_unhandled,
       g.first_seen_at, g.last_seen_at, g.url, g.project_id, g.source_instance
from of_listing g
left join listed l on l.listing_id = g.listing_id
left join newest n on n.listing_id = g.listing_id and n.number = 1
where g.listing_id is not null or g.platform in ('ios', 'android')
