"""Rows of Jenkins: builds as runs, stages as jobs of a run, and builds or stages that deploy."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from aurora.contracts import Row
from ingest.connector import Json, Run
from ingest.vendors.environments import env_tier
from ingest.vendors.git_words import clean
from ingest.vendors.jenkins_api import Job, instant

RESULTS = {
    "success": "success",
    # the build went through and its tests did not: what other vendors call a failure
    **dict.fromkeys(("failure", "failed", "unstable"), "failure"),
    "aborted": "cancelled",
    **dict.fromkeys(("not_built", "not_executed"), "skipped"),
}
DEPLOYED = {
    **dict.fromkeys(("success", "unstable"), "success"),
    **dict.fromkeys(("failure", "failed"), "failed"),
    **dict.fromkeys(("aborted", "not_built"), "cancelled"),
    "in_progress": "running",
    "paused_pending_input": "blocked",
}
UNDER_WAY = ("in_progress", "paused_pending_input")
EVENTS = (
    ("pull request|merge request|change request", "pull_request"),
    ("branchevent|push|webhook", "push"),
    ("useridcause|usercause", "manual"),
    ("timertrigger", "schedule"),
    ("upstream", "upstream"),
    ("branchindexing|scmtrigger", "poll"),
    ("replay|restart", "replay"),
    ("remotecause", "api"),
)


def build_row(run: Run[Any], job: Job, build: Json) -> Row:
    """A build as it stands; its id is its job and number, since Jenkins has none that outlives a rename."""
    started, is_over = instant(build["timestamp"]), not build.get("building")
    revision = revision_of(run, build, job.branch)
    raw = build.get("result") if is_over else None
    return {
        "ci_run_id": run.id(f"{job.full_name}#{build['number']}"),
        "repo_id": _repository(run, revision),
        "pipeline": job.pipeline,
        "number": int(build["number"]),
        "branch": job.branch or _branch(revision),
        "sha": _sha(revision),
        "event": event_of(build),
        "status": "completed" if is_over else "running",
        "result": _result(run, build, raw) if is_over else None,
        "result_raw": raw,
        "created_at": started,
        "started_at": started,
        "finished_at": started + timedelta(milliseconds=build["duration"]) if is_over else None,
        "queued_s": _seconds(_first(build, "queuingDurationMillis")),
        "duration_s": _seconds(build["duration"]) if is_over else None,
        "actor": actor_of(build),
        "url": build.get("url") or None,
    }


def stage_row(run: Run[Any], row: Row, stage: Json) -> Row:
    """A stage of a pipeline's build."""
    raw = str(stage.get("status"))
    started = instant(stage["startTimeMillis"]) if stage.get("startTimeMillis") else None
    is_over = raw.lower() not in UNDER_WAY
    took = stage.get("durationMillis") if is_over and started else None
    return {
        "ci_job_id": f"{row['ci_run_id']}:{stage['id']}",
        "ci_run_id": row["ci_run_id"],
        "name": stage.get("name") or f"stage {stage['id']}",
        "stage": stage.get("name") or None,
        "result": run.word(RESULTS, raw) if is_over else None,
        "result_raw": raw,
        "created_at": started or row["created_at"],
        "started_at": started,
        "finished_at": started + timedelta(milliseconds=took) if started and took is not None else None,
        "duration_s": _seconds(took),
        "runner": stage.get("execNode") or None,
    }


def deployment_rows(run: Run[Any], job: Job, build: Json, row: Row, stages: list[Row]) -> Iterator[Row]:
    """What a build deployed, by the options; nothing where the stage that deploys did not run."""
    for rule in run.options.deploys:
        if not rule.job.fullmatch(job.full_name):
            continue
        environment = parameter(build, rule.environment_parameter) or rule.environment
        part = _deploying(rule.stage, stages) if rule.stage else row
        if environment and part is not None:
            yield {
                **_deployed(run, row, part),
                "deployment_id": f"{row['ci_run_id']}:{environment}",
                "app_id": rule.app,
                "environment": environment,
                "env_tier": env_tier(run, environment),
                "version": parameter(build, rule.version_parameter),
                "changes": changes_of(build),
            }


def _deploying(pattern: re.Pattern[str], stages: list[Row]) -> Row | None:
    ran = [stage for stage in stages if stage["result"] != "skipped"]
    return next((stage for stage in ran if pattern.fullmatch(stage["name"])), None)


def _deployed(run: Run[Any], row: Row, part: Row) -> Row:
    """What the run, and the part of it that deploys, tell of a deployment."""
    raw = part["result_raw"]
    return {
        "repo_id": row["repo_id"],
        "ref": row["branch"],
        "sha": row["sha"],
        "ci_run_id": row["ci_run_id"],
        "created_at": row["created_at"],
        "started_at": part["started_at"],
        "finished_at": part["finished_at"],
        "duration_s": part["duration_s"],
        "status": "running" if raw is None and row["status"] == "running" else run.word(DEPLOYED, raw),
        "status_raw": raw,
        "is_inferred": False,
        "actor": row["actor"],
        "url": row["url"],
        "updated_at": part["finished_at"] or row["created_at"],
    }


def _result(run: Run[Any], build: Json, raw: str | None) -> str:
    is_late = any("exceededtimeout" in str(cause.get("_class")).lower() for cause in _causes(build))
    return "timed_out" if is_late and str(raw).lower() == "aborted" else run.word(RESULTS, raw)


def _actions(build: Json) -> list[Json]:
    return [action for action in build.get("actions") or [] if isinstance(action, dict)]


def _first(build: Json, name: str) -> Any:
    return next((action[name] for action in _actions(build) if action.get(name) is not None), None)


def _causes(build: Json) -> list[Json]:
    return [cause for action in _actions(build) for cause in action.get("causes") or [] if isinstance(cause, dict)]


def event_of(build: Json) -> str | None:
    """Why the build began, by the class and the words of its first cause; None for a cause of another kind."""
    told = next((f"{one.get('_class')} {one.get('shortDescription')}".lower() for one in _causes(build)), "")
    return next((event for words, event in EVENTS if re.search(words, told)), None)


def actor_of(build: Json) -> str | None:
    """Who began the build, if a person did."""
    return next((str(name) for one in _causes(build) if (name := one.get("userId") or one.get("userName"))), None)


def parameter(build: Json, name: str | None) -> str | None:
    """The value of a build's parameter as text; None for none."""
    found = [one for action in _actions(build) for one in action.get("parameters") or [] if one.get("name") == name]
    value = found[0].get("value") if found and name else None
    return clean(str(value), 200) if value is not None else None


def revision_of(run: Run[Any], build: Json, branch: str | None) -> Json:
    """What was checked out, {} for nothing. A pipeline's libraries are told too, so of a branch only its own counts."""
    found = [action for action in _actions(build) if (action.get("lastBuiltRevision") or {}).get("SHA1")]
    if branch:
        return next((one for one in found if branch in _branches(one)), {})
    return next((one for one in found if _repository(run, one)), found[-1] if found else {})


def _branches(revision: Json) -> list[str]:
    told = (revision.get("lastBuiltRevision") or {}).get("branch") or []
    return [re.sub(r"^(refs/)?(remotes/|heads/)?(origin/)?", "", str(one.get("name"))) for one in told]


def _branch(revision: Json) -> str | None:
    names = [name for name in _branches(revision) if name not in ("", "detached", "None")]
    return names[0] if names else None


def _sha(revision: Json) -> str | None:
    return (revision.get("lastBuiltRevision") or {}).get("SHA1") or None


def _repository(run: Run[Any], revision: Json) -> str | None:
    """The repo_id that the options give for the remote address."""
    known = {plain_remote(remote): repo_id for remote, repo_id in run.options.repositories.items()}
    remotes = [plain_remote(str(remote)) for remote in revision.get("remoteUrls") or []]
    return next((known[remote] for remote in remotes if remote in known), None)


def plain_remote(remote: str) -> str:
    """github.com/acme/shop for git@github.com:acme/shop.git and https://token@github.com/acme/shop."""
    place = re.sub(r"^\w+://", "", remote.strip().lower()).rpartition("@")[2]
    return re.sub(r"^([^/:]+):(\d+/)?", r"\1/", place).removesuffix("/").removesuffix(".git")


def changes_of(build: Json) -> list[str] | None:
    """The first lines of the commits that are new in the build; None where Jenkins tells none."""
    sets = [build.get("changeSet") or {}, *(build.get("changeSets") or [])]
    told = [clean(str(item.get("msg") or ""), 300) for one in sets for item in one.get("items") or []]
    return [text for text in told if text][:50] or None


def _seconds(milliseconds: Any) -> float | None:
    return max(0.0, milliseconds / 1000) if milliseconds is not None else None
