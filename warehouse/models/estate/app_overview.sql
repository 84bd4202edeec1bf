-- One row per application with everything of its card: health, uptime, response, users, deployments, cost, alerts.
-- grain: app_id
with parts as (
  select a.app_id, min_by(s.status, s.status_rank) as status,
         min_by(s.name || coalesce(': ' || s.status_reason, ''), s.status_rank) as worst, count(*) as component_count,
         count(*) filter (where s.status = 'down') as down_count,
         count(*) filter (where s.status = 'degraded') as degraded_count,
         count(*) filter (where s.status = 'unknown') as unknown_count,
         avg(s.response_time_ms) filter (where s.type in ('api', 'cdn')) as response_time_ms,
         sum(s.error_rate_pct * s.requests_per_minute)
           / nullif(sum(s.requests_per_minute) filter (where s.error_rate_pct is not null), 0) as error_rate_pct
  from app_components a join component_status s on s.component_id = a.component_id
  group by a.app_id
)
, usage as (
  select app_id, max_by(active_users, day) as active_users from app_usage_daily
  where day >= (utc_now() - interval 7 day)::date group by app_id
)
, shipped as (
  select app_id, max(finished_at) as last_deployed_at, max_by({'said': version}, finished_at).said as last_version,
         count(*) filter (where finished_at >= utc_now() - interval 30 day) as deployment_count_30d
  from deployments_by_app where env_tier = 'production' and status = 'success' group by app_id
)
, alerting as (
  select a.app_id, count(*) as open_alert_count
  from app_alerts a join alerts_now n on n.alert_id = a.alert_id where n.is_open group by a.app_id
)
, incident as (
  select a.app_id, count(*) as open_incident_count
  from app_incidents a join incidents_now n on n.incident_id = a.incident_id where n.is_open group by a.app_id
)
, found as (
  -- findings belong to every application of their repository
  select app_id, count(*) as open_finding_count, count(*) filter (where severity in ('critical', 'high')) as serious_finding_count
  from (select unnest(app_ids) as app_id, severity from findings_now where is_open and is_security)
  group by app_id
)
, missed as (
  select app_id, count(*) as link_count from app_links_now
  where not is_found and kind in ('component', 'service', 'third_party', 'messaging_channel') group by app_id
)
, called as (
  select team_id, min_by(name, declared_rank(source)) as name from teams group by team_id
)
select a.app_id, a.name, a.type, a.env_tier, a.lifecycle, a.tier, a.domain, a.product, a.team_id, t.name as team_name,
       a.product_owner, a.lead_developer, a.qa_lead, a.devops, a.description, a.stack_frontend, a.stack_backend,
       a.stack_database, a.stack_infrastructure, a.runbook_url, a.links, a.tags, a.rpo_s, a.rto_s,
       k.score, k.coverage_pct as score_coverage_pct, k.worst_part,
       coalesce(p.status, 'unknown') as status,
       case when p.app_id is null and m.link_count > 0 then printf('%d links to components, none of which has been read', m.link_count)
            when p.app_id is null then 'no component is linked to it' when p.status <> 'healthy' then p.worst end as status_reason,
       status_rank(coalesce(p.status, 'unknown')) as status_rank, coalesce(p.component_count, 0) as component_count,
       coalesce(p.down_count, 0) as down_count, coalesce(p.degraded_count, 0) as degraded_count,
       coalesce(p.unknown_count, 0) as unknown_count, u.uptime_pct as uptime_30d_pct, p.response_time_ms, p.error_rate_pct,
       usage.active_users, d.last_deployed_at, d.last_version, d.deployment_count_30d,
       c.month_cost, c.hosting_cost, c.third_party_cost, c.currency, c.month_on,
       -- nobody looked: not known, which is not none
       case when sc.app_id is not null then coalesce(f.open_finding_count, 0) end as open_finding_count,
       case when sc.app_id is not null then coalesce(f.serious_finding_count, 0) end as serious_finding_count, case when w.app_id is not null then coalesce(al.open_alert_count, 0) end as open_alert_count,
       coalesce(i.open_incident_count, 0) as open_incident_count, a.source, a.source_instance
from applications_now a
left join parts p on p.app_id = a.app_id
left join app_uptime u on u.app_id = a.app_id and u.time_window = '30d'
left join usage on usage.app_id = a.app_id
left join shipped d on d.app_id = a.app_id
left join app_cost_now c on c.app_id = a.app_id
left join alerting al on al.app_id = a.app_id
left join incident i on i.app_id = a.app_id
left join found f on f.app_id = a.app_id
left join app_scanned sc on sc.app_id = a.app_id
left join app_watched w on w.app_id = a.app_id
left join missed m on m.app_id = a.app_id
left join called t on t.team_id = a.team_id
left join app_scores_now k on k.app_id = a.app_id
where coalesce(a.lifecycle, 'active') <> 'retired'
