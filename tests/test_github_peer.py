"""GitHub's rows beside those of a peer (Apache DevLake) over the same answers; each deliberate difference has a reason.

Needs its recorded tables in shared/data/api/devlake-e2e, and octokit's and webhooks' recorded answers beside them;
without them these tests are skipped. Runs are not among the peer's tables there: their jobs are, and runs of webhooks.
"""

import csv
import json
import os
import sys
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from aurora.contracts.delivery import (
    CiJobs,
    CiRuns,
    Deployments,
    Environments,
    PullRequestReviews,
    PullRequests,
    WorkItems,
)
from ingest.vendors.github_actions import job_row, run_row
from ingest.vendors.github_deployed import deployment_row, environment_row, status_of, tier_of
from ingest.vendors.github_issues import work_item_row
from ingest.vendors.github_people import People
from ingest.vendors.github_pull_requests import pull_request_row, review_row
from ingest.vendors.github_repositories import Repository
from tests.frames import ROOT
from tests.github_fake import GitHub, Json, run_at
from tests.replay import refused

API = Path(os.environ.get("AURORA_REFERENCE_DATA") or ROOT.parent / "shared" / "data") / "api"
PEER = API / "devlake-e2e"
pytestmark = pytest.mark.skipif(
    not PEER.is_dir(), reason=f"the peer's tables are not in {PEER.name} of shared/data/api"
)
ANTS = Repository(134018330, "panjf2000/ants", {"url": "https://github.com/panjf2000/ants"})
SECOND = timedelta(seconds=1)


def table(name: str, plugin: str = "github") -> list[dict[str, str]]:
    csv.field_size_limit(sys.maxsize)
    (path,) = (PEER / plugin).glob(f"*/{name}.csv")
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def raw(name: str, plugin: str = "github") -> Iterator[tuple[Json, Json]]:
    """Vendor answers that the peer recorded, each with what it was asked for."""
    for row in table(name, plugin):
        yield json.loads(row["data"]), json.loads(row["input"]) if row["input"].startswith("{") else None


def at(text: str) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def number_of(peer_id: str) -> int:
    return int(peer_id.rpartition(":")[2])


@pytest.fixture
def run() -> Any:
    return run_at("deployments", GitHub({}))


def graphql(told: Json) -> Json:
    """A deployment as the peer keeps it, in the names in which GraphQL answers."""
    nodes = [{**it, "createdAt": it["updatedAt"]} for it in (told.get("Statuses") or {}).get("nodes") or []]
    named = {"Id": "id", "DatabaseId": "databaseId", "CommitOid": "commitOid", "Environment": "environment"}
    named |= {"State": "state", "Description": "description", "CreatedAt": "createdAt", "UpdatedAt": "updatedAt"}
    ref = {"name": told["Ref"]["Name"]} if told.get("Ref") else None
    return {mine: told.get(name) for name, mine in named.items()} | {"ref": ref, "statuses": {"nodes": nodes}}


# What the peer takes from deployments whose statuses it did not record: `inactive` is a success that ended when it was
# replaced (nine days later). Replaced is not finished, and no status says that it went well: Aurora asks for all of
# them and, with none, knows neither.
UNKNOWN_WITHOUT_STATUSES = {1670973641, 1693412381, 1696032217, 1701084484}


def test_deployments_end_when_the_peer_says_so_unless_it_takes_replacement_for_an_end(run: Any) -> None:
    expected = {row["id"].rpartition(":")[2]: row for row in table("cicd_deployments", "github_graphql")}
    items: list[Any] = []
    compared = 0
    for told, _ in raw("_raw_github_graphql_deployment", "github_graphql"):
        mine, peer, deployed = None, expected[told["Id"]], graphql(told)
        tier, by = tier_of(run, deployed["environment"])
        mine = deployment_row(run, ANTS, deployed, status_of(run, deployed), tier)
        items += [(Deployments, mine), (Environments, environment_row(run, ANTS, deployed, tier, by))]
        assert (mine["sha"], mine["environment"], mine["created_at"]) == (
            peer["name"],
            peer["environment"],
            at(peer["created_date"]),
        )
        if told["DatabaseId"] in UNKNOWN_WITHOUT_STATUSES:
            assert (mine["status"], mine["finished_at"], peer["result"]) == ("unknown", None, "SUCCESS")
            continue
        assert (mine["status"], peer["result"], peer["status"]) == ("success", "SUCCESS", "DONE")
        assert mine["finished_at"] == at(peer["finished_date"])
        # It was at work from its first in_progress; the peer counts the queue, a few seconds here.
        began = at(peer["started_date"])
        assert began is not None
        assert timedelta(0) <= mine["started_at"] - began < 20 * SECOND
        assert float(peer["duration_sec"]) - 20 < mine["duration_s"] <= float(peer["duration_sec"])
        compared += 1
    assert compared == 3
    assert refused(items) == {}


# The peer knows success, failure and other; Aurora keeps apart what was cancelled, what ran out of time, what was left
# out. `stale` ran out of time by GitHub's own words; a job that was only requested is other there, and nothing here.
RESULTS = {
    "SUCCESS": {"success"},
    "FAILURE": {"failure", "cancelled", "timed_out"},
    "OTHER": {"neutral", "skipped", "timed_out", None},
    "IN_PROGRESS": {None},
}


def test_jobs_began_and_ended_when_the_peer_says_so(run: Any) -> None:
    expected = {number_of(row["id"]): row for row in table("cicd_tasks")}
    items: list[Any] = []
    for job, _ in raw("_raw_github_api_jobs"):
        peer, mine = expected[job["id"]], job_row(run, {"id": job["run_id"], "created_at": job["started_at"]}, job)
        items.append((CiJobs, mine))
        assert mine["name"] == peer["name"]
        assert mine["ci_run_id"] == f"test:{number_of(peer['pipeline_id'])}:1"
        assert mine["result"] in RESULTS[peer["result"] or peer["status"]]
        assert mine["created_at"] == at(peer["started_date"])
        if mine["result"] == "skipped":  # the peer counts 22 seconds of a job that never ran
            assert (mine["started_at"], mine["duration_s"]) == (None, None)
        elif job["conclusion"]:
            assert (mine["started_at"], mine["finished_at"]) == (at(peer["started_date"]), at(peer["finished_date"]))
            assert mine["duration_s"] == float(peer["duration_sec"])
        else:  # the peer gives an end to what is still at work
            assert (mine["result"], mine["finished_at"], mine["duration_s"]) == (None, None, None)
    assert len(items) == len(expected) == 35
    assert refused(items) == {}


def pull_of(tool: dict[str, str], commits: list[Json], reviews: list[Json]) -> Json:
    """A pull request in GraphQL's form out of the peer's table of them and its recorded commits and reviews."""
    state = "MERGED" if tool["merged_at"] else tool["state"].upper()
    merge = {"oid": tool["merge_commit_sha"]} if tool["merge_commit_sha"] else None
    return {
        "number": int(tool["number"]),
        "title": tool["title"],
        "state": state,
        "url": tool["url"],
        "createdAt": tool["github_created_at"],
        "updatedAt": tool["github_updated_at"],
        "mergedAt": tool["merged_at"] or None,
        "closedAt": tool["closed_at"] or None,
        "baseRefName": tool["base_ref"],
        "headRefName": tool["head_ref"],
        "headRefOid": tool["head_commit_sha"],
        "mergeCommit": merge,
        "author": {"login": tool["author_name"], "databaseId": int(tool["author_id"])},
        "commits": {
            "totalCount": len(commits),
            "nodes": [{"commit": {"authoredDate": it["commit"]["author"]["date"]}} for it in commits],
        },
        "reviews": {"nodes": reviews},
    }


def review_of(told: Json) -> Json:
    who = {"login": told["user"]["login"], "databaseId": told["user"]["id"], "__typename": told["user"]["type"]}
    return {
        "fullDatabaseId": str(told["id"]),
        "state": told["state"],
        "submittedAt": told["submitted_at"],
        "author": who,
    }


def grouped(name: str, made: Callable[[Json], Json]) -> dict[str, list[Json]]:
    found: dict[str, dict[str, Json]] = {}
    for told, asked in raw(name):
        found.setdefault(str(asked["GithubId"]), {})[str(told.get("id") or told["sha"])] = made(told)
    return {native_id: list(rows.values()) for native_id, rows in found.items()}


def test_pull_requests_begin_with_the_commit_and_are_reviewed_when_the_peer_says_so(run: Any) -> None:
    commits, reviews = (
        grouped("_raw_github_api_pull_request_commits", dict),
        grouped("_raw_github_api_pull_request_reviews", review_of),
    )
    first: dict[int, datetime] = {}
    for row in table("pull_request_commits"):
        authored, number = at(row["commit_authored_date"]), number_of(row["pull_request_id"])
        assert authored is not None
        first[number] = min(authored, first.get(number, authored))
    looked = {number_of(row["id"]): row for row in table("pull_request_review_comments")}
    items: list[Any] = []
    people = People(run)
    for tool in table("_tool_github_pull_requests"):
        native_id, said = tool["github_id"], reviews.get(tool["github_id"], [])
        pull = pull_of(tool, commits.get(native_id, []), said)
        mine = pull_request_row(run, people, ANTS, pull, said)
        items.append((PullRequests, mine))
        # The peer says closed of what was merged, and merged beside it; Aurora says merged.
        assert mine["state"] == ("merged" if tool["merged_at"] else tool["state"])
        assert (mine["merged_at"], mine["closed_at"]) == (at(tool["merged_at"]), at(tool["closed_at"]))
        # The peer keeps the trial merge of what never was merged.
        assert mine["merge_sha"] == (tool["merge_commit_sha"] if tool["merged_at"] else None)
        assert mine["first_commit_at"] == first.get(int(native_id))
        for review in said:
            row, peer = review_row(run, people, ANTS, pull, review), looked[int(review["fullDatabaseId"])]
            items.append((PullRequestReviews, row))
            assert (row["state"].upper(), row["submitted_at"]) == (peer["status"], at(peer["created_date"]))
            assert row["reviewer_id"] == f"test:{number_of(peer['account_id'])}"
    assert sum(1 for kind, _ in items if kind is PullRequests) == 49
    assert sum(1 for kind, _ in items if kind is PullRequestReviews) == len(looked) == 30
    assert refused(items) == {}


def test_answers_of_authors_are_no_first_review(run: Any) -> None:
    """The peer takes the first comment of anybody but the author as well; its table of reviews begins alike."""
    said = grouped("_raw_github_api_pull_request_reviews", review_of)["325179595"]
    (tool,) = (row for row in table("_tool_github_pull_requests") if row["github_id"] == "325179595")
    mine = pull_request_row(run, People(run), ANTS, pull_of(tool, [], said), said)
    assert tool["author_name"] == "KevinBaiSg"
    assert mine["first_review_at"] == at("2019-10-07T16:56:26+00:00")
    assert mine["approved_at"] is None
    assert mine["review_count"] == len(said)


def test_a_pull_request_names_the_issue_that_the_peer_finds_in_its_body(run: Any) -> None:
    """Aurora does not search bodies: what one closes GitHub tells itself."""
    (link,) = table("pull_request_issues")
    (tool,) = (row for row in table("_tool_github_pull_requests") if row["number"] == link["pull_request_key"])
    closing = {"number": int(link["issue_key"]), "repository": {"nameWithOwner": ANTS.name}}
    told = pull_of(tool, [], []) | {"closingIssuesReferences": {"nodes": [closing]}}
    assert pull_request_row(run, People(run), ANTS, told, [])["work_item_keys"] == [f"{ANTS.name}#22"]


def test_what_bots_ask_to_pull_is_kept_and_marked_where_the_peer_can_only_leave_it_out(run: Any) -> None:
    people = People(run)
    for told, _ in raw("_raw_github_api_pull_requests_bot_filter"):
        tool = {
            "number": told["number"],
            "title": told["title"],
            "state": told["state"],
            "url": told["html_url"],
            "github_created_at": told["created_at"],
            "github_updated_at": told["updated_at"],
            "merged_at": told["merged_at"],
            "closed_at": told["closed_at"],
            "base_ref": told["base"]["ref"],
            "head_ref": told["head"]["ref"],
            "head_commit_sha": told["head"]["sha"],
            "merge_commit_sha": told["merge_commit_sha"],
            "author_name": told["user"]["login"],
            "author_id": told["user"]["id"],
        }
        mine = pull_request_row(run, people, ANTS, pull_of(tool, [], []), [])
        assert refused([(PullRequests, mine)]) == {}
    assert {row["logins"][0]: row["is_bot"] for row in people.met()} == {"renovate": True, "human-dev": False}


def test_issues_are_done_when_the_peer_sees_them_closed(run: Any) -> None:
    closed = {
        int(row["issue_id"]): at(row["github_created_at"])
        for row in table("_tool_github_issue_events")
        if row["type"] == "closed"
    }
    issues = {told["issue"]["id"]: told["issue"] for told, _ in raw("_raw_github_api_events")}
    items = [
        (WorkItems, work_item_row(run, People(run), ANTS, it)) for it in issues.values() if not it.get("pull_request")
    ]
    compared = 0
    for native_id, ended in closed.items():
        issue = issues[native_id]
        mine = work_item_row(run, People(run), ANTS, issue)
        if issue["closed_at"] and ended is not None:
            assert mine["state"] == "done"
            assert abs(mine["resolved_at"] - ended) <= SECOND  # the event is written a moment later
            compared += 1
    assert compared >= 10
    assert refused(items) == {}
    # The peer's types are rules of its users; without rules it has none. Aurora knows the usual labels.
    types = {row["type_raw"]: row["type"] for _, row in items}
    assert types == {None: "unknown", "bug": "bug"}


def test_issues_take_as_long_as_the_peer_says(run: Any) -> None:
    labels: dict[str, list[str]] = {}
    for row in table("_tool_github_issue_labels"):
        labels.setdefault(row["issue_id"], []).append(row["label_name"])
    meant = {"bug": "bug", "enhancement": "story", "question": "unknown"}
    for tool in table("_tool_github_issues"):
        named = labels.get(tool["github_id"], [])
        issue = {
            "number": int(tool["number"]),
            "title": tool["title"],
            "state": tool["state"],
            "labels": [{"name": name} for name in named],
            "created_at": tool["github_created_at"],
            "updated_at": tool["github_updated_at"],
            "closed_at": tool["closed_at"] or None,
        }
        mine = work_item_row(run, People(run), ANTS, issue)
        assert mine["type"] == (meant[named[0]] if named else "unknown")
        assert mine["state"] == {"closed": "done", "open": "todo"}[tool["state"]]
        if tool["closed_at"]:
            lasted = (mine["resolved_at"] - mine["created_at"]).total_seconds()
            assert int(lasted // 60) == int(tool["lead_time_minutes"])


def test_runs_and_jobs_as_webhooks_tell_them(run: Any) -> None:
    items: list[Any] = []
    for path in sorted((API / "github-webhooks" / "workflow_run").glob("*.json")):
        told = json.loads(path.read_text(encoding="utf-8"))["workflow_run"]
        items.append((CiRuns, run_row(run, ANTS, told, None)))
    assert [(row["status"], row["result"]) for _, row in items] == [
        ("completed", "success"),
        ("queued", None),
        ("completed", "neutral"),
    ]
    for path in sorted((API / "github-webhooks" / "workflow_job").glob("*.json")):
        job = json.loads(path.read_text(encoding="utf-8"))["workflow_job"]
        items.append((CiJobs, job_row(run, {"id": job["run_id"], "created_at": job["started_at"]}, job)))
    assert len(items) == 8
    assert refused(items) == {}
    assert not run.unknown_words


def test_issues_as_octokit_recorded_them(run: Any) -> None:
    told = json.loads((API / "octokit-fixtures" / "add-labels-to-issue.json").read_text(encoding="utf-8"))
    mine = work_item_row(run, People(run), ANTS, told[0]["response"])
    assert refused([(WorkItems, mine)]) == {}
    assert (mine["key"], mine["state"], mine["labels"]) == ("panjf2000/ants#1", "todo", [])
