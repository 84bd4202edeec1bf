-- One row per application and per component that a dependency names, with what the graph is coloured by: status, open
-- alerts, cost of this month, open vulnerabilities. Null is not known: nothing was charged, or in several
-- currencies without a budget in one of them; nothing was ever scanned.
-- What only an edge names is there too, of unknown type. An id that an application and a component share is the
-- application's.
-- grain: node_id
-- check: node_type in ('app', 'component', 'third_party')
with ends as (
  select from_id as node_id, from_type as told_type, source_instance from graph_edges
  union all
  select to_id as node_id, to_type as told_type, source_instance from graph_edges
)
, named as (
  select node_id, min(told_type) as told_type, min(source_instance) as source_instance from ends group by node_id
)
, statuses as materialized (
  select component_id, name, status, status_rank, status_reason, open_alert_count from component_status
)
, worst as (
  select a.app_id, min_by(s.status, s.status_rank) as status,
         min_by(s.name || coalesce(': ' || s.status_reason, ''), s.status_rank) as reason
  from app_components a join statuses s on s.component_id = a.component_id
  group by a.app_id
)
, alerting as (
  select a.app_id, count(*) as open_alert_count
  from app_alerts a join alerts_now n on n.alert_id = a.alert_id where n.is_open group by a.app_id
)
, seen as (
  select unnest(app_ids) as node_id, finding_id, is_open from findings_now where is_security
  union all
  select coalesce(c.same_as, c.component_id) as node_id, f.finding_id, f.is_open
  from findings_now f join components c on c.component_id = f.component_id where f.is_security
  union all
  -- a scan without a finding is how one knows that there is none
  select app_id as node_id, null as finding_id, false as is_open from app_scanned
)
, vulnerable as (
  select node_id, count(distinct finding_id) filter (where is_open) as open_vulnerability_count from seen group by node_id
)
, apps as (
  select a.app_id as node_id, 'app' as node_type, a.name, a.type, a.team_id, a.domain, a.tier,
         coalesce(w.status, 'unknown') as status,
         case when w.app_id is null then 'no component is linked to it' when w.status <> 'healthy' then w.reason end
           as status_reason,
         coalesce(al.open_alert_count, 0) as open_alert_count, s.month_cost, s.currency, a.source_instance
  from applications_now a
  left join worst w on w.app_id = a.app_id
  left join alerting al on al.app_id = a.app_id
  left join app_cost_now s on s.app_id = a.app_id
  where coalesce(a.lifecycle, 'active') <> 'retired'
)
, others as (
  select n.node_id,
         case when c.type = 'third_party' or c.kind = 'third_party' then 'third_party' else n.told_type end as node_type,
         -- what nobody describes is called by its own id, without the source's name before it
         coalesce(c.name, nullif(regexp_replace(n.node_id, '^[^:]*:', ''), ''), n.node_id) as name,
         coalesce(c.type, 'unknown') as type,
         coalesce(s.status, 'unknown') as status,
         case when s.component_id is not null then s.status_reason when c.component_id is not null then 'it is terminated'
              else 'only a dependency names it' end as status_reason,
         s.open_alert_count, coalesce(c.source_instance, n.source_instance) as source_instance
  from named n
  left join components c on c.component_id = n.node_id
  left join statuses s on s.component_id = n.node_id
  where n.node_id not in (select node_id from apps)
)
, every_node as (
  from apps union all by name from others
)
select n.node_id, n.node_type, n.name, n.type, n.team_id, n.domain, n.tier, n.status, n.status_reason,
       status_rank(n.status) as status_rank, n.open_alert_count, n.month_cost, n.currency, v.open_vulnerability_count,
       n.source_instance
from every_node n
left join vulnerable v on v.node_id = n.node_id
