-- One row per store listing and version older than the newest released one that 1 % or more of the last seven told days still
-- is: how much, how old, and how many of its users crash against the newest. verdict force: it was halted or withdrawn, or its
-- users crash 1.5 times as often as the newest's or beyond the store's 1.09 %; ask: three or more versions behind; else wait.
-- grain: listing_id, version
-- check: verdict in ('force', 'ask', 'wait')
-- check: share_ratio between 0.01 and 1
-- stored: yes
with told as (
  select listing_id, max(day) as told_on from release_adoption group by listing_id
)
, used as (
  select a.listing_id, a.version, sum(a.counted) / nullif(sum(sum(a.counted)) over (partition by a.listing_id), 0) as share_ratio,
         any_value(a.basis) as basis, (sum(a.counted) / 7)::bigint as counted_a_day, any_value(t.told_on) as told_on
  from release_adoption a join told t on t.listing_id = a.listing_id and a.day > t.told_on - 7
  group by a.listing_id, a.version
)
, newest as (
  select listing_id, version as newest_version, place as newest_place from mobile_versions
  where state in ('released', 'rolling_out') and coalesce(rollout_ratio, 1) >= 1
  qualify row_number() over (partition by listing_id order by place) = 1
)
, by_store as (
  select d.listing_id, d.version, 100 * coalesce(sum(d.value * d.user_count) / nullif(sum(d.user_count), 0), avg(d.value)) as crash_pct
  from mobile_vital_days d join told t on t.listing_id = d.listing_id and d.day > t.told_on - 28
  where d.vital = 'user_perceived_crash' and d.unit = 'ratio' and d.version <> '' and d.device_model = ''
  group by all
)
, by_sdk as (
  select h.listing_id, h.version, 100.0 * sum(h.crashed_user_count) / nullif(sum(h.user_count), 0) as crash_pct
  from mobile_health_days h join told t on t.listing_id = h.listing_id and h.day > t.told_on - 28
  where h.user_count is not null and h.crashed_user_count is not null
  group by all
)
, rates as (
  select u.listing_id, u.version, coalesce(s.crash_pct, k.crash_pct) as crash_pct
  from used u
  left join by_store s on s.listing_id = u.listing_id and s.version = u.version
  left join by_sdk k on k.listing_id = u.listing_id and k.version = u.version
)
, compared as (
  select u.*, v.platform, v.name, v.app_id, v.state, v.released_at::date as released_on, v.place - n.newest_place as behind_count,
         n.newest_version, r.crash_pct, w.crash_pct as newest_crash_pct
  from used u
  join newest n on n.listing_id = u.listing_id
  join mobile_versions v on v.listing_id = u.listing_id and v.version = u.version and v.place > n.newest_place
  left join rates r on r.listing_id = u.listing_id and r.version = u.version
  left join rates w on w.listing_id = u.listing_id and w.version = n.newest_version
  where u.share_ratio >= 0.01
)
, judged as (
  select *, case when state in ('halted', 'rejected', 'removed') then 'it was ' || if(state = 'halted', 'halted', 'withdrawn')
                 when crash_pct >= 1.5 * newest_crash_pct - 1e-9 then printf('%.2f %% of its users crash, %.2f %% of those of %s',
                                                                      crash_pct, newest_crash_pct, newest_version)
                 when platform = 'android' and crash_pct >= 1.09 then printf('%.2f %% of its users crash, the store allows 1.09 %%', crash_pct)
            end as bad
  from compared
)
select listing_id, app_id, name, platform, version, newest_version, case when bad is not null then 'force' when behind_count >= 3 then 'ask' else 'wait' end as verdict,
       coalesce(bad, if(behind_count >= 3, behind_count || ' versions behind', 'not known to crash more than ' || newest_version)) as reason,
       share_ratio, counted_a_day, basis, behind_count, crash_pct, newest_crash_pct, released_on, (told_on - released_on)::int as age_days, told_on
from judged
