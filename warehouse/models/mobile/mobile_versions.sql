-- One row per store listing and version that production users were offered, with its place in the order of release, newest
-- first, and the version before it that was not halted or withdrawn. Several sources of one release are one: its first day, and its newest state.
-- grain: listing_id, version
-- stored: yes
with folded as (
  select m.listing_id, any_value(m.platform) as platform, any_value(m.name) as name, any_value(m.app_id) as app_id, r.version,
         min(r.released_at) as released_at, arg_max(r.state, r.updated_at) as state, arg_max(r.rollout_ratio, r.updated_at) as rollout_ratio,
         min(r.source_instance) as source_instance
  from mobile_releases r join mobile_listings m on m.store_app_id = r.store_app_id
  where r.track = 'production' and r.released_at is not null
  group by m.listing_id, r.version
)
select *, row_number() over (partition by listing_id order by released_at desc, version desc) as place,
       last_value(case when state not in ('halted', 'rejected', 'removed') then version end ignore nulls) over before as previous_version,
       last_value(case when state not in ('halted', 'rejected', 'removed') then released_at end ignore nulls) over before
         as previous_released_at
from folded
window before as (partition by listing_id order by released_at, version rows between unbounded preceding and 1 preceding)
