"""Bitbucket's repositories, pipelines, steps, environments and deployments as rows."""

from datetime import datetime
from typing import Any

from aurora.contracts import Row
from ingest.connector import Json, Run
from ingest.vendors.bitbucket_api import Api, bare, place_of
from ingest.vendors.environments import env_tier
from ingest.vendors.forges import instant, lasted_s, moment

CI_STATES = {
    "pending": "queued",
    **dict.fromkeys(("in_progress", "running", "building"), "running"),
    **dict.fromkeys(("paused", "halted"), "queued"),  # in progress, and waiting for a person
    "completed": "completed",
}
RESULTS = {
    **dict.fromkeys(("successful", "passed"), "success"),
    **dict.fromkeys(("failed", "error"), "failure"),
    "stopped": "cancelled",
    "expired": "timed_out",
    **dict.fromkeys(("not_run", "skipped"), "skipped"),
}
TIERS = {"test": "testing", "staging": "staging", "production": "production"}
DEPLOYED = {
    "pending": "queued",
    "in_progress": "running",
    "successful": "success",
    **dict.fromkeys(("failed", "error"), "failed"),
    "stopped": "cancelled",
    "undeployed": "success",  # it was, until another one took its place
}


def repository_row(run: Run[Any], repository: Json, head: Json | None) -> Row:
    """A repository; `head` is its main branch. Bitbucket counts no commits, and does not tell when it was pushed to."""
    target = (head or {}).get("target") or {}
    return {
        "repo_id": run.id(bare(repository["uuid"])),
        "full_name": repository["full_name"],
        "url": ((repository.get("links") or {}).get("html") or {}).get("href"),
        "default_branch": (repository.get("mainbranch") or {}).get("name"),
        "head_sha": target.get("hash"),
        "head_at": instant(target.get("date")),
        "language": repository.get("language") or None,
        "is_private": repository.get("is_private"),
        "created_at": instant(repository.get("created_on")),
        "first_seen_at": instant(repository.get("created_on")) or run.now,
    }


def ci_words(run: Run[Any], state: Json) -> tuple[str, str | None, str]:
    """(status, result, raw) of a pipeline or a step; what is in progress may stand still at a stage."""
    name, stage = state["name"], (state.get("stage") or {}).get("name")
    result = (state.get("result") or {}).get("name")
    still = stage if str(stage).lower() in CI_STATES else None
    status = run.word(CI_STATES, still or name)
    if status != "completed":
        return status, "unknown" if status == "unknown" else None, stage or name
    return status, run.word(RESULTS, result), result or name


def pipeline_row(run: Run[Any], repository: Json, pipeline: Json, steps: list[Json] | None) -> Row:
    """A pipeline; it began when its first step did. A custom one is a pipeline by its own name."""
    status, result, raw = ci_words(run, pipeline["state"])
    target, number = pipeline.get("target") or {}, pipeline.get("build_number")
    created = moment(pipeline["created_on"])
    begun = min((at for step in steps or () if (at := instant(step.get("started_on")))), default=None)
    selector = target.get("selector") or {}
    custom = selector.get("pattern") if selector.get("type") == "custom" else None
    name = repository["full_name"]
    return {
        "ci_run_id": run.id(bare(pipeline["uuid"])),
        "repo_id": run.id(bare(repository["uuid"])),
        "pipeline": f"{name} {custom}" if custom else name,
        "number": number,
        "attempt": pipeline.get("run_number"),
        "branch": target.get("ref_name") or target.get("source") or None,
        "sha": (target.get("commit") or {}).get("hash"),
        "event": str((pipeline.get("trigger") or {}).get("name") or "").lower() or None,
        "status": status,
        "result": None if result == "unknown" and status == "unknown" else result,
        "result_raw": raw,
        "created_at": created,
        "started_at": begun,
        "finished_at": instant(pipeline.get("completed_on")),
        "queued_s": lasted_s(created, begun),
        "duration_s": pipeline.get("duration_in_seconds") if status == "completed" else None,
        "actor": (pipeline.get("creator") or {}).get("nickname"),
        "url": f"https://bitbucket.org/{name}/pipelines/results/{number}" if number else None,
    }


def step_row(run: Run[Any], pipeline: Json, step: Json) -> Row:
    """A step; it is created with its pipeline."""
    _, result, raw = ci_words(run, step["state"])
    return {
        "ci_job_id": run.id(bare(step["uuid"])),
        "ci_run_id": run.id(bare(pipeline["uuid"])),
        "name": step.get("name") or "Step",
        "result": result,
        "result_raw": raw,
        "created_at": moment(pipeline["created_on"]),
        "started_at": instant(step.get("started_on")),
        "finished_at": instant(step.get("completed_on")),
        "duration_s": step.get("duration_in_seconds") if result else None,
    }


def environment_row(run: Run[Any], repository: Json, environment: Json) -> Row:
    """An environment; its own type wins over its name."""
    tier, by = tier_of(run, environment)
    return {
        "environment_id": run.id(bare(environment["uuid"])),
        "repo_id": run.id(bare(repository["uuid"])),
        "name": environment["name"],
        "env_tier": tier,
        "env_tier_by": by,
        "first_seen_at": run.now,
    }


def tier_of(run: Run[Any], environment: Json) -> tuple[str, str]:
    """(tier, who says so)."""
    told = (environment.get("environment_type") or {}).get("name")
    if told:
        return run.word(TIERS, told), "vendor"
    tier = env_tier(run, environment.get("name"))
    return tier, "none" if tier == "unknown" else "rule"


class Named:
    """The environments of a repository by their id: a deployment tells no more of its own."""

    def __init__(self, api: Api, repository: Json) -> None:
        self.api, self.path = api, f"{place_of(repository)}/environments/"
        self.told: dict[str, Json] | None = None

    def of(self, deployment: Json) -> Json:
        """The environment of a deployment, with name and type where they are known."""
        environment: dict[str, Any] = deployment.get("environment") or {}
        if environment.get("name"):
            return environment
        if self.told is None:
            self.told = {one["uuid"]: one for one in self.api.known(self.path) or ()}
        return self.told.get(str(environment.get("uuid")), environment)


def began(deployment: Json) -> datetime | None:
    """When a deployment began; None for one that waits for somebody to start it."""
    state = deployment["state"]
    return instant(state.get("start_date") or state.get("started_on"))


def deployment_row(run: Run[Any], repository: Json, deployment: Json, environment: Json, started: datetime) -> Row:
    """A deployment that has begun; Bitbucket tells of a step of a pipeline, and no ref."""
    state, release = deployment["state"], deployment.get("release") or deployment.get("deployable") or {}
    ended = instant(state.get("completion_date") or state.get("completed_on"))
    raw = (state.get("status") or {}).get("name") or state["name"]
    pipeline = (release.get("pipeline") or {}).get("uuid")
    created = instant(release.get("created_on")) or started
    return {
        "deployment_id": run.id(bare(deployment["uuid"])),
        "repo_id": run.id(bare(repository["uuid"])),
        "environment": environment.get("name") or "unknown",
        "env_tier": tier_of(run, environment)[0],
        "sha": (release.get("commit") or deployment.get("commit") or {}).get("hash"),
        "ci_run_id": run.id(bare(pipeline)) if pipeline else None,
        "created_at": created,
        "started_at": started,
        "finished_at": ended,
        "duration_s": lasted_s(started, ended),
        "status": run.word(DEPLOYED, raw),
        "status_raw": raw,
        "is_inferred": False,
        "actor": (state.get("deployer") or {}).get("nickname"),
        "url": state.get("url") or None,
        "updated_at": instant(deployment.get("last_update_time")) or ended or started,
    }
