"""Rows of delivery: repositories, commits, releases, deployments and what they contain."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from aurora.contracts import Row, Table
from aurora.contracts.delivery import Commits, DeploymentCommits, Deployments, Releases, Repositories
from ingest.demo.catalog import APPS, BOT, PEOPLE, STRAY_REPOSITORY, App, slug
from ingest.demo.delivery import Commit, Plan, plans
from ingest.demo.estate import repo_url
from ingest.demo.world import DAY, HOUR, MINUTE, Slice, World, floor


def delivery_rows(world: World, span: Slice) -> Iterator[tuple[type[Table], Row]]:
    """What happened in the slice: new commits and releases, deployments that began, ended or were undone."""
    for plan in plans(world, span.until):
        yield from ((Commits, commit_row(world, plan.app, one)) for one in _pushed(plan) if span.has(one.at))
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


def _pushed(plan: Plan) -> tuple[Commit, ...]:
    """The commits that this deployment is the first to carry anywhere: staging comes first, except for hotfixes."""
    return plan.commits if plan.environment == "staging" or plan.is_hotfix else ()


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
        "authored_at": commit.at,
        "committed_at": commit.at,
        "subject": commit.subject,
        "added_lines": commit.added_lines,
        "deleted_lines": commit.deleted_lines,
        "file_count": 1 + commit.added_lines // 25,
        "is_merge": False,
        "is_bot": commit.author == BOT,
        "is_revert": False,
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
    return {
        "deployment_id": world.id(plan.native_id),
        "repo_id": world.id(plan.app.app_id),
        "sha": commit.sha,
        "authored_at": commit.at,
        "work_item_keys": [],
    }


def repository_row(world: World, app: App, now: datetime) -> Row:
    """The row of a repository with its head as it stands at `now`."""
    pushed = [commit for plan in plans(world, now) if plan.app == app for commit in _pushed(plan) if commit.at < now]
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
