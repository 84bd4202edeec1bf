-- One row per scorecard of applications and team or domain (group_id null = without one): how many hold which level.
-- The shares count who holds that level or a better one.
-- grain: scorecard, group_type, group_id
-- check: subject_count = none_count + basic_count + bronze_count + silver_count + gold_count
with members as (
  select scorecard, 'team' as group_type, team_id as group_id, level_rank, rule_count, passed_count, failed_count,
         not_checked_count
  from scorecard_levels where subject_type = 'app'
  union all by name
  select scorecard, 'domain' as group_type, domain as group_id, level_rank, rule_count, passed_count, failed_count,
         not_checked_count
  from scorecard_levels where subject_type = 'app'
)
, named as (
  select team_id, min_by(name, declared_rank(source)) as name from teams group by team_id
)
select m.scorecard, m.group_type, m.group_id, coalesce(any_value(n.name), m.group_id) as group_name, count(*) as subject_count,
       count(*) filter (where level_rank is null) as none_count, count(*) filter (where level_rank = 1) as basic_count,
       count(*) filter (where level_rank = 2) as bronze_count, count(*) filter (where level_rank = 3) as silver_count,
       count(*) filter (where level_rank = 4) as gold_count,
       100.0 * count(*) filter (where level_rank >= 1) / count(*) as basic_pct,
       100.0 * count(*) filter (where level_rank >= 2) / count(*) as bronze_pct,
       100.0 * count(*) filter (where level_rank >= 3) / count(*) as silver_pct,
       100.0 * count(*) filter (where level_rank >= 4) / count(*) as gold_pct,
       100.0 * sum(passed_count) / sum(rule_count) as passed_pct, sum(failed_count)::bigint as failed_count,
       sum(not_checked_count)::bigint as not_checked_count
from members m
left join named n on n.team_id = m.group_id
group by m.scorecard, m.group_type, m.group_id
