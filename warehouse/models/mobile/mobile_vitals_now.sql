-- One row per store listing, vital and phone model ('' = all): means of the 7 and 28 days up to the last day told, weighted by
-- users, as Play judges (28 days); the limit, how far from it, and when the 28-day mean will reach it. The line is Theil-Sen's
-- (Sen 1968: median of the slopes of all pairs of days; level = median of value - slope x day), taken only if the days rise
-- beyond chance (Mann 1945, Kendall 1975: z >= 1.96, without ties) and at least 14 of 28 are known; a mean of 28 days follows
-- its line 13.5 days later. Further than 180 days ahead nothing is said. An old vital stays as it was told: see told_on.
-- Limits, at which or over which Google Play shows an app to fewer people: crash 1.09 % and 8 % per phone model, ANR 0.47 % and
-- 8 % (developer.android.com/topic/performance/vitals/crash and /anr), wake locks 5 % overall (.../excessive-wakelock), starts of
-- 5, 2 and 1.5 s (.../launch-time). Apple states none for crashes; 400 ms to the first frame: WWDC 2019, session 423.
-- grain: listing_id, vital, device_model
-- check: state in ('over', 'near', 'rising', 'within', 'no_limit')
-- check: crosses_on is null or crosses_on > told_on
-- stored: yes
with limits as (
  select platform, vital, unit, limit_value, model_limit_value
  from (values
    ('android', 'user_perceived_crash', 'ratio', 0.0109::double, 0.08::double),
    ('android', 'user_perceived_anr', 'ratio', 0.0047, 0.08),
    ('android', 'wake_lock', 'ratio', 0.05, null),
    ('android', 'slow_start_cold', 'ms', 5000, null),
    ('android', 'slow_start_warm', 'ms', 2000, null),
    ('android', 'slow_start_hot', 'ms', 1500, null),
    ('ios', 'launch_time', 'ms', 400, null)
  ) t(platform, vital, unit, limit_value, model_limit_value)
)
, newest as (
  select listing_id, vital, max(day) as told_on from mobile_vital_days where version = '' and device_model = '' group by all
)
, days as (
  select d.listing_id, d.vital, d.device_model, d.unit, d.value, d.user_count, n.told_on, (d.day - n.told_on)::int as day_no
  from mobile_vital_days d join newest n on n.listing_id = d.listing_id and n.vital = d.vital
  where d.version = '' and d.day > n.told_on - 28 and d.day <= n.told_on
)
, means as (
  select listing_id, vital, device_model, told_on, max_by(unit, day_no) as unit, count(*) as day_count, max_by(value, day_no) as last_value,
         coalesce(sum(value * user_count) filter (where day_no > -7) / nullif(sum(user_count) filter (where day_no > -7), 0),
                  avg(value) filter (where day_no > -7)) as mean_7d,
         coalesce(sum(value * user_count) / nullif(sum(user_count), 0), avg(value)) as mean_28d,
         (sum(user_count) / count(*))::bigint as user_count
  from days group by all
)
, limited as (
  select m.*, l.platform, l.app_id, l.name, case when m.device_model = '' then t.limit_value else t.model_limit_value end as limit_value
  from means m
  join (select distinct listing_id, platform, app_id, name from mobile_listings) l on l.listing_id = m.listing_id
  left join limits t on t.platform = l.platform and t.vital = m.vital and t.unit = m.unit
)
, pairs as (
  select a.listing_id, a.vital, a.device_model, median((b.value - a.value) / (b.day_no - a.day_no)) as slope, sum(sign(b.value - a.value)) as s
  from days a
  join limited l on l.listing_id = a.listing_id and l.vital = a.vital and l.device_model = a.device_model
   and l.limit_value is not null and l.day_count >= 14
  join days b on b.listing_id = a.listing_id and b.vital = a.vital and b.device_model = a.device_model and b.day_no > a.day_no
  group by all
)
, lines as (
  select d.listing_id, d.vital, d.device_model, p.slope, median(d.value - p.slope * d.day_no) as level, count(*) as n, any_value(p.s) as s
  from days d join pairs p on p.listing_id = d.listing_id and p.vital = d.vital and p.device_model = d.device_model
  group by all
)
, fitted as (
  select listing_id, vital, device_model, slope, level,
         coalesce(slope > 0 and (s - 1) / sqrt(n * (n - 1) * (2 * n + 5) / 18.0) >= 1.96, false) as is_rising
  from lines
)
, judged as (
  select l.*, f.slope as daily_change, coalesce(f.is_rising, false) as is_rising, l.mean_28d >= l.limit_value as is_over,
         case when f.is_rising and l.mean_28d < l.limit_value
              then greatest(1, ceil((l.limit_value - f.level) / f.slope + 13.5)) end as days_left
  from limited l
  left join fitted f on f.listing_id = l.listing_id and f.vital = l.vital and f.device_model = l.device_model
)
select listing_id, app_id, name, platform, vital, device_model, unit, mean_7d, mean_28d, last_value, limit_value,
       limit_value - mean_28d as distance, 100.0 * mean_28d / limit_value as used_pct, daily_change,
       case when days_left <= 180 then told_on + days_left::int end as crosses_on, day_count, user_count, told_on,
       case when limit_value is null then 'no_limit' when is_over then 'over' when coalesce(days_left <= 180, false) then 'rising'
            when mean_28d >= 0.9 * limit_value then 'near' else 'within' end as state
from judged
