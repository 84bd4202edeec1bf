"""Sentry, sentry.io or self-hosted: projects, issues, error counts per release, release health, deploys.

API: https://docs.sentry.io/api/ (projects, issues, explore events, sessions, releases, deploys).
Needs: an auth token with org:read, project:read and event:read. `url` is https://sentry.io, https://us.sentry.io,
https://de.sentry.io or your own host; `organization` is its slug. Errors are counted by the hour, sessions by the UTC
day; the hour or day that runs is read again until it is over. Of environments that mean one tier, events and sessions
are added up; users cannot be, so they are null there. Versions of issues are read from the events of 90 days.
"""

from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import quote

from pydantic import Field

from aurora.contracts import Row
from aurora.contracts.delivery import Deployments, Projects
from aurora.contracts.mobile import ReleaseHealthDaily
from aurora.contracts.operations import ErrorCounts, ErrorGroups
from aurora.settings import Frozen, Secret
from ingest.connector import Checkpoint, Connector, Item, Json, Run
from ingest.http import Site
from ingest.vendors.environments import env_tier
from ingest.vendors.sentry_health import health_rows
from ingest.vendors.sentry_versions import Versions
from ingest.vendors.sentryapi import (
    LEVELS,
    STATES,
    Api,
    crash_kind,
    instant,
    platform_of,
    sha_of,
    short_version,
    whole_number,
)
from ingest.vendors.slices import Slice, slices
from ingest.vendors.tallies import tallied

COUNT_FIELDS = ("project", "project.id", "environment", "release", "level", "count()", "count_unique(user)")
COUNT_KEY = ("project_id", "service", "env_tier", "version", "error_type")
MAX_RELEASE_PAGES = 3


class SentryOptions(Frozen):
    """`projects`: slugs or numbers to read, all that the token sees when empty; `ca`: PEM file of a private CA."""

    organization: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")
    token: Secret
    url: str = Field("https://sentry.io", pattern="^https?://[^/]")
    projects: tuple[str, ...] = ()
    ca: str | None = None


SentryRun = Run[SentryOptions]


def connect(options: SentryOptions) -> Site:
    """The organization's part of the API, with the token. Raises SettingsError for an unset secret."""
    token = options.token.reveal()
    base = options.url.rstrip("/").removesuffix("/api/0")
    place = f"{base}/api/0/organizations/{options.organization}"
    return Site(place, {"Authorization": f"Bearer {token}"}, verify=options.ca or True, secrets=(token,))


connector = Connector("sentry", SentryOptions, connect)


@connector.stream(Projects, every="1h")
def fetch_projects(run: SentryRun) -> Iterator[Item]:
    """All projects of the organization that the token may see."""
    for project in Api(run).items("projects/", {"per_page": 100}, of_projects=False):
        yield Projects, project_row(run, project)


def project_row(run: SentryRun, project: Json) -> Row:
    """A project of errors."""
    return {
        "project_id": run.id(project["id"]),
        "key": project["slug"],
        "name": project.get("name") or project["slug"],
        "kind": "errors",
        "first_seen_at": instant(project.get("dateCreated")) or run.now,
    }


@connector.stream(ErrorGroups, every="5m", lookback="14d", overlap="10m")
def fetch_issues(run: SentryRun) -> Iterator[Item]:
    """Issues that had an event since the cursor, day by day; each day is complete before the cursor moves."""
    api = Api(run)
    for part in slices(run.since, run.now, timedelta(days=1)):
        yield from issues_of(run, api, Slice(max(part.start, run.since), part.end))
        yield Checkpoint({"until": part.end.isoformat()})


@connector.stream(ErrorGroups, every="1h", lookback="14d", overlap="14d")
def fetch_issue_states(run: SentryRun) -> Iterator[Item]:
    """All issues with an event in the last 14 days again: people resolve and ignore issues without a new event."""
    yield from issues_of(run, Api(run), Slice(run.now - timedelta(days=14), run.now))


def issues_of(run: SentryRun, api: Api, part: Slice) -> Iterator[Item]:
    """Rows of the issues with an event in the slice; what is no error (slow queries, feedback) is left out."""
    # Sentry would add is:unresolved to a request without a query.
    asked = {"query": "", "sort": "date", "limit": 100, **api.span(part)}
    issues = (one for one in api.items("issues/", asked) if (one.get("issueCategory") or "error") == "error")
    for row in Versions(run, api).told(issue_row(run, issue) for issue in issues):
        yield ErrorGroups, row


def issue_row(run: SentryRun, issue: Json) -> Row:
    """An issue with its life's counts: those outside `lifetime` are of the asked span only."""
    whole = issue.get("lifetime") or issue
    project = issue["project"]
    raw = issue.get("platform") or None
    platform = platform_of(run, project.get("platform") or raw)
    level = issue.get("level") or None
    state, more = issue["status"], issue.get("substatus")
    return {
        "error_group_id": run.id(issue["id"]),
        "project_id": run.id(project["id"]),
        "platform": platform,
        "kind": crash_kind(issue, platform),
        "level": run.word(LEVELS, level) if level else None,
        "title": issue.get("title") or issue.get("shortId") or f"issue {issue['id']}",
        "location": issue.get("culprit") or None,
        "state": run.word(STATES, state),
        "state_raw": f"{state} ({more})" if more else state,
        "is_unhandled": issue.get("isUnhandled"),
        "event_count": whole_number(whole.get("count")),
        "user_count": whole_number(whole.get("userCount")),
        "first_seen_at": instant(whole.get("firstSeen")) or instant(issue.get("firstSeen")),
        "last_seen_at": instant(whole.get("lastSeen")) or instant(issue.get("lastSeen")),
        "url": issue.get("permalink") or None,
    }


@connector.stream(ErrorCounts, every="5m", lookback="24h", overlap="1h")
def fetch_error_counts(run: SentryRun) -> Iterator[Item]:
    """Events by project, environment, release and level of every hour; the running one up to now."""
    api = Api(run)
    for part in slices(run.since, run.now, timedelta(hours=1)):
        asked = {"dataset": "errors", "field": COUNT_FIELDS, "per_page": 100, "sort": "-count()", **api.span(part)}
        rows = (count_row(run, part, one) for one in api.items("events/", asked))
        for row in tallied(rows, COUNT_KEY):
            yield ErrorCounts, row
        yield Checkpoint({"until": part.end.isoformat()})


def count_row(run: SentryRun, part: Slice, group: Json) -> Row:
    """Events of one group in one hour. Sentry's users are estimates of distinct ones."""
    level = group.get("level") or None
    return {
        "project_id": run.id(group["project.id"]),
        "service": group.get("project") or str(group["project.id"]),
        "env_tier": env_tier(run, group.get("environment")),
        "version": short_version(group.get("release")) or "unknown",
        "error_type": level or "unknown",
        "ts_start": part.start,
        "ts_end": part.end,
        "level": level,
        "event_count": int(group["count()"]),
        "user_count": whole_number(group.get("count_unique(user)")),
    }


@connector.stream(ReleaseHealthDaily, every="1h", lookback="14d", overlap="1d")
def fetch_release_health(run: SentryRun) -> Iterator[Item]:
    """Sessions and users of every UTC day by project, release and environment; today's up to now."""
    api = Api(run)
    for part in slices(run.since, run.now, timedelta(days=1)):
        whole = api.sessions(part, ("project", "release", "environment"))
        by_status = api.sessions(part, ("project", "release", "environment", "session.status"))
        for row in health_rows(run, part.start, whole, by_status):
            yield ReleaseHealthDaily, row
        yield Checkpoint({"until": part.end.isoformat()})


@connector.stream(Deployments, every="5m", lookback="30d", overlap="1d")
def fetch_deploys(run: SentryRun) -> Iterator[Item]:
    """Deploys since the cursor of the newest 300 releases."""
    api = Api(run)
    for release in api.items("releases/", {"per_page": 100}, max_pages=MAX_RELEASE_PAGES):
        newest = instant((release.get("lastDeploy") or {}).get("dateFinished"))
        if newest is None or newest < run.since:
            continue
        for deploy in api.items(f"releases/{quote(release['version'], safe='')}/deploys/", {}, of_projects=False):
            yield Deployments, deployment_row(run, release, deploy)


def deployment_row(run: SentryRun, release: Json, deploy: Json) -> Row:
    """A deploy of a release; Sentry is told of deploys when they are done, so it has succeeded."""
    started, finished = instant(deploy.get("dateStarted")), instant(deploy.get("dateFinished"))
    return {
        "deployment_id": run.id(f"deploy:{deploy['id']}"),
        "environment": deploy.get("environment") or "unknown",
        "env_tier": env_tier(run, deploy.get("environment")),
        "ref": release.get("ref") or None,
        "sha": sha_of(release),
        "version": short_version(release["version"]),
        "created_at": started or finished,
        "started_at": started,
        "finished_at": finished,
        "duration_s": max(0.0, (finished - started).total_seconds()) if started and finished else None,
        "status": "success" if finished else "running",
        "is_inferred": False,
        "url": deploy.get("url") or None,
        "updated_at": finished or started,
    }
