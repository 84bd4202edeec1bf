"""A pull request of Bitbucket with its commits and activity, as rows of pull requests and reviews."""

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

from aurora.contracts import Row
from aurora.contracts.delivery import PullRequestReviews, PullRequests
from ingest.connector import Item, Json, Run
from ingest.vendors.bitbucket_api import Api, bare, place_of
from ingest.vendors.forges import instant, is_bot, moment
from ingest.vendors.git_words import clean
from ingest.vendors.work_keys import tracked_keys

STATES = {"open": "open", "draft": "open", "merged": "merged", "declined": "closed", "superseded": "closed"}
VERDICTS = {"approval": "approved", "changes_requested": "changes_requested"}
ACTIVITY = 50


def pull_request_items(run: Run[Any], api: Api, repository: Json, pr: Json) -> Iterator[Item]:
    """The pull request and its reviews: two requests, three for a merged one, whose commit is told in short only."""
    place = f"{place_of(repository)}/pullrequests/{pr['id']}"
    commits, activity = api.known(f"{place}/commits"), api.known(f"{place}/activity", ACTIVITY)
    reviews = None if activity is None else review_rows(run, repository, pr, activity)
    row = pull_request_row(run, repository, pr, commits, activity or [])
    if row["merge_sha"]:
        whole = api.one(f"{place_of(repository)}/commit/{row['merge_sha']}") or {}
        row["merge_sha"] = whole.get("hash") or row["merge_sha"]
    yield PullRequests, row | reviewed(row, reviews)
    for review in reviews or ():
        yield PullRequestReviews, review


def pull_request_row(
    run: Run[Any], repository: Json, pr: Json, commits: list[Json] | None, activity: list[Json]
) -> Row:
    """A pull request without its reviews. When it was merged is told by its activity alone."""
    raw, source = pr["state"], pr.get("source") or {}
    state = run.word(STATES, raw)
    over = ended_at(pr, activity) if state in ("merged", "closed") else None
    authored = [at for commit in commits or () if (at := instant(commit.get("date")))]
    return {
        "pull_request_id": run.id(f"{bare(repository['uuid'])}/{pr['id']}"),
        "repo_id": run.id(bare(repository["uuid"])),
        "number": pr["id"],
        "title": clean(pr.get("title") or "", 500),
        "state": state,
        "state_raw": raw,
        "is_draft": pr.get("draft"),
        "author_id": account_of(run, pr.get("author")),
        "base_ref": branch_of(pr.get("destination")),
        "head_ref": branch_of(source),
        "head_sha": whole_sha((source.get("commit") or {}).get("hash"), commits),
        "merge_sha": (pr.get("merge_commit") or {}).get("hash"),
        "first_commit_at": min(authored, default=None),
        "created_at": moment(pr["created_on"]),
        "merged_at": over if state == "merged" else None,
        "closed_at": over,
        "updated_at": moment(pr["updated_on"]),
        "commit_count": None if commits is None else len(commits),
        "comment_count": pr.get("comment_count"),
        "work_item_keys": tracked_keys(pr.get("title"), branch_of(source)),
        "url": ((pr.get("links") or {}).get("html") or {}).get("href"),
    }


def reviewed(row: Row, reviews: list[Row] | None) -> Row:
    """When others looked at it first, and when one approved; null where the activity may not be seen."""
    if reviews is None:
        return {}
    others = [one["submitted_at"] for one in reviews if one["reviewer_id"] != row["author_id"]]
    approvals = [one["submitted_at"] for one in reviews if one["state"] == "approved"]
    return {
        "first_review_at": min(others, default=None),
        "approved_at": min(approvals, default=None),
        "review_count": len(reviews),
    }


def ended_at(pr: Json, activity: list[Json]) -> datetime | None:
    """When it came into the state in which it is; updates of it later (a new title) tell that state again."""
    updates = [one["update"] for one in activity if isinstance(one.get("update"), dict)]
    times = [moment(one["date"]) for one in updates if one.get("state") == pr["state"] and one.get("date")]
    return min(times, default=None) or instant(pr.get("closed_on"))


def account_of(run: Run[Any], account: Json | None) -> str | None:
    """Who: the id that an account keeps; None for an account that is gone."""
    native = native_of(account)
    return run.id(native) if native else None


def native_of(account: Json | None) -> str:
    """The id of an account at Atlassian; "" for none."""
    told = account or {}
    return str(told.get("account_id") or bare(told.get("uuid") or ""))


def branch_of(end: Json | None) -> str | None:
    """The branch at one end of a pull request."""
    return ((end or {}).get("branch") or {}).get("name") or None


def whole_sha(short: str | None, commits: list[Json] | None) -> str | None:
    """The whole hash of which a pull request tells twelve digits."""
    if not short:
        return None
    return next((one["hash"] for one in commits or () if str(one.get("hash")).startswith(short)), short)


def review_rows(run: Run[Any], repository: Json, pr: Json, activity: list[Json]) -> list[Row]:
    """Approvals and requests for changes, each; of a reviewer's comments the first of a day.

    Comments of the author and of machines are no review. An approval that is taken back leaves the activity.
    """
    mark, author = f"{bare(repository['uuid'])}/{pr['id']}", account_of(run, pr.get("author"))
    spoken: set[tuple[str | None, date]] = set()
    rows = []
    for at, verdict, told in sorted(_said(activity), key=lambda one: one[0]):
        who = account_of(run, told.get("user"))
        if verdict == "commented":
            name = (told.get("user") or {}).get("nickname")
            if who in (None, author) or told.get("deleted") or is_bot(name) or (who, at.date()) in spoken:
                continue
            spoken.add((who, at.date()))
        native = (
            f"comment/{told['id']}"
            if verdict == "commented"
            else f"{verdict}/{native_of(told.get('user'))}/{at.isoformat()}"
        )
        rows.append(
            {
                "review_id": run.id(f"{mark}/{native}"),
                "pull_request_id": run.id(mark),
                "reviewer_id": who,
                "state": verdict,
                "submitted_at": at,
            }
        )
    return rows


def _said(activity: list[Json]) -> Iterator[tuple[datetime, str, Json]]:
    """(when, verdict, entry) of what reviewers did."""
    for entry in activity:
        for name, verdict in VERDICTS.items():
            if isinstance(entry.get(name), dict):
                yield moment(entry[name]["date"]), verdict, entry[name]
        if isinstance(entry.get("comment"), dict):
            yield moment(entry["comment"]["created_on"]), "commented", entry["comment"]
