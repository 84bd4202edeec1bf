-- One row per row that may take points from a part of an application's score. `grade` is a word that score.toml gives
-- points for, `amount` how much there is of it in the unit of the part, `weight` its share of the whole; a finding takes
-- points once its deadline by score.toml, or `due_on` (known exploited) before that, has passed.
-- grain: app_id, part, row_table, row_id
-- check: amount >= 0 and weight >= 0
with told_down as (
  select coalesce(c.same_as, h.component_id) as component_id, h.ts_start, h.ts_end
  from component_health h left join components c on c.component_id = h.component_id
  where h.status = 'down' and part_day >= (utc_now() - interval 30 day)::date and h.ts_end > utc_now() - interval 30 day
    and h.ts_end <= utc_now()
)
, down as (
  select d.component_id, sum(epoch(d.ts_end - d.ts_start)) as down_s, max(d.ts_end) as down_at
  from told_down d left join maintenance_spans m on m.component_id = d.component_id
  where not is_within(d.ts_start, m.spans)
  group by d.component_id
)
, alerted as (
  select a.app_id, n.alert_id, n.component_id, n.severity, n.title, coalesce(n.fired_at, n.started_at) as fired_at
  from app_alerts a join alerts_now n on n.alert_id = a.alert_id
  where n.is_open
)
, failed as (
  select app_id, deployment_id, component_id, status, version, sha, is_rollback,
         coalesce(finished_at, started_at, created_at) as shipped_at
  from deployments_by_app
  where env_tier = 'production' and status in ('success', 'failed', 'rolled_back') and not is_rollback
    and coalesce(finished_at, started_at, created_at) > utc_now() - interval 90 day
  qualify shipped_at > utc_now() - interval 30 day
       or max(shipped_at) over (partition by app_id) <= utc_now() - interval 30 day
)
, charged as (
  select app_id, service, currency, day, effective_cost::double as cost from app_cost_daily_by_service
  where app_id <> 'untagged' and day >= (date_trunc('month', utc_now()) - interval 1 month)::date
)
, spent as (
  select c.app_id, c.service, c.currency, sum(c.cost) as cost, max(c.day) as last_on
  from charged c
  join app_score_costs b on b.app_id = c.app_id and b.currency = c.currency and b.month_on = date_trunc('month', c.day)::date
  group by c.app_id, c.service, c.currency
)
, of_store as (
  select distinct app_id, native_id as store_app_id from app_links_now where kind = 'store_app'
)
, of_project as (
  select distinct app_id, native_id as project_id from app_links_now where kind in ('project', 'firebase_app')
)
, told_vitals as (
  -- of each day what the store told of all users, else the rows that are cut least: a phone model counts once
  select * from mobile_vitals_daily
  where vital in ('user_perceived_crash', 'user_perceived_anr') and unit = 'ratio' and value >= 0
    and day > utc_now()::date - 28 and part_month >= date_trunc('month', utc_now() - interval 28 day)::date
  qualify rank() over (partition by store_app_id, vital, day
                       order by (version <> '')::int + (device_model <> '')::int + (country <> '')::int) = 1
)
, vitals as (
  select s.app_id, v.store_app_id, v.vital, max(v.day) as last_on,
         100 * coalesce(sum(v.value * v.user_count) / nullif(sum(v.user_count), 0), avg(v.value)) as pct
  from told_vitals v join of_store s on s.store_app_id = v.store_app_id
  group by s.app_id, v.store_app_id, v.vital
)
, sessions as (
  select coalesce(s.app_id, p.app_id) as app_id, r.project_id, max(r.day) as last_on,
         100.0 * sum(r.crashed_session_count) / nullif(sum(r.session_count), 0) as pct
  from release_health_daily r
  left join of_store s on s.store_app_id = r.store_app_id
  left join of_project p on s.app_id is null and p.project_id = r.project_id
  where r.env_tier = 'production' and r.session_count is not null and r.crashed_session_count is not null
    and r.day > utc_now()::date - 28 and r.part_month >= date_trunc('month', utc_now() - interval 28 day)::date
  group by coalesce(s.app_id, p.app_id), r.project_id
)
, every_row as (
  select a.app_id, 'availability' as part, 'component_health' as row_table, a.component_id as row_id, null as grade,
         d.down_s as amount, 1.0 as weight, d.down_at as occurred_at, null::date as due_on, a.component_id,
         c.name || ' was down for ' || spoken_duration(d.down_s) || ' in 30 days' as text
  from app_components a join down d on d.component_id = a.component_id join components c on c.component_id = a.component_id
  union all by name
  select app_id, 'latency' as part, 'component_health' as row_table, component_id as row_id, null as grade,
         response_time_ms as amount, weight_ratio as weight, sampled_at as occurred_at, component_id,
         printf('%s answers in %.0f ms', name, round(response_time_ms, -1)) as text
  from app_score_samples where response_time_ms is not null
  union all by name
  select app_id, 'errors' as part, 'component_health' as row_table, component_id as row_id, null as grade,
         error_rate_pct as amount, weight_ratio as weight, sampled_at as occurred_at, component_id,
         printf('%.1f %% of the requests to %s fail', error_rate_pct, name) as text
  from app_score_samples where error_rate_pct > 0
  union all by name
  select app_id, 'alerts' as part, 'alerts' as row_table, alert_id as row_id, severity as grade, 1.0 as amount,
         1.0 as weight, fired_at as occurred_at, component_id, title as text
  from alerted
  union all by name
  select app_id, 'delivery' as part, 'deployments' as row_table, deployment_id as row_id, null as grade, 1.0 as amount,
         1.0 as weight, shipped_at as occurred_at, component_id,
         coalesce(version, left(sha, 8), 'a deployment') || if(status = 'failed', ' failed', ' was rolled back') as text
  from failed where status <> 'success'
  union all by name
  select o.app_id, 'security' as part, 'findings' as row_table, finding_id as row_id, severity as grade, 1.0 as amount,
         1.0 as weight, first_seen_at as occurred_at, kev_due_on as due_on, component_id, severity || ': ' || title as text
  from findings_now, unnest(app_ids) as o(app_id) where is_open and is_security
  union all by name
  select app_id, 'cost' as part, 'cost_lines' as row_table, service as row_id, null as grade, cost as amount,
         1.0 as weight, last_on::timestamp as occurred_at, printf('%s: %.0f %s', service, cost, currency) as text
  from spent where cost > 0
  union all by name
  select app_id, 'mobile' as part, 'mobile_vitals_daily' as row_table, store_app_id || '/' || vital as row_id,
         vital as grade, pct as amount, 1.0 as weight, last_on::timestamp as occurred_at,
         printf('%.2f %% of the users met %s', pct, if(vital = 'user_perceived_anr', 'an app that hangs', 'a crash')) as text
  from vitals
  union all by name
  select app_id, 'mobile' as part, 'release_health_daily' as row_table, project_id as row_id, 'crashed_sessions' as grade,
         pct as amount, 1.0 as weight, last_on::timestamp as occurred_at,
         printf('%.2f %% of the sessions crashed', pct) as text
  from sessions where app_id is not null and pct is not null
  union all by name
  select a.app_id, 'freshness' as part, 'components' as row_table, s.component_id as row_id, null as grade, 1.0 as amount,
         1.0 as weight, s.last_seen_at as occurred_at, s.component_id,
         s.name || coalesce(': ' || s.status_reason, '') as text
  from app_components a join component_status s on s.component_id = a.component_id where s.status = 'unknown'
)
select app_id, part, row_table, row_id, text, grade, amount, weight, occurred_at, due_on, component_id
from every_row
