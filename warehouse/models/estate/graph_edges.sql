-- One row per dependency that holds now: `from_id` rests on `to_id`. Twins are folded into the component that stands for
-- them; what is told the other way round (part_of, provides_api) is turned, as consists_of and provided_by; confirmed
-- links of applications count as the weakest evidence. A source tells its edges again and again: one that it has not told
-- for two days, by its own newest word and not by the clock, holds no longer; one that files declared no longer than two
-- hours after the last good run that did not tell it.
-- grain: from_id, to_id, kind
-- check: from_id <> to_id
-- check: evidence in ('declared', 'catalog', 'trace', 'inferred', 'link')
with said as (
  -- a time that lies in the future is a wrong clock, which must not make all other edges look old
  select *, least(last_seen_at, ingested_at) as told_at from component_edges
)
, good_runs as (
  select source_instance, max(started_at) as ran_at from sync_runs
  where status in ('success', 'partial') and part_month >= date_trunc('month', utc_now() - interval 35 day)::date
  group by source_instance
)
, holding as (
  -- files are told whole with each run; a time is written anew once an hour
  select s.* from said s left join good_runs r on r.source_instance = s.source_instance
  where s.evidence not in ('declared', 'catalog') or r.ran_at is null or s.told_at >= r.ran_at - interval 2 hour
  qualify s.told_at >= max(s.told_at) over (partition by s.source_instance) - interval 2 day
)
, stands as (
  select component_id, same_as from components where same_as is not null
)
, folded as (
  select coalesce(f.same_as, h.from_id) as from_id, h.from_type, coalesce(t.same_as, h.to_id) as to_id, h.to_type, h.kind,
         h.evidence, h.calls_per_minute, h.first_seen_at, h.told_at as last_seen_at, h.source_instance
  from holding h
  left join stands f on f.component_id = h.from_id and h.from_type = 'component'
  left join stands t on t.component_id = h.to_id and h.to_type = 'component'
)
, told as (
  select * from folded where kind not in ('part_of', 'provides_api')
  union all by name
  select to_id as from_id, to_type as from_type, from_id as to_id, from_type as to_type,
         case kind when 'part_of' then 'consists_of' else 'provided_by' end as kind, evidence, calls_per_minute,
         first_seen_at, last_seen_at, source_instance
  from folded where kind in ('part_of', 'provides_api')
  union all by name
  select a.app_id as from_id, 'app' as from_type, a.component_id as to_id, 'component' as to_type, 'depends_on' as kind,
         'link' as evidence, c.source_instance
  from app_components a left join components c on c.component_id = a.component_id
)
, ranked as (
  select *, case evidence when 'declared' then 1 when 'catalog' then 2 when 'trace' then 3 when 'inferred' then 4
                          else 5 end as place
  from told where from_id <> to_id
)
, retired as (
  select app_id from applications_now where lifecycle = 'retired'
)
select from_id, min_by(from_type, place) as from_type, to_id, min_by(to_type, place) as to_type, kind,
       min_by(evidence, place) as evidence,
       -- two sources that see the same calls: not their sum
       max(calls_per_minute) as calls_per_minute, min(first_seen_at) as first_seen_at, max(last_seen_at) as last_seen_at,
       arg_min(source_instance, (place, source_instance)) as source_instance
from ranked
where not (from_type = 'app' and from_id in (select app_id from retired))
  and not (to_type = 'app' and to_id in (select app_id from retired))
group by from_id, to_id, kind
