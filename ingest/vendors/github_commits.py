"""Commits of default branches: the history once, then exactly what a push added."""

import hashlib
import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from aurora.contracts import Row
from aurora.contracts.delivery import Commits
from aurora.contracts.estate import People
from aurora.errors import SourceError
from ingest.connector import Checkpoint, Item, Json, Run
from ingest.vendors.git_words import clean
from ingest.vendors.github_api import Api, nodes
from ingest.vendors.github_people import account_id, is_bot
from ingest.vendors.github_queries import COMMITS, HISTORY
from ingest.vendors.github_repositories import Repository, State, instant

PAGE = 100
MAX_PAGES = 10
_REVERT = re.compile(r"^revert\b", re.I)


def tip(repository: Repository) -> str | None:
    """The newest commit of the default branch; None for an empty repository."""
    found = ((repository.told.get("defaultBranchRef") or {}).get("target") or {}).get("oid")
    return str(found) if found else None


def is_due(run: Run[Any], repository: Repository, state: State) -> bool:
    """Whether the default branch stands elsewhere than last time, or a walk was broken off."""
    return tip(repository) is not None and tip(repository) != state.get("tip")


def walk(run: Run[Any], api: Api, one: Repository, state: State) -> Iterator[Item]:
    """What the new tip has and the known one lacks; without a known one, the history as far as a first run reaches.

    Dates would not do: a merge brings commits that are older than the last walk.
    """
    known, new = state.get("tip"), tip(one)
    found = _added(run, api, one, str(known), str(new)) if known else None
    if found is None:
        if known:
            state.clear()
        yield from _history(run, api, one, state)
    else:
        yield from _items(run, api, one, found)
    # A history that was broken off is that of the tip at which it began.
    reached = state.get("began") or new
    state.clear()
    state["tip"] = reached
    yield Checkpoint({})


def _history(run: Run[Any], api: Api, one: Repository, state: State) -> Iterator[Item]:
    place, start = "repository.defaultBranchRef.target.history", run.since.isoformat()
    asked = {**one.owner_and_name, "since": start}
    for page in api.connection("History", HISTORY, place, PAGE, state.get("page"), **asked):
        yield from _items(run, api, one, nodes(page))
        state |= {"page": (page.get("pageInfo") or {}).get("endCursor"), "began": state.get("began") or tip(one)}
        yield Checkpoint({})


def _items(run: Run[Any], api: Api, one: Repository, commits: list[Json]) -> Iterator[Item]:
    for commit in commits:
        yield Commits, commit_row(run, one, commit)
        api.people.meet((commit.get("author") or {}).get("user"), instant(commit["committedDate"]) or run.now)
    for row in api.people.met():
        yield People, row


def _added(run: Run[Any], api: Api, one: Repository, known: str, new: str) -> list[Json] | None:
    """Commits that one tip has and another lacks; None where GitHub cannot compare them or they are too many."""
    ids: list[str] = []
    path = f"repos/{one.name}/compare/{known}...{new}"
    try:
        for number in range(1, MAX_PAGES + 1):
            page = api.get(path, {"per_page": PAGE, "page": number})
            ids += [commit["node_id"] for commit in page["commits"]]
            if len(page["commits"]) < PAGE:
                break
        else:
            return None
    except SourceError as error:
        if error.error_class not in ("not_found", "bad_query", "vendor_5xx"):
            raise
        return None
    found: list[Json] = []
    for first in range(0, len(ids), PAGE):
        found += nodes(api.graphql("Commits", COMMITS, ids=ids[first : first + PAGE]))
    return found


def commit_row(run: Run[Any], one: Repository, commit: Json) -> Row:
    """A commit; its author is the account, else, as for local repositories, a digest of the mail."""
    author = commit.get("author") or {}
    name, mail = author.get("name") or "", (author.get("email") or "").strip().lower()
    user = author.get("user")
    committed = instant(commit["committedDate"])
    parents = [it["oid"] for it in nodes(commit.get("parents"))]
    is_merge = len(parents) > 1
    return {
        "repo_id": run.id(one.number),
        "sha": commit["oid"],
        "parents": parents,
        "author_id": account_id(run, user) or (run.id(_digest(mail)) if mail else None),
        "author_name": clean(name.partition("@")[0], 200),
        "authored_at": _not_after(instant(commit.get("authoredDate")), run.now) or committed,
        "committed_at": _not_after(committed, run.now),
        "subject": clean(commit.get("messageHeadline") or "", 500),
        "added_lines": None if is_merge else commit.get("additions"),
        "deleted_lines": None if is_merge else commit.get("deletions"),
        "file_count": None if is_merge else commit.get("changedFilesIfAvailable"),
        "is_merge": is_merge,
        "is_bot": is_bot(user) or is_bot({"login": name}),
        "is_revert": bool(_REVERT.match(commit.get("messageHeadline") or "")),
    }


def _digest(mail: str) -> str:
    return hashlib.sha256(mail.encode(errors="replace")).hexdigest()[:32]


def _not_after(at: datetime | None, now: datetime) -> datetime | None:
    return min(at, now) if at else None
