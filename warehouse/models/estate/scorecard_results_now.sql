-- One row per scorecard rule and subject: what was found on the day that was judged last.
-- grain: rule_id, subject_id
-- check: result in ('pass', 'fail', 'not_checked')
select rule_id, scorecard, level, list_position(['basic', 'bronze', 'silver', 'gold'], level) as level_rank, subject_type,
       subject_id, day, result, detail
from scorecard_results
where part_month >= date_trunc('month', utc_now() - interval 35 day)::date
  and day = (select max(day) from scorecard_results
             where day <= utc_now()::date and part_month >= date_trunc('month', utc_now() - interval 35 day)::date)
