-- One row per scorecard rule and subject: what was found on the day that was judged last.
-- grain: rule_id, subject_id
-- check: result in ('pass', 'fail', 'not_checked')
-- stored: yes
select rule_id, scorecard, level, list_position(['basic', 'bronze', 'silver', 'gold'], level) as level_rank, subject_type,
       subject_id, day, result, detail
from scorecard_results
where day = (select max(day) from scorecard_results)
