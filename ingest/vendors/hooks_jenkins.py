"""Builds of Jenkins, as its Notification plugin posts them, or as a pipeline posts what /api/json says of its build.

Payloads: https://plugins.jenkins.io/notification/ and {"url", "number", "timestamp", "duration", "building", "result"}.
Needs a header `Authorization: Bearer <token>`. Ids are those of the jenkins connector: job and number. Jenkins knows no
deployments: [[receive.hooks.jenkins.deploys]] says which jobs do. Instants and durations come in milliseconds.
"""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import unquote, urlsplit

from aurora.contracts import Row
from aurora.contracts.delivery import CiRuns, Deployments
from aurora.receive import Deploys
from ingest.connector import Json
from ingest.vendors.hooks import Headers, HookRun, Said, Vendor, is_token, moment, text, tier_said

RESULTS = {
    "success": "success",
    **dict.fromkeys(("failure", "unstable"), "failure"),
    "aborted": "cancelled",
    "not_built": "skipped",
}
DEPLOYED = {
    **dict.fromkeys(("success", "unstable"), "success"),
    "failure": "failed",
    **dict.fromkeys(("aborted", "not_built"), "cancelled"),
}
_REMOTE = re.compile(r"^(refs/)?(remotes/|heads/)?(origin/)?")


def said(run: HookRun, kind: str, told: Json) -> Iterator[Said]:
    """What a build says: a run, and a deployment if its job deploys."""
    build = told["build"] if isinstance(told.get("build"), dict) else told
    row, otherwise = build_row(run, kind, told, build)
    yield Said(CiRuns, row, otherwise)
    for rule in run.options.deploys:
        if rule.job.fullmatch(job_of(told, build)):
            yield from deployment(run, rule, build, row, otherwise)


def job_of(told: Json, build: Json) -> str:
    """The job's full name, folders and all, which only its address tells."""
    path = urlsplit(str(build.get("full_url") or build.get("url") or "")).path
    names = re.findall(r"(?:^|/)job/([^/]+)", path)
    return "/".join(unquote(name) for name in names) or str(told["name"])


def build_row(run: HookRun, kind: str, told: Json, build: Json) -> tuple[Row, Row]:
    """A build, and what is true of it where nothing better is known."""
    job, scm = job_of(told, build), build.get("scm") or {}
    at, took = _at(build["timestamp"]), _lasted(build)
    is_over = kind in ("COMPLETED", "FINALIZED")
    # The plugin tells the instant of the phase, /api/json that of the beginning.
    began = at - took if is_over and "phase" in build and took else at
    raw = (build.get("status") or build.get("result")) if is_over else None
    row: Row = {
        "ci_run_id": run.id(f"{job}#{build['number']}"),
        "number": int(build["number"]),
        "status": "completed" if is_over else "queued" if kind == "QUEUED" else "running",
        "result": run.word(RESULTS, raw) if is_over else None,
        "result_raw": raw,
    }
    row |= {"duration_s": took.total_seconds()} if is_over and took else {}
    otherwise: Row = {"pipeline": job, "created_at": began, "url": build.get("full_url") or build.get("url")}
    otherwise |= {"branch": _REMOTE.sub("", str(scm["branch"]))} if scm.get("branch") else {}
    otherwise |= {"sha": scm["commit"]} if scm.get("commit") else {}
    otherwise |= {"started_at": began} if kind != "QUEUED" else {}
    otherwise |= {"finished_at": began + took if took else at} if is_over else {}
    return row, otherwise


def deployment(run: HookRun, rule: Deploys, build: Json, row: Row, otherwise: Row) -> Iterator[Said]:
    """What a build deploys, by the settings; nothing where its parameter does not say where to."""
    environment = parameter(build, rule.environment_parameter) or rule.environment
    if not environment:
        return
    raw, status = row["result_raw"], row["status"]
    end = otherwise.get("finished_at")
    sure, tier = tier_said(run, environment)
    known: Row = sure | {
        "deployment_id": f"{row['ci_run_id']}:{environment}",
        "environment": environment,
        "ci_run_id": row["ci_run_id"],
        "status": run.word(DEPLOYED, raw) if status == "completed" else status,
        "status_raw": raw,
        "updated_at": end or otherwise.get("started_at") or otherwise["created_at"],
    }
    known |= {"app_id": rule.app} if rule.app else {}
    known |= {"version": version} if (version := parameter(build, rule.version_parameter)) else {}
    names = ("created_at", "started_at", "finished_at", "sha", "url")
    guessed = {name: otherwise[name] for name in names if name in otherwise}
    yield Said(Deployments, known, tier | guessed | {"ref": otherwise.get("branch"), "is_inferred": False})


def parameter(build: Json, name: str | None) -> str | None:
    """The value of a build's parameter as text; None for none."""
    told: Any = build.get("parameters")
    if told is None:
        actions = [action for action in build.get("actions") or () if isinstance(action, dict)]
        told = {one.get("name"): one.get("value") for action in actions for one in action.get("parameters") or ()}
    value = told.get(name) if name else None
    return text(value, 200) if value is not None else None


def _at(milliseconds: Any) -> datetime:
    return moment(milliseconds / 1000)


def _lasted(build: Json) -> timedelta | None:
    """How long it took; 0 says that it is not over, or that an old plugin does not know."""
    took = build.get("duration")
    return timedelta(milliseconds=took) if took else None


def _kind(headers: Headers, told: Json) -> str | None:
    """The phase; of what /api/json says, the one that it is in."""
    build = told.get("build")
    if isinstance(build, dict):
        return str(build.get("phase") or "") or None
    return "STARTED" if told.get("building") else "COMPLETED" if "number" in told else None


VENDOR = Vendor(
    "jenkins",
    "Jenkins",
    "authorization",
    lambda headers, body, secret: is_token(headers.get("authorization", ""), f"Bearer {secret}"),
    lambda headers: None,  # Jenkins names no deliveries: the body is its own name
    _kind,
    said,
)
