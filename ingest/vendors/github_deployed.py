"""Deployments and environments as rows: what the statuses of a deployment mean, and which tier it went to. Pure."""

import re
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Any

from aurora.contracts import Row
from ingest.connector import Json, Run
from ingest.vendors.environments import env_tier
from ingest.vendors.github_api import nodes
from ingest.vendors.github_repositories import Repository, instant

DECIDED = {"success": "success", "failure": "failed", "error": "failed"}
OPEN = {
    **dict.fromkeys(("queued", "pending"), "queued"),
    "in_progress": "running",
    "waiting": "blocked",
}
# What the state says once no status decides: replaced, given up or torn down, and nobody said how it had gone.
UNDECIDED = dict.fromkeys(("inactive", "abandoned", "destroyed"), "unknown")
STATUSES = DECIDED | OPEN | UNDECIDED | {"active": "success"}
_VERSION = re.compile(r"v?\d+\.\d+.*")


@dataclass(frozen=True)
class Status:
    """How a deployment went, in Aurora's word and GitHub's, and since when; `began` is when it was first at work."""

    word: str
    raw: str
    at: datetime | None
    began: datetime | None
    url: str | None


def status_of(run: Run[Any], told: Json) -> Status:
    """The last status that decides; `inactive` never does, since GitHub puts it on whatever was replaced."""
    said = [(at, it) for it in nodes(told.get("statuses")) if (at := instant(it.get("createdAt")))]
    said.sort(key=lambda pair: pair[0])
    began = next((at for at, it in said if it["state"] == "IN_PROGRESS"), None)
    deciding = [(at, it) for at, it in said if it["state"].lower() in DECIDED]
    counting = deciding or [(at, it) for at, it in said if it["state"].lower() in OPEN]
    state = str(told["state"])
    if not counting or (not deciding and state.lower() in UNDECIDED):
        word = run.word(STATUSES, state)
        at = instant(told.get("updatedAt")) if word in DECIDED.values() else None
        return Status(word, state, at, began, None)
    at, last = counting[-1]
    urls = (it.get("logUrl") or it.get("environmentUrl") for _, it in reversed(counting))
    return Status(run.word(STATUSES, last["state"]), last["state"], at, began, next(filter(None, urls), None))


def created_at(told: Json) -> datetime:
    """When a deployment was made."""
    return datetime.fromisoformat(told["createdAt"])


def last_change(run: Run[Any], told: Json) -> datetime:
    """When a deployment was made or got its last status that is not `inactive`."""
    return max(created_at(told), status_of(run, told).at or created_at(told))


def tier_of(run: Run[Any], environment: str | None) -> tuple[str, str]:
    """The tier of an environment and who says so: a person in the options, or its name."""
    for pattern, tier in run.options.environments.items():
        if environment and fnmatchcase(environment.lower(), pattern.lower()):
            return tier, "person"
    tier = env_tier(run, environment)
    return tier, "none" if tier == "unknown" else "rule"


def deployment_id(run: Run[Any], told: Json) -> str:
    """The id of a deployment, by its number as REST and webhooks tell it."""
    return run.id(f"deployment:{told.get('databaseId') or told['id']}")


def deployment_row(run: Run[Any], one: Repository, told: Json, status: Status, tier: str) -> Row:
    """A deployment. Where nothing says when it began, it began when it was made."""
    created, environment = instant(told["createdAt"]), told.get("environment") or "unknown"
    is_over = status.word in DECIDED.values()
    started = (status.began or created) if is_over or status.word == "running" else status.began
    finished = status.at if is_over else None
    ref, description = (told.get("ref") or {}).get("name"), told.get("description")
    return {
        "deployment_id": deployment_id(run, told),
        "repo_id": run.id(one.number),
        "environment": environment,
        "env_tier": tier,
        "ref": ref or None,
        "sha": told.get("commitOid") or None,
        "version": ref.removeprefix("v") if ref and _VERSION.fullmatch(ref) else None,
        "created_at": created,
        "started_at": started,
        "finished_at": finished,
        "duration_s": max(0.0, (finished - started).total_seconds()) if finished and started else None,
        "status": status.word,
        "status_raw": status.raw,
        "is_hotfix": True if re.match(r"(?:hotfix|revert)/", ref or "") else None,
        "is_inferred": False,
        "actor": (told.get("creator") or {}).get("login") or None,
        "url": status.url or (f"{one.told['url']}/deployments" if one.told.get("url") else None),
        "changes": [description] if description else None,
        "updated_at": instant(told["updatedAt"]),
    }


def environment_row(run: Run[Any], one: Repository, told: Json, tier: str, by: str) -> Row:
    """The environment of a deployment, by its name, which is all that makes it."""
    name = told.get("environment") or "unknown"
    urls = (it.get("environmentUrl") for it in nodes(told.get("statuses")))
    return {
        "environment_id": run.id(f"{one.number}@{name}"),
        "repo_id": run.id(one.number),
        "name": name,
        "env_tier": tier,
        "env_tier_by": by,
        "url": next(filter(None, urls), None),
        "first_seen_at": instant(told["createdAt"]),
    }
