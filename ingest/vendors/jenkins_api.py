"""How Jenkins is asked: jobs in folders, branches and organisations, builds by ranges, stages of a pipeline.

Every question names the fields it wants (`tree`): else Jenkins would load all builds of a job from disk. Addresses are
taken from what Jenkins says, since it encodes the names of branches twice; only the part behind its root is used,
because Jenkins tells the address that was set up for it, which need not be the one that we reach it at.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import unquote

from aurora.errors import SourceError
from ingest.connector import Json, Run
from ingest.vendors.apm import warn_once

PAGE, MAX_BUILDS, DEPTH = 50, 2_000, 3
JOB = "_class,name,fullName,url,lastBuild[number,timestamp]"
BUILD = (
    "_class,number,url,timestamp,duration,building,result,actions[queuingDurationMillis,remoteUrls,"
    "lastBuiltRevision[SHA1,branch[name]],parameters[name,value],"
    "causes[_class,shortDescription,userId,userName]],changeSet[items[msg]],changeSets[items[msg]]"
)


@dataclass(frozen=True)
class Job:
    """What has builds: a job, or a branch of a pipeline."""

    path: str
    full_name: str
    pipeline: str
    branch: str | None
    last_number: int
    last_at: datetime


class Api:
    """The API as one run asks it."""

    def __init__(self, run: Run[Any]) -> None:
        self.run = run
        self.has_stages = True

    def jobs(self) -> Iterator[Job]:
        """Everything that has been built, in all folders."""
        yield from self._jobs_in("", None)

    def _jobs_in(self, path: str, parent: Json) -> Iterator[Json]:
        tree = "jobs[name]"
        for _ in range(DEPTH):
            tree = f"jobs[{JOB},{tree}]"
        found = self._object(f"{path}api/json", {"tree": tree})
        if not isinstance(found.get("jobs"), list):
            raise SourceError(
                f"{self.run.source_instance}: {path or 'Jenkins'} tells no jobs: check url", "schema_drift"
            )
        yield from self._walk(found["jobs"], parent)

    def _walk(self, items: list[Json], parent: Json) -> Iterator[Job]:
        for item in items:
            inside = item.get("jobs")
            if inside is None:
                if item.get("lastBuild"):
                    yield job_of(item, parent)
            elif any("url" not in one for one in inside):
                yield from self._jobs_in(path_of(item["url"]), item)
            else:
                yield from self._walk(inside, item)

    def builds(self, job: Job, after: int, since: datetime) -> Iterator[Json]:
        """The builds of a job after a number and an instant, the newest first."""
        for start in range(0, MAX_BUILDS, PAGE):
            tree = f"allBuilds[{BUILD}]{{{start},{start + PAGE}}}"
            found = self._object(f"{job.path}api/json", {"tree": tree}).get("allBuilds") or []
            for build in found:
                if build["number"] <= after or instant(build["timestamp"]) < since:
                    return
                yield build
            if len(found) < PAGE:
                return
        warn_once(self.run, f"{job.full_name}: only its newest {MAX_BUILDS} builds were read")

    def build(self, job: Job, number: int) -> Json | None:
        """One build, None if it has been deleted."""
        try:
            return self._object(f"{job.path}{number}/api/json", {"tree": BUILD})
        except SourceError as error:
            if error.error_class != "not_found":
                raise
            return None

    def stages(self, job: Job, build: Json) -> list[Json]:
        """The stages of a pipeline's build; [] for other jobs, and where Jenkins lacks the plugin that tells them."""
        if not self.has_stages or not str(build.get("_class")).endswith("WorkflowRun"):
            return []
        try:
            found = self._object(f"{job.path}{int(build['number'])}/wfapi/describe")
        except SourceError as error:
            if error.error_class != "not_found":
                raise
            if self.build(job, build["number"]) is None:
                return []
            self.has_stages = False
            self.run.warn("stages are not told: install the plugin Pipeline: Stage View or write stages = false")
            return []
        return [stage for stage in found.get("stages") or [] if isinstance(stage, dict)]

    def _object(self, path: str, params: dict[str, Any] | None = None) -> dict[str, Any]:
        found = self.run.http.get(path, params)
        if not isinstance(found, dict):
            raise SourceError(f"{self.run.source_instance}: {path} is no answer of Jenkins: check url", "schema_drift")
        return found


def job_of(item: Json, parent: Json) -> Job:
    """A job; a branch of a multibranch pipeline belongs to the pipeline and has the branch's name, decoded."""
    is_branch = "multibranch" in str((parent or {}).get("_class")).lower()
    last = item["lastBuild"]
    return Job(
        path=path_of(item["url"]),
        full_name=item["fullName"],
        pipeline=parent["fullName"] if is_branch else item["fullName"],
        branch=unquote(item["name"]) if is_branch else None,
        last_number=int(last["number"]),
        last_at=instant(last["timestamp"]),
    )


def path_of(url: str) -> str:
    """The part of a job's address behind Jenkins' root (and behind a view): job/a/job/b/."""
    start = url.find("/job/")
    if start < 0:
        raise SourceError(f"{url[:200]} is no address of a job: Jenkins answers strangely", "schema_drift")
    return f"{url[start + 1 :].rstrip('/')}/"


def instant(milliseconds: float) -> datetime:
    """Epoch milliseconds as a UTC instant."""
    return datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=milliseconds)
