"""GitLab's repositories, pipelines, jobs, environments, deployments and releases as rows."""

import re
from typing import Any

from aurora.contracts import Row
from ingest.connector import Json, Run
from ingest.vendors.environments import TIERS
from ingest.vendors.forges import instant, lasted_s, moment
from ingest.vendors.git_words import clean, is_prerelease
from ingest.vendors.gitlab_api import Api

CI_STATES = {
    **dict.fromkeys(("created", "waiting_for_resource", "preparing", "waiting_for_callback", "pending"), "queued"),
    **dict.fromkeys(("scheduled", "manual"), "queued"),
    **dict.fromkeys(("running", "canceling"), "running"),
    **dict.fromkeys(("success", "failed", "canceled", "skipped"), "completed"),
}
RESULTS = {"success": "success", "failed": "failure", "canceled": "cancelled", "skipped": "skipped"}
OUT_OF_TIME = ("job_execution_timeout", "stuck_or_timeout_failure")
DEPLOYED = {
    "created": "queued",
    "running": "running",
    "blocked": "blocked",
    "success": "success",
    "failed": "failed",
    **dict.fromkeys(("canceled", "skipped"), "cancelled"),
}
VENDOR_TIERS = {**{tier: tier for tier in ("production", "staging", "testing", "development")}, "other": "unknown"}
FOLDERS = {**TIERS, "review": "development"}


def repository_row(run: Run[Any], project: Json, head: Json | None, languages: Json | None) -> Row:
    """A project's repository; `head` is its default branch. GitLab does not tell when it was pushed to."""
    commit = (head or {}).get("commit") or {}
    shares = {name: share for name, share in (languages or {}).items() if isinstance(share, int | float)}
    return {
        "repo_id": run.id(project["id"]),
        "full_name": project["path_with_namespace"],
        "url": project.get("web_url") or None,
        "default_branch": project.get("default_branch") or None,
        "head_sha": commit.get("id"),
        "head_at": instant(commit.get("committed_date")),
        "commit_count": (project.get("statistics") or {}).get("commit_count"),
        "language": max(shares, key=lambda name: shares[name]) if shares else None,
        "is_private": project["visibility"] != "public" if project.get("visibility") else None,
        "is_archived": project.get("archived"),
        "created_at": instant(project.get("created_at")),
        "first_seen_at": instant(project.get("created_at")) or run.now,
    }


def project_row(run: Run[Any], project: Json) -> Row:
    """A project as the owner of issues and milestones."""
    return {
        "project_id": run.id(project["id"]),
        "key": project["path_with_namespace"],
        "name": clean(project.get("name") or "", 200) or project["path_with_namespace"],
        "kind": "planning",
        "url": project.get("web_url") or None,
        "first_seen_at": instant(project.get("created_at")) or run.now,
    }


def pipeline_row(run: Run[Any], project: Json, pipeline: Json) -> Row:
    """A pipeline; a project has one definition of them, so it is named like the project."""
    raw, coverage = pipeline["status"], pipeline.get("coverage")
    status = run.word(CI_STATES, raw)
    return {
        "ci_run_id": run.id(pipeline["id"]),
        "repo_id": run.id(project["id"]),
        "pipeline": project["path_with_namespace"],
        "number": pipeline.get("iid"),
        "branch": pipeline.get("ref") or None,
        "sha": pipeline.get("sha") or None,
        "event": pipeline.get("source") or None,
        "status": status,
        "result": RESULTS[raw.lower()] if status == "completed" else None,
        "result_raw": raw,
        "created_at": moment(pipeline["created_at"]),
        "started_at": instant(pipeline.get("started_at")),
        "finished_at": instant(pipeline.get("finished_at")),
        "queued_s": pipeline.get("queued_duration"),
        "duration_s": pipeline.get("duration") if status == "completed" else None,
        "actor": (pipeline.get("user") or {}).get("username"),
        "coverage_pct": percentage(coverage),
        "url": pipeline.get("web_url") or None,
    }


def percentage(text: Any) -> float | None:
    """GitLab tells coverage as text, such as "82.68"."""
    return float(text) if re.fullmatch(r"\d{1,3}(\.\d+)?", str(text)) else None


def job_row(run: Run[Any], job: Json) -> Row:
    """A job, or a trigger of another pipeline, of a pipeline."""
    raw = job["status"]
    status = run.word(CI_STATES, raw)
    result = RESULTS[raw.lower()] if status == "completed" else "unknown" if status == "unknown" else None
    return {
        "ci_job_id": run.id(job["id"]),
        "ci_run_id": run.id(job["pipeline"]["id"]),
        "name": job["name"],
        "stage": job.get("stage") or None,
        "result": "timed_out" if result == "failure" and job.get("failure_reason") in OUT_OF_TIME else result,
        "result_raw": raw,
        "created_at": moment(job["created_at"]),
        "started_at": instant(job.get("started_at")),
        "finished_at": instant(job.get("finished_at")),
        "duration_s": job.get("duration") if result else None,
        "runner": (job.get("runner") or {}).get("description") or None,
    }


def environment_row(run: Run[Any], project: Json, environment: Json) -> Row:
    """An environment; its own tier wins over its name."""
    told = environment.get("tier")
    tier = run.word(VENDOR_TIERS, told) if told else tier_by_name(run, environment["name"])
    return {
        "environment_id": run.id(environment["id"]),
        "repo_id": run.id(project["id"]),
        "name": environment["name"],
        "env_tier": tier,
        "env_tier_by": "vendor" if told else "none" if tier == "unknown" else "rule",
        "url": environment.get("external_url") or None,
        "first_seen_at": instant(environment.get("created_at")) or run.now,
    }


def tier_by_name(run: Run[Any], name: str) -> str:
    """The tier that an environment's name, or its folder (review/my-branch), tells."""
    return run.word(FOLDERS, name.partition("/")[0])


class Tiers:
    """The tiers of a project's environments; asked once, and only if a deployment does not tell its own."""

    def __init__(self, run: Run[Any], api: Api, project: Json) -> None:
        self.run, self.api, self.path = run, api, f"projects/{project['id']}/environments"
        self.told: dict[Any, str | None] | None = None

    def of(self, environment: Json) -> str:
        """The environment's own tier as GitLab has it, else what its name says."""
        told = environment.get("tier")
        if not told:
            if self.told is None:
                found = self.api.known(self.path, {"states": "available"}) or []
                self.told = {one["id"]: one.get("tier") for one in found}
            told = self.told.get(environment.get("id"))
        return self.run.word(VENDOR_TIERS, told) if told else tier_by_name(self.run, environment["name"])


def deployment_row(run: Run[Any], project: Json, deployment: Json, env_tier: str) -> Row:
    """A deployment; one that was told through the API has no job, so it ended with its last change."""
    raw, job, environment = deployment["status"], deployment.get("deployable") or {}, deployment["environment"]
    status, pipeline = run.word(DEPLOYED, raw), (job.get("pipeline") or {}).get("id")
    is_over = status in ("success", "failed", "cancelled")
    started = instant(job.get("started_at"))
    ended = instant(job.get("finished_at")) if job else moment(deployment["updated_at"])
    finished = ended if is_over else None
    return {
        "deployment_id": run.id(deployment["id"]),
        "repo_id": run.id(project["id"]),
        "environment": environment["name"],
        "env_tier": env_tier,
        "ref": deployment.get("ref") or None,
        "sha": deployment.get("sha") or None,
        "version": deployment.get("ref") if job.get("tag") else None,
        "ci_run_id": None if pipeline is None else run.id(pipeline),
        "created_at": moment(deployment["created_at"]),
        "started_at": started,
        "finished_at": finished,
        "duration_s": lasted_s(started, finished),
        "status": status,
        "status_raw": raw,
        "is_inferred": False,
        "actor": (deployment.get("user") or {}).get("username"),
        "url": job.get("web_url") or None,
        "updated_at": moment(deployment["updated_at"]),
    }


def release_row(run: Run[Any], project: Json, release: Json) -> Row:
    """A release; one that is announced for later is not published yet."""
    tag, at = release["tag_name"], instant(release.get("released_at"))
    version = re.search(r"\d+(?:\.\d+)+.*", tag)
    return {
        "release_id": run.id(f"{project['id']}@{tag}"),
        "repo_id": run.id(project["id"]),
        "tag": tag,
        "name": clean(release.get("name") or "", 200),
        "version": version[0] if version else None,
        "sha": (release.get("commit") or {}).get("id"),
        "is_prerelease": is_prerelease(tag),
        "is_draft": False,
        "created_at": moment(release["created_at"]),
        "published_at": at if at and at <= run.now else None,
        "notes": (release.get("description") or "")[:10_000].strip() or None,
    }
