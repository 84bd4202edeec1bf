"""GitHub's runs and deployments: read page by page, followed until they are over, compared with what was before."""

from datetime import datetime
from typing import Any

import pytest

from aurora.contracts.delivery import CiJobs, CiRuns, DeploymentCommits, Deployments
from aurora.errors import SourceError
from tests.github_fake import (
    DAY,
    DOWN,
    GONE,
    HOUR,
    MINUTE,
    NOW,
    GitHub,
    Json,
    connection,
    repository,
    run_at,
    survey,
    until_it_ends,
    walked,
    z,
)
from tests.replay import cursor_of, rows_of


def wf(number: int, created: datetime, **told: Json) -> Json:
    done = {"status": "completed", "conclusion": "success", "run_attempt": 1}
    return {"id": number, "name": "CI", "created_at": z(created), "updated_at": z(created + MINUTE), **done, **told}


def test_runs_are_read_page_by_page_until_what_is_known_and_open_ones_are_followed() -> None:
    runs = [wf(9000 - place, NOW - HOUR - place * 10 * MINUTE) for place in range(400)]
    runs[150] |= {"status": "waiting", "conclusion": None}
    served: list[str | None] = []

    def listing(asked: Json) -> Json:
        served.append(asked["page"])
        first = 100 * (int(asked["page"]) - 1)
        return {"total_count": 1, "workflow_runs": runs[first : first + 100]}

    jobs = {"jobs": [{"id": 1, "name": "test", "status": "completed", "conclusion": "success", "started_at": z(NOW)}]}
    paths: dict[str, Any] = {f"/repos/acme/shop/actions/runs/{it['id']}/jobs": lambda _: jobs for it in runs}
    github = GitHub({"Survey": survey(repository(1, "shop")), "/repos/acme/shop/actions/runs": listing, **paths})
    items, after = walked("ci_runs", github)
    assert served == ["1", "2", "3", "4", "5"]
    assert len(rows_of(items, CiRuns)) == 400
    assert 100 < len(rows_of(items, CiJobs)) < 150  # a first run reads jobs of one day
    assert after["repositories"]["1"] == {"until": (NOW - HOUR + MINUTE).isoformat(), "open": [8850]}
    runs[150] |= {"status": "completed", "conclusion": "failure", "updated_at": z(NOW)}
    github.answers["/repos/acme/shop/actions/runs/8850"] = lambda _: runs[150]
    del runs[1:60]
    items, after = walked("ci_runs", github, after)
    assert [(row["ci_run_id"], row["result"]) for row in rows_of(items, CiRuns)] == [
        ("test:9000:1", "success"),
        ("test:8850:1", "failure"),
    ]
    assert "open" not in after["repositories"]["1"]


def test_a_walk_over_runs_goes_on_at_its_page() -> None:
    runs = [wf(9000 - place, NOW - 2 * DAY - place * MINUTE) for place in range(300)]
    failing = {"3"}

    def listing(asked: Json) -> Json:
        if asked["page"] in failing:
            failing.clear()
            return DOWN
        first = 100 * (int(asked["page"]) - 1)
        return {"workflow_runs": runs[first : first + 100]}

    github = GitHub({"Survey": survey(repository(1, "shop")), "/repos/acme/shop/actions/runs": listing})
    first, error = until_it_ends(run_at("ci_runs", github))
    assert isinstance(error, SourceError)
    second, after = walked("ci_runs", github, cursor_of(first))
    assert len(rows_of(first, CiRuns)) == 200
    assert [row["ci_run_id"] for row in rows_of(second, CiRuns)] == [f"test:{it['id']}:1" for it in runs[200:]]
    assert after["repositories"]["1"]["until"] == (NOW - 2 * DAY + MINUTE).isoformat()


def test_runs_that_did_not_change_cost_one_free_request() -> None:
    def listing(asked: Json) -> Json:
        return {"status": 200, "body": {"workflow_runs": []}, "headers": {"ETag": '"7"'}}

    github = GitHub({"Survey": survey(repository(1, "shop")), "/repos/acme/shop/actions/runs": listing})
    _, after = walked("ci_runs", github)
    assert after["repositories"]["1"]["etag"] == '"7"'
    github.answers["/repos/acme/shop/actions/runs"] = lambda _: {"status": 304, "body": ""}
    items, again = walked("ci_runs", github, after)
    assert github.asked[-1][2]["If-None-Match"] == '"7"'
    assert again == after
    assert rows_of(items, CiRuns) == []


def deployment(number: int, created: datetime, state: str, *statuses: tuple[str, datetime], **told: Json) -> Json:
    said = [{"state": word, "createdAt": z(at)} for word, at in statuses]
    sha = f"{number:040x}"
    whole = {"id": f"D{number}", "databaseId": number, "commitOid": sha, "environment": "production", "state": state}
    commit = {"id": f"C{number}", "authoredDate": z(created - DAY), "messageHeadline": f"Change {number}"}
    dates = {"createdAt": z(created), "updatedAt": z(created)}
    return {**whole, **dates, "statuses": {"nodes": said}, "commit": commit, "ref": None, "creator": None, **told}


class Deployed:
    """Deployments in pages of ten, of one environment when asked so."""

    def __init__(self, found: list[Json]) -> None:
        self.found = found

    def __call__(self, asked: Json) -> Json:
        wanted = [it for it in self.found if not asked["environments"] or it["environment"] in asked["environments"]]
        first = int(asked["after"] or 0)
        more = str(first + 10) if len(wanted) > first + 10 else None
        return {"repository": {"deployments": connection(wanted[first : first + 10], more)}}


def compared(asked: Json) -> Json:
    """Two commits for every comparison."""
    commits = [
        {"sha": word * 40, "commit": {"author": {"date": z(NOW - DAY)}, "message": f"Fix {word}"}} for word in "ab"
    ]
    return {"status": "ahead", "commits": commits}


def test_deployments_are_followed_until_they_are_over_and_compared_with_the_one_before() -> None:
    one = deployment(1, NOW - 2 * HOUR, "ACTIVE", ("SUCCESS", NOW - 2 * HOUR + MINUTE))
    failed = deployment(2, NOW - HOUR, "FAILURE", ("FAILURE", NOW - HOUR + MINUTE))
    running = deployment(3, NOW - MINUTE, "IN_PROGRESS", ("IN_PROGRESS", NOW - MINUTE))
    path = f"/repos/acme/shop/compare/{1:040x}...{3:040x}"
    answers: dict[str, Any] = {"Survey": survey(repository(1, "shop", z(NOW - MINUTE))), path: compared}
    answers |= {"Deployments": Deployed([running, failed, one]), "MergedBy": lambda _: {"nodes": []}}
    github = GitHub(answers)
    items, after = walked("deployments", github)
    found = {row["deployment_id"]: row for row in rows_of(items, Deployments)}
    assert [row["status"] for row in found.values()] == ["running", "failed", "success"]
    assert after["repositories"]["1"]["open"] == ["D3"]
    assert path not in github.names()
    done = deployment(3, NOW - MINUTE, "ACTIVE", ("IN_PROGRESS", NOW - MINUTE), ("SUCCESS", NOW))
    github.answers |= {"OpenDeployments": lambda _: {"nodes": [done]}, "Deployments": Deployed([done, failed, one])}
    items, after = walked("deployments", github, after)
    (row,) = rows_of(items, Deployments)
    assert (row["status"], row["previous_sha"], row["is_rollback"]) == ("success", f"{1:040x}", False)
    assert [it["sha"][0] for it in rows_of(items, DeploymentCommits)] == ["a", "b"]
    assert "open" not in after["repositories"]["1"]


@pytest.mark.parametrize(
    ("answer", "rollback", "shas"),
    [
        ({"status": "behind", "commits": []}, True, []),
        ({"status": "diverged", "commits": []}, None, []),
        (GONE, None, [f"{2:040x}"]),
        (DOWN, None, [f"{2:040x}"]),
        ({"status": 422, "body": {"message": "too large"}}, None, [f"{2:040x}"]),
    ],
)
def test_what_a_comparison_says_of_a_deployment(answer: Json, rollback: bool | None, shas: list[str]) -> None:
    one = deployment(1, NOW - HOUR, "INACTIVE", ("SUCCESS", NOW - HOUR), ("INACTIVE", NOW))
    two = deployment(2, NOW - MINUTE, "ACTIVE", ("SUCCESS", NOW))
    path = f"/repos/acme/shop/compare/{1:040x}...{2:040x}"
    answers = {
        "Survey": survey(repository(1, "shop", z(NOW))),
        "Deployments": Deployed([two, one]),
        path: lambda _: answer,
    }
    github = GitHub(answers | {"MergedBy": lambda _: {"nodes": []}})
    items, _ = walked("deployments", github, {"repositories": {"1": {"until": z(NOW - 5 * MINUTE)}}})
    row = rows_of(items, Deployments)[0]
    assert (row["previous_sha"], row.get("is_rollback")) == (f"{1:040x}", rollback)
    assert [it["sha"] for it in rows_of(items, DeploymentCommits)] == shas


def test_a_comparison_of_many_commits_is_read_to_its_end() -> None:
    def many(asked: Json) -> Json:
        size = 100 if int(asked["page"]) < 3 else 50
        made = [
            {
                "sha": f"{asked['page']}{n:039d}",
                "node_id": f"C{asked['page']}-{n}",
                "commit": {"author": {"date": z(NOW)}},
            }
            for n in range(size)
        ]
        return {"status": "ahead", "commits": made}

    one, two = (
        deployment(1, NOW - HOUR, "ACTIVE", ("SUCCESS", NOW - HOUR)),
        deployment(2, NOW, "ACTIVE", ("SUCCESS", NOW)),
    )
    asked_for: list[int] = []

    def merged(asked: Json) -> Json:
        asked_for.append(len(asked["ids"]))
        return {"nodes": [None]}

    path = f"/repos/acme/shop/compare/{1:040x}...{2:040x}"
    answers = {
        "Survey": survey(repository(1, "shop", z(NOW))),
        "Deployments": Deployed([two, one]),
        path: many,
        "MergedBy": merged,
    }
    items, _ = walked("deployments", GitHub(answers), {"repositories": {"1": {"until": z(NOW - 5 * MINUTE)}}})
    assert len(rows_of(items, DeploymentCommits)) == 250
    assert asked_for == [100, 100, 50]
