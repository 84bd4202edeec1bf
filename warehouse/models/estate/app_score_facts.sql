-- One row per application and part of its score: what was measured, the target that was declared for it, and why there
-- is no data where there is none. Parts that add up rows (alerts, security, mobile) have their value in
-- app_score_evidence, a target that nobody declared stands in score.toml.
-- grain: app_id, part
-- check: has_data = (no_data_reason is null)
with apps as (
  select app_id, tier from applications_now where coalesce(lifecycle, 'active') <> 'retired'
)
, linked as (
  select app_id, count(*) as component_count from app_components group by app_id
)
, promised as (
  select app_id, max(target_pct) as target, max_by(name, target_pct) as name
  from slos_now where kind = 'time_slice' and good_sql is null group by app_id
)
, quick as (
  select app_id, min(threshold) as target, min_by(name, threshold) as name
  from slos_now where kind = 'threshold' and good_sql is null and slo_id like '%-response' and threshold > 0 group by app_id
)
, sampled as (
  select app_id, sum(error_rate_pct * weight_ratio) / nullif(sum(weight_ratio) filter (where error_rate_pct is not null), 0)
           as error_rate_pct,
         coalesce(sum(response_time_ms * weight_ratio)
                    / nullif(sum(weight_ratio) filter (where response_time_ms is not null), 0),
                  avg(response_time_ms)) as response_time_ms
  from app_score_samples group by app_id
)
, shipped as (
  select app_id, 100.0 * count(*) filter (where status <> 'success') / count(*) as failed_pct
  from (
    select app_id, status, coalesce(finished_at, started_at, created_at) as shipped_at
    from deployments_by_app
    where env_tier = 'production' and status in ('success', 'failed', 'rolled_back') and not is_rollback
      and coalesce(finished_at, started_at, created_at) > utc_now() - interval 90 day
    qualify shipped_at > utc_now() - interval 30 day
         or max(shipped_at) over (partition by app_id) <= utc_now() - interval 30 day
  )
  group by app_id
)
, stores as (
  select app_id from app_links_now where kind = 'store_app' group by app_id
)
, vitals as (
  select app_id from app_score_evidence where part = 'mobile' group by app_id
)
, silent as (
  select a.app_id, avg((s.status = 'unknown')::int) as unknown_ratio
  from app_components a join component_status s on s.component_id = a.component_id group by a.app_id
)
, measured as (
  select a.app_id, 'availability' as part, u.uptime_pct as value, p.target, p.name as target_name, a.tier,
         u.uptime_pct is not null as has_data,
         if(l.app_id is null, 'no component is linked to it', 'none of its components was observed in the last 30 days') as gap
  from apps a left join app_uptime u on u.app_id = a.app_id and u.time_window = '30d'
  left join promised p on p.app_id = a.app_id left join linked l on l.app_id = a.app_id
  union all by name
  select a.app_id, 'latency' as part, s.response_time_ms as value, q.target, q.name as target_name, a.tier,
         s.response_time_ms is not null as has_data,
         if(l.app_id is null, 'no component is linked to it', 'none of its APIs and CDNs told a response time in the last 24 hours') as gap
  from apps a left join sampled s on s.app_id = a.app_id left join quick q on q.app_id = a.app_id
  left join linked l on l.app_id = a.app_id
  union all by name
  select a.app_id, 'errors' as part, s.error_rate_pct as value, null as target, null as target_name, a.tier,
         s.error_rate_pct is not null as has_data,
         if(l.app_id is null, 'no component is linked to it', 'none of its components told an error rate in the last 24 hours') as gap
  from apps a left join sampled s on s.app_id = a.app_id left join linked l on l.app_id = a.app_id
  union all by name
  select a.app_id, 'alerts' as part, null as value, null as target, null as target_name, a.tier,
         g.app_id is not null as has_data, 'no source of its components has ever brought an alert' as gap
  from apps a left join app_watched g on g.app_id = a.app_id
  union all by name
  select a.app_id, 'delivery' as part, d.failed_pct as value, null as target, null as target_name, a.tier,
         d.app_id is not null as has_data, 'no deployment to production is known in the last 90 days' as gap
  from apps a left join shipped d on d.app_id = a.app_id
  union all by name
  select a.app_id, 'security' as part, null as value, null as target, null as target_name, a.tier,
         c.app_id is not null as has_data, 'no complete scan in the last 30 days and no open finding is known' as gap
  from apps a left join app_scanned c on c.app_id = a.app_id
  union all by name
  select a.app_id, 'cost' as part, b.month_cost as value, b.limit_amount as target, b.name as target_name, a.tier,
         b.month_cost is not null as has_data,
         if(b.app_id is null, 'no budget is set', 'no cost in ' || b.currency || ' is known for this month or the last') as gap
  from apps a left join app_score_costs b on b.app_id = a.app_id
  union all by name
  select a.app_id, 'mobile' as part, null as value, null as target, null as target_name, a.tier,
         v.app_id is not null and s.app_id is not null as has_data,
         if(s.app_id is null, 'no store app is linked to it', 'its store app has told neither vitals nor sessions in the last 28 days') as gap
  from apps a left join stores s on s.app_id = a.app_id left join vitals v on v.app_id = a.app_id
  union all by name
  select a.app_id, 'freshness' as part, s.unknown_ratio as value, null as target, null as target_name, a.tier,
         s.app_id is not null as has_data, 'no component is linked to it' as gap
  from apps a left join silent s on s.app_id = a.app_id
)
select app_id, part, tier, round(value, 6) as value, target, target_name, has_data, case when not has_data then gap end as no_data_reason
from measured
