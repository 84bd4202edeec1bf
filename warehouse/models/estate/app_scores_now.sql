-- One row per application: its newest score of the last seven days, how much of the weights it covers, and what takes
-- the most. The parts of a day are in app_scores.
-- grain: app_id
-- check: score is null or score between 0 and 100
-- check: coverage_pct is null or coverage_pct between 0 and 100
with newest as (
  select app_id, day, score, coverage_pct, lost_score, part_count
  from app_score_days where day > utc_now()::date - 7 and day <= utc_now()::date
  qualify row_number() over (partition by app_id order by day desc) = 1
)
, lost as (
  select s.app_id, list(s.part order by s.lost_score desc, s.part) as lost_parts, max(s.lost_score) as worst_lost_score
  from (from app_scores where day > utc_now()::date - 7 and lost_score > 0) s
  join newest n on n.app_id = s.app_id and n.day = s.day
  group by s.app_id
)
select a.app_id, n.day, n.score, n.coverage_pct, n.lost_score, coalesce(n.part_count, 0) as part_count,
       coalesce(l.lost_parts, []::varchar[]) as lost_parts, l.lost_parts[1] as worst_part, l.worst_lost_score
from applications_now a
left join newest n on n.app_id = a.app_id
left join lost l on l.app_id = a.app_id
where coalesce(a.lifecycle, 'active') <> 'retired'
