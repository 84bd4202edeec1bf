-- One row per store listing, version and day: sessions and users of production releases as an SDK counts them, and how many
-- of them crashed. Rows that name no listing are those of the only listing of the application that their project is linked to.
-- grain: listing_id, version, day
-- check: crashed_session_count <= session_count
-- stored: yes
with told as (
  select coalesce(m.listing_id, p.listing_id) as listing_id, h.project_id, h.version, h.day, sum(h.session_count) as session_count,
         -- least() passes nulls over, and unknown crashes are not as many as there were sessions
         sum(least(h.crashed_session_count, h.session_count)) filter (h.crashed_session_count is not null) as crashed_session_count,
         sum(h.user_count) as user_count,
         sum(least(h.crashed_user_count, h.user_count)) filter (h.crashed_user_count is not null) as crashed_user_count
  from release_health_daily h
  left join mobile_listings m on m.store_app_id = h.store_app_id
  left join mobile_projects p on h.store_app_id is null and p.project_id = h.project_id
  where h.env_tier in ('production', 'unknown') and coalesce(m.listing_id, p.listing_id) is not null
  group by all
)
select listing_id, version, day, session_count::bigint as session_count, crashed_session_count::bigint as crashed_session_count,
       user_count::bigint as user_count, crashed_user_count::bigint as crashed_user_count
from told
-- two SDKs in one app count the same sessions: those of the one that saw more
qualify row_number() over (partition by listing_id, version, day order by session_count desc nulls last, project_id) = 1
