-- One row per component and UTC day of a span, in whole days up to now: how long it was in each state, and its uptime.
-- Degraded counts as up; maintenance, told or announced, and unknown time are in no denominator. What no sample covers
-- is unknown, so the states add up to the part of the day that is over. Where two sources see one component, the day is
-- as long known as it was to the one that saw more of it, shared out as both saw it.
-- The worst status of a day of which less than half is known, and nothing bad, is unknown.
-- grain: component_id, day
-- check: uptime_pct is null or uptime_pct between 0 and 100
-- check: healthy_s + degraded_s + down_s + maintenance_s + unknown_s >= elapsed_s - 0.001
-- takes: since, until
with things as (
  -- what was taken down for good is not unknown from then on
  select coalesce(same_as, component_id) as component_id,
         max(case when lifecycle = 'terminated' then last_seen_at else utc_now() end)::date as last_on
  from components group by 1
)
, days as (
  select unnest(generate_series(date_trunc('day', since), least(until, utc_now()) - interval 1 microsecond, interval 1 day)) as day_at
)
, told as (
  select component_id, date_trunc('day', ts_start) as day_at, sum(healthy_s) as healthy_s, sum(degraded_s) as degraded_s,
         sum(down_s) as down_s, sum(maintenance_s) as maintenance_s,
         sum(healthy_s + degraded_s + down_s + maintenance_s) as known_s
  from health_steps(since := date_trunc('day', since),
                    until := date_trunc('day', until - interval 1 microsecond) + interval 1 day, step_s := 86400)
  group by 1, 2
)
, folded as (
  select coalesce(c.same_as, t.component_id) as component_id, t.day_at, sum(t.healthy_s) as healthy_s,
         sum(t.degraded_s) as degraded_s, sum(t.down_s) as down_s, sum(t.maintenance_s) as maintenance_s,
         max(t.known_s) / nullif(sum(t.known_s), 0) as share
  from told t left join components c on c.component_id = t.component_id group by 1, 2
)
, spent as (
  select t.component_id, d.day_at::date as day, coalesce(f.healthy_s * f.share, 0) as healthy_s,
         coalesce(f.degraded_s * f.share, 0) as degraded_s, coalesce(f.down_s * f.share, 0) as down_s,
         coalesce(f.maintenance_s * f.share, 0) as maintenance_s,
         least(86400.0, epoch(utc_now() - d.day_at))::double as elapsed_s
  from things t
  join days d on d.day_at::date <= t.last_on
  left join folded f on f.component_id = t.component_id and f.day_at = d.day_at
)
, measured as (
  select *, greatest(0.0, elapsed_s - healthy_s - degraded_s - down_s - maintenance_s) as unknown_s from spent
)
select component_id, day, healthy_s, degraded_s, down_s, maintenance_s, unknown_s, elapsed_s,
       day_status(healthy_s, degraded_s, down_s, maintenance_s, unknown_s) as worst_status,
       100.0 * (healthy_s + degraded_s) / nullif(healthy_s + degraded_s + down_s, 0) as uptime_pct
from measured
