-- One row per saved question with what uses it and when it was last asked by a person.
-- grain: question_id
with used as (
  select question_id, count(*) as use_count, string_agg(distinct used_as, ', ' order by used_as) as used_as
  from question_uses group by question_id
)
, asked as (
  select question_id, max(started_at) as asked_at, max_by(status, started_at) as asked_status, count(*) as run_count
  from query_runs where question_id is not null group by question_id
)
select q.question_id, q.title, q.tags, q.owner, q.is_shared, q.version, q.changed_by, q.changed_at,
       coalesce(u.use_count, 0) as use_count, u.used_as, a.asked_at, a.asked_status, coalesce(a.run_count, 0) as run_count,
       q.source_instance
from questions_now q
left join used u on u.question_id = q.question_id
left join asked a on a.question_id = q.question_id
