-- One row per alert with what people did to it since: acknowledged, snoozed or silenced by their last event.
-- grain: alert_id
-- stored: yes
with last_act as (
  select alert_id, to_state, occurred_at, actor, reason, assignee
  from alert_events
  qualify row_number() over (partition by alert_id order by at_seq desc) = 1
)
, owned as (
  select component_id, min(app_id) as app_id from app_components group by component_id
)
select a.alert_id, a.fingerprint, a.rule_id, a.slo_id, a.component_id, coalesce(a.app_id, o.app_id) as app_id, a.incident_id,
       a.severity, a.title, a.message, a.value, a.threshold,
       case when a.state in ('pending', 'firing') and e.to_state in ('acknowledged', 'snoozed', 'silenced')
            then e.to_state else a.state end as state,
       a.state not in ('resolved', 'suppressed', 'silenced') as is_open,
       a.started_at, a.fired_at, coalesce(a.acknowledged_at, case when e.to_state = 'acknowledged' then e.occurred_at end)
         as acknowledged_at,
       a.ended_at, a.is_end_inferred, a.last_seen_at, e.actor, e.assignee, a.url, a.source, a.source_instance
from alerts a
left join last_act e on e.alert_id = a.alert_id
left join owned o on o.component_id = a.component_id
