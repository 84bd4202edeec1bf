-- One row per primary and replica: state, lag and what the slot keeps back, as they stand now.
-- What is older than 15 min is unknown and shows no figures; so is a replica whose state or lag nobody tells.
-- More than 60 s of lag is degraded.
-- grain: component_id, replica_id
-- check: lag_s is null or lag_s >= 0
with latest as (
  select r.component_id, r.replica_id, max_by(r, r.observed_at) as r
  from db_replication as r
  where r.part_day >= (utc_now() - interval 2 day)::date and r.observed_at > utc_now() - interval 2 day
    and r.observed_at <= utc_now() + interval 5 minute
  group by 1, 2
)
, aged as (
  select component_id, replica_id, r.observed_at as observed_at, epoch(utc_now() - r.observed_at) as age_s,
         case when epoch(utc_now() - r.observed_at) <= 900 then r end as r, r.source_instance as source_instance
  from latest
)
, judged as (
  select *,
         case when age_s > 900 then ['unknown', 'no figures for ' || spoken_duration(age_s)]
              when r.state = 'stopped' then ['down', coalesce(r.last_error, 'replication has stopped')]
              when r.state = 'catching_up' then ['degraded', 'the replica is catching up']
              when r.lag_s > 60 then ['degraded', 'behind by ' || spoken_duration(r.lag_s)]
              when r.state is null or r.state = 'unknown' then ['unknown', 'the source does not tell the state']
              when r.lag_s is null then ['unknown', 'the source does not tell the lag']
              else ['healthy', null] end as verdict
  from aged
)
select j.component_id, coalesce(p.name, j.component_id) as name, j.replica_id,
       coalesce(c.name, j.replica_id) as replica_name, verdict[1] as status, verdict[2] as status_reason,
       status_rank(verdict[1]) as status_rank, coalesce(j.r.state, 'unknown') as state, j.r.sync_state as sync_state,
       j.r.lag_s as lag_s, j.r.lag_bytes as lag_bytes, j.r.slot_retained_bytes as slot_retained_bytes,
       j.r.last_error as last_error, j.observed_at, j.age_s, j.source_instance
from judged j
left join components p on p.component_id = j.component_id
left join components c on c.component_id = j.replica_id
