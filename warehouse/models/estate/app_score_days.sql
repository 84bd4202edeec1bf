-- One row per application and day: the score as it was said on that day, and the share of the weights that had data.
-- Less than 30 % of the weights make no score: a few good signs of much that is unknown are no good news.
-- grain: app_id, day
-- check: score is null or score between 0 and 100
with summed as (
  select app_id, day, greatest(0, round(100 - sum(lost_score), 1)) as score, sum(lost_score) as lost_score,
         round(100 * (1 - coalesce(sum((reasons->0->>'weight')::double) filter (where not has_data), 0)), 1) as coverage_pct,
         count(*) filter (where has_data) as part_count
  from app_scores
  group by app_id, day
)
select app_id, day, case when part_count > 0 and coverage_pct >= 30 then score end as score, coverage_pct, lost_score,
       part_count
from summed
