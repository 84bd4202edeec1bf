"""Deployments, their statuses and runs of workflows, as webhooks of GitHub tell them."""

import re
from collections.abc import Iterator

from aurora.contracts import Row
from aurora.contracts.delivery import CiRuns, Deployments, Environments
from ingest.connector import Json
from ingest.vendors.github_actions import RESULTS
from ingest.vendors.github_actions import STATUSES as RUN_STATUSES
from ingest.vendors.github_deployed import DECIDED, OPEN
from ingest.vendors.hooks import HookRun, Said, instant, moment, tier_of, tier_said

REVIEWS = {word: word for word in ("approved", "changes_requested", "commented", "dismissed")}
VERSION = re.compile(r"v?\d+\.\d+.*")


def deployment(run: HookRun, told: Json) -> Iterator[Said]:
    """A deployment that was asked for."""
    row, otherwise = _deployment_row(run, told)
    yield Said(Deployments, row, otherwise | {"status": "queued", "status_raw": "pending"})
    yield _environment(run, told)


def deployment_status(run: HookRun, told: Json) -> Iterator[Said]:
    """How it went. GitHub says `inactive` of whatever was replaced: that says nothing of how it went."""
    status = told["deployment_status"]
    raw = str(status["state"])
    if raw.lower() == "inactive":
        return
    word, at = run.word(DECIDED | OPEN, raw), moment(status["created_at"])
    row, otherwise = _deployment_row(run, told)
    row |= {"status": word, "status_raw": raw, "updated_at": instant(status.get("updated_at")) or at}
    if url := status.get("log_url") or status.get("target_url") or status.get("environment_url"):
        row["url"] = url
    if word == "running":
        otherwise["started_at"] = at
    if word in ("success", "failed"):
        row["finished_at"] = at
        otherwise["started_at"] = row["created_at"]
    else:
        row |= {"finished_at": None, "duration_s": None}
    yield Said(Deployments, row, otherwise)
    yield _environment(run, told)


def _deployment_row(run: HookRun, told: Json) -> tuple[Row, Row]:
    """What is said of the deployment itself, and what counts where nobody says better."""
    one, repository = told["deployment"], told["repository"]
    ref, environment = one.get("ref") or None, one.get("environment") or "unknown"
    sure, guessed = tier_said(run, environment, "production" if one.get("production_environment") else None)
    row = sure | {
        "deployment_id": run.id(f"deployment:{one['id']}"),
        "repo_id": run.id(repository["id"]),
        "environment": environment,
        "ref": ref,
        "sha": one.get("sha") or None,
        "created_at": moment(one["created_at"]),
        "actor": (one.get("creator") or {}).get("login"),
        "updated_at": moment(one["updated_at"]),
    }
    otherwise: Row = guessed | {
        "version": ref.removeprefix("v") if ref and VERSION.fullmatch(ref) else None,
        "is_hotfix": True if re.match(r"(?:hotfix|revert)/", ref or "") else None,
        "changes": [one["description"]] if one.get("description") else None,
        "is_inferred": False,
    }
    if workflow := told.get("workflow_run"):
        row["ci_run_id"] = run.id(f"{workflow['id']}:{workflow.get('run_attempt') or 1}")
    return row, otherwise


def _environment(run: HookRun, told: Json) -> Said:
    one, number = told["deployment"], told["repository"]["id"]
    name = one.get("environment") or "unknown"
    tier, by = tier_of(run, name, "production" if one.get("production_environment") else None)
    row = {
        "environment_id": run.id(f"{number}@{name}"),
        "repo_id": run.id(number),
        "name": name,
    }
    if url := (told.get("deployment_status") or {}).get("environment_url"):
        row["url"] = url
    otherwise = {"env_tier": tier, "env_tier_by": by, "first_seen_at": moment(one["created_at"])}
    return Said(Environments, row, otherwise)


def workflow_run(run: HookRun, told: Json) -> Iterator[Said]:
    """An attempt of a run; when it really began and ended is told by its jobs, which are not in here."""
    one = told["workflow_run"]
    attempt, triggered = one.get("run_attempt") or 1, instant(one.get("run_started_at"))
    status = run.word(RUN_STATUSES, one.get("status"))
    row = {
        "ci_run_id": run.id(f"{one['id']}:{attempt}"),
        "repo_id": run.id(told["repository"]["id"]),
        "pipeline": one.get("name") or one.get("path") or f"workflow {one.get('workflow_id')}",
        "number": one.get("run_number"),
        "attempt": attempt,
        "branch": one.get("head_branch") or None,
        "sha": one.get("head_sha") or None,
        "event": one.get("event") or None,
        "status": status,
        "result": run.word(RESULTS, one["conclusion"]) if one.get("conclusion") else None,
        "result_raw": one.get("conclusion") or None,
        "created_at": (triggered if attempt > 1 else None) or moment(one["created_at"]),
        "actor": (one.get("triggering_actor") or one.get("actor") or {}).get("login"),
        "url": one.get("html_url") or None,
    }
    otherwise = {"started_at": triggered} if status != "queued" else {}
    if status == "completed":
        otherwise["finished_at"] = instant(one.get("updated_at"))
    yield Said(CiRuns, row, otherwise)
