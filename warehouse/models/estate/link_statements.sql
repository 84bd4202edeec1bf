-- One row per application and thing as it is said to belong to it: what people decided on a page wins over what files
-- declare, an explicit link over one by rule. A statement that finds nothing keeps the name that it states.
-- grain: app_id, kind, native_id, path_prefix
-- check: state in ('confirmed', 'rejected', 'suggested')
-- stored: yes
with decided as (
  select entity_id as app_id, after->>'kind' as kind, after->>'native_id' as native_id,
         coalesce(after->>'path_prefix', '') as path_prefix, after->>'env_pattern' as env_pattern,
         coalesce(try_cast(after->>'is_pattern' as boolean), false) as is_pattern, 'explicit' as method,
         after->>'state' as state, null::double as confidence_ratio,
         try_cast(after->>'share_ratio' as double) as share_ratio, null as declared_in,
         changed_at as updated_at, changed_by as said_by, 0 as place, action
  from (select * replace (case when json_valid(after) then after end as after) from edits)
  where entity_type = 'app' and field like 'link:%' and (action = 'revert' or (action = 'set' and after is not null))
  qualify row_number() over (partition by entity_id, field order by changed_at desc, edit_id desc) = 1
)
, said as (
  select * exclude (action) from decided
  where action = 'set' and kind is not null and native_id is not null and state in ('confirmed', 'rejected')
  union all by name
  select app_id, kind, native_id, path_prefix, env_pattern, is_pattern, method, state, confidence_ratio, share_ratio,
         declared_in, updated_at, source_instance as said_by,
         case method when 'explicit' then 1 when 'rule' then 2 else 3 end as place
  from app_links
)
, numbered as (
  -- channels and third parties are components too: whichever of these words a link uses, it finds them
  select *, row_number() over () as n,
         case when kind in ('messaging_channel', 'third_party') then 'component' else kind end as family
  from said
)
, things as materialized (
  select *, case when kind in ('messaging_channel', 'third_party') then 'component' else kind end as family
  from linkables
)
, names as (
  select family, native_id, unnest(names) as name from things
)
, asked as (
  select n, family, unnest([{'name': native_id, 'rank': 0}, {'name': 'name:' || lower(native_id), 'rank': 1},
                            {'name': 'url:' || plain_url(native_id), 'rank': 2}], recursive := true)
  from numbered where not is_pattern and kind <> 'cost'
)
, patterns as (
  select distinct family, native_id as pattern, literal_start(native_id) as start
  from numbered where is_pattern and kind <> 'cost' and is_regexp(native_id)
)
, matched as (
  -- an expression takes long, so each is tried once, and only on a thing that holds the text that it begins with
  select p.family, p.pattern, t.native_id
  from patterns p
  join things t on t.family = p.family
    and case when contains(lower(t.native_id), p.start) then try(regexp_full_match(t.native_id, p.pattern)) end
  union
  select p.family, p.pattern, t.native_id
  from patterns p
  join things t on t.family = p.family
    and case when contains(lower(t.name), p.start) then try(regexp_full_match(t.name, p.pattern)) end
)
, met as (
  select a.n, m.native_id, a.rank
  from asked a join names m on m.family = a.family and m.name = a.name
  union
  select s.n, m.native_id, 0 as rank
  from numbered s join matched m on m.family = s.family and m.pattern = s.native_id
  where s.is_pattern
)
, best as (
  select n, native_id from met qualify rank() over (partition by n order by rank) = 1
)
, resolved as (
  select s.* exclude (native_id, n, family), s.native_id as stated_as, coalesce(b.native_id, s.native_id) as native_id,
         b.native_id is not null or s.kind = 'cost' as is_found
  from numbered s left join best b on b.n = s.n
)
select app_id, kind, native_id, path_prefix,
       -- what is no regular expression stands for itself, so that those who match with it do not fail
       case when is_regexp(env_pattern) then env_pattern else regexp_escape(env_pattern) end as env_pattern,
       is_pattern, method, state,
       confidence_ratio, share_ratio, stated_as, is_found, declared_in, said_by, updated_at
from resolved
qualify row_number() over (partition by app_id, kind, native_id, path_prefix
                           order by place, is_pattern, updated_at desc, said_by, stated_as) = 1
