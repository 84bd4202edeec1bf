"""Builds of a multibranch pipeline as Apache DevLake recorded them: our rows beside its own; differences say why."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from aurora.contracts import Row
from aurora.contracts.delivery import CiJobs, CiRuns
from ingest.connectors.jenkins import connector
from tests.raw_tables import answers, needs_tables, told
from tests.replay import Recording, refused, replayed, rows_of

pytestmark = needs_tables
Json = Any
RAW, MADE = "jenkins/raw_tables", "jenkins/snapshot_tables"
FOLDER = "com.cloudbees.hudson.plugins.folder.Folder"
MULTIBRANCH = "org.jenkinsci.plugins.workflow.multibranch.WorkflowMultiBranchProject"
PIPELINE = "github_org/devlake-jenkins"


def get(path: str, body: Json) -> Json:
    return {"request": {"method": "GET", "path": path}, "response": {"body": body}}


@lru_cache(maxsize=1)
def ours() -> tuple[dict[str, Row], dict[str, Row]]:
    """Our runs by the peer's name of a build, and our jobs by build and stage."""
    builds: dict[str, list[Json]] = {}
    stages: dict[str, list[Json]] = {}
    for build, row in answers(f"{RAW}/_raw_jenkins_api_builds_multibranch.csv"):
        place = row["input"].split('"Path": "')[1].split('"')[0]
        builds.setdefault(_behind_root(place), []).append(build)
    for stage, row in answers(f"{RAW}/_raw_jenkins_api_stages_multibranch.csv"):
        stages.setdefault(_behind_root(urlsplit(row["url"]).path), []).append(stage)
    jobs = [job for job, _ in answers(f"{RAW}/_raw_jenkins_api_jobs_multibranch.csv")]
    for job in jobs:
        newest = max(builds[_behind_root(job["url"])], key=lambda build: build["number"])
        job["lastBuild"] = {"number": newest["number"], "timestamp": newest["timestamp"]}
    url = "https://ci.example/job/github_org/"
    inside = {"_class": MULTIBRANCH, "name": "devlake-jenkins", "fullName": PIPELINE, "url": url, "jobs": jobs}
    folder = {"_class": FOLDER, "name": "github_org", "fullName": "github_org", "url": url, "jobs": [inside]}
    exchanges = [get("/api/json", {"jobs": [folder]})]
    exchanges += [get(f"/{path}api/json", {"allBuilds": found}) for path, found in builds.items()]
    names = {f"{path}{one['number']}/wfapi/describe" for path, found in builds.items() for one in found}
    exchanges += [get(f"/{name}", {"stages": stages.get(name, [])}) for name in names]
    options = {"url": "https://ci.example", "user": "aurora", "token": "env:HOME"}
    items, _, adapter = replayed(connector, "builds", Recording(options, datetime(2024, 3, 25, tzinfo=UTC), exchanges))
    assert refused(items) == {}
    assert adapter.unused == []
    runs = {row["ci_run_id"].removeprefix("test:"): row for row in rows_of(items, CiRuns)}
    return runs, {row["ci_job_id"].removeprefix("test:"): row for row in rows_of(items, CiJobs)}


def _behind_root(url: str) -> str:
    return url[url.index("/job/") + 1 :]


def test_every_build_is_there_once() -> None:
    theirs = [row["name"] for row in told(f"{MADE}/cicd_pipelines_multibranch.csv")]
    assert len(theirs) == 15
    assert sorted(ours()[0]) == sorted(theirs)


def test_builds_say_the_same() -> None:
    """The peer cuts the beginning to the second, and with it the end."""
    for row in told(f"{MADE}/cicd_pipelines_multibranch.csv"):
        mine = ours()[0][row["name"]]
        assert mine["pipeline"] == PIPELINE
        assert (mine["status"], mine["result_raw"]) == ("completed", row["original_result"])
        assert mine["duration_s"] == float(row["duration_sec"])
        assert mine["started_at"].replace(microsecond=0) == datetime.fromisoformat(row["created_date"])
        cut = mine["started_at"] - mine["started_at"].replace(microsecond=0)
        assert mine["finished_at"] - cut == datetime.fromisoformat(row["finished_date"])
        assert mine["finished_at"] == mine["started_at"] + timedelta(seconds=mine["duration_s"])


def test_results_are_the_same_but_for_builds_that_were_stopped() -> None:
    """The peer calls an aborted build a failure. These two were stopped by a time limit, and Jenkins says so."""
    differ = {}
    for row in told(f"{MADE}/cicd_pipelines_multibranch.csv"):
        result = ours()[0][row["name"]]["result"]
        if result != row["result"].lower():
            differ[row["name"]] = (row["original_result"], row["result"], result)
    stopped = ("ABORTED", "FAILURE", "timed_out")
    assert differ == {f"{PIPELINE}/PR-2#1": stopped, f"{PIPELINE}/feature-2#6": stopped}


def test_commits_and_branches_are_the_same() -> None:
    """One repository each here; of several the peer keeps all, ours that of the branch."""
    theirs = {
        row["pipeline_id"].split(":", 3)[3]: (row["commit_sha"], row["branch"])
        for row in told(f"{MADE}/cicd_pipeline_commits_multibranch.csv")
    }
    mine = {name: (row["sha"], row["branch"]) for name, row in ours()[0].items() if row["sha"]}
    assert len(theirs) == 13
    assert mine == theirs
    # Nothing was checked out, but the branch is known: it is the job's name.
    assert {row["branch"] for name, row in ours()[0].items() if name not in theirs} == {"feature-2"}


def test_stages_say_the_same() -> None:
    results = {"SUCCESS": "success", "ABORTED": "cancelled"}
    theirs = told(f"{MADE}/_tool_jenkins_stages_multibranch.csv")
    assert len(theirs) == len(ours()[1]) == 65
    for row in theirs:
        mine = ours()[1][f"{row['build_name']}:{row['id']}"]
        assert (mine["name"], mine["result_raw"], mine["result"]) == (
            row["name"],
            row["status"],
            results[row["status"]],
        )
        assert mine["started_at"].timestamp() == int(row["start_time_millis"]) / 1000
        assert mine["duration_s"] == int(row["duration_millis"]) / 1000
        assert mine["ci_run_id"] == f"test:{row['build_name']}"


def test_a_build_without_stages_has_no_jobs() -> None:
    """The peer makes a task of the build itself then, which says all of it twice."""
    tasks = {row["pipeline_id"].split(":", 3)[3] for row in told(f"{MADE}/cicd_tasks_multibranch.csv")}
    with_jobs = {row["ci_run_id"].removeprefix("test:") for row in ours()[1].values()}
    assert ours()[0].keys() - with_jobs == tasks
