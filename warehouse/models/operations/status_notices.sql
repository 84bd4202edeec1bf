-- One row per incident in production and public announcement of maintenance, as everybody may read it: no title of an incident, no component.
-- Incidents of 90 days and open ones; announcements from 90 days ago on, withdrawn ones without their title. The id tells
-- nothing and stays. What concerns only applications that the status page does not list is left out.
-- grain: notice_id
-- check: published_at <= updated_at
with hit as (
  select incident_id, app_id from app_incidents
  union
  select incident_id, unnest(affected_apps) as app_id from incidents
)
, incident_apps as (
  select h.incident_id, list(l.app_id order by l.name, l.app_id) filter (where l.app_id is not null) as app_ids,
         list(l.name order by l.name, l.app_id) filter (where l.app_id is not null) as app_names
  from hit h left join status_listed l on l.app_id = h.app_id group by h.incident_id
)
, windows as (
  select maintenance_id, title, app_id, component_id, starts_at, ends_at, is_public, is_deleted, changed_at,
         min(changed_at) over (partition by maintenance_id) as announced_at, source_instance
  from maintenance_windows
  qualify row_number() over (partition by maintenance_id order by version desc) = 1
)
, meant as (
  select maintenance_id, app_id from windows where component_id is null
  union
  select w.maintenance_id, a.app_id
  from windows w
  join components c on c.component_id = w.component_id
  join app_components a on a.component_id = coalesce(c.same_as, c.component_id)
)
, window_apps as (
  select m.maintenance_id, list(l.app_id order by l.name, l.app_id) filter (where l.app_id is not null) as app_ids,
         list(l.name order by l.name, l.app_id) filter (where l.app_id is not null) as app_names
  from meant m left join status_listed l on l.app_id = m.app_id where m.app_id is not null group by m.maintenance_id
)
select left(sha256('incident/' || i.incident_id), 32) as notice_id, 'incident' as kind, null::varchar as title,
       a.app_ids, a.app_names, i.severity, i.state, i.is_open, i.started_at as starts_at,
       case when i.state = 'resolved' then coalesce(i.resolved_at, i.mitigated_at) end as ends_at, i.started_at as published_at,
       greatest(i.started_at, i.acknowledged_at, i.mitigated_at, i.resolved_at) as updated_at, i.source_instance
from incidents_now i left join incident_apps a on a.incident_id = i.incident_id
where i.env_tier in ('production', 'unknown') and not coalesce(i.is_planned, false)
  and (i.is_open or i.started_at >= utc_now() - interval 90 day) and (a.incident_id is null or a.app_ids is not null)
union all
select left(sha256('maintenance/' || w.maintenance_id), 32) as notice_id, 'maintenance' as kind,
       case when not w.is_deleted then w.title end as title, a.app_ids, a.app_names, null::varchar as severity,
       case when w.is_deleted then 'cancelled' when utc_now() < w.starts_at then 'scheduled'
            when utc_now() < w.ends_at then 'in_progress' else 'ended' end as state,
       not w.is_deleted and utc_now() < w.ends_at as is_open, w.starts_at, w.ends_at, w.announced_at as published_at,
       case when w.is_deleted then w.changed_at
            else greatest(w.changed_at, case when utc_now() >= w.starts_at then w.starts_at end,
                          case when utc_now() >= w.ends_at then w.ends_at end) end as updated_at,
       w.source_instance
from windows w left join window_apps a on a.maintenance_id = w.maintenance_id
where w.is_public and w.ends_at >= utc_now() - interval 90 day and (a.maintenance_id is null or a.app_ids is not null)
