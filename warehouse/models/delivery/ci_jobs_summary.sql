-- One row per repository, pipeline and job over a span: runs, failures, duration, and commits on which it both failed and passed.
-- grain: repo_id, pipeline, name
-- takes: since, until
with jobs as (
  select coalesce(r.repo_id, '') as repo_id, r.pipeline, j.name, j.result, j.duration_s, r.sha, j.created_at
  from ci_jobs j join ci_runs r on r.ci_run_id = j.ci_run_id
  where j.created_at >= since and j.created_at < until
)
, flaky as (
  select repo_id, pipeline, name, count(*) as flaky_commit_count
  from (select repo_id, pipeline, name, sha from jobs where sha is not null group by all
        having bool_or(result = 'success') and bool_or(result in ('failure', 'timed_out')))
  group by all
)
select j.repo_id, j.pipeline, j.name, any_value(o.full_name) as repository_name, count(*) as run_count,
       count(*) filter (where j.result in ('failure', 'timed_out')) as failed_count,
       100.0 * count(*) filter (where j.result = 'success')
         / nullif(count(*) filter (where j.result in ('success', 'failure', 'timed_out')), 0) as success_pct,
       median(j.duration_s) as duration_median_s, quantile_cont(j.duration_s, 0.9) as duration_p90_s,
       sum(j.duration_s) / 3600 as run_hours, coalesce(any_value(f.flaky_commit_count), 0)::bigint as flaky_commit_count
from jobs j
left join repositories o on o.repo_id = j.repo_id
left join flaky f on f.repo_id = j.repo_id and f.pipeline = j.pipeline and f.name = j.name
group by j.repo_id, j.pipeline, j.name
