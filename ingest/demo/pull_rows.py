"""Rows of pull requests and their reviews, as they stand at an instant."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from aurora.contracts import Row, Table
from aurora.contracts.delivery import PullRequestReviews, PullRequests
from ingest.demo.catalog import slug
from ingest.demo.estate import repo_url
from ingest.demo.items import item_behind
from ingest.demo.names import pull_request_id
from ingest.demo.pulls import Pull
from ingest.demo.reviews import Review
from ingest.demo.world import Slice, World

BRANCHES = {"bot": "deps", "hotfix": "hotfix", "revert": "revert"}


def pull_rows(world: World, pulls: Iterable[Pull], span: Slice) -> Iterator[tuple[type[Table], Row]]:
    """The requests that were opened or touched in the slice, and the reviews submitted in it."""
    for pull in pulls:
        reviews = [(number, one) for number, one in enumerate(pull.reviews, start=1) if span.has(one.at)]
        if reviews or any(span.has(at) for at in (*pull.pushes, pull.merged_at, pull.closed_at)):
            yield PullRequests, pull_row(world, pull, span.until)
        yield from ((PullRequestReviews, review_row(world, pull, number, one)) for number, one in reviews)


def work_item_keys(world: World, pull: Pull) -> list[str]:
    """The key of the item that a merged request was made for; the bot has none."""
    if pull.merged_at is None or pull.kind == "bot":
        return []
    item = item_behind(world, pull.app, pull.title, pull.commits[0].authored_at, pull.merged_at)
    return [item.key] if item else []


def head_sha(world: World, pull: Pull, push: int) -> str:
    """The head of the branch after its n-th push; merging rebases, so that it is no commit of the main branch."""
    return world.sha("head", pull.app.app_id, pull.number, push)


def branch_of(world: World, pull: Pull) -> str:
    """The branch on which the change was made."""
    words = "".join(letter if letter.isalnum() else "-" for letter in pull.title.lower()).strip("-")
    return f"{BRANCHES.get(pull.kind, 'change')}/{words}"


def pull_row(world: World, pull: Pull, now: datetime) -> Row:
    """The row of a request as it stands at `now`."""
    is_merged = pull.merged_at is not None and pull.merged_at < now
    is_closed = pull.closed_at is not None and pull.closed_at < now
    state = "merged" if is_merged else "closed" if is_closed else "open"
    pushed = [commit for place, commit in enumerate(pull.commits) if place == 0 or commit.authored_at < now]
    reviews = [review for review in pull.reviews if review.at < now]
    approvals = [review.at for review in reviews if review.state == "approved"]
    pushes = [at for at in pull.pushes if at < now]
    touched = [*pushes, *(review.at for review in reviews), *([pull.closed_at] if is_closed and pull.closed_at else [])]
    lines = ((one.added_lines, one.deleted_lines) for one in pushed)
    added, deleted = (sum(values) for values in zip(*lines, strict=True))
    return {
        "pull_request_id": pull_request_id(world, pull.app.app_id, pull.number),
        "repo_id": world.id(pull.app.app_id),
        "number": pull.number,
        "title": pull.title,
        "state": state,
        "state_raw": state,
        "is_draft": pull.kind == "draft",
        "author_id": slug(pull.author),
        "base_ref": "main",
        "head_ref": branch_of(world, pull),
        "head_sha": head_sha(world, pull, len(pushes)),
        "merge_sha": pull.commits[-1].sha if is_merged else None,
        "first_commit_at": pull.commits[0].authored_at,
        "created_at": pull.created_at,
        "first_review_at": reviews[0].at if reviews else None,
        "approved_at": approvals[0] if approvals else None,
        "merged_at": pull.merged_at if is_merged else None,
        "closed_at": pull.closed_at if is_closed else None,
        "updated_at": max(touched),
        "added_lines": added,
        "deleted_lines": deleted,
        "file_count": sum(1 + one.added_lines // 25 for one in pushed),
        "commit_count": len(pushed),
        "review_count": len(reviews),
        "comment_count": sum(review.comments for review in reviews),
        "labels": list(pull.labels),
        "work_item_keys": work_item_keys(world, pull),
        "url": f"{repo_url(pull.app)}/pull/{pull.number}",
    }


def review_row(world: World, pull: Pull, number: int, review: Review) -> Row:
    """The row of a review."""
    request = pull_request_id(world, pull.app.app_id, pull.number)
    return {
        "review_id": f"{request}/review/{number}",
        "pull_request_id": request,
        "reviewer_id": slug(review.reviewer),
        "state": review.state,
        "state_raw": review.state.upper(),
        "submitted_at": review.at,
    }
