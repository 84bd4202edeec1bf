"""Bitbucket's answers that another product recorded, mapped to our rows and compared with the rows that it expects.

Issues are recorded too, and not read here: Bitbucket's issue tracker is none of our sources.
"""

from collections import Counter
from typing import Any

import pytest

from aurora.contracts.delivery import PullRequests
from ingest.connectors.bitbucket import connector
from ingest.vendors.bitbucket_pull_requests import pull_request_row
from tests.peers import PEER, at, differing, instant, number, peer_run, raw, table, tail
from tests.replay import refused

pytestmark = pytest.mark.skipif(not PEER.is_dir(), reason="the reference data are not here")
RUN = peer_run(connector, "pull_requests", {"workspace": "likyh", "token": "env:HOME"})
REPOSITORY = {"uuid": "{e762bff4-f795-49c6-b9f9-6ea334b6d964}", "full_name": "likyh/likyhphp"}
RAW, EXPECTED = "bitbucket/raw_tables/_raw_bitbucket_api_", "bitbucket/snapshot_tables/"
OWN = "e762bff4-f795-49c6-b9f9-6ea334b6d964"


def ours(text: str) -> str:
    """Our id for a peer's pull request: the repository by its UUID, which survives a new name."""
    return RUN.id(f"{OWN}/{tail(text)}")


def test_pull_requests_are_those_of_the_peer() -> None:
    commits: dict[int, list[Any]] = {}
    for asked, commit in raw(RAW + "pull_request_commits.csv"):
        commits.setdefault(asked["BitbucketId"], []).append(commit)
    listed = {pr["id"]: pr for _, pr in raw(RAW + "pull_requests.csv")}
    rows = [pull_request_row(RUN, REPOSITORY, pr, commits.get(pr["id"], []), []) for pr in listed.values()]
    assert refused([(PullRequests, row) for row in rows]) == {}
    first: dict[str | None, Any] = {}
    for row in table(EXPECTED + "pull_request_commits.csv"):
        when = instant(row["commit_authored_date"])
        first[tail(row["pull_request_id"])] = min(first.get(tail(row["pull_request_id"]), when), when)
    states = {"OPEN": "open", "MERGED": "merged", "CLOSED": "closed"}
    found = differing(
        rows,
        table(EXPECTED + "pull_requests.csv"),
        {
            "pull_request_id": at("id", ours),
            "repo_id": at("base_repo_id", lambda text: RUN.id(OWN) if tail(text) == "likyh/likyhphp" else text),
            "number": at("pull_request_key", number),
            "title": at("title"),
            "url": at("url"),
            "state": at("status", states.__getitem__),
            "state_raw": at("original_status"),
            "author_id": at("author_id", lambda text: RUN.id(tail(text)) if tail(text) else None),
            "head_ref": at("head_ref"),
            "base_ref": at("base_ref"),
            "head_sha": at("head_commit_sha"),
            "merge_sha": at("merge_commit_sha"),
            "merged_at": at("merged_date", instant),
            "closed_at": at("closed_date", instant),
            "first_commit_at": lambda row: first.get(row["pull_request_key"]),
        },
    )
    assert found == Counter()


def test_comment_counts_are_those_of_the_peer() -> None:
    rows = [pull_request_row(RUN, REPOSITORY, pr, None, []) for _, pr in raw(RAW + "pull_requests.csv")]
    columns = {"pull_request_id": at("bitbucket_id", ours), "comment_count": at("comment_count", number)}
    assert differing(rows, table(EXPECTED + "_tool_bitbucket_pull_requests.csv"), columns) == Counter()
