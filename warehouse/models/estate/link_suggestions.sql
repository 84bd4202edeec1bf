-- One row per application and thing that may belong to it by its name, with the confidence and the words that speak
-- for it; what somebody rejected or linked already is not suggested. Confidence is the share of common words among all
-- words of both names (Jaccard), at most 0.95.
-- grain: app_id, kind, native_id
-- check: confidence_ratio between 0.5 and 0.95
with named as (
  select 'app' as kind, app_id as id, telling_words(app_id || ' ' || name) as words
  from applications_now where coalesce(lifecycle, 'active') <> 'retired'
  union all
  select kind, native_id as id, telling_words(name || ' ' || regexp_extract(native_id, '[^:/]+$')) as words
  from unlinked_things
)
, spread as (
  select kind, id, len(words) as size, unnest(words) as word from named
)
, counted as (
  select *, count(*) over (partition by word) as use_count from spread
)
, ranked as (
  select *, row_number() over (partition by kind, id order by use_count, word) as place from counted
)
, sized as (
  select *, unnest(range(ceil(size / 2)::bigint, 2 * size + 1)) as other_size from ranked
)
, telling as (
  -- Names that are alike by half share a third of all their words at least, so one of the rarest: it is enough to
  -- look for those, and a word that everything is called by costs nothing (prefix filtering).
  select kind, id, word, size, other_size from sized where place <= size - ceil((size + other_size) / 3) + 1
)
, met as (
  select distinct a.id as app_id, t.kind, t.id as native_id
  from telling a
  join telling t on t.word = a.word and t.size = a.other_size and t.other_size = a.size and t.kind <> 'app'
  where a.kind = 'app'
)
, shared as (
  select m.app_id, m.kind, m.native_id, list_sort(list_intersect(a.words, t.words)) as shared_words,
         len(a.words) + len(t.words) as word_count
  from met m
  join named a on a.kind = 'app' and a.id = m.app_id
  join named t on t.kind = m.kind and t.id = m.native_id
)
, rated as (
  select app_id, kind, native_id, shared_words,
         least(0.95, len(shared_words) / (word_count - len(shared_words))) as confidence_ratio
  from shared
)
select r.app_id, r.kind, r.native_id, t.name, t.source_instance, r.confidence_ratio, r.shared_words
from rated r
join unlinked_things t on t.kind = r.kind and t.native_id = r.native_id
where r.confidence_ratio >= 0.5
  and not exists (select 1 from link_statements s
                  where s.app_id = r.app_id and s.kind = r.kind and s.native_id = r.native_id
                    and s.state <> 'suggested')
qualify row_number() over (partition by r.kind, r.native_id order by r.confidence_ratio desc, r.app_id) <= 3
