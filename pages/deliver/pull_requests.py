"""Pull requests and CI: where the time goes from first commit to production, what waits, and how builds and tests do.

icon: merge
order: 53
"""

import streamlit as st

from aurora.ui import builds, cycle, tables
from aurora.ui.data import rows
from aurora.ui.export import behind
from aurora.ui.filters import LONG
from aurora.ui.frame import demo_badge, empty, freshness, ranged_page

CYCLES = """
    select coalesce(a.name, t.name, c.scope_id) as name, c.*
    from cycle_times(since := $since, until := $until) c
    left join applications_now a on c.scope_type = 'app' and a.app_id = c.scope_id
    left join (select team_id, min(name) as name from teams group by team_id) t
      on c.scope_type = 'team' and t.team_id = c.scope_id
    where c.merged_count > 0 or c.open_count > 0 order by c.scope_type, c.cycle_p75_s desc nulls last"""
OPEN = """
    select p.title, p.number, r.full_name, p.author_id, p.created_at, p.updated_at, p.is_draft, p.is_stale,
           p.first_review_at, p.size_lines, p.review_count, p.labels, p.url, p.source_instance
    from (from pull_request_cycle where state = 'open'
          qualify row_number() over (partition by pull_request_id order by app_id) = 1) p
    left join repositories r on r.repo_id = p.repo_id
    order by p.is_stale desc, p.is_draft, p.created_at"""
MERGED = """
    select p.title, p.number, p.app_id, p.merged_at, p.coding_s, p.pickup_s, p.review_s, p.deploy_s, p.cycle_s,
           p.size_lines, p.review_count, p.url, p.source_instance
    from pull_request_cycle p where p.merged_at >= $since and p.merged_at < $until order by p.cycle_s desc nulls last"""
REVIEWERS = "from review_load(since := $since, until := $until) order by review_count desc"
CI = "from ci_health(since := $since, until := $until) order by success_pct nulls last, run_hours desc"
JOBS = """
    from ci_jobs_summary(since := $since, until := $until)
    order by flaky_commit_count desc, failed_count desc, run_hours desc nulls last limit 200"""
DAYS = """
    select day, sum(run_count) as run_count, sum(good_count) as good_count, sum(failed_count) as failed_count,
           median(duration_median_s) as duration_median_s, median(queued_median_s) as queued_median_s
    from ci_daily(since := $since, until := $until) group by day order by day"""
TESTS = """
    select t.executed_at, t.suite, t.app_id, t.test_count, t.failure_count, t.error_count, t.skipped_count,
           t.duration_s, t.sha, t.source_instance
    from test_runs t where t.executed_at >= $since and t.executed_at < $until order by t.executed_at desc limit 500"""
SLOWEST = """
    select classname, name, count(*) as run_count,
           count(*) filter (where result in ('failed', 'error')) as failed_count, max(duration_s) as duration_s,
           max(executed_at) as last_at, arg_max(message, executed_at) as message
    from test_cases where executed_at >= $since and executed_at < $until
    group by classname, name order by failed_count desc, duration_s desc nulls last limit 100"""
FLAKY = "from flaky_tests order by flaky_run_count desc, last_at desc, name"
COVERED = """
    select q.day, coalesce(a.name, q.app_id) as app_name, q.* exclude (day, app_id)
    from code_quality_daily q left join applications_now a on a.app_id = q.app_id
    where q.day >= $since::date and q.day < $until order by q.day"""

with ranged_page("Pull requests and CI", "30d", LONG) as span:
    cycles, opened = rows(CYCLES, **span.window), rows(OPEN)
    names = ["Cycle time", "Open", "Reviews", "CI", "Tests"]
    tabs = dict(zip(names, st.tabs(names, key="view", on_change="rerun", bind="query-params"), strict=True))
    if tabs["Cycle time"].open:
        with tabs["Cycle time"]:
            cycle.stages(cycles)
            tables.plain(
                rows(MERGED, **span.window), "Merged pull requests", 12,
                or_else=("Nothing was merged in this range", "Choose a longer range, or connect GitHub or GitLab."),
                title=st.column_config.TextColumn("What", width=330),
            )  # fmt: skip
    if tabs["Open"].open:
        with tabs["Open"]:
            cycle.waiting(opened)
    if tabs["Reviews"].open:
        with tabs["Reviews"]:
            tables.plain(
                rows(REVIEWERS, **span.window),
                "Reviewers",
                14,
                or_else=("No review in this range", "Choose a longer range."),
            )
    if tabs["CI"].open:
        with tabs["CI"]:
            found = rows(CI, **span.window)
            if not found.height:
                empty("No CI run in this range", "Connect GitHub, GitLab, Bitbucket or Jenkins; see Sources.")
            else:
                builds.figures(found, rows(DAYS, **span.window))
                tables.plain(found.drop("repo_id"), "Pipelines, worst first", 10)
                st.subheader("Jobs", anchor=False)
                tables.plain(rows(JOBS, **span.window).drop("repo_id"), "Jobs, flaky and failing first", 10)
    if tabs["Tests"].open:
        with tabs["Tests"]:
            runs, cases, covered = (rows(sql, **span.window) for sql in (TESTS, SLOWEST, COVERED))
            builds.tests(runs, cases, covered, rows(FLAKY))
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        freshness()
        demo_badge(opened)
    behind(
        {
            "Cycle times": (CYCLES, span.window), "Merged": (MERGED, span.window), "Open": (OPEN, {}),
            "Reviewers": (REVIEWERS, span.window), "CI": (CI, span.window), "Jobs": (JOBS, span.window),
            "CI by day": (DAYS, span.window), "Test runs": (TESTS, span.window), "Test cases": (SLOWEST, span.window),
            "Code by day": (COVERED, span.window), "Flaky tests": (FLAKY, {}),
        },
        "pulls",
    )  # fmt: skip
