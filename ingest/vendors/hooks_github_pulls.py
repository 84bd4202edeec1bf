"""Pull requests and their reviews, as webhooks of GitHub tell them."""

from collections.abc import Iterator
from typing import Any

from aurora.contracts import Row
from aurora.contracts.delivery import PullRequestReviews, PullRequests
from ingest.connector import Json
from ingest.vendors.hooks import HookRun, Said, instant, moment, text

REVIEWS = {word: word for word in ("approved", "changes_requested", "commented", "dismissed")}


def pull_request(run: HookRun, told: Json) -> Iterator[Said]:
    """A pull request as it stands."""
    yield Said(PullRequests, _pull_request_row(run, told["repository"], told["pull_request"]))


def review(run: HookRun, told: Json) -> Iterator[Said]:
    """A submitted review, and what it means for its pull request if nothing earlier is known."""
    repository, pull, one = told["repository"], told["pull_request"], told["review"]
    at = instant(one.get("submitted_at"))
    row = _pull_request_row(run, repository, pull)
    state, reviewer = run.word(REVIEWS, str(one["state"])), account_id(run, one.get("user"))
    is_others = reviewer != row["author_id"] and (one.get("user") or {}).get("type") != "Bot"
    otherwise: dict[str, Any] = {"first_review_at": at} if is_others else {}
    if state == "approved":
        otherwise["approved_at"] = at
    yield Said(PullRequests, row, otherwise)
    if at:
        yield Said(
            PullRequestReviews,
            {
                "review_id": run.id(one["id"]),
                "pull_request_id": row["pull_request_id"],
                "reviewer_id": reviewer,
                "state": state,
                "state_raw": str(one["state"]),
                "submitted_at": at,
            },
        )


def _pull_request_row(run: HookRun, repository: Json, pull: Json) -> Row:
    merged = instant(pull.get("merged_at"))
    row = {
        "pull_request_id": run.id(f"{repository['id']}#{pull['number']}"),
        "repo_id": run.id(repository["id"]),
        "number": pull["number"],
        "title": text(pull.get("title")),
        "state": "merged" if merged else run.word({"open": "open", "closed": "closed"}, str(pull["state"])),
        "state_raw": "merged" if merged else str(pull["state"]),
        "author_id": account_id(run, pull.get("user")),
        "base_ref": (pull.get("base") or {}).get("ref"),
        "head_ref": (pull.get("head") or {}).get("ref"),
        "head_sha": (pull.get("head") or {}).get("sha"),
        "merge_sha": pull.get("merge_commit_sha") if merged else None,
        "created_at": moment(pull["created_at"]),
        "merged_at": merged,
        "closed_at": instant(pull.get("closed_at")),
        "updated_at": moment(pull["updated_at"]),
        "labels": [label["name"] for label in pull.get("labels") or ()],
        "url": pull.get("html_url"),
    }
    names = {"added_lines": "additions", "deleted_lines": "deletions", "file_count": "changed_files"}
    names |= {"commit_count": "commits", "is_draft": "draft"}
    row |= {name: pull[theirs] for name, theirs in names.items() if theirs in pull}
    if "comments" in pull:
        row["comment_count"] = pull["comments"] + (pull.get("review_comments") or 0)
    return row


def account_id(run: HookRun, account: Json | None) -> str | None:
    """An account by its number, which survives renames; None for one that is gone."""
    return run.id(account["id"]) if account else None
