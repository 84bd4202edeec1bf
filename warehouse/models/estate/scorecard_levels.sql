-- One row per scorecard and subject: the level that it holds (null = none), the next one, and the rules in between.
-- A level is held if all rules of it and of those below pass; a level without rules is neither asked nor given.
-- grain: scorecard, subject_id
-- check: next_level_rank is null or coalesce(level_rank, 0) < next_level_rank
-- check: rule_count = passed_count + failed_count + not_checked_count
with reached as (
  select *, min(level_rank) filter (where result <> 'pass') over (partition by scorecard, subject_id) as next_level_rank
  from scorecard_results_now
)
, counted as (
  select scorecard, subject_type, subject_id, day, next_level_rank,
         max(level_rank) filter (where level_rank < coalesce(next_level_rank, 5)) as level_rank, count(*) as rule_count,
         count(*) filter (where result = 'pass') as passed_count, count(*) filter (where result = 'fail') as failed_count,
         count(*) filter (where result = 'not_checked') as not_checked_count,
         coalesce(list(rule_id order by rule_id) filter (where result <> 'pass' and level_rank = next_level_rank), [])
           as next_rule_ids,
         coalesce(list(rule_id order by rule_id) filter (where result = 'fail'), []) as failed_rule_ids
  from reached
  group by scorecard, subject_type, subject_id, day, next_level_rank
)
, named_teams as (
  select team_id, min_by(name, declared_rank(source)) as name, min_by(source_instance, declared_rank(source)) as source_instance
  from teams group by team_id
)
select c.scorecard, c.subject_type, c.subject_id, coalesce(a.name, t.name, c.subject_id) as name,
       case c.subject_type when 'team' then c.subject_id when 'app' then a.team_id end as team_id,
       case c.subject_type when 'domain' then c.subject_id when 'app' then a.domain end as domain, c.day,
       ['basic', 'bronze', 'silver', 'gold'][c.level_rank] as level, c.level_rank,
       ['basic', 'bronze', 'silver', 'gold'][c.next_level_rank] as next_level, c.next_level_rank, c.next_rule_ids,
       c.failed_rule_ids, c.rule_count, c.passed_count, c.failed_count, c.not_checked_count,
       coalesce(a.source_instance, t.source_instance) as source_instance
from counted c
left join applications_now a on c.subject_type = 'app' and a.app_id = c.subject_id
left join named_teams t on c.subject_type <> 'app' and t.team_id = c.subject_id
