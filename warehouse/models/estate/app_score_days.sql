-- One row per application and day: the score as it was said on that day, null while no part had data, and the share of
-- the weights that had.
-- grain: app_id, day
-- check: score is null or score between 0 and 100
select app_id, day, case when sum(weight_ratio) > 0 then greatest(0, round(100 - sum(lost_score), 1)) end as score,
       round(100 * (1 - coalesce(sum((reasons->0->>'weight')::double) filter (where not has_data), 0)), 1) as coverage_pct,
       sum(lost_score) as lost_score, count(*) filter (where has_data) as part_count
from app_scores
group by app_id, day
