"""Pull requests and their reviews out of GraphQL: how they are walked, and what their rows say."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from aurora.contracts import Row
from aurora.contracts.delivery import PullRequestReviews, PullRequests
from aurora.contracts.estate import People as PeopleTable
from ingest.connector import Checkpoint, Item, Json, Run
from ingest.vendors.github_api import Api, nodes
from ingest.vendors.github_people import People, is_bot
from ingest.vendors.github_queries import PULL_REQUESTS, REVIEWS
from ingest.vendors.github_repositories import Repository, State, complete_until, instant, settled, since
from ingest.vendors.work_keys import work_keys

PAGE = 20
REVIEW_PAGE = 100
STATES = {"open": "open", "merged": "merged", "closed": "closed"}
REVIEW_STATES = {word: word for word in ("approved", "changes_requested", "commented", "dismissed")}


def is_due(run: Run[Any], repository: Repository, state: State) -> bool:
    """Whether anything was updated after what is complete, or a walk was broken off."""
    newest, until = repository.newest(), complete_until(run, state)
    return "page" in state or (newest is not None and (until is None or newest > until))


def walk(run: Run[Any], api: Api, one: Repository, state: State) -> Iterator[Item]:
    """Pull requests by their last update, newest first, back to what is complete.

    A first walk takes all open ones before, however old. One that was broken off goes on at its page: what was updated
    meanwhile stands before that and comes next time.
    """
    bound, people = since(run, state), api.people
    if "until" not in state and "page" not in state:
        for page in _pages(api, one, ["OPEN"], None):
            yield from _items(run, api, people, one, nodes(page))
        yield Checkpoint({})
    newest = instant(state.get("newest")) or one.newest()
    for page in _pages(api, one, None, state.get("page")):
        found = nodes(page)
        yield from _items(run, api, people, one, [it for it in found if _updated(it) >= bound])
        if found and _updated(found[-1]) < bound:
            break
        if newest is not None:
            state |= {"page": (page.get("pageInfo") or {}).get("endCursor"), "newest": newest.isoformat()}
        yield Checkpoint({})
    until = settled(run, newest)
    state.clear()
    state["until"] = until
    yield Checkpoint({})


def _pages(api: Api, one: Repository, states: list[str] | None, after: str | None) -> Iterator[dict[str, Any]]:
    place = "repository.pullRequests"
    return api.connection("PullRequests", PULL_REQUESTS, place, PAGE, after, states=states, **one.owner_and_name)


def _updated(pull: Json) -> datetime:
    return datetime.fromisoformat(pull["updatedAt"])


def _items(run: Run[Any], api: Api, people: People, one: Repository, pulls: list[Json]) -> Iterator[Item]:
    for pull in pulls:
        reviews = [it for it in _reviews(api, one, pull) if it.get("submittedAt") and it.get("fullDatabaseId")]
        yield PullRequests, pull_request_row(run, people, one, pull, reviews)
        for review in reviews:
            yield PullRequestReviews, review_row(run, people, one, pull, review)
    for row in people.met():
        yield PeopleTable, row


def _reviews(api: Api, one: Repository, pull: Json) -> Iterator[Json]:
    """All reviews; those beyond the first fifty by a query of their own."""
    first = pull.get("reviews") or {}
    yield from nodes(first)
    onward = first.get("pageInfo") or {}
    if onward.get("hasNextPage"):
        place, asked = "repository.pullRequest.reviews", {**one.owner_and_name, "number": pull["number"]}
        for page in api.connection("Reviews", REVIEWS, place, REVIEW_PAGE, onward.get("endCursor"), **asked):
            yield from nodes(page)


def pull_request_id(run: Run[Any], repository: int, number: int) -> str:
    """A pull request by its repository's number and its own: both are in every text that names it, and never change."""
    return run.id(f"{repository}#{number}")


def pull_request_row(run: Run[Any], people: People, one: Repository, pull: Json, reviews: list[Json]) -> Row:
    """A pull request. The first review is that of another person: authors answer in reviews of their own."""
    created, author = instant(pull["createdAt"]), pull.get("author") or {}
    others = [it for it in reviews if (it.get("author") or {}).get("login") != author.get("login")]
    authored = [instant((it.get("commit") or {}).get("authoredDate")) for it in nodes(pull.get("commits"))]
    linked = (
        f"{it['repository']['nameWithOwner']}#{it['number']}" for it in nodes(pull.get("closingIssuesReferences"))
    )
    return {
        "pull_request_id": pull_request_id(run, one.number, pull["number"]),
        "repo_id": run.id(one.number),
        "number": pull["number"],
        "title": pull.get("title") or None,
        "state": run.word(STATES, pull["state"]),
        "state_raw": pull["state"],
        "is_draft": pull.get("isDraft"),
        "author_id": people.meet(author or None, created or run.now),
        "base_ref": pull.get("baseRefName") or None,
        "head_ref": pull.get("headRefName") or None,
        "head_sha": pull.get("headRefOid") or None,
        # An open pull request has a trial merge of its own, which is on no branch.
        "merge_sha": (pull.get("mergeCommit") or {}).get("oid") if pull.get("mergedAt") else None,
        "first_commit_at": min((at for at in authored if at), default=None),
        "created_at": created,
        "first_review_at": _earliest(it for it in others if not is_bot(it.get("author"))),
        "approved_at": _earliest(it for it in others if it["state"] == "APPROVED"),
        "merged_at": instant(pull.get("mergedAt")),
        "closed_at": instant(pull.get("closedAt")),
        "updated_at": instant(pull["updatedAt"]),
        "added_lines": pull.get("additions"),
        "deleted_lines": pull.get("deletions"),
        "file_count": pull.get("changedFiles"),
        "commit_count": (pull.get("commits") or {}).get("totalCount"),
        "review_count": len(reviews),
        "comment_count": pull.get("totalCommentsCount"),
        "labels": [it["name"] for it in nodes(pull.get("labels"))],
        "work_item_keys": work_keys(pull.get("title"), pull.get("headRefName"), one.name, linked),
        "url": pull.get("url") or None,
    }


def _earliest(reviews: Iterator[Json]) -> datetime | None:
    return min((at for it in reviews if (at := instant(it["submittedAt"]))), default=None)


def review_row(run: Run[Any], people: People, one: Repository, pull: Json, review: Json) -> Row:
    """A submitted review."""
    submitted = instant(review["submittedAt"])
    return {
        "review_id": run.id(review["fullDatabaseId"]),
        "pull_request_id": pull_request_id(run, one.number, pull["number"]),
        "reviewer_id": people.meet(review.get("author"), submitted or run.now),
        "state": run.word(REVIEW_STATES, review["state"]),
        "state_raw": review["state"],
        "submitted_at": submitted,
    }
