"""Delivery: repositories, commits, pull requests, work items, sprints, CI runs, tests, releases, deployments."""

from aurora.contracts.columns import count, flag, instant, measure, on, one_of, pct, text, texts, whole
from aurora.contracts.table import Table, VersionedTable

TIERS = ("production", "staging", "testing", "development", "unknown")
RESULTS = ("success", "failure", "cancelled", "skipped", "timed_out", "neutral", "unknown")


class Repositories(Table, key="repo_id", time="first_seen_at", mode="upsert"):
    """One row per repository."""

    repo_id = text()
    full_name = text()
    url = text(null=True)
    default_branch = text(null=True)
    head_sha = text(null=True)
    head_at = instant(null=True)
    commit_count = count()
    language = text(null=True)
    is_private = flag()
    is_archived = flag()
    created_at = instant(null=True)
    first_seen_at = instant()
    pushed_at = instant(null=True)


class Commits(Table, key="repo_id sha", time="committed_at", part="month(committed_at)"):
    """One row per commit of a repository."""

    repo_id = text()
    sha = text()
    parents = texts()
    author_id = text(null=True)
    author_name = text(null=True)
    authored_at = instant()
    committed_at = instant()
    subject = text(null=True)
    added_lines = whole()
    deleted_lines = whole()
    file_count = count()
    paths = texts("top folders, for monorepos")
    is_merge = flag(null=False)
    is_bot = flag()
    is_revert = flag()


class Releases(Table, key="release_id", time="created_at", mode="upsert"):
    """One row per tag or vendor release."""

    release_id = text()
    repo_id = text()
    tag = text()
    name = text(null=True)
    version = text(null=True)
    sha = text(null=True)
    is_prerelease = flag()
    is_draft = flag()
    created_at = instant()
    published_at = instant(null=True)
    notes = text(null=True)


class Deployments(Table, key="deployment_id", time="created_at", part="month(created_at)", mode="upsert"):
    """One row per deployment as one source reports it; the mart deployments_by_app makes one of several."""

    deployment_id = text()
    app_id = text(null=True)
    repo_id = text(null=True)
    component_id = text(null=True)
    store_app_id = text(null=True)
    release_request_id = text(null=True)
    environment = text()
    env_tier = one_of(*TIERS)
    ref = text(null=True)
    sha = text(null=True)
    previous_sha = text(null=True)
    version = text(null=True)
    ci_run_id = text(null=True)
    created_at = instant()
    started_at = instant(null=True)
    finished_at = instant(null=True)
    duration_s = measure()
    status = one_of("queued", "running", "blocked", "success", "failed", "rolled_back", "cancelled", "unknown")
    status_raw = text(null=True)
    is_rollback = flag("null = source does not say")
    rolled_back_by = text(null=True)
    is_hotfix = flag()
    is_inferred = flag(null=False)
    actor = text(null=True)
    url = text(null=True)
    changes = texts()
    rollback_plan = text(null=True)
    updated_at = instant()


class DeploymentCommits(Table, key="deployment_id sha", time="authored_at", part="month(authored_at)"):
    """One row per commit first contained in a deployment."""

    deployment_id = text()
    repo_id = text()
    sha = text()
    authored_at = instant()
    pull_request_id = text(null=True)
    work_item_keys = texts()


class Projects(Table, key="project_id", time="first_seen_at", mode="upsert"):
    """One row per development project or board-owning space."""

    project_id = text()
    key = text(null=True)
    name = text()
    kind = one_of("planning", "quality", "security", "errors", note="every vendor's projects in one table")
    status = one_of("planning", "development", "testing", "staging", "production", "maintenance", "unknown", null=True)
    status_raw = text(null=True)
    lead = text(null=True)
    url = text(null=True)
    first_seen_at = instant()
    next_release_on = on(null=True)


class PullRequests(Table, key="pull_request_id", time="created_at", part="month(created_at)", mode="upsert"):
    """One row per pull or merge request."""

    pull_request_id = text()
    repo_id = text()
    number = whole(null=False)
    title = text(null=True)
    state = one_of("open", "merged", "closed", "unknown")
    state_raw = text(null=True)
    is_draft = flag()
    author_id = text(null=True)
    base_ref = text(null=True)
    head_ref = text(null=True)
    head_sha = text(null=True)
    merge_sha = text(null=True)
    first_commit_at = instant(null=True)
    created_at = instant()
    first_review_at = instant(null=True)
    approved_at = instant(null=True)
    merged_at = instant(null=True)
    closed_at = instant(null=True)
    updated_at = instant()
    added_lines = whole()
    deleted_lines = whole()
    file_count = count()
    commit_count = count()
    review_count = count()
    comment_count = count()
    labels = texts()
    work_item_keys = texts()
    url = text(null=True)


class PullRequestReviews(Table, key="review_id", time="submitted_at", part="month(submitted_at)", mode="upsert"):
    """One row per submitted review."""

    review_id = text()
    pull_request_id = text()
    reviewer_id = text(null=True)
    state = one_of("approved", "changes_requested", "commented", "dismissed", "unknown")
    state_raw = text(null=True)
    submitted_at = instant()


class WorkItems(Table, key="work_item_id", time="created_at", part="month(created_at)", mode="upsert"):
    """One row per issue, story, bug or task."""

    work_item_id = text()
    project_id = text(null=True)
    repo_id = text(null=True)
    key = text()
    type = one_of("story", "bug", "task", "epic", "incident", "unknown")
    type_raw = text(null=True)
    title = text(null=True)
    state = one_of("todo", "in_progress", "done", "unknown")
    state_raw = text(null=True)
    severity = one_of("critical", "high", "medium", "low", "info", "unknown", null=True)
    priority_raw = text(null=True)
    labels = texts()
    points = measure()
    assignee_id = text(null=True)
    parent_id = text(null=True)
    sprint_ids = texts()
    created_at = instant()
    updated_at = instant()
    started_at = instant(null=True)
    resolved_at = instant(null=True)
    url = text(null=True)


class WorkItemChanges(Table, key="change_id", time="changed_at", part="month(changed_at)"):
    """One row per change of state, sprint, points or assignee."""

    change_id = text()
    work_item_id = text()
    field = one_of("state", "sprint", "points", "assignee")
    from_value = text(null=True)
    to_value = text(null=True)
    changed_at = instant()


class Sprints(Table, key="sprint_id", time="first_seen_at", mode="upsert"):
    """One row per sprint or iteration."""

    sprint_id = text()
    project_id = text()
    board_id = text(null=True)
    board_name = text(null=True)
    name = text()
    number = whole()
    goal = text(null=True)
    state = one_of("future", "active", "closed", "unknown")
    first_seen_at = instant()
    starts_at = instant(null=True)
    ends_at = instant(null=True)
    completed_at = instant(null=True)
    committed_points = measure()
    added_points = measure()
    removed_points = measure()
    total_points = measure()
    completed_points = measure()
    committed_items = whole()
    completed_items = whole()
    points_method = one_of("changelog", "api_history", "current_membership", null=True)


class CiRuns(Table, key="ci_run_id", time="created_at", part="month(created_at)", mode="upsert"):
    """One row per attempt of a pipeline run."""

    ci_run_id = text()
    repo_id = text(null=True)
    pipeline = text()
    number = whole()
    attempt = whole()
    branch = text(null=True)
    sha = text(null=True)
    event = text(null=True)
    status = one_of("queued", "running", "completed", "unknown")
    result = one_of(*RESULTS, null=True)
    result_raw = text(null=True)
    created_at = instant()
    started_at = instant(null=True)
    finished_at = instant(null=True)
    queued_s = measure()
    duration_s = measure()
    actor = text(null=True)
    coverage_pct = pct()
    url = text(null=True)


class CiJobs(Table, key="ci_job_id", time="created_at", part="month(created_at)", mode="upsert"):
    """One row per job or stage of a run."""

    ci_job_id = text()
    ci_run_id = text()
    name = text()
    stage = text(null=True)
    result = one_of(*RESULTS, null=True)
    result_raw = text(null=True)
    created_at = instant()
    started_at = instant(null=True)
    finished_at = instant(null=True)
    duration_s = measure()
    runner = text(null=True)


class TestRuns(Table, key="test_run_id", time="executed_at", part="month(executed_at)"):
    """One row per imported test suite result."""

    test_run_id = text()
    repo_id = text(null=True)
    app_id = text(null=True)
    ci_run_id = text(null=True)
    sha = text(null=True)
    suite = text()
    test_count = count(null=False)
    failure_count = count(null=False)
    error_count = count(null=False)
    skipped_count = count(null=False)
    duration_s = measure()
    executed_at = instant()


class TestCases(Table, key="test_run_id classname name", time="executed_at", part="month(executed_at)"):
    """One row per failed or slow case of a test run."""

    test_run_id = text()
    classname = text(blank=True)
    name = text()
    result = one_of("passed", "failed", "error", "skipped")
    duration_s = measure()
    message_hash = text(null=True)
    message = text(null=True)
    executed_at = instant()


class CoverageReports(Table, key="coverage_id", time="reported_at", part="month(reported_at)"):
    """One row per coverage report and path."""

    coverage_id = text()
    repo_id = text(null=True)
    app_id = text(null=True)
    sha = text(null=True)
    format = one_of("cobertura", "lcov", "jacoco", "other")
    path = text("'' = total", blank=True)
    lines_covered = whole()
    lines_valid = whole()
    branches_covered = whole()
    branches_valid = whole()
    reported_at = instant()


class Environments(Table, key="environment_id", time="first_seen_at", mode="upsert"):
    """One row per named environment of a repository or deployer."""

    environment_id = text()
    repo_id = text(null=True)
    name = text()
    env_tier = one_of(*TIERS)
    env_tier_by = one_of("vendor", "rule", "person", "none")
    url = text(null=True)
    first_seen_at = instant()


class DeploymentSignals(
    VersionedTable, key="deployment_id kind subject_id version", time="changed_at", mode="versioned", owner="people"
):
    """One row per version of a stated link between a deployment and a failure, or its refusal; inferred are a mart."""

    deployment_id = text()
    kind = one_of("failed", "rollback", "revert", "hotfix", "incident")
    subject_id = text("incident_id, deployment_id or ''", blank=True)
    rule = text()
    confidence_ratio = measure(null=False)
    verdict = one_of("counts", "does_not_count")
