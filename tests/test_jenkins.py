"""Jenkins: ranges of builds, builds that end later, jobs that go or begin anew, missing stages, deployments."""

from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

import pytest
from pydantic import ValidationError

from aurora.contracts.delivery import CiJobs, CiRuns, Deployments
from aurora.errors import SourceError
from ingest.connectors import jenkins
from ingest.connectors.jenkins import JenkinsOptions, connect, connector
from ingest.vendors import jenkins_api
from ingest.vendors.jenkins_api import path_of
from ingest.vendors.jenkins_rows import event_of, plain_remote
from tests.replay import Recording, Replay, cursor_of, load, replayed, rows_of, run_of

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
OPTIONS = {"url": "https://ci.example", "user": "aurora", "token": "env:HOME"}
WORKFLOW = "org.jenkinsci.plugins.workflow.job.WorkflowRun"
Json = Any


def millis(at: datetime) -> int:
    return int(at.timestamp() * 1000)


def exchange(path: str, body: Json, status: int = 200, **params: Json) -> Json:
    request = {"method": "GET", "path": f"/{path}"} | ({"params": params} if params else {})
    return {"request": request, "response": {"status": status, "body": body}}


def job(name: str, number: int, at: datetime = NOW, **told: Json) -> Json:
    last = {"number": number, "timestamp": millis(at)}
    return {
        "_class": "x",
        "name": name,
        "fullName": name,
        "url": f"https://ci.example/job/{name}/",
        "lastBuild": last,
    } | told


def listing(*jobs: Json) -> Json:
    return exchange("api/json", {"jobs": list(jobs)})


def build(number: int, result: str | None = "SUCCESS", minutes: int = 0, **told: Json) -> Json:
    at = NOW - timedelta(minutes=minutes or 60 - number)
    plain = {"_class": "hudson.model.FreeStyleBuild", "actions": [], "url": f"https://ci.example/job/a/{number}/"}
    state = {"building": result is None, "duration": 0 if result is None else 1500, "result": result}
    return {"number": number, "timestamp": millis(at), **plain, **state, **told}


def page(name: str, builds: list[Json], start: int = 0, size: int = 50) -> Json:
    tree = f"allBuilds[{jenkins_api.BUILD}]{{{start},{start + size}}}"
    return exchange(f"job/{name}/api/json", {"allBuilds": builds}, tree=tree)


def read(exchanges: list[Json], cursor: Json = None, **options: Json) -> tuple[list[Any], Any, Replay]:
    return replayed(connector, "builds", Recording(OPTIONS | options, NOW, exchanges, cursor))


def numbers(items: list[Any]) -> list[int]:
    return [row["number"] for row in rows_of(items, CiRuns)]


def test_builds_are_read_range_by_range_up_to_the_known_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jenkins_api, "PAGE", 2)
    pages = [page("a", [build(number), build(number - 1)], 10 - number, 2) for number in (10, 8, 6, 4)]
    items, _, adapter = read([listing(job("a", 10)), *pages], {"jobs": {"a": [3]}})
    assert numbers(items) == [10, 9, 8, 7, 6, 5, 4]
    assert adapter.unused == []
    assert cursor_of(items) == {"jobs": {"a": [10]}}


def test_the_first_run_reads_thirty_days(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jenkins_api, "PAGE", 2)
    old = [build(1, minutes=60 * 24 * 30 + 1)]
    pages = [page("a", [build(4), build(3)], 0, 2), page("a", [build(2), *old], 2, 2)]
    items, _, adapter = read([listing(job("a", 4), job("b", 7, NOW - timedelta(days=31))), *pages])
    assert numbers(items) == [4, 3, 2]
    assert cursor_of(items) == {"jobs": {"a": [4]}}
    assert adapter.unused == []


def test_a_job_that_builds_without_end_is_cut_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jenkins_api, "PAGE", 2)
    monkeypatch.setattr(jenkins_api, "MAX_BUILDS", 4)
    pages = [page("a", [build(9), build(8)], 0, 2), page("a", [build(7), build(6)], 2, 2)]
    items, run, _ = read([listing(job("a", 9)), *pages])
    assert numbers(items) == [9, 8, 7, 6]
    assert run.warnings == ["a: only its newest 4 builds were read"]


def test_a_build_that_runs_is_read_again_until_it_has_ended() -> None:
    first, _, _ = read([listing(job("a", 2)), page("a", [build(2, None), build(1)])])
    assert cursor_of(first) == {"jobs": {"a": [2, 2]}}
    assert [row["result"] for row in rows_of(first, CiRuns)] == [None, "success"]
    still = exchange("job/a/2/api/json", build(2, None))
    second, _, _ = read([listing(job("a", 3)), page("a", [build(3), build(2, None)]), still], cursor_of(first))
    assert numbers(second) == [3, 2]
    assert cursor_of(second) == {"jobs": {"a": [3, 2]}}
    ended = exchange("job/a/2/api/json", build(2, "FAILURE"))
    third, _, adapter = read([listing(job("a", 3)), page("a", [build(3)]), ended], cursor_of(second))
    assert [(row["number"], row["result"]) for row in rows_of(third, CiRuns)] == [(2, "failure")]
    assert cursor_of(third) == {"jobs": {"a": [3]}}
    assert adapter.unused == []


def test_a_running_build_that_was_deleted_is_forgotten() -> None:
    gone = exchange("job/a/2/api/json", "Not found", 404)
    items, run, _ = read([listing(job("a", 2)), page("a", []), gone], {"jobs": {"a": [2, 2]}})
    assert (numbers(items), run.warnings, cursor_of(items)) == ([], [], {"jobs": {"a": [2]}})


def test_nothing_is_asked_of_jobs_without_news() -> None:
    items, _, adapter = read([listing(job("a", 5), job("b", 3))], {"jobs": {"a": [5], "b": [3]}})
    assert (items[:-1], len(adapter.asked)) == ([], 1)


def test_a_job_whose_numbers_began_anew_is_read_anew() -> None:
    items, _, _ = read([listing(job("a", 2)), page("a", [build(2), build(1)])], {"jobs": {"a": [90, 88]}})
    assert numbers(items) == [2, 1]
    assert cursor_of(items) == {"jobs": {"a": [2]}}


@pytest.mark.parametrize("status", [404, 403])
def test_a_job_that_went_meanwhile_does_not_stop_the_others(status: int) -> None:
    exchanges = [listing(job("a", 2), job("b", 1)), exchange("job/a/api/json", "<html>", status), page("b", [build(1)])]
    items, run, _ = read(exchanges)
    assert numbers(items) == [1]
    assert run.warnings[0].startswith("a could not be read: ")


def test_a_run_that_is_killed_goes_on_after_the_jobs_that_landed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jenkins, "BATCH", 1)
    jobs = listing(job("a", 1), job("b", 1))
    exchanges = [jobs, page("a", [build(1)])]
    run = run_of(connector, "builds", Recording(OPTIONS, NOW, exchanges), Replay(exchanges))
    cursor = cursor_of(list(islice(connector.streams["builds"].fetch(run), 2)))
    assert cursor == {"jobs": {"a": [1]}}
    items, _, adapter = read([jobs, page("b", [build(1)])], cursor)
    assert cursor_of(items) == {"jobs": {"a": [1], "b": [1]}}
    assert adapter.unused == []


def test_without_the_plugin_stages_are_left_out_and_that_is_said_once() -> None:
    builds = [build(2, _class=WORKFLOW), build(1, _class=WORKFLOW)]
    none, there = exchange("job/a/2/wfapi/describe", "", 404), exchange("job/a/2/api/json", builds[0])
    items, run, adapter = read([listing(job("a", 2)), page("a", builds), none, there])
    assert (numbers(items), rows_of(items, CiJobs)) == ([2, 1], [])
    assert len(run.warnings) == 1
    assert "stages = false" in run.warnings[0]
    assert adapter.unused == []
    _, run, adapter = read([listing(job("a", 2)), page("a", builds)], stages=False)
    assert (run.warnings, adapter.unused) == ([], [])


def test_a_build_that_was_deleted_meanwhile_says_nothing_of_the_plugin() -> None:
    builds = [build(2, _class=WORKFLOW), build(1, _class=WORKFLOW)]
    gone = [exchange("job/a/2/wfapi/describe", "", 404), exchange("job/a/2/api/json", "", 404)]
    told = exchange("job/a/1/wfapi/describe", {"stages": [{"id": "1", "name": "Test", "status": "SUCCESS"}]})
    items, run, _ = read([listing(job("a", 2)), page("a", builds), *gone, told])
    assert (len(rows_of(items, CiJobs)), run.warnings) == (1, [])


def deployed(told: Json, stages: list[Json] | None = None, **rule: Json) -> list[Any]:
    """The deployments of one build."""
    exchanges = [listing(job("a", 1)), page("a", [told])]
    if stages is not None:
        exchanges.append(exchange("job/a/1/wfapi/describe", {"stages": stages}))
    items, _, _ = read(exchanges, deploys=[{"job": "a", "environment": "production"} | rule])
    return rows_of(items, Deployments)


@pytest.mark.parametrize(
    ("result", "status"),
    [
        ("SUCCESS", "success"),
        ("UNSTABLE", "success"),
        ("FAILURE", "failed"),
        ("ABORTED", "cancelled"),
        ("NOT_BUILT", "cancelled"),
        ("ODD", "unknown"),
        (None, "running"),
    ],
)
def test_the_outcome_of_a_deployment(result: str | None, status: str) -> None:
    [row] = deployed(build(1, result), app="shop")
    assert (row["status"], row["app_id"], row["env_tier"]) == (status, "shop", "production")
    assert (row["finished_at"] is None) == (result is None)
    assert row["updated_at"] >= row["created_at"]


@pytest.mark.parametrize(
    ("stage", "status"), [("PAUSED_PENDING_INPUT", "blocked"), ("IN_PROGRESS", "running"), ("FAILED", "failed")]
)
def test_a_stage_deploys(stage: str, status: str) -> None:
    """What comes after the stage does not matter, nor does how the build ends."""
    told = {"id": "1", "name": "Deploy", "status": stage, "startTimeMillis": millis(NOW), "durationMillis": 5000}
    [row] = deployed(build(1, "FAILURE", _class=WORKFLOW), [told], stage="deploy|Deploy")
    assert (row["status"], row["started_at"]) == (status, NOW)
    assert row["finished_at"] == (NOW + timedelta(seconds=5) if status == "failed" else None)


@pytest.mark.parametrize("stages", [[], [{"id": "1", "name": "Deploy", "status": "NOT_EXECUTED"}]])
def test_a_stage_that_did_not_run_deployed_nothing(stages: list[Json]) -> None:
    assert deployed(build(1, _class=WORKFLOW), stages, stage="Deploy") == []


def test_an_environment_is_a_parameter_or_else_the_one_that_is_said() -> None:
    given = [{"parameters": [{"name": "ENV", "value": "uat"}, {"name": "V", "value": 3}]}]
    [row] = deployed(build(1, actions=given), environment_parameter="ENV", version_parameter="V")
    assert (row["environment"], row["env_tier"], row["version"]) == ("uat", "staging", "3")
    [row] = deployed(build(1), environment_parameter="ENV")
    assert row["environment"] == "production"
    assert deployed(build(1), environment=None, environment_parameter="ENV") == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"deploys": [{"job": "a"}]},
        {"deploys": [{"job": "(", "environment": "x"}]},
        {"deploys": [{"job": "a", "environment": "x", "stage": "y"}], "stages": False},
        {"url": "ci.example"},
        {"jobs": "["},
    ],
)
def test_options_that_cannot_be_meant_are_refused(wrong: Json) -> None:
    with pytest.raises(ValidationError):
        JenkinsOptions.model_validate(OPTIONS | wrong)


def test_jobs_can_be_chosen_by_their_names() -> None:
    exchanges = [listing(job("api", 1), job("web", 1)), page("api", [build(1)])]
    items, _, _ = read(exchanges, jobs="api.*")
    assert {row["pipeline"] for row in rows_of(items, CiRuns)} == {"api"}


HOSTILE: list[Json] = [
    {"actions": None},
    {"actions": [None, {}, 3, {"causes": None}, {"causes": [None, {}]}, {"parameters": None}]},
    {"actions": [{"lastBuiltRevision": None}]},
    {"actions": [{"lastBuiltRevision": {"SHA1": "a" * 40, "branch": None}, "remoteUrls": None}]},
    {"changeSets": None, "changeSet": {"items": None}},
    {"changeSets": [{"items": [{"msg": None}, {"msg": "\x00\n"}]}]},
    {"url": ""},
]


@pytest.mark.parametrize("told", HOSTILE)
def test_what_plugins_leave_out_or_fill_with_nothing_is_no_fault(told: Json) -> None:
    assert len(deployed(build(1, **told))) == 1


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("https://ci.example/job/a/", "job/a/"),
        ("http://10.0.0.5:8080/jenkins/job/a%20b/job/feature%252Fx", "job/a%20b/job/feature%252Fx/"),
        ("https://ci.example/view/all/job/a/job/b/", "job/a/job/b/"),
    ],
)
def test_only_the_part_behind_the_root_is_used(url: str, path: str) -> None:
    assert path_of(url) == path


def test_an_address_of_no_job_is_refused() -> None:
    with pytest.raises(SourceError) as raised:
        read([listing(job("a", 1, url="https://evil.example/")), page("a", [])])
    assert raised.value.error_class == "schema_drift"


@pytest.mark.parametrize("body", [[], {"jobs": None}, {"_class": "hudson.model.Hudson"}, "[]"])
def test_an_answer_that_is_no_list_of_jobs_is_told(body: Json) -> None:
    with pytest.raises(SourceError) as raised:
        read([exchange("api/json", body)])
    assert raised.value.error_class == "schema_drift"


@pytest.mark.parametrize(
    "remote",
    [
        "git@github.com:Acme/Shop.git",
        "https://github.com/acme/shop",
        "https://x-token:secret@github.com/acme/shop.git/",
        "ssh://git@github.com:22/acme/shop.git",
        "ssh://git@github.com/acme/shop",
    ],
)
def test_remote_addresses_that_mean_one_repository(remote: str) -> None:
    assert plain_remote(remote) == "github.com/acme/shop"


@pytest.mark.parametrize(
    ("kind", "said", "event"),
    [
        ("jenkins.branch.BranchEventCause", "Push event to branch main", "push"),
        ("jenkins.branch.BranchEventCause", "Pull request #2 updated", "pull_request"),
        ("jenkins.branch.BranchIndexingCause", "Branch indexing", "poll"),
        ("hudson.model.Cause$UserIdCause", "Started by user Ann", "manual"),
        ("hudson.triggers.TimerTrigger$TimerTriggerCause", "Started by timer", "schedule"),
        ("hudson.model.Cause$UpstreamCause", 'Started by upstream project "a" build number 3', "upstream"),
        ("com.cloudbees.jenkins.GitHubPushCause", "Started by GitHub push by ann", "push"),
        ("org.acme.MoonPhaseCause", "The moon is full", None),
    ],
)
def test_why_a_build_began(kind: str, said: str, event: str | None) -> None:
    assert event_of({"actions": [{"causes": [{"_class": kind, "shortDescription": said}]}]}) == event


def test_words_that_are_not_known_are_counted() -> None:
    _, run, _ = replayed(connector, "builds", load("jenkins", "builds"))
    assert dict(run.unknown_words) == {"STRANGE": 1}


def test_the_token_is_nowhere_to_be_seen() -> None:
    site = connect(JenkinsOptions.model_validate(OPTIONS))
    assert site.auth and site.auth[1] in site.secrets  # noqa: PT018
