-- One row per objective as it stands: the last version of each source that declares it, unless deleted, of
-- several the one that was said last. One measured by a saved question (of ts, good and total) says "question:<id>" in
-- place of its SQL, which is the question's as it stands now.
-- grain: slo_id
with last_words as (
  select * from slos
  qualify row_number() over (partition by slo_id, source_instance order by version desc, changed_at desc) = 1
      and not is_deleted
)
, standing as (
  select *, case when good_sql like 'question:%' then substr(good_sql, 10) end as question_id
  from last_words
  qualify row_number() over (partition by slo_id order by changed_at desc, source_instance) = 1
)
select s.slo_id, s.name, s.app_id, s.component_id, s.kind, coalesce(measured_by(q.sql, 'good'), s.good_sql) as good_sql,
       coalesce(measured_by(q.sql, 'total'), s.total_sql) as total_sql, s.threshold, s.target_pct, s."window", s.declared_in,
       s.question_id, s.changed_by, s.changed_at, s.source_instance
from standing s left join questions_now q on q.question_id = s.question_id
