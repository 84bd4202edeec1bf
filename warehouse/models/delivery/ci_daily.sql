-- One row per repository and day (UTC) of a span: finished runs, failures, median duration and wait.
-- grain: repo_id, day
-- takes: since, until
select coalesce(repo_id, '') as repo_id, created_at::date as day, count(*) as run_count,
       count(*) filter (where result = 'success') as good_count,
       count(*) filter (where result in ('failure', 'timed_out')) as failed_count,
       median(duration_s) as duration_median_s, median(queued_s) as queued_median_s
from ci_runs where created_at >= since and created_at < until
group by coalesce(repo_id, ''), created_at::date
