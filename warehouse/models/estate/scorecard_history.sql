-- One row per scorecard rule and day of the last days: how many subjects passed, failed or were not checked.
-- The share is of all subjects: what is not checked has not passed.
-- grain: rule_id, day
-- check: passed_pct between 0 and 100
-- takes: days
select scorecard, rule_id, any_value(level) as level, day, count(*) as subject_count,
       count(*) filter (where result = 'pass') as passed_count, count(*) filter (where result = 'fail') as failed_count,
       count(*) filter (where result = 'not_checked') as not_checked_count,
       100.0 * count(*) filter (where result = 'pass') / count(*) as passed_pct
from scorecard_results
where part_month >= date_trunc('month', utc_now() - to_days(days))::date and day > (utc_now() - to_days(days))::date
group by scorecard, rule_id, day
