"""Rows of continuous integration: runs and jobs, and what the nightly builds of some repositories tested."""

from collections.abc import Iterator
from datetime import datetime

import polars as pl

from aurora.contracts import Row, Table
from aurora.contracts.delivery import CiJobs, CiRuns
from ingest.demo.builds import Build, builds
from ingest.demo.catalog import slug
from ingest.demo.estate import repo_url
from ingest.demo.quality import coverage_pct, quality_rows
from ingest.demo.world import Slice, World, minutes

# Numbers count for all repositories of the server.
BEFORE = 28_000_000
JOB = (
    "ci_job_id", "ci_run_id", "name", "stage", "result", "result_raw", "created_at", "started_at", "finished_at",
    "duration_s", "runner",
)  # fmt: skip


def build_rows(world: World, span: Slice) -> Iterator[tuple[type[Table], Row | pl.DataFrame]]:
    """Runs that were queued, begun or ended in the slice, with jobs and tests when they have ended."""
    span = world.whole(span)
    jobs: list[tuple[object, ...]] = []
    for build in builds(world, span.until):
        is_over = span.has(build.finished_at)
        if is_over or span.has(build.created_at) or span.has(build.started_at):
            yield CiRuns, run_row(world, build, span.until)
        if is_over:
            jobs += _jobs(world, build)
            yield from quality_rows(world, build)
    if jobs:
        kinds = CiJobs.dtypes()
        yield CiJobs, pl.DataFrame(jobs, schema={name: kinds[name] for name in JOB}, orient="row")


def run_row(world: World, build: Build, now: datetime) -> Row:
    """The row of a run as it stands at `now`."""
    has_begun, is_over = build.started_at < now, build.finished_at < now
    result = "failure" if build.failed else "success"
    return {
        "ci_run_id": world.id(build.native_id),
        "repo_id": world.id(build.app.app_id),
        "pipeline": build.pipeline,
        "number": minutes(build.created_at) - BEFORE,
        "attempt": build.attempt,
        "branch": build.branch,
        "sha": build.sha,
        "event": build.event,
        "status": "completed" if is_over else "running" if has_begun else "queued",
        "result": result if is_over else None,
        "result_raw": result if is_over else None,
        "created_at": build.created_at,
        "started_at": build.started_at if has_begun else None,
        "finished_at": build.finished_at if is_over else None,
        "queued_s": (build.started_at - build.created_at).total_seconds() if has_begun else None,
        "duration_s": (build.finished_at - build.started_at).total_seconds() if is_over else None,
        "actor": slug(build.actor),
        "coverage_pct": coverage_pct(world, build) if is_over else None,
        "url": f"{repo_url(build.app)}/runs/{minutes(build.created_at) - BEFORE}",
    }


def _jobs(world: World, build: Build) -> Iterator[tuple[object, ...]]:
    """The columns of a run's jobs; there are so many that they go as a frame."""
    kind = "mac" if build.app.language == "Swift" else "linux"
    runner = f"{kind}-{1 + int(world.dice(build.native_id, 'runner') * 4)}"
    run_id = world.id(build.native_id)
    for name, stage, begin, end, result in build.jobs():
        took = round((end - begin).total_seconds(), 1) if begin and end else None
        yield (
            f"{run_id}/{name}", run_id, name, stage, result, result, build.created_at, begin, end, took,
            runner if begin else None,
        )  # fmt: skip
