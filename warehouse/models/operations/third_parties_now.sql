-- One row per component of a third party: what its status page says now, what is measured here, its open incidents.
-- A page that said nothing for 3 h (it is told hourly) is unknown. What is measured here counts where it is worse.
-- grain: component_id
-- check: open_incident_count >= 0
with latest as (
  select coalesce(c.same_as, t.component_id) as component_id, max_by(t, t.observed_at) as t
  from third_party_status as t left join components c on c.component_id = t.component_id
  where t.part_month >= date_trunc('month', utc_now() - interval 2 day)::date
    and t.observed_at > utc_now() - interval 2 day and t.observed_at <= utc_now() + interval 5 minute
  group by 1
)
, troubles as (
  select hit.component_id, count(*) as open_incident_count, max_by(hit.title, hit.started_at) as incident_title
  from (select unnest(component_ids) as component_id, title, started_at from third_party_incidents
        where state in ('open', 'monitoring') and not is_maintenance) as hit
  group by 1
)
, judged as (
  select s.*, l.t, epoch(utc_now() - l.t.observed_at) as page_age_s, i.open_incident_count, i.incident_title,
         case when s.status in ('down', 'degraded')
                   and (l.t is null or epoch(utc_now() - l.t.observed_at) > 10800
                        or status_rank(s.status) <= status_rank(l.t.status))
              then [s.status, s.status_reason]
              when l.t is null then [s.status, s.status_reason]
              when epoch(utc_now() - l.t.observed_at) > 10800
              then ['unknown', 'its page said nothing for ' || spoken_duration(epoch(utc_now() - l.t.observed_at))]
              else [l.t.status, coalesce(l.t.message, case when l.t.status <> 'healthy' then i.incident_title end)]
         end as verdict
  from component_status s
  left join latest l on l.component_id = s.component_id
  left join troubles i on i.component_id = s.component_id
  where s.type = 'third_party' or l.component_id is not null
)
select component_id, name, coalesce(t.provider, provider) as provider, verdict[1] as status,
       verdict[2] as status_reason, status_rank(verdict[1]) as status_rank,
       coalesce(open_incident_count, 0) as open_incident_count, response_time_ms, error_rate_pct,
       t.indicator as indicator, t.observed_at as page_observed_at, page_age_s, last_seen_at, source_instance
from judged
