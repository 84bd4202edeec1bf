-- One row per test of the last 30 days that a change does not explain: it failed in one run of its suite and did not in
-- another run of the same commit, or it passed only after it was tried again within a run. Of a run all failures are
-- stored and few of the passes, so a test that a run does not list as failed counts as passed if that run of the same
-- source, repository and application had at least as many tests and skipped no more of them. Runs without a commit can
-- tell only what was tried again. flaky_run_count counts the runs that failed or had to try again.
-- grain: source_instance, repo_id, app_id, suite, classname, name
-- check: flaky_run_count between 1 and run_count
with runs as (
  select test_run_id, source_instance, repo_id, app_id, sha, suite, test_count, skipped_count, executed_at
  from test_runs
  where part_month >= date_trunc('month', utc_now() - interval 30 day) and executed_at >= utc_now() - interval 30 day
)
, cases as (
  select c.test_run_id, c.classname, c.name, c.result, c.message_hash, c.message
  from test_cases c
  where c.part_month >= date_trunc('month', utc_now() - interval 30 day) and c.executed_at >= utc_now() - interval 30 day
    and (c.result in ('failed', 'error') or c.message_hash is not null)
)
, failed as (
  select r.*, c.classname, c.name, c.message_hash, c.message
  from runs r join cases c on c.test_run_id = r.test_run_id where c.result in ('failed', 'error')
)
, unexplained as (
  select distinct f.test_run_id, f.classname, f.name, 'same_commit' as rule
  from failed f
  join runs o on o.sha = f.sha and o.suite = f.suite and o.source_instance = f.source_instance
   and o.repo_id is not distinct from f.repo_id and o.app_id is not distinct from f.app_id
   and o.test_run_id <> f.test_run_id and o.test_count >= f.test_count and o.skipped_count <= f.skipped_count
  anti join failed a on a.test_run_id = o.test_run_id and a.classname = f.classname and a.name = f.name
  union all
  select test_run_id, classname, name, 'tried_again' from cases where result = 'passed'
)
, shown as (
  select r.source_instance, r.repo_id, r.app_id, r.suite, u.classname, u.name,
         count(distinct u.test_run_id) as flaky_run_count,
         count(distinct u.test_run_id) filter (where u.rule = 'tried_again') as tried_again_count,
         count(distinct r.sha) as commit_count, min(r.executed_at) as first_at, max(r.executed_at) as last_at,
         arg_max(c.message_hash, r.executed_at) as message_hash, arg_max(c.message, r.executed_at) as message
  from unexplained u
  join runs r on r.test_run_id = u.test_run_id
  join cases c on c.test_run_id = u.test_run_id and c.classname = u.classname and c.name = u.name
  group by r.source_instance, r.repo_id, r.app_id, r.suite, u.classname, u.name
)
, ran as (
  select source_instance, repo_id, app_id, suite, count(*) as run_count from runs group by all
)
select s.source_instance, s.repo_id, s.app_id, s.suite, s.classname, s.name, s.flaky_run_count, s.tried_again_count,
       r.run_count, s.commit_count, s.first_at, s.last_at, s.message_hash, s.message
from shown s
join ran r on r.source_instance = s.source_instance and r.suite = s.suite
 and r.repo_id is not distinct from s.repo_id and r.app_id is not distinct from s.app_id
