"""Deployments that a pipeline or a person records: a row each, however often it is said; a later status updates it.

Which deployment is meant, where no id is given: the one that began at the instant given; else one of the same version
and commit that has not ended; else the last of its environment, if that is of the same version and commit; else a new
one. So a return to an older version is a deployment of its own, and saying a thing twice is not.
"""

import hashlib
import re
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import polars.selectors as cs

from aurora.contracts import Row
from aurora.contracts.columns import words_of
from aurora.contracts.delivery import TIERS as TIER_WORDS
from aurora.contracts.delivery import Deployments
from aurora.errors import UsageError
from ingest.check import Stamp
from ingest.history import Outcome, record_run, sync_row
from ingest.land import land
from ingest.vendors.environments import TIERS
from warehouse.lake import Batch, Lake
from warehouse.locks import locked

SOURCE, INSTANCE, STREAM = "push", "pushes", "deployments"
STATUSES = tuple(word for word in words_of(Deployments.columns()["status"]) if word != "unknown")
ENDED = ("success", "failed", "rolled_back", "cancelled")
AHEAD = timedelta(hours=1)


@dataclass(frozen=True)
class Push:
    """What is said of a deployment; None: not said. `id` is the sender's own, of an application and environment."""

    app_id: str
    environment: str
    status: str
    version: str | None = None
    sha: str | None = None
    id: str | None = None
    env_tier: str | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    url: str | None = None
    actor: str | None = None
    rollback_plan: str | None = None
    changes: tuple[str, ...] = ()
    repo_id: str | None = None


@dataclass(frozen=True)
class Recorded:
    """The deployment's id, and whether anything was news."""

    deployment_id: str
    is_news: bool


def record_deployment(data: Path, lake: Lake, push: Push, now: datetime) -> Recorded:
    """Land it. Raises UsageError, and lands nothing, for words that nobody knows."""
    tier = _checked(push, now)
    with locked(data / "locks" / "pushes.lock"):
        known = _known(lake, push)
        before = meant(known, push)
        row = deployment_row(push, tier, before, _id(push, known) if before is None else before["deployment_id"], now)
        if before is not None and all(row[name] == before[name] for name in row if name != "updated_at"):
            return Recorded(row["deployment_id"], False)
        _land(lake, row, now)
    return Recorded(row["deployment_id"], True)


def _checked(push: Push, now: datetime) -> str:
    """The tier of its environment. Raises UsageError."""
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]*", push.app_id):
        raise UsageError(f"{push.app_id!r} is no app_id: use lower-case letters, digits and '-', as in the registry")
    if push.status not in STATUSES:
        raise UsageError(f"there is no status {push.status!r}: use {', '.join(STATUSES)}")
    if not (push.version or push.sha or push.id):
        raise UsageError("say what is deployed: a version, a commit or an id")
    if push.env_tier is not None and push.env_tier not in TIER_WORDS:
        raise UsageError(f"there is no tier {push.env_tier!r}: use {', '.join(TIER_WORDS)}")
    for name, at in (("start", push.started_at), ("end", push.finished_at)):
        if at and at > now + AHEAD:
            raise UsageError(f"its {name} {at.isoformat()} lies ahead of now")
    if push.started_at and push.finished_at and push.finished_at < push.started_at:
        raise UsageError("it ended before it began")
    if push.finished_at and push.status not in ENDED:
        raise UsageError(f"it has an end and is {push.status}: use {', '.join(ENDED)}")
    tier = push.env_tier or TIERS.get(push.environment.lower())
    if tier is None:
        raise UsageError(f"environment {push.environment!r} tells no tier: say which: {', '.join(TIER_WORDS)}")
    return tier


def meant(known: list[Row], push: Push) -> Row | None:
    """The deployment that is spoken of, among those of its application and environment, oldest first; None: a new."""
    if push.id is not None:
        return next((row for row in known if row["deployment_id"] == _id(push, known)), None)
    same = [row for row in known if _fits(row, push)]
    if push.started_at and (exact := [row for row in same if row["started_at"] == push.started_at]):
        return exact[-1]
    if running := [row for row in same if row["status"] not in ENDED]:
        return running[-1]
    is_last = bool(same) and same[-1] is known[-1] and push.started_at is None
    return same[-1] if is_last or (same and push.status == "rolled_back") else None


def _fits(row: Row, push: Push) -> bool:
    """Whether version and commit are the same, as far as both sides tell them."""
    told = [(row["version"], push.version), (row["sha"], push.sha)]
    both = [one == other for one, other in told if one is not None and other is not None]
    return bool(both) and all(both)


def _id(push: Push, known: list[Row]) -> str:
    if push.id is not None:
        return f"{INSTANCE}:{push.app_id}/{push.environment}/{push.id}"
    turn = push.started_at.isoformat() if push.started_at else str(sum(_fits(row, push) for row in known))
    told = "\0".join((push.app_id, push.environment, push.version or "", push.sha or "", turn))
    return f"{INSTANCE}:{hashlib.sha256(told.encode()).hexdigest()[:24]}"


def deployment_row(push: Push, tier: str, before: Row | None, deployment_id: str, now: datetime) -> Row:
    """The row as it stands after what is said; what is not said stays as it was."""
    had = before or dict.fromkeys(Deployments.own_columns())
    started = push.started_at or had["started_at"] or (now if push.status == "running" else None)
    is_over, is_same_end = push.status in ENDED, push.status in (had["status"], "rolled_back")
    finished = push.finished_at or (had["finished_at"] if is_same_end else None) or now
    return {
        "deployment_id": deployment_id,
        "app_id": push.app_id,
        "repo_id": push.repo_id or had["repo_id"],
        "environment": push.environment,
        "env_tier": tier,
        "sha": push.sha or had["sha"],
        "version": push.version or had["version"],
        "created_at": had["created_at"] or min(at for at in (push.started_at, push.finished_at, now) if at),
        "started_at": started,
        "finished_at": finished if is_over else None,
        "duration_s": max(0.0, (finished - started).total_seconds()) if is_over and started else None,
        "status": push.status,
        "is_inferred": False,
        "actor": push.actor or had["actor"],
        "url": push.url or had["url"],
        "changes": list(push.changes) or had["changes"],
        "rollback_plan": push.rollback_plan or had["rollback_plan"],
        "updated_at": now,
    }


def _known(lake: Lake, push: Push) -> list[Row]:
    """What was recorded of this application and environment, oldest first."""
    mine = (pl.col("source_instance") == INSTANCE) & (pl.col("app_id") == push.app_id)
    rows = lake.scan(Deployments).filter(mine & (pl.col("environment") == push.environment)).collect()
    return rows.sort("created_at", "updated_at").with_columns(cs.datetime().dt.replace_time_zone("UTC")).to_dicts()


def _land(lake: Lake, row: Row, now: datetime) -> None:
    stamp, name = Stamp(SOURCE, INSTANCE, uuid.uuid4().hex, now), f"{INSTANCE}/{STREAM}"
    while True:
        batch = Batch(name, lake.cursor(Deployments, name)[0] + 1)
        landed = land(lake, Deployments, [row], stamp, batch)
        if not landed.repeated:
            break
    if landed.quarantined_count:
        raise UsageError("the deployment is refused: see what is quarantined on the page Sources")
    told = sync_row(SOURCE, STREAM, now, datetime.now(UTC), Outcome(INSTANCE, STREAM, "success", landed))
    record_run(lake, INSTANCE, STREAM, stamp.run_id, told, now)
