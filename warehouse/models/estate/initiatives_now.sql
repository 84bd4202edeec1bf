-- One row per initiative for a scorecard rule: how many subjects pass now, and how many did when it was started.
-- The start is the day of its creation as it was judged, else the last day before; null if nothing was judged by then.
-- grain: task_id
-- check: passed_pct is null or passed_pct between 0 and 100
with started as (
  select task_id, version, title, body, subject_id as rule_id, owner_id, due_on, state, is_open, is_overdue, created_at,
         changed_by, changed_at, source_instance
  from tasks_now
  where kind = 'initiative' and subject_type = 'scorecard' and subject_id is not null
)
, at_start as (
  select s.task_id, 100.0 * count(*) filter (where r.result = 'pass') / count(*) as start_passed_pct
  from started s
  join scorecard_results r on r.rule_id = s.rule_id
    and r.day = (select max(day) from scorecard_results b where b.rule_id = s.rule_id and b.day <= s.created_at::date)
  group by s.task_id
)
, now_by_rule as (
  select rule_id, count(*) as subject_count, count(*) filter (where result = 'pass') as passed_count,
         coalesce(list(subject_id order by subject_id) filter (where result <> 'pass'), []) as open_subject_ids
  from scorecard_results_now group by rule_id
)
select s.task_id, s.version, s.title, s.body, split_part(s.rule_id, '/', 1) as scorecard, s.rule_id, s.owner_id, s.due_on,
       s.state, s.is_open, s.is_overdue, n.subject_count, n.passed_count, 100.0 * n.passed_count / n.subject_count as passed_pct,
       a.start_passed_pct, n.open_subject_ids, s.created_at, s.changed_by, s.changed_at, s.source_instance
from started s
left join at_start a on a.task_id = s.task_id
left join now_by_rule n on n.rule_id = s.rule_id
