"""Runs of GitHub Actions, one row an attempt, and their jobs: how they are walked, and what their rows say."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from aurora.contracts import Row
from aurora.contracts.delivery import CiJobs, CiRuns
from aurora.errors import SourceError
from ingest.connector import Checkpoint, Item, Json, Run
from ingest.paging import by_link
from ingest.vendors.github_api import Api
from ingest.vendors.github_repositories import Repository, State, complete_until, instant, settled, since

PAGE = 100
AGAIN = timedelta(days=1)  # runs that began so long before what is complete are looked at again
JOBS_BACK = timedelta(days=1)  # a first walk reads jobs only of runs that ended so lately
LONGEST = timedelta(days=35)  # GitHub ends what waits longer
MAX_OPEN = 50
MAX_ATTEMPTS = 20
STATUSES = {
    **dict.fromkeys(("queued", "requested", "waiting", "pending"), "queued"),
    "in_progress": "running",
    "completed": "completed",
}
RESULTS = {
    **{word: word for word in ("success", "failure", "cancelled", "skipped", "timed_out", "neutral")},
    "startup_failure": "failure",
    "stale": "timed_out",
    "action_required": "neutral",
}


@dataclass(frozen=True)
class Window:
    """From when on runs are read, and runs with their jobs."""

    start: datetime
    jobs_start: datetime


def is_due(run: Run[Any], repository: Repository, state: State) -> bool:
    """Whether runs may have come: an archived repository has no new ones."""
    return not repository.told.get("isArchived") or complete_until(run, state) is None


def walk(run: Run[Any], api: Api, one: Repository, state: State) -> Iterator[Item]:
    """Runs by their beginning, newest first, back to a day before what is complete; of those read, what was updated.

    The first page is asked with the ETag of last time: an unchanged one costs nothing and ends the walk. Runs that are
    open and stand behind the first page are asked one by one.
    """
    path, bound = f"repos/{one.name}/actions/runs", since(run, state)
    window = Window(bound, bound if "until" in state else max(bound, run.now - JOBS_BACK))
    number, newest, behind = state.get("page") or 1, instant(state.get("newest")), set(state.get("open") or ())
    etag: str | None = state.get("etag")
    seen: set[int] = set()
    while True:
        page, tag = api.unless_same(path, {"per_page": PAGE, "page": number}, etag if number == 1 else None)
        found = page["workflow_runs"] if page else []
        if number == 1:
            etag = tag
            newest = max((_updated(it) for it in found), default=newest)
        for told in found:
            seen.add(told["id"])
            behind.discard(told["id"])
            if number > 1 and told.get("status") != "completed":
                behind.add(told["id"])
            if _updated(told) >= bound:
                yield from _attempts(run, api, one, told, window)
        if len(found) < PAGE or _created(found[-1]) < bound - AGAIN:
            break
        number += 1
        state |= {"page": number, "open": sorted(behind)} | ({"newest": newest.isoformat()} if newest else {})
        yield Checkpoint({})
    for native_id in sorted(behind - seen):
        yield from _late(run, api, one, native_id, behind, window)
    until = settled(run, newest) if newest else state.get("until") or run.now.isoformat()
    state.clear()
    kept = {"until": until, "etag": etag, "open": sorted(behind)[-MAX_OPEN:]}
    state |= {name: value for name, value in kept.items() if value}
    yield Checkpoint({})


def _updated(told: Json) -> datetime:
    return datetime.fromisoformat(told.get("updated_at") or told["created_at"])


def _created(told: Json) -> datetime:
    return datetime.fromisoformat(told["created_at"])


def _late(run: Run[Any], api: Api, one: Repository, native_id: int, behind: set[int], window: Window) -> Iterator[Item]:
    """A run that was open and is on no page that was read; it is forgotten when it ended, is gone, or too old."""
    told = _if_there(api, f"repos/{one.name}/actions/runs/{native_id}")
    if told is None or told.get("status") == "completed" or _created(told) < run.now - LONGEST:
        behind.discard(native_id)
    if told is not None and _updated(told) >= window.start:
        yield from _attempts(run, api, one, told, window)


def _if_there(api: Api, path: str) -> Json | None:
    try:
        return api.get(path)
    except SourceError as error:
        if error.error_class != "not_found":
            raise
    return None


def _attempts(run: Run[Any], api: Api, one: Repository, told: Json, window: Window) -> Iterator[Item]:
    """The latest attempt of a run and those before it, with jobs if it ended lately enough."""
    jobs: list[Json] | None = None
    path = f"repos/{one.name}/actions/runs/{told['id']}"
    if told.get("status") == "completed" and _updated(told) >= window.jobs_start:
        pages = api.pages(f"{path}/jobs", {"filter": "all", "per_page": PAGE}, following=by_link)
        jobs = [job for page in pages for job in page["jobs"]]
    last = told.get("run_attempt") or 1
    for attempt in range(max(1, last - MAX_ATTEMPTS), last):
        if (earlier := _if_there(api, f"{path}/attempts/{attempt}")) is not None:
            yield CiRuns, run_row(run, one, earlier, _of(jobs, attempt))
    yield CiRuns, run_row(run, one, told, _of(jobs, last))
    for job in jobs or ():
        yield CiJobs, job_row(run, told, job)


def _of(jobs: list[Json] | None, attempt: int) -> list[Json] | None:
    return None if jobs is None else [job for job in jobs if (job.get("run_attempt") or 1) == attempt]


def run_id(run: Run[Any], number: int, attempt: int | None) -> str:
    """The id of an attempt of a run."""
    return run.id(f"{number}:{attempt or 1}")


def run_row(run: Run[Any], one: Repository, told: Json, jobs: list[Json] | None) -> Row:
    """An attempt. GitHub tells when it was asked for; when it began and ended, its jobs tell (None: not asked)."""
    attempt, triggered = told.get("run_attempt") or 1, instant(told.get("run_started_at"))
    created = (triggered if attempt > 1 else None) or instant(told["created_at"])
    status = run.word(STATUSES, told.get("status"))
    ran = [job for job in jobs or () if job.get("conclusion") != "skipped"]
    begun = [at for job in ran if (at := instant(job.get("started_at")))]
    ended = [at for job in ran if (at := instant(job.get("completed_at")))]
    started = min(begun, default=None) or (triggered if jobs is None and status != "queued" else None)
    finished = (max(ended, default=None) or instant(told.get("updated_at"))) if status == "completed" else None
    return {
        "ci_run_id": run_id(run, told["id"], attempt),
        "repo_id": run.id(one.number),
        "pipeline": told.get("name") or told.get("path") or f"workflow {told.get('workflow_id')}",
        "number": told.get("run_number"),
        "attempt": attempt,
        "branch": told.get("head_branch") or None,
        "sha": told.get("head_sha") or None,
        "event": told.get("event") or None,
        "status": status,
        "result": run.word(RESULTS, told["conclusion"]) if told.get("conclusion") else None,
        "result_raw": told.get("conclusion") or None,
        "created_at": created,
        "started_at": started,
        "finished_at": finished,
        "queued_s": _lasted(created, min(begun, default=None)),
        "duration_s": _lasted(started, finished),
        "actor": (told.get("triggering_actor") or told.get("actor") or {}).get("login"),
        "url": told.get("html_url") or None,
    }


def job_row(run: Run[Any], told: Json, job: Json) -> Row:
    """A job of an attempt; older servers do not tell when it was created."""
    at, conclusion = instant(job.get("started_at")), job.get("conclusion") or None
    is_done = job.get("status") == "completed" or conclusion is not None
    finished = instant(job.get("completed_at")) if is_done else None
    started = at if str(conclusion).lower() != "skipped" else None  # it never was, whatever GitHub writes there
    return {
        "ci_job_id": run.id(job["id"]),
        "ci_run_id": run_id(run, told["id"], job.get("run_attempt")),
        "name": job["name"],
        "result": run.word(RESULTS, conclusion) if conclusion else None,
        "result_raw": conclusion,
        "created_at": instant(job.get("created_at")) or at or instant(told["created_at"]),
        "started_at": started,
        "finished_at": finished,
        "duration_s": _lasted(started, finished),
        "runner": job.get("runner_name") or None,
    }


def _lasted(start: datetime | None, end: datetime | None) -> float | None:
    return max(0.0, (end - start).total_seconds()) if start and end else None
