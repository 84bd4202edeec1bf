-- One row per repository and pipeline over a span: runs, success, how long they take and wait, and flaky commits.
-- Success is over runs that succeeded or failed; cancelled, skipped and running ones are in neither. A commit is flaky if a
-- run of one pipeline both failed and succeeded on it.
-- grain: repo_id, pipeline
-- check: success_pct is null or success_pct between 0 and 100
-- takes: since, until
with runs as (
  select coalesce(r.repo_id, '') as repo_id, r.* exclude (repo_id) from ci_runs r
  where r.created_at >= since and r.created_at < until
)
, flaky as (
  select repo_id, pipeline, count(*) as flaky_commit_count
  from (select repo_id, pipeline, sha from runs where sha is not null group by all
        having bool_or(result = 'success') and bool_or(result in ('failure', 'timed_out')))
  group by all
)
select r.repo_id, r.pipeline, any_value(o.full_name) as repository_name, count(*) as run_count,
       count(*) filter (where r.result = 'success') as good_count,
       count(*) filter (where r.result in ('failure', 'timed_out')) as failed_count,
       100.0 * count(*) filter (where r.result = 'success')
         / nullif(count(*) filter (where r.result in ('success', 'failure', 'timed_out')), 0) as success_pct,
       median(r.duration_s) as duration_median_s, quantile_cont(r.duration_s, 0.9) as duration_p90_s,
       median(r.queued_s) as queued_median_s, quantile_cont(r.queued_s, 0.9) as queued_p90_s,
       sum(r.duration_s) / 3600 as run_hours, coalesce(any_value(f.flaky_commit_count), 0)::bigint as flaky_commit_count,
       arg_max(r.result, r.created_at) as last_result, max(r.created_at) as last_run_at
from runs r
left join repositories o on o.repo_id = r.repo_id
left join flaky f on f.repo_id = r.repo_id and f.pipeline = r.pipeline
group by r.repo_id, r.pipeline
