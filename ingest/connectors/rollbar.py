"""Rollbar: items, occurrence counts per environment and version, deploys of one project.

API: https://docs.rollbar.com/reference (items, metrics, reports, deploys).
Needs: a project access token with the scope read; one [[source]] block per project. Occurrences are counted by the
hour through the metrics API; where the plan has none, counts = "reports" reads the hourly counts of errors and
critical errors, of `environments` if given, without versions. The hour that runs is read again until it is over.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Literal

from pydantic import Field, model_validator

from aurora.contracts import Row
from aurora.contracts.delivery import Deployments, Projects
from aurora.contracts.operations import ErrorCounts, ErrorGroups
from aurora.settings import Frozen, Secret
from ingest.connector import Checkpoint, Connector, Item, Json, Run
from ingest.http import Site
from ingest.vendors.environments import env_tier
from ingest.vendors.rollbarapi import LEVELS, PLATFORMS, STATES, STATUSES, Api, grouped, instant, revision
from ingest.vendors.slices import Slice, slices
from ingest.vendors.tallies import tallied

HOUR = timedelta(hours=1)
MAX_BUCKETS = 60
COUNT_KEY = ("project_id", "service", "env_tier", "version", "error_type", "ts_start")
GROUPS = ("project_id", "environment", "code_version", "item_level")


class RollbarOptions(Frozen):
    """`project`: the name it has here; `project_id`: its number, needed only with counts = "reports"."""

    token: Secret
    url: str = Field("https://api.rollbar.com", pattern="^https?://[^/]")
    project: str | None = Field(None, min_length=1, max_length=200)
    project_id: int | None = None
    counts: Literal["metrics", "reports"] = "metrics"
    environments: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _whose_counts(self) -> "RollbarOptions":
        if self.counts == "reports" and self.project_id is None:
            raise ValueError("reports do not tell whose they are: write project_id = the project's number")
        return self


RollbarRun = Run[RollbarOptions]


def connect(options: RollbarOptions) -> Site:
    """The API with the project's token. Raises SettingsError for an unset secret."""
    token = options.token.reveal()
    return Site(f"{options.url.rstrip('/')}/api/1", {"X-Rollbar-Access-Token": token}, secrets=(token,))


connector = Connector("rollbar", RollbarOptions, connect)


@connector.stream(ErrorGroups, Projects, every="10m")
def fetch_items(run: RollbarRun) -> Iterator[Item]:
    """All items whatever their status: people resolve and mute items without a new occurrence; and their project."""
    first_seen: dict[int, datetime] = {}
    for item in Api(run).pages("items/", "items"):
        row = item_row(run, item)
        yield ErrorGroups, row
        seen = first_seen.get(item["project_id"], row["first_seen_at"])
        first_seen[item["project_id"]] = min(seen, row["first_seen_at"])
    for number, at in first_seen.items():
        yield Projects, project_row(run, number, at)


def item_row(run: RollbarRun, item: Json) -> Row:
    """An item with the counts of its whole life. Its unique_occurrences mix persons and addresses: no user count."""
    level, raw = str(item["level"]), item.get("platform")
    platform = run.word(PLATFORMS, str(raw)) if raw is not None and raw != "" else None
    is_end = level in ("critical", "50") and platform in ("ios", "android")
    return {
        "error_group_id": run.id(item["id"]),
        "project_id": run.id(item["project_id"]),
        "platform": platform,
        "kind": "crash" if is_end else "error",
        "level": run.word(LEVELS, level),
        "title": item.get("title") or f"item {item.get('counter', item['id'])}",
        "state": run.word(STATES, str(item["status"])),
        "state_raw": str(item["status"]),
        "event_count": item.get("total_occurrences"),
        "first_seen_at": instant(item["first_occurrence_timestamp"]),
        "last_seen_at": instant(item["last_occurrence_timestamp"]),
        "url": f"https://rollbar.com/item/{int(item['id'])}/",
    }


def project_row(run: RollbarRun, number: int, first_seen_at: datetime) -> Row:
    """The project of the token; Rollbar tells its name to account tokens only."""
    return {
        "project_id": run.id(number),
        "key": str(number),
        "name": run.options.project or f"Rollbar project {number}",
        "kind": "errors",
        "first_seen_at": first_seen_at,
    }


@connector.stream(ErrorCounts, every="5m", lookback="24h", overlap="1h")
def fetch_occurrence_counts(run: RollbarRun) -> Iterator[Item]:
    """Occurrences of every hour by environment, version and level; the running hour up to now."""
    if run.options.counts == "reports":
        yield from reported_counts(run)
        return
    api = Api(run)
    for part in slices(run.since, run.now, HOUR):
        # end_time is inclusive
        asked = {"start_time": int(part.start.timestamp()), "end_time": int(part.end.timestamp()) - 1}
        rows = (count_row(run, part, grouped(one)) for one in api.metrics({**asked, "group_by": list(GROUPS)}))
        for row in tallied(rows, COUNT_KEY):
            yield ErrorCounts, row
        yield Checkpoint({"until": part.end.isoformat()})


def count_row(run: RollbarRun, part: Slice, group: dict[str, Any]) -> Row:
    """Occurrences of one group in one hour."""
    number, level = group["project_id"], group.get("item_level")
    word = run.word(LEVELS, str(level)) if level is not None else "unknown"
    return {
        "project_id": run.id(number),
        "service": run.options.project or f"Rollbar project {number}",
        "env_tier": env_tier(run, group.get("environment")),
        "version": str(group.get("code_version") or "unknown"),
        "error_type": word,
        "ts_start": part.start,
        "ts_end": part.end,
        "level": word,
        "event_count": int(group["occurrence_count"]),
    }


def reported_counts(run: RollbarRun) -> Iterator[Item]:
    """The hourly report, one request for each environment, else one for all; at most 60 hours back."""
    api, hours = Api(run), list(slices(run.since, run.now, HOUR))[-MAX_BUCKETS:]
    wanted = {part.start: part for part in hours}
    rows: list[Row] = []
    for environment in run.options.environments or (None,):
        asked = {"bucket_size": 3600, "buckets": max(2, len(hours))}
        found = api.result("reports/occurrence_counts", asked | ({"environments": environment} if environment else {}))
        for at, count in api.listed("reports/occurrence_counts", found):
            if (part := wanted.get(instant(at))) is not None:
                rows.append(reported_row(run, part, environment, count))
    for row in tallied(rows, COUNT_KEY):
        yield ErrorCounts, row
    yield Checkpoint({"until": run.now.isoformat()})


def reported_row(run: RollbarRun, part: Slice, environment: str | None, count: int) -> Row:
    """Errors and critical errors of one hour, of all versions."""
    group = {"project_id": run.options.project_id, "environment": environment, "occurrence_count": count}
    return count_row(run, part, group) | {"version": "all", "error_type": "error and critical", "level": None}


@connector.stream(Deployments, every="5m", lookback="90d", overlap="1d")
def fetch_deploys(run: RollbarRun) -> Iterator[Item]:
    """Deploys, the newest first, back to the cursor; a day is read again, for deploys that were running."""
    for deploy in Api(run).pages("deploys/", "deploys", lambda page: _reaches(page, run.since)):
        yield Deployments, deployment_row(run, deploy)


def _reaches(deploys: list[Json], since: datetime) -> bool:
    """Whether the next page may hold deploys after `since`."""
    return any(instant(deploy["start_time"]) >= since for deploy in deploys)


def deployment_row(run: RollbarRun, deploy: Json) -> Row:
    """A deploy as its tool reported it."""
    started, status = instant(deploy["start_time"]), deploy.get("status")
    finished = instant(deploy["finish_time"]) if deploy.get("finish_time") else None
    sha, version = revision(deploy.get("revision"))
    return {
        "deployment_id": run.id(f"deploy:{deploy['id']}"),
        "environment": deploy.get("environment") or "unknown",
        "env_tier": env_tier(run, deploy.get("environment")),
        "sha": sha,
        "version": version,
        "created_at": started,
        "started_at": started,
        "finished_at": finished,
        "duration_s": max(0.0, (finished - started).total_seconds()) if finished else None,
        "status": run.word(STATUSES, status) if status else "unknown",
        "status_raw": status or None,
        "is_inferred": False,
        "actor": deploy.get("local_username") or None,
        "url": f"https://rollbar.com/deploy/{int(deploy['id'])}/",
        "changes": [deploy["comment"]] if deploy.get("comment") else None,
        "updated_at": finished or started,
    }
