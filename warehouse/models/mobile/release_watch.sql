-- One row per store listing and version that has one before it: whether to go on with its roll-out, judged by its first days
-- against the same days of the version before. not_yet: fewer than 1,000 sessions of either. halt: twice as many sessions crash
-- (z >= 3), or ANR is doubled and over the store's 0.47 %. hold: a quarter more sessions crash (z >= 1.96), a quarter more ANR
-- over 0.47 %, starts are 20 % slower, or the ratings of its days are 0.3 stars lower. Else go_on. z is that of two proportions,
-- pooled (Fleiss, Statistical Methods for Rates and Proportions, 2.3).
-- grain: listing_id, version
-- check: verdict in ('go_on', 'hold', 'halt', 'not_yet')
-- check: len(reasons) > 0
with rates as (
  select *, crashed_session_count / nullif(session_count, 0) as crash_ratio,
         base_crashed_session_count / nullif(base_session_count, 0) as base_crash_ratio,
         (crashed_session_count + base_crashed_session_count) / nullif(session_count + base_session_count, 0) as pooled
  from release_measures
)
, tested as (
  select *, (crash_ratio - base_crash_ratio)
              / nullif(sqrt(pooled * (1 - pooled) * (1.0 / nullif(session_count, 0) + 1.0 / nullif(base_session_count, 0))), 0) as crash_z
  from rates
)
, said as (
  select *,
         case when coalesce(session_count, 0) < 1000 then printf('%d of 1,000 sessions so far', coalesce(session_count, 0))
              when coalesce(base_session_count, 0) < 1000
              then printf('%s had %d sessions in its first days, 1,000 are needed', previous_version, coalesce(base_session_count, 0))
         end as too_few,
         case when crash_ratio >= 2 * base_crash_ratio and crash_z >= 3
              then printf('%.2f %% of sessions crash, %.2f %% in %s', 100 * crash_ratio, 100 * base_crash_ratio, previous_version) end as much_crash,
         case when anr_ratio >= 0.0047 and anr_ratio >= 2 * base_anr_ratio
              then printf('ANR %.2f %%, %.2f %% in %s', 100 * anr_ratio, 100 * base_anr_ratio, previous_version) end as much_anr,
         case when crash_ratio >= 1.25 * base_crash_ratio and crash_z >= 1.96
              then printf('%.2f %% of sessions crash, %.2f %% in %s', 100 * crash_ratio, 100 * base_crash_ratio, previous_version) end as more_crash,
         case when anr_ratio >= 0.0047 and anr_ratio >= 1.25 * base_anr_ratio
              then printf('ANR %.2f %%, %.2f %% in %s', 100 * anr_ratio, 100 * base_anr_ratio, previous_version) end as more_anr,
         case when start_value >= 1.2 * base_start_value
              then printf('it starts %.0f %% slower', 100 * (start_value / base_start_value - 1)) end as slow,
         case when round(base_day_rating_avg - day_rating_avg, 6) >= 0.3
              then printf('rated %.1f, %.1f in the days of %s', day_rating_avg, base_day_rating_avg, previous_version) end as disliked
  from tested
)
, judged as (
  select *, case when too_few is not null then 'not_yet' when much_crash is not null or much_anr is not null then 'halt'
                 when coalesce(more_crash, more_anr, slow, disliked) is not null then 'hold' else 'go_on' end as verdict
  from said
)
select j.listing_id, v.app_id, v.name, v.platform, j.version, j.previous_version, v.state, v.rollout_ratio, j.verdict,
       case j.verdict when 'not_yet' then [too_few] when 'go_on' then ['no measure is worse than in ' || j.previous_version]
            else list_filter([coalesce(much_crash, more_crash), coalesce(much_anr, more_anr), slow, disliked], lambda r: r is not null)
       end as reasons,
       j.day_count, j.session_count, j.base_session_count, 100 * (1 - crash_ratio) as crash_free_pct,
       100 * (1 - base_crash_ratio) as base_crash_free_pct, crash_z, 100 * anr_ratio as anr_pct, 100 * base_anr_ratio as base_anr_pct,
       start_value, base_start_value, start_unit, day_rating_avg, base_day_rating_avg, review_count, base_review_count,
       v.released_at, v.place, v.source_instance
from judged j join mobile_versions v on v.listing_id = j.listing_id and v.version = j.version
