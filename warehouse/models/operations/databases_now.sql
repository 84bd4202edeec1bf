-- One row per database, and per database server that tells no figures: status, connections and load as they stand now.
-- Figures older than 15 min (three rounds of the slowest source) are not shown, and such a row is unknown, not healthy.
-- From 90 % of its connections on a database is degraded. Status else is that of the component.
-- grain: component_id, database
-- check: used_pct is null or used_pct >= 0
with latest as (
  select coalesce(c.same_as, d.component_id) as component_id, d.database, max_by(d, d.observed_at) as d
  from db_stats as d left join components c on c.component_id = d.component_id
  where d.part_day >= (utc_now() - interval 2 day)::date and d.observed_at > utc_now() - interval 2 day
    and d.observed_at <= utc_now() + interval 5 minute
  group by 1, 2
)
, aged as (
  select component_id, database, d.observed_at as observed_at, epoch(utc_now() - d.observed_at) as age_s,
         case when epoch(utc_now() - d.observed_at) <= 900 then d end as d
  from latest
)
, measured as (
  select *, 100.0 * d.connections_used / nullif(d.connections_max, 0) as used_pct from aged
)
, judged as (
  select s.*, m.database, m.observed_at, m.age_s as stats_age_s, m.d, m.used_pct,
         case when s.status in ('down', 'degraded', 'unknown', 'maintenance') then [s.status, s.status_reason]
              when m.age_s > 900 then ['unknown', 'no figures for ' || spoken_duration(m.age_s)]
              when m.used_pct >= 90 then ['degraded', printf('%.0f %% of connections in use', m.used_pct)]
              else ['healthy', null] end as verdict
  from component_status s left join measured m on m.component_id = s.component_id
  where s.type = 'database' or m.component_id is not null
)
select j.component_id, j.name, j.database, j.d.role as role, verdict[1] as status, verdict[2] as status_reason,
       status_rank(verdict[1]) as status_rank, j.used_pct, j.d.connections_used as connections_used,
       j.d.connections_max as connections_max, j.d.connections_active as connections_active,
       j.d.connections_idle_in_tx as connections_idle_in_tx, j.d.blocked as blocked, j.d.pool_waiting as pool_waiting,
       j.d.longest_tx_s as longest_tx_s, j.d.cache_hit_ratio as cache_hit_ratio, j.d.deadlock_count as deadlock_count,
       j.d.slow_query_count as slow_query_count, j.d.ops_per_minute as ops_per_minute,
       j.d.used_memory_bytes as used_memory_bytes, j.d.max_memory_bytes as max_memory_bytes,
       j.cpu_pct, j.memory_pct, j.disk_pct, c.db_system, j.provider, j.region, j.observed_at, j.stats_age_s as age_s,
       j.last_seen_at, j.source_instance
from judged j join components c on c.component_id = j.component_id
