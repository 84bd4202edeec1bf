"""GitLab's answers that another product recorded, mapped to our rows and compared with the rows that it expects.

Each `Counter` lists what differs on purpose, and why; anything else would be a fault of one side.
"""

import json
from collections import Counter
from typing import Any

import pytest

from aurora.contracts import Row
from aurora.contracts.delivery import CiJobs, PullRequestReviews, PullRequests, WorkItems
from ingest.connectors.gitlab import connector
from ingest.vendors.gitlab_merge_requests import merge_request_row, review_rows
from ingest.vendors.gitlab_planning import ITERATION_STATES, sprint_row, work_item_row
from ingest.vendors.gitlab_rows import job_row
from tests.peers import API, PEER, at, differing, instant, number, peer_run, raw, table, tail
from tests.replay import refused

pytestmark = pytest.mark.skipif(not PEER.is_dir(), reason="the reference data are not here")
RUN = peer_run(connector, "issues", {"token": "env:HOME"})
PROJECT = {"id": 12345678, "path_with_namespace": "gitlab-data/snowflake_spend"}
RAW, EXPECTED = "gitlab/raw_tables/_raw_gitlab_api_", "gitlab/snapshot_tables/"


def ours(text: str) -> str | None:
    """Our id for a peer's one; it writes 0 for nobody."""
    return None if tail(text) in (None, "0") else RUN.id(tail(text))


def test_issues_are_those_of_the_peer() -> None:
    rows = [work_item_row(RUN, PROJECT, issue) for _, issue in raw(RAW + "issues.csv")]
    assert refused([(WorkItems, row) for row in rows]) == {}
    found = differing(
        rows,
        table(EXPECTED + "issues.csv"),
        {
            "work_item_id": at("id", ours),
            "key": at("issue_key", lambda text: f"gitlab-data/snowflake_spend#{text}"),
            "title": at("title"),
            "url": at("url"),
            "state": at("status", str.lower),
            "state_raw": at("original_status"),
            "created_at": at("created_date", instant),
            "updated_at": at("updated_date", instant),
            "resolved_at": at("resolution_date", instant),
            "assignee_id": at("assignee_id", ours),
            "points": at("story_point", number),
            "severity": at("severity", str.lower),
            "priority_raw": at("priority"),
            "type": at("type"),
        },
    )
    assert found == Counter(
        state_raw=16,  # the peer keeps no word of GitLab's without a mapping of its user's; ours is opened or closed
        severity=16,  # UNKNOWN of an issue that is no incident: GitLab has severities for incidents only, so null
        type=16,  # the peer types by its user's labels; a plain issue is a story, as GitLab reads agile words
        points=6,  # the weight, which the peer leaves out
        priority_raw=3,  # the label Priority::3-Other, which the peer leaves out
    )


def test_jobs_are_those_of_the_peer() -> None:
    rows = [job_row(RUN, job) for _, job in raw(RAW + "job.csv")]
    assert refused([(CiJobs, row) for row in rows]) == {}
    results = {"SUCCESS": "success", "FAILURE": "failure", "": None}
    found = differing(
        rows,
        table(EXPECTED + "cicd_tasks.csv"),
        {
            "ci_job_id": at("id", ours),
            "ci_run_id": at("pipeline_id", ours),
            "name": at("name"),
            "result": at("result", results.__getitem__),
            "result_raw": at("original_status"),
            "created_at": at("created_date", instant),
            "started_at": at("started_date", instant),
            "finished_at": at("finished_date", instant),
            "duration_s": at("duration_sec", number),
        },
    )
    unstarted = sum(1 for _, job in raw(RAW + "job.csv") if job["duration"] is None)
    assert found == Counter(
        result=3,  # two canceled and one skipped: that is no failure, and not nothing
        duration_s=unstarted + 7,  # null, not 0, where nothing ran; and of 7 that are not over no duration yet
    )


def test_merge_requests_are_those_of_the_peer() -> None:
    commits: dict[int, list[Any]] = {}
    for asked, commit in raw(RAW + "merge_request_commits.csv"):
        commits.setdefault(asked["GitlabId"], []).append(commit)
    listed = [mr for _, mr in raw(RAW + "merge_requests_for_mr_notes_test.csv")]
    rows = [merge_request_row(RUN, mr, commits.get(mr["id"], []), [], None) for mr in listed]
    assert refused([(PullRequests, row) for row in rows]) == {}
    first = {}
    for row in table(EXPECTED + "pull_request_commits.csv"):
        when = instant(row["commit_authored_date"])
        first[tail(row["pull_request_id"])] = min(first.get(tail(row["pull_request_id"]), when), when)
    states = {"opened": "open", "merged": "merged", "closed": "closed"}
    found = differing(
        rows,
        table(EXPECTED + "_tool_gitlab_merge_requests_for_mr_notes_test.csv"),
        {
            "pull_request_id": at("gitlab_id", ours),
            "repo_id": at("project_id", ours),
            "number": at("iid", number),
            "title": at("title"),
            "url": at("web_url"),
            "state": at("state", states.__getitem__),
            "state_raw": at("state"),
            "is_draft": at("work_in_progress", lambda text: text == "1"),
            "author_id": at("author_user_id", ours),
            "head_ref": at("source_branch"),
            "base_ref": at("target_branch"),
            "merge_sha": at("merge_commit_sha"),
            "created_at": at("gitlab_created_at", instant),
            "merged_at": at("merged_at", instant),
            "closed_at": at("closed_at", instant),
            "comment_count": at("user_notes_count", number),
            "first_commit_at": lambda row: first.get(row["gitlab_id"]),
        },
    )
    assert found == Counter(
        first_commit_at=2,  # the peer's test of commits knows five of these merge requests, the raw table two more
        closed_at=10,  # merged ones: closed_at is when it was over, merged or not, as other forges tell it
    )


def test_approvals_and_comments_are_those_of_the_peer() -> None:
    listed = {mr["id"]: mr for _, mr in raw(RAW + "merge_requests_for_mr_notes_test.csv")}
    notes: dict[int, list[Any]] = {}
    for asked, note in raw(RAW + "merge_request_notes.csv"):
        notes.setdefault(asked["GitlabId"], []).append(note)
    rows: list[Row] = [row for number_, told in notes.items() for row in review_rows(RUN, listed[number_], told)]
    assert refused([(PullRequestReviews, row) for row in rows]) == {}
    left_out = {
        "186439132": "a comment of the author is no review",
        "208092969": "a comment of the author is no review",
        "208121781": "the second comment of a reviewer on one day belongs to the same review",
    }
    expected = [row for row in table(EXPECTED + "pull_request_comments.csv") if tail(row["id"]) not in left_out]
    found = differing(
        rows,
        expected,
        {
            "review_id": at("id", lambda text: RUN.id(f"note:{tail(text)}")),
            "pull_request_id": at("pull_request_id", ours),
            "reviewer_id": at("account_id", ours),
            "submitted_at": at("created_date", instant),
            "state": at("body", lambda text: {"a": "approved", "u": "dismissed"}.get(text[0], "commented")),
        },
    )
    assert found == Counter()


@pytest.mark.parametrize(
    ("file", "state"), [("get_merge_request.json", "open"), ("get_merge_requests_not_author_username.json", "open")]
)
def test_recorded_shapes_of_merge_requests_land(file: str, state: str) -> None:
    told = json.loads((API / "gitlab-fixtures" / file).read_text(encoding="utf-8"))
    rows = [merge_request_row(RUN, mr, [], [], None) for mr in (told if isinstance(told, list) else [told])]
    assert refused([(PullRequests, row) for row in rows]) == {}
    assert {row["state"] for row in rows} == {state}


def test_a_recorded_iteration_is_a_sprint() -> None:
    (told,) = json.loads((API / "gitlab-fixtures" / "list_group_iterations.json").read_text(encoding="utf-8"))
    row = sprint_row(RUN, "iteration:53", "test:group:5", told, RUN.word(ITERATION_STATES, str(told["state"])))
    assert (row["name"], row["number"], row["state"]) == ("Iteration II", 1, "active")
    assert [str(row[name]) for name in ("starts_at", "ends_at")] == [
        "2020-02-14 00:00:00+00:00",
        "2020-02-01 23:59:59+00:00",
    ]
