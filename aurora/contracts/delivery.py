"""Delivery: repositories, commits, releases, deployments."""

from aurora.contracts.columns import count, flag, instant, measure, on, one_of, text, texts, whole
from aurora.contracts.table import Table


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
    env_tier = one_of("production", "staging", "testing", "development", "unknown")
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
