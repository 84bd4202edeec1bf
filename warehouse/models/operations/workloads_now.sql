-- One row per workload of Kubernetes or Docker: copies ready of those wanted, restarts, and use of what was asked for.
-- What is older than 15 min is unknown and shows no figures. None ready is down, fewer than wanted is degraded.
-- grain: component_id
-- check: memory_limit_pct is null or memory_limit_pct >= 0
with latest as (
  select coalesce(c.same_as, w.component_id) as component_id, max_by(w, w.observed_at) as w
  from workload_states as w left join components c on c.component_id = w.component_id
  where w.part_day >= (utc_now() - interval 2 day)::date and w.observed_at > utc_now() - interval 2 day
    and w.observed_at <= utc_now() + interval 5 minute
  group by 1
)
, aged as (
  select component_id, w.observed_at as observed_at, epoch(utc_now() - w.observed_at) as age_s,
         case when epoch(utc_now() - w.observed_at) <= 900 then w end as w
  from latest
)
, judged as (
  select s.*, a.w, a.observed_at, a.age_s as state_age_s,
         case when a.age_s > 900 then ['unknown', 'no state for ' || spoken_duration(a.age_s)]
              when s.status in ('down', 'maintenance') then [s.status, s.status_reason]
              when a.w.desired > 0 and a.w.ready = 0
              then ['down', 'none of ' || a.w.desired || ' is ready' || coalesce(': ' || a.w.not_ready_reason, '')]
              when a.w.ready < a.w.desired
              then ['degraded', a.w.ready || ' of ' || a.w.desired || ' ready' || coalesce(': ' || a.w.not_ready_reason, '')]
              when s.status <> 'healthy' then [s.status, s.status_reason]
              when a.w.desired is null or a.w.ready is null then ['unknown', 'the source does not tell how many are ready']
              else ['healthy', null] end as verdict
  from aged a join component_status s on s.component_id = a.component_id
)
select j.component_id, j.name, verdict[1] as status, verdict[2] as status_reason,
       status_rank(verdict[1]) as status_rank, j.w.ready as ready, j.w.desired as desired,
       j.w.restart_count as restart_count, j.w.not_ready_reason as not_ready_reason,
       100.0 * j.w.cpu_cores / nullif(j.w.cpu_limit_cores, 0) as cpu_limit_pct,
       100.0 * j.w.memory_used_bytes / nullif(j.w.memory_limit_bytes, 0) as memory_limit_pct,
       100.0 * j.w.cpu_cores / nullif(j.w.cpu_request_cores, 0) as cpu_request_pct,
       100.0 * j.w.memory_used_bytes / nullif(j.w.memory_request_bytes, 0) as memory_request_pct,
       j.w.cpu_cores as cpu_cores, j.w.memory_used_bytes as memory_used_bytes,
       c.cluster, c.k8s_namespace, c.image, j.observed_at, j.state_age_s as age_s, j.source_instance
from judged j join components c on c.component_id = j.component_id
