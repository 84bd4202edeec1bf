-- One row per outage of a component in a span: from its first down sample to its last, without any other between.
-- Announced maintenance is no outage and divides one. A gap of more than three intervals (and 90 s) does too: what was
-- then is not known. What two sources of one component saw is one outage where it overlaps. An outage that lasts has no end yet, its
-- duration is up to its last sample; one that began before the span is counted from its start. The reason is the first told.
-- grain: component_id, started_at
-- check: duration_s >= 0
-- takes: since, until
with seen as (
  select component_id, ts_start, ts_end, status, status_reason from component_health
  where part_day >= since::date and part_day <= until::date and ts_start >= since and ts_start < until
    and ts_end <= utc_now() + interval 5 minute
)
, sampled as (
  select h.component_id, coalesce(c.same_as, h.component_id) as stands_for, h.ts_start, h.ts_end, h.status_reason,
         coalesce(h.status = 'down', false) and not coalesce(is_within(h.ts_start, m.spans), false) as is_down
  from seen h
  left join components c on c.component_id = h.component_id
  left join maintenance_spans m on m.component_id = coalesce(c.same_as, h.component_id)
  where h.component_id in (select component_id from seen where status = 'down')
)
, begun as (
  select *, not lag(is_down, 1, false) over w
            or ts_start - lag(ts_end) over w > greatest(3 * (ts_end - ts_start), interval 90 second) as begins
  from sampled window w as (partition by component_id order by ts_start)
)
, counted as (
  select *, sum(begins::integer) over (partition by component_id order by ts_start) as outage from begun where is_down
)
, told as (
  select component_id, stands_for, outage, min(ts_start) as started_at, max(ts_end) as ended_at,
         arg_min(status_reason, ts_start) filter (where status_reason is not null) as reason, count(*) as sample_count
  from counted group by component_id, stands_for, outage
)
, overlapping as (
  select *, coalesce(started_at > max(ended_at) over (
              partition by stands_for order by started_at, ended_at rows between unbounded preceding and 1 preceding), true) as begins
  from told
)
, numbered as (
  select *, sum(begins::integer) over (partition by stands_for order by started_at, ended_at) as number from overlapping
)
, folded as (
  select stands_for as component_id, min(started_at) as started_at, max(ended_at) as seen_until,
         arg_min(reason, started_at) filter (where reason is not null) as reason, sum(sample_count)::bigint as sample_count
  from numbered group by stands_for, number
)
select f.component_id, f.started_at, case when not coalesce(s.status = 'down' and f.seen_until >= s.sampled_at, false) then f.seen_until end as ended_at,
       epoch(f.seen_until - f.started_at) as duration_s, coalesce(s.status = 'down' and f.seen_until >= s.sampled_at, false) as is_open,
       f.reason, f.sample_count
from folded f left join component_status s on s.component_id = f.component_id
