"""Releases and tags as one thing: a tag that is a release has one row, whether or not GitHub has notes on it."""

import hashlib
import json
import re
from collections.abc import Iterator
from itertools import islice
from typing import Any

from aurora.contracts import Row
from aurora.contracts.delivery import Releases
from ingest.connector import Checkpoint, Item, Json, Run
from ingest.vendors.git_words import clean, is_prerelease
from ingest.vendors.github_api import Api, nodes
from ingest.vendors.github_queries import RELEASES, TAGS
from ingest.vendors.github_repositories import Repository, State, instant

PAGE = 100
MAX_PAGES = 10
MAX_NOTES = 10_000


def digest(repository: Repository) -> str:
    """What tells whether releases or tags changed: how many there are, and the newest three of each."""
    told = json.dumps([repository.told.get("releases"), repository.told.get("refs")], sort_keys=True)
    return hashlib.sha256(told.encode(errors="replace")).hexdigest()[:16]


def is_due(run: Run[Any], repository: Repository, state: State) -> bool:
    """Whether releases or tags are not those of the last walk."""
    counts = (repository.told.get(name) or {} for name in ("releases", "refs"))
    has_any = any(told.get("totalCount") for told in counts)
    return state.get("digest") != digest(repository) and (has_any or "digest" in state)


def walk(run: Run[Any], api: Api, one: Repository, state: State) -> Iterator[Item]:
    """All releases, and the tags besides them that look like one; the newest thousand of each."""
    tags = [row for tag in _all(api, "Tags", TAGS, "repository.refs", one) if (row := tag_row(run, one, tag))]
    releases = [release_row(run, one, it) for it in _all(api, "Releases", RELEASES, "repository.releases", one)]
    drafts = [row for row in releases if row["is_draft"]]
    published = [row for row in releases if not row["is_draft"]]
    # Of rows with one tag the last stays: a draft for a tag that exists is no news, a release of it is.
    for row in {row["release_id"]: row for row in (*drafts, *tags, *published)}.values():
        yield Releases, row
    state["digest"] = digest(one)
    yield Checkpoint({})


def _all(api: Api, operation: str, query: str, place: str, one: Repository) -> Iterator[Json]:
    pages = api.connection(operation, query, place, PAGE, **one.owner_and_name)
    for page in islice(pages, MAX_PAGES):
        yield from nodes(page)


def tag_row(run: Run[Any], one: Repository, tag: Json) -> Row | None:
    """A tag, made when its tagger says, else with its commit; None for one of no commit and one that is no release."""
    target = tag.get("target") or {}
    is_annotated = target.get("__typename") == "Tag"
    commit = (target.get("target") or {}) if is_annotated else target
    tagged = instant((target.get("tagger") or {}).get("date")) if is_annotated else None
    at = tagged or instant(commit.get("committedDate"))
    if commit.get("__typename") != "Commit" or at is None or not run.options.release_tags.fullmatch(tag["name"]):
        return None
    return _row(run, one, tag["name"]) | {
        "sha": commit.get("oid") or None,
        "is_prerelease": is_prerelease(tag["name"]),
        "is_draft": False,
        "created_at": at,
        "published_at": at,
        "notes": clean(target.get("message") or "", 500),
    }


def release_row(run: Run[Any], one: Repository, release: Json) -> Row:
    """A release; a draft has no tag yet, only the name that it shall get."""
    return _row(run, one, release["tagName"]) | {
        "name": release.get("name") or None,
        "sha": (release.get("tagCommit") or {}).get("oid"),
        "is_prerelease": release.get("isPrerelease"),
        "is_draft": release.get("isDraft"),
        "created_at": instant(release["createdAt"]),
        "published_at": instant(release.get("publishedAt")),
        "notes": (release.get("description") or "").strip()[:MAX_NOTES] or None,
    }


def _row(run: Run[Any], one: Repository, tag: str) -> Row:
    version = re.search(r"\d+(?:\.\d+)+.*", tag)
    return {
        "release_id": run.id(f"{one.number}@{tag}"),
        "repo_id": run.id(one.number),
        "tag": tag,
        "version": version[0] if version else None,
    }
