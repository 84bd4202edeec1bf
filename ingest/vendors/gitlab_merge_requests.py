"""A GitLab merge request with its commits, notes and approvals, as rows of pull requests and reviews."""

import re
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

from aurora.contracts import Row
from aurora.contracts.delivery import PullRequestReviews, PullRequests
from ingest.connector import Item, Json, Run
from ingest.vendors.forges import instant, is_bot, moment
from ingest.vendors.git_words import clean
from ingest.vendors.gitlab_api import Api
from ingest.vendors.work_keys import tracked_keys

STATES = {"opened": "open", "reopened": "open", "locked": "open", "merged": "merged", "closed": "closed"}
VERDICTS = {
    "approved this merge request": "approved",
    "unapproved this merge request": "dismissed",
    "requested changes": "changes_requested",
}
_REFERENCE = r"(?:https?://[^\s/]{1,200}/([\w./-]{1,200}?)(?:/-)?/issues/|([\w.-][\w./-]{0,200})?#)(\d{1,9})\b"
_CLOSING = re.compile(
    r"\b(?:clos(?:e[sd]?|ing)|fix(?:e[sd]|ing)?|resolv(?:e[sd]?|ing)|implement(?:s|ed|ing)?):?\s+(?:issues?\s+)?"
    rf"({_REFERENCE}(?:(?:\s*,\s*(?:and\s+)?|\s+and\s+){_REFERENCE})*)",
    re.I,
)


def merge_request_items(run: Run[Any], api: Api, project: Json, page: list[Json]) -> Iterator[Item]:
    """Merge requests and their reviews: three requests each, four if somebody approved it, and one for all sizes."""
    sizes = api.sizes(project, [mr["iid"] for mr in page]) if page else {}
    for mr in page:
        place = f"projects/{mr['project_id']}/merge_requests/{mr['iid']}"
        commits = api.known(f"{place}/commits")
        notes = api.known(f"{place}/notes", {"order_by": "created_at", "sort": "asc"})
        reviews = None if notes is None else review_rows(run, mr, notes)
        was_approved = any(review["state"] == "approved" for review in reviews or ())
        approvals = api.one(f"{place}/approvals") if was_approved else None
        row = merge_request_row(run, mr, commits, reviews, approvals)
        yield PullRequests, row | size_of(sizes.get(mr["iid"]) or {})
        for review in reviews or ():
            yield PullRequestReviews, review


def size_of(told: Json) -> Row:
    """Changed lines and files; null where they were not told."""
    return {
        "added_lines": told.get("additions"),
        "deleted_lines": told.get("deletions"),
        "file_count": told.get("fileCount"),
    }


def merge_request_row(
    run: Run[Any], mr: Json, commits: list[Json] | None, reviews: list[Row] | None, approvals: Json | None
) -> Row:
    """A merge request; what could not be read of it is null."""
    raw, author = mr["state"], author_of(run, mr)
    authored = [at for commit in commits or () if (at := instant(commit.get("authored_date")))]
    by_others = [one for one in reviews or () if one["reviewer_id"] != author and one["state"] != "dismissed"]
    return {
        "pull_request_id": run.id(mr["id"]),
        "repo_id": run.id(mr["project_id"]),
        "number": mr["iid"],
        "title": clean(mr.get("title") or "", 500),
        "state": run.word(STATES, raw),
        "state_raw": raw,
        "is_draft": mr.get("draft", mr.get("work_in_progress")),
        "author_id": author,
        "base_ref": mr.get("target_branch") or None,
        "head_ref": mr.get("source_branch") or None,
        "head_sha": mr.get("sha") or None,
        "merge_sha": merge_sha(mr),
        "first_commit_at": min(authored, default=None),
        "created_at": moment(mr["created_at"]),
        "first_review_at": min((one["submitted_at"] for one in by_others), default=None),
        "approved_at": approved_at(run, reviews or [], approvals),
        "merged_at": instant(mr.get("merged_at")),
        "closed_at": instant(mr.get("closed_at")) or instant(mr.get("merged_at")),
        "updated_at": moment(mr["updated_at"]),
        "commit_count": None if commits is None else len(commits),
        "review_count": None if reviews is None else len(reviews),
        "comment_count": mr.get("user_notes_count"),
        "labels": list(mr.get("labels") or []),
        "work_item_keys": work_item_keys(mr),
        "url": mr.get("web_url") or None,
    }


def merge_sha(mr: Json) -> str | None:
    """The commit that the merge made: a merge commit, a squashed one, or (fast-forward) the last of the branch."""
    made = mr.get("merge_commit_sha") or mr.get("squash_commit_sha")
    return made or (mr.get("sha") if mr["state"] == "merged" else None) or None


def author_of(run: Run[Any], thing: Json) -> str | None:
    """Who wrote a merge request or a note; None for an account that is gone."""
    number = (thing.get("author") or {}).get("id")
    return None if number is None else run.id(number)


def review_rows(run: Run[Any], mr: Json, notes: list[Json]) -> list[Row]:
    """Approvals, their withdrawal and requests for changes, each; of a reviewer's comments the first of a day.

    Comments of the author and of machines are no review.
    """
    author, rows = author_of(run, mr), []
    spoken: set[tuple[str | None, date]] = set()
    for note in notes:
        at, who = moment(note["created_at"]), author_of(run, note)
        verdict = VERDICTS.get(str(note.get("body")).strip().lower()) if note.get("system") else "commented"
        if verdict == "commented":
            name = (note.get("author") or {}).get("username")
            if who in (None, author) or is_bot(name) or (who, at.date()) in spoken:
                continue
            spoken.add((who, at.date()))
        if verdict:
            rows.append(review_row(run, mr, note, verdict, at))
    return rows


def review_row(run: Run[Any], mr: Json, note: Json, verdict: str, at: datetime) -> Row:
    """A review, known by its note."""
    return {
        "review_id": run.id(f"note:{note['id']}"),
        "pull_request_id": run.id(mr["id"]),
        "reviewer_id": author_of(run, note),
        "state": verdict,
        "state_raw": clean(str(note["body"]), 100) if note.get("system") else None,
        "submitted_at": at,
    }


def approved_at(run: Run[Any], reviews: list[Row], approvals: Json | None) -> datetime | None:
    """When the approvals that stand became enough; without their list, the first that nobody withdrew."""
    last: dict[str | None, Row] = {}
    for review in reviews:
        if review["state"] in ("approved", "dismissed"):
            last[review["reviewer_id"]] = review
    if approvals is not None:
        standing = {author_of(run, {"author": one.get("user")}) for one in approvals.get("approved_by") or ()}
        last = {who: review for who, review in last.items() if who in standing}
    times = sorted(review["submitted_at"] for review in last.values() if review["state"] == "approved")
    needed = max(1, (approvals or {}).get("approvals_required") or 1)
    return times[needed - 1] if len(times) >= needed else None


def work_item_keys(mr: Json) -> list[str]:
    """Issues that it closes, as group/project#12, and keys such as SHOP-12 in its title and branch."""
    here = str((mr.get("references") or {}).get("full") or "").rpartition("!")[0]
    above = here.rpartition("/")[0]
    closed = []
    for found in _CLOSING.finditer((mr.get("description") or "")[:10_000]):
        for linked, named, number in re.findall(_REFERENCE, found[1]):
            place = linked or named or here
            closed.append(f"{place if '/' in place or not above else f'{above}/{place}'}#{number}")
    return list(dict.fromkeys(closed)) + tracked_keys(mr.get("title"), mr.get("source_branch"))
