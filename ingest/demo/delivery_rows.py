"""Rows of delivery: repositories, commits, releases, deployments and what they contain."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from aurora.contracts import Row, Table
from aurora.contracts.delivery import Commits, DeploymentCommits, Deployments, Environments, Releases, Repositories
from ingest.demo.builds import deployed_build_id
from ingest.demo.catalog import APP, APPS, BOT, PEOPLE, STRAY_REPOSITORY, App, slug
from ingest.demo.delivery import Plan, plans
from ingest.demo.estate import repo_url
from ingest.demo.names import pull_request_id
from ingest.demo.pull_rows import pull_rows, work_item_keys
from ingest.demo.pulls import Commit
from ingest.demo.world import DAY, HOUR, MINUTE, Slice, World, floor

UNMAPPED = (("whatsapp-crm", "blue-lab"),)


def delivery_rows(world: World, span: Slice) -> Iterator[tuple[type[Table], Row]]:
    """What happened in the slice: new commits and releases, deployments that began, ended or were undone."""
    whole = world.whole(span)
    for plan in plans(world, span.until):
        if _is_new(plan):
            yield from ((Commits, commit_row(world, plan.app, one)) for one in plan.commits if whole.has(one.at))
            yield from pull_rows(world, plan.pulls, whole)
        if any(span.has(at) for at in (plan.created_at, plan.finished_at, plan.undone_at)):
            yield Deployments, deployment_row(world, plan, span.until)
        if plan.environment == "production" and span.has(plan.created_at):
            yield from ((DeploymentCommits, contained_row(world, plan, one)) for one in plan.commits)
        if _is_release(plan) and span.has(_tagged_at(plan)):
            yield Releases, release_row(world, plan)
    if floor(span.since, HOUR) < floor(span.until, HOUR):
        for app in APPS:
            yield Repositories, repository_row(world, app, span.until)
        yield Repositories, stray_repository_row(world)
    if world.is_daily_due(span):
        yield from ((Environments, row) for row in environment_rows(world))


def _is_new(plan: Plan) -> bool:
    """Whether this deployment is the first to carry its commits anywhere: staging comes first, except for hotfixes."""
    return plan.environment == "staging" or plan.is_hotfix


def _is_release(plan: Plan) -> bool:
    return plan.environment == "production" and not plan.is_rollback and not plan.fails


def _tagged_at(plan: Plan) -> datetime:
    return plan.created_at - 20 * MINUTE if not plan.is_hotfix else plan.created_at - 2 * MINUTE


def commit_row(world: World, app: App, commit: Commit) -> Row:
    """The row of a commit."""
    return {
        "repo_id": world.id(app.app_id),
        "sha": commit.sha,
        "parents": [commit.parent] if commit.parent else [],
        "author_id": None if commit.author == BOT else slug(commit.author),
        "author_name": commit.author,
        "authored_at": commit.authored_at,
        "committed_at": commit.at,
        "subject": commit.subject,
        "added_lines": commit.added_lines,
        "deleted_lines": commit.deleted_lines,
        "file_count": 1 + commit.added_lines // 25,
        "is_merge": False,
        "is_bot": commit.author == BOT,
        "is_revert": commit.is_revert,
    }


def release_row(world: World, plan: Plan) -> Row:
    """The row of the release that a production deployment carries."""
    return {
        "release_id": world.id(f"{plan.app.app_id}/{plan.version}"),
        "repo_id": world.id(plan.app.app_id),
        "tag": plan.version,
        "name": f"{plan.app.name} {plan.version}",
        "version": plan.version,
        "sha": plan.sha,
        "is_prerelease": False,
        "is_draft": False,
        "created_at": _tagged_at(plan),
        "published_at": _tagged_at(plan),
        "notes": "\n".join(f"- {commit.subject}" for commit in plan.commits) or None,
    }


def deployment_row(world: World, plan: Plan, now: datetime) -> Row:
    """The row of a deployment as it stands at `now`."""
    is_over = plan.finished_at < now
    is_undone = plan.undone_at is not None and plan.undone_at < now
    status = "rolled_back" if is_undone else ("failed" if plan.fails else "success") if is_over else "running"
    updated = plan.undone_at if is_undone else plan.finished_at if is_over else plan.created_at
    build = deployed_build_id(world, plan)
    return {
        "deployment_id": world.id(plan.native_id),
        "app_id": plan.app.app_id,
        "repo_id": world.id(plan.app.app_id),
        "component_id": world.id(plan.app.main),
        "environment": plan.environment,
        "env_tier": plan.environment,
        "ref": plan.version,
        "sha": plan.sha,
        "previous_sha": plan.previous_sha,
        "version": plan.version,
        "ci_run_id": world.id(build) if build else None,
        "created_at": plan.created_at,
        "started_at": plan.created_at + timedelta(seconds=20),
        "finished_at": plan.finished_at if is_over else None,
        "duration_s": (plan.finished_at - plan.created_at).total_seconds() - 20 if is_over else None,
        "status": status,
        "is_rollback": plan.is_rollback,
        "rolled_back_by": world.id(plan.undone_by) if is_undone and plan.undone_by else None,
        "is_hotfix": plan.is_hotfix,
        "is_inferred": False,
        "actor": world.pick(PEOPLE, plan.native_id, "actor"),
        "url": f"{repo_url(plan.app)}/deployments/{plan.created_at:%Y%m%d%H%M%S}",
        "changes": [commit.subject for commit in plan.commits],
        "rollback_plan": "Deploy the release before; the database needs no change back.",
        "updated_at": updated,
    }


def contained_row(world: World, plan: Plan, commit: Commit) -> Row:
    """The row that says which commit a production deployment brought."""
    pull = next((pull for pull in plan.pulls if pull.number == commit.pull), None)
    return {
        "deployment_id": world.id(plan.native_id),
        "repo_id": world.id(plan.app.app_id),
        "sha": commit.sha,
        "authored_at": commit.authored_at,
        "pull_request_id": pull_request_id(world, plan.app.app_id, pull.number) if pull else None,
        "work_item_keys": work_item_keys(world, pull) if pull else [],
    }


def repository_row(world: World, app: App, now: datetime) -> Row:
    """The row of a repository with its head as it stands at `now`."""
    pushed = [
        commit
        for plan in plans(world, now)
        if plan.app is app and _is_new(plan)
        for commit in plan.commits
        if commit.at < now
    ]
    head = max(pushed, key=lambda commit: commit.at) if pushed else None
    return {
        "repo_id": world.id(app.app_id),
        "full_name": f"horizon/{app.app_id}",
        "url": repo_url(app),
        "default_branch": "main",
        "head_sha": head.sha if head else None,
        "head_at": head.at if head else None,
        "commit_count": int(world.between(400, 3200, app.app_id, "commits before")) + len(pushed),
        "language": app.language,
        "is_private": True,
        "is_archived": False,
        "created_at": world.start - int(world.between(200, 1500, app.app_id, "age")) * DAY,
        "first_seen_at": world.start,
        "pushed_at": head.at if head else None,
    }


def stray_repository_row(world: World) -> Row:
    """The row of a repository that no application claims and nobody has touched for months."""
    return {
        "repo_id": world.id(STRAY_REPOSITORY),
        "full_name": f"horizon/{STRAY_REPOSITORY}",
        "url": f"https://git.example.com/horizon/{STRAY_REPOSITORY}",
        "default_branch": "main",
        "head_sha": world.sha("commit", STRAY_REPOSITORY),
        "head_at": world.start - 40 * DAY,
        "commit_count": 212,
        "language": "TypeScript",
        "is_private": True,
        "is_archived": False,
        "created_at": world.start - 400 * DAY,
        "first_seen_at": world.start,
        "pushed_at": world.start - 40 * DAY,
    }


def environment_rows(world: World) -> Iterator[Row]:
    """The environments of each repository, one of them under a name that nobody has explained yet."""
    named = [(app, name, name, "rule") for app in APPS for name in ("production", "staging")]
    named += [(app, "qa", "testing", "person") for app in APPS if app.tier == 1]
    named += [(APP[app_id], name, "unknown", "none") for app_id, name in UNMAPPED]
    for app, name, tier, by in named:
        yield {
            "environment_id": world.id(f"{app.app_id}/environment/{name}"),
            "repo_id": world.id(app.app_id),
            "name": name,
            "env_tier": tier,
            "env_tier_by": by,
            "url": f"https://{app.app_id}.{name}.example.com" if name != "production" else None,
            "first_seen_at": world.start,
        }
