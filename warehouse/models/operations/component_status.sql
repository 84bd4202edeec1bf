-- One row per component: its judged status with the reason, its latest measures and their age.
-- A sample is stale when it is older than three of its intervals (and 90 s), and when three arrivals of its source are
-- overdue, for a source that is asked once a minute brings four samples at once. Stale is unknown; a source's own word
-- counts next, then the limits below. A sample more than five minutes in the future is a wrong clock and is not used.
-- grain: component_id
-- check: age_s is null or age_s >= -300
with latest as (
  select component_id, max_by(h, ts_end) as h
  from component_health as h
  where part_day >= (utc_now() - interval 1 day)::date and ts_end <= utc_now() + interval 5 minute
  group by component_id
)
, gaps as (
  select component_id, epoch(ingested_at - lag(ingested_at) over (partition by component_id order by ingested_at)) as gap_s
  from (
    select distinct component_id, ingested_at from component_health
    where part_day >= (utc_now() - interval 1 hour)::date and ts_end > utc_now() - interval 1 hour
  )
)
, arrivals as (
  -- the median, so that one long pause of Aurora itself does not make every later silence look usual
  select component_id, median(gap_s) as every_s from gaps where gap_s is not null group by component_id
)
, sampled as (
  select l.component_id, h.ts_end as sampled_at, epoch(utc_now() - h.ts_end) as age_s,
         greatest(3 * epoch(h.ts_end - h.ts_start), 90, epoch(h.ingested_at - h.ts_end) + 3 * a.every_s) as stale_after_s,
         h.cpu_pct, h.memory_pct, h.disk_pct, h.network_latency_ms, h.response_time_ms, h.requests_per_minute, h.error_rate_pct, h.status, h.status_reason
  from latest l left join arrivals a on a.component_id = l.component_id
)
, announced as (
  -- for the component itself, or for an application that it belongs to
  select coalesce(c.same_as, m.component_id) as component_id, m.title, m.starts_at, m.ends_at
  from maintenance_now m left join components c on c.component_id = m.component_id where m.component_id is not null
  union all
  select a.component_id, m.title, m.starts_at, m.ends_at
  from maintenance_now m join app_components a on a.app_id = m.app_id where m.component_id is null
)
, under_maintenance as (
  select component_id, min_by(title, starts_at) as title
  from announced where utc_now() >= starts_at and utc_now() < ends_at group by component_id
)
, alerting as (
  select component_id, count(*) as open_alert_count,
         -- an objective's alert tells what health told it: it must not in turn say what the health is
         count(*) filter (where severity = 'critical' and slo_id is null) as critical_alert_count,
         max_by(title, started_at) filter (where slo_id is null) as alert_title
  from alerts_now where is_open group by component_id
)
, judged as (
  select c.component_id, c.same_as, c.name, c.type, c.kind, c.env_tier, c.provider, c.region, c.host_name, c.source_instance,
         s.sampled_at, coalesce(s.sampled_at, c.last_seen_at) as last_seen_at, s.age_s,
         s.cpu_pct, s.memory_pct, s.disk_pct, s.network_latency_ms, s.response_time_ms, s.requests_per_minute,
         s.error_rate_pct, coalesce(a.open_alert_count, 0) as open_alert_count,
         case
           when m.title is not null then ['maintenance', m.title]
           when s.sampled_at is null then ['unknown', 'no sample since yesterday']
           when s.age_s > s.stale_after_s then ['unknown', 'no sample for ' || spoken_duration(s.age_s)]
           when s.status in ('down', 'maintenance', 'degraded') then [s.status, s.status_reason]
           when s.status = 'unknown' then ['unknown', coalesce(s.status_reason, 'the source does not know')]
           when s.error_rate_pct >= 5 then ['degraded', printf('%.1f %% of requests fail', s.error_rate_pct)]
           when s.cpu_pct >= 95 then ['degraded', printf('CPU at %.0f %%', s.cpu_pct)]
           when s.memory_pct >= 95 then ['degraded', printf('memory at %.0f %%', s.memory_pct)]
           when s.disk_pct >= 95 then ['degraded', printf('disk at %.0f %%', s.disk_pct)]
           when a.critical_alert_count > 0 then ['degraded', a.alert_title]
           when s.status = 'healthy' or coalesce(s.cpu_pct, s.memory_pct, s.disk_pct, s.response_time_ms,
                s.requests_per_minute, s.error_rate_pct, s.network_latency_ms) is not null then ['healthy', null]
           else ['unknown', 'the source tells nothing about it']
         end as verdict
  from components c
  left join sampled s on s.component_id = c.component_id
  left join under_maintenance m on m.component_id = coalesce(c.same_as, c.component_id)
  left join alerting a on a.component_id = c.component_id
  where coalesce(c.lifecycle, 'running') <> 'terminated'
)
, folded as (
  -- two sources that see one thing: the worse of what they know counts, and what one does not tell the other may
  select t.* replace (
    coalesce(w.verdict, t.verdict) as verdict, coalesce(w.sampled_at, t.sampled_at) as sampled_at,
    greatest(t.last_seen_at, w.last_seen_at) as last_seen_at, coalesce(w.age_s, t.age_s) as age_s,
    coalesce(t.cpu_pct, w.cpu_pct) as cpu_pct, coalesce(t.memory_pct, w.memory_pct) as memory_pct,
    coalesce(t.disk_pct, w.disk_pct) as disk_pct, coalesce(t.network_latency_ms, w.network_latency_ms) as network_latency_ms,
    coalesce(t.response_time_ms, w.response_time_ms) as response_time_ms,
    coalesce(t.requests_per_minute, w.requests_per_minute) as requests_per_minute,
    coalesce(t.error_rate_pct, w.error_rate_pct) as error_rate_pct,
    t.open_alert_count + coalesce(w.alert_count, 0) as open_alert_count)
  from (select * exclude (same_as) from judged where same_as is null) t
  left join (
    select coalesce(same_as, component_id) as stands_for,
           arg_min(verdict, (verdict[1] = 'unknown', status_rank(verdict[1]))) as verdict,
           arg_min(sampled_at, (verdict[1] = 'unknown', status_rank(verdict[1]))) as sampled_at,
           arg_min(age_s, (verdict[1] = 'unknown', status_rank(verdict[1]))) as age_s,
           max(last_seen_at) as last_seen_at, max(cpu_pct) as cpu_pct, max(memory_pct) as memory_pct,
           max(disk_pct) as disk_pct, max(network_latency_ms) as network_latency_ms,
           max(response_time_ms) as response_time_ms, max(requests_per_minute) as requests_per_minute,
           max(error_rate_pct) as error_rate_pct,
           sum(open_alert_count) filter (where same_as is not null) as alert_count
    from judged group by coalesce(same_as, component_id) having bool_or(same_as is not null)
  ) w on w.stands_for = t.component_id
)
select component_id, name, type, kind, env_tier, provider, region, host_name, verdict[1] as status,
       verdict[2] as status_reason, status_rank(verdict[1]) as status_rank, sampled_at, last_seen_at, age_s,
       -- old figures are no figures: a component that went silent shows none
       case when verdict[1] <> 'unknown' then cpu_pct end as cpu_pct,
       case when verdict[1] <> 'unknown' then memory_pct end as memory_pct,
       case when verdict[1] <> 'unknown' then disk_pct end as disk_pct,
       case when verdict[1] <> 'unknown' then network_latency_ms end as network_latency_ms,
       case when verdict[1] <> 'unknown' then response_time_ms end as response_time_ms,
       case when verdict[1] <> 'unknown' then requests_per_minute end as requests_per_minute,
       case when verdict[1] <> 'unknown' then error_rate_pct end as error_rate_pct,
       open_alert_count, source_instance
from folded
