-- One row per spike of low ratings that touches the range and a thing that may lie behind it: a production release of the
-- listing, a crash group, an incident, a failing endpoint or a bad deployment of what the application rests on.
-- score = time x theme x evidence, each 0 to 1. Time: 1 / (1 + days from the thing to the first day of the spike), half for
-- what came after that day. Theme: how well the kind of thing goes with what the reviews speak of. Evidence: reviews that
-- name the version, a crash first seen in it, words of the theme in a title or an endpoint, how bad it was. The five best.
-- grain: spike_id, kind, subject_id
-- check: score between 0 and 1
-- takes: since, until
with spikes as materialized (
  select s.*, s.started_on::timestamp as began_at, (s.ended_on + 1)::timestamp as over_at
  from store_review_spikes s where s.ended_on >= since::date and s.started_on <= until::date
)
, rests_on as materialized (
  -- components of the application, and those that these call
  select distinct s.app_id, c.component_id from (select distinct app_id from spikes) s join app_components c on c.app_id = s.app_id
  union
  select distinct s.app_id, e.to_id
  from (select distinct app_id from spikes) s join app_components c on c.app_id = s.app_id
  join component_edges e on e.from_id = c.component_id and e.kind = 'calls'
)
, behind as materialized (
  select distinct r.app_id, c.app_id as other_id from rests_on r join app_components c on c.component_id = r.component_id
)
, came_out as (
  select s.spike_id, 'release' as kind, r.mobile_release_id as subject_id, 'Release ' || r.version as title,
         coalesce(r.released_at, r.created_at) as occurred_at, case when s.theme in ('price', 'ads', 'support') then 0.5 else 1.0 end as fits,
         case when s.versioned_count > 0 then 0.3 + 0.7 * coalesce(d.low_count, 0) / s.versioned_count else 0.7 end as evidence,
         case when s.versioned_count > 0
              then coalesce(d.low_count, 0) || ' of ' || s.versioned_count || ' low ratings that tell a version are of it'
              else 'the low ratings tell no version' end
           || case when r.state in ('halted', 'removed') then '; it was ' || r.state else '' end as reason
  from spikes s
  join store_review_apps a on a.listing_id = s.listing_id
  join mobile_releases r on r.store_app_id = a.store_app_id and r.track = 'production'
    and coalesce(r.released_at, r.created_at) >= s.began_at - interval 7 day and coalesce(r.released_at, r.created_at) < s.over_at
  left join (select s.spike_id, d.version, sum(d.review_count)::bigint as low_count
             from spikes s join store_review_days d on d.listing_id = s.listing_id and d.rating <= 2 and d.theme = ''
               and d.day between s.started_on and s.ended_on group by s.spike_id, d.version) d
    on d.spike_id = s.spike_id and d.version = r.version
  where r.state not in ('draft', 'in_review', 'rejected') and (s.versioned_count is null or d.low_count > 0)
)
, crashes as (
  select distinct s.spike_id, 'crash_group' as kind, g.error_group_id as subject_id, g.title, g.first_seen_at as occurred_at,
         case when s.theme = 'crash' or is_about_theme(s.theme, review_words(g.title, g.location)) then 1.0
              when s.theme = 'performance' then 0.7 else 0.4 end as fits,
         case when g.first_version = s.version then 1.0 else 0.5 end as evidence,
         coalesce('first seen in version ' || g.first_version, 'first seen then')
           || coalesce(', ' || g.event_count || ' times since', '') as reason
  from spikes s
  join error_groups g on g.first_seen_at >= s.began_at - interval 7 day and g.first_seen_at < s.over_at
    and (g.store_app_id in (select a.store_app_id from store_review_apps a where a.listing_id = s.listing_id)
         or g.project_id in (select l.native_id from app_links_now l where l.kind = 'project' and l.app_id = s.app_id))
)
, troubles as (
  select distinct s.spike_id, 'incident' as kind, i.incident_id as subject_id, i.title, i.started_at as occurred_at,
         case when is_about_theme(s.theme, review_words(i.title, null)) then 1.0
              when s.theme in ('login', 'payment', 'performance', 'notifications') then 0.8 when s.theme = 'crash' then 0.5
              else 0.3 end as fits,
         case when i.severity in ('critical', 'high') then 1.0 else 0.6 end as evidence,
         i.severity || ' incident of ' || coalesce(i.app_id, i.component_id, 'the application')
           || case when i.resolved_at is null then ', still open'
                   else ', over after ' || spoken_duration(epoch(i.resolved_at - i.started_at)) end as reason
  from spikes s
  join incidents i on i.started_at < s.over_at and coalesce(i.resolved_at, i.started_at) >= s.began_at - interval 1 day
    and i.part_month between date_trunc('month', since::date - 190)::date and date_trunc('month', until::date + 31)::date
  where i.env_tier in ('production', 'unknown')
    and (i.app_id = s.app_id or list_contains(i.affected_apps, s.app_id)
         or exists (select 1 from behind b where b.app_id = s.app_id and b.other_id = i.app_id)
         or exists (select 1 from rests_on r where r.app_id = s.app_id and r.component_id = i.component_id))
)
, calls as (
  select s.spike_id, s.theme, s.began_at, e.component_id, e.endpoint, e.method,
         sum(e.call_count) filter (where e.ts_start >= s.began_at) as call_count,
         sum(e.error_count) filter (where e.ts_start >= s.began_at) as error_count,
         100.0 * sum(e.error_count) filter (where e.ts_start < s.began_at)
           / nullif(sum(e.call_count) filter (where e.ts_start < s.began_at), 0) as usual_pct
  from spikes s join rests_on r on r.app_id = s.app_id
  join api_endpoint_stats e on e.component_id = r.component_id and e.error_count is not null
    and e.ts_start >= s.began_at - interval 7 day and e.ts_start < s.over_at
    and e.part_day between since::date - 40 and until::date + 31
  group by all
)
, endpoints as (
  select c.spike_id, 'endpoint' as kind, c.component_id || ' ' || c.method || ' ' || c.endpoint as subject_id,
         upper(c.method) || ' ' || c.endpoint as title, c.began_at as occurred_at,
         case when is_about_theme(c.theme, review_words(c.endpoint, null)) then 1.0
              when c.theme in ('login', 'payment', 'performance', 'notifications') then 0.4 else 0.2 end as fits,
         least(1.0, 5.0 * c.error_count / c.call_count) as evidence,
         printf('%.1f%% of its calls failed in these days, ', 100.0 * c.error_count / c.call_count)
           || case when c.usual_pct is null then 'nothing is known of the week before'
                   else printf('%.1f%% in the week before', c.usual_pct) end as reason
  from calls c
  where c.call_count >= 100 and c.error_count >= 0.02 * c.call_count
    and 100.0 * c.error_count / c.call_count >= 2 * coalesce(c.usual_pct, 0)
)
, deployed as (
  select distinct s.spike_id, 'deployment' as kind, p.deployment_id as subject_id,
         'Deployment' || coalesce(' ' || p.version, '') || ' of ' || p.app_id as title, p.over_at as occurred_at,
         case when s.theme in ('login', 'payment', 'performance', 'notifications') then 1.0 when s.theme = 'crash' then 0.6
              else 0.4 end as fits,
         0.8 as evidence, case when p.status = 'success' then 'it went out' else 'it was ' || replace(p.status, '_', ' ') end
           || case when p.incident_count > 0 then ' and was followed by an incident' else '' end as reason
  from spikes s join behind b on b.app_id = s.app_id
  join prod_deployments p on p.app_id = b.other_id and p.app_id <> s.app_id and p.is_change_failed
    and p.over_at >= s.began_at - interval 2 day and p.over_at < s.over_at
)
, everything as (
  from came_out union all by name from crashes union all by name from troubles union all by name
  from endpoints union all by name from deployed
)
, scored as (
  select e.spike_id, e.kind, e.subject_id, e.title, e.occurred_at,
         (case when e.occurred_at >= s.began_at + interval 1 day then 0.5 else 1.0 end)
           / (1 + greatest(0.0, date_diff('minute', e.occurred_at, s.began_at) / 1440.0)) * e.fits * e.evidence as score, e.reason
  from everything e join spikes s on s.spike_id = e.spike_id
)
select spike_id, kind, subject_id, title, occurred_at, score, reason,
       row_number() over (partition by spike_id order by score desc, occurred_at desc, subject_id) as place
from scored qualify place <= 5
