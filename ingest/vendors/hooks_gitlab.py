"""Webhooks of GitLab: deployments, pipelines with their jobs, merge requests.

Payloads: https://docs.gitlab.com/user/project/integrations/webhook_events/. Needs a secret token in the webhook's
settings. Ids are those of the gitlab connector. An event of a deployment does not tell when it was made: until the
connector says so, that is when it was first heard of.
"""

import re
from collections.abc import Iterator

from aurora.contracts import Row
from aurora.contracts.delivery import CiJobs, CiRuns, Deployments, PullRequests, Repositories
from ingest.connector import Json
from ingest.vendors.gitlab_rows import CI_STATES, DEPLOYED, OUT_OF_TIME, RESULTS
from ingest.vendors.hooks import Headers, HookRun, Said, Vendor, instant, is_token, moment, text, tier_said

MERGE_STATES = {"opened": "open", "reopened": "open", "locked": "open", "merged": "merged", "closed": "closed"}
_SHA = re.compile(r"/commits?/([0-9a-f]{40,64})$")


def said(run: HookRun, kind: str, told: Json) -> Iterator[Said]:
    """What an event says; nothing for kinds that tell of no row."""
    makers = {"Deployment Hook": deployment, "Pipeline Hook": pipeline, "Merge Request Hook": merge_request}
    if kind in makers:
        yield Said(Repositories, repository_row(run, told["project"]), {"first_seen_at": run.now})
        yield from makers[kind](run, told)


def repository_row(run: HookRun, project: Json) -> Row:
    """The project that an event is about; visibility levels are 0 private, 10 internal, 20 public."""
    level = project.get("visibility_level")
    return {
        "repo_id": run.id(project["id"]),
        "full_name": project["path_with_namespace"],
        "url": project.get("web_url"),
        "default_branch": project.get("default_branch"),
    } | ({"is_private": level != 20} if level is not None else {})


def deployment(run: HookRun, told: Json) -> Iterator[Said]:
    """A deployment at an instant at which its status changed."""
    raw, at = str(told["status"]), moment(told["status_changed_at"])
    status, environment = run.word(DEPLOYED, raw), told["environment"]
    found, is_over = _SHA.search(str(told.get("commit_url") or "")), status in ("success", "failed", "cancelled")
    sure, guessed = tier_said(run, environment, told.get("environment_tier"))
    row = sure | {
        "deployment_id": run.id(told["deployment_id"]),
        "repo_id": run.id(told["project"]["id"]),
        "environment": environment,
        "ref": told.get("ref") or None,
        "status": status,
        "status_raw": raw,
        "actor": (told.get("user") or {}).get("username"),
        "updated_at": at,
    }
    row |= {"url": told["deployable_url"]} if told.get("deployable_url") else {}
    row |= {"sha": found[1]} if found else {}
    row |= {"finished_at": at} if is_over else {"finished_at": None, "duration_s": None}
    otherwise: Row = guessed | {"created_at": at, "is_inferred": False}
    yield Said(Deployments, row, otherwise | ({"started_at": at} if status == "running" else {}))


def pipeline(run: HookRun, told: Json) -> Iterator[Said]:
    """A pipeline and the jobs that it has now; a project has one definition of pipelines, so it is named like it."""
    one, project = told["object_attributes"], told["project"]
    raw = str(one["status"])
    status = run.word(CI_STATES, raw)
    row = {
        "ci_run_id": run.id(one["id"]),
        "repo_id": run.id(project["id"]),
        "pipeline": project["path_with_namespace"],
        "number": one.get("iid"),
        "branch": one.get("ref") or None,
        "sha": one.get("sha") or None,
        "event": one.get("source") or None,
        "status": status,
        "result": RESULTS[raw.lower()] if status == "completed" else None,
        "result_raw": raw,
        "created_at": moment(one["created_at"]),
        "finished_at": instant(one.get("finished_at")),
        "queued_s": one.get("queued_duration"),
        "duration_s": one.get("duration") if status == "completed" else None,
        "actor": (told.get("user") or {}).get("username"),
        "url": one.get("url") or f"{project.get('web_url')}/-/pipelines/{one['id']}",
    }
    begun = [at for job in told.get("builds") or () if (at := instant(job.get("started_at")))]
    yield Said(CiRuns, row, {"started_at": min(begun, default=None)})
    for job in told.get("builds") or ():
        yield Said(CiJobs, job_row(run, row["ci_run_id"], job))


def job_row(run: HookRun, ci_run_id: str, job: Json) -> Row:
    """A job of a pipeline."""
    raw = str(job["status"])
    status = run.word(CI_STATES, raw)
    result = RESULTS[raw.lower()] if status == "completed" else "unknown" if status == "unknown" else None
    return {
        "ci_job_id": run.id(job["id"]),
        "ci_run_id": ci_run_id,
        "name": job["name"],
        "stage": job.get("stage") or None,
        "result": "timed_out" if result == "failure" and job.get("failure_reason") in OUT_OF_TIME else result,
        "result_raw": raw,
        "created_at": moment(job["created_at"]),
        "started_at": instant(job.get("started_at")),
        "finished_at": instant(job.get("finished_at")),
        "duration_s": job.get("duration") if result else None,
        "runner": (job.get("runner") or {}).get("description"),
    }


def merge_request(run: HookRun, told: Json) -> Iterator[Said]:
    """A merge request as it stands; the event is the instant at which it was merged, closed or approved."""
    one = told["object_attributes"]
    raw, updated, action = str(one["state"]), moment(one["updated_at"]), one.get("action")
    state = run.word(MERGE_STATES, raw)
    head = (one.get("last_commit") or {}).get("id")
    row = {
        "pull_request_id": run.id(one["id"]),
        "repo_id": run.id(told["project"]["id"]),
        "number": one["iid"],
        "title": text(one.get("title")),
        "state": state,
        "state_raw": raw,
        "is_draft": one.get("draft", one.get("work_in_progress")),
        "base_ref": one.get("target_branch") or None,
        "head_ref": one.get("source_branch") or None,
        "head_sha": head,
        "created_at": moment(one["created_at"]),
        "updated_at": updated,
        "labels": [str(label["title"]) for label in told.get("labels") or one.get("labels") or ()],
        "url": one.get("url") or None,
    }
    row |= {"author_id": run.id(one["author_id"])} if one.get("author_id") else {}
    row |= {"merge_sha": one.get("merge_commit_sha") or head} if state == "merged" else {}
    row |= {"merged_at": None, "closed_at": None, "merge_sha": None} if state == "open" else {}
    yield Said(PullRequests, row, _since(action, updated))


def _since(action: str | None, at: object) -> Row:
    """The instants that an action tells, where the connector has not told them."""
    names = {"merge": ("merged_at", "closed_at"), "close": ("closed_at",), "approved": ("approved_at",)}
    return dict.fromkeys(names.get(str(action), ()), at)


def _kind(headers: Headers, told: Json) -> str | None:
    return headers.get("x-gitlab-event") or None


VENDOR = Vendor(
    "gitlab",
    "GitLab",
    "x-gitlab-token",
    lambda headers, body, secret: is_token(headers.get("x-gitlab-token", ""), secret),
    # X-Gitlab-Event-UUID is no name of an event: hooks that set each other off share one.
    lambda headers: headers.get("webhook-id") or headers.get("idempotency-key"),
    _kind,
    said,
)
