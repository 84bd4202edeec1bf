"""Issues out of REST, which tells types and parents where a server has them: how they are walked, what labels mean."""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from aurora.contracts import Row
from aurora.contracts.delivery import WorkItems
from aurora.contracts.estate import People as PeopleTable
from ingest.connector import Checkpoint, Item, Json, Run
from ingest.paging import by_link
from ingest.vendors.github_api import Api
from ingest.vendors.github_people import People
from ingest.vendors.github_repositories import Repository, State, complete_until, instant, settled, since

PAGE = 100
SECOND = timedelta(seconds=1)  # instants are told in whole seconds, and several issues may share one
TYPES = {
    **dict.fromkeys(("incident", "outage", "postmortem"), "incident"),
    **dict.fromkeys(("bug", "defect", "regression", "crash"), "bug"),
    "epic": "epic",
    **dict.fromkeys(("story", "user story", "feature", "feature request", "enhancement"), "story"),
    **dict.fromkeys(("task", "chore", "maintenance", "documentation", "refactoring", "tech debt"), "task"),
}
SEVERITIES = {
    **dict.fromkeys(("critical", "blocker", "urgent", "p0", "sev0", "sev1", "s1"), "critical"),
    **dict.fromkeys(("high", "major", "p1", "sev2", "s2"), "high"),
    **dict.fromkeys(("medium", "moderate", "p2", "sev3", "s3"), "medium"),
    **dict.fromkeys(("low", "minor", "trivial", "p3", "p4", "sev4", "s4"), "low"),
}
WORST_FIRST = ("critical", "high", "medium", "low", "info", "unknown")
TELLING_FIRST = ("incident", "bug", "epic", "story", "task", "unknown")
IN_PROGRESS = frozenset(("in progress", "doing", "wip", "work in progress", "in review"))
STATES = {"open": "todo", "closed": "done"}
_GROUP = re.compile(r"^(?:type|kind|priority|prio|severity|sev|impact|status|state)\s*[:/=-]+\s*", re.I)


def is_due(run: Run[Any], repository: Repository, state: State) -> bool:
    """Whether the repository has issues and one was updated after what is complete."""
    newest, until = repository.newest(), complete_until(run, state)
    has_issues = repository.told.get("hasIssuesEnabled", True)
    return bool(has_issues and newest is not None and (until is None or newest > until))


def walk(run: Run[Any], api: Api, one: Repository, state: State) -> Iterator[Item]:
    """Issues by their last update, oldest first, each page asked from the last update of the one before it.

    Page numbers would skip an issue whenever one that was read is updated meanwhile. A first walk takes all open issues
    before, however old.
    """
    path, start, people = f"repos/{one.name}/issues", since(run, state), api.people
    if "until" not in state:
        for found in api.pages(path, {"state": "open", "per_page": PAGE}, following=by_link):
            yield from _items(run, people, one, found)
    number = 1
    while True:
        asked = {"state": "all", "sort": "updated", "direction": "asc", "per_page": PAGE, "page": number}
        found = api.get(path, {**asked, "since": start.strftime("%Y-%m-%dT%H:%M:%SZ")})
        yield from _items(run, people, one, found)
        if len(found) < PAGE:
            break
        onward = _updated(found[-1]) - SECOND
        start, number = (onward, 1) if onward > start else (start, number + 1)
        state["until"] = settled(run, start)
        yield Checkpoint({})
    state["until"] = settled(run, one.newest(), complete_until(run, state))
    yield Checkpoint({})


def _updated(issue: Json) -> datetime:
    return datetime.fromisoformat(issue["updated_at"])


def _items(run: Run[Any], people: People, one: Repository, issues: list[Json]) -> Iterator[Item]:
    """Rows of issues; what the list calls issues and are pull requests is left out."""
    for issue in issues:
        if not issue.get("pull_request"):
            yield WorkItems, work_item_row(run, people, one, issue)
    for row in people.met():
        yield PeopleTable, row


def work_item_row(run: Run[Any], people: People, one: Repository, issue: Json) -> Row:
    """An issue; its type and severity are what the server's issue type and its labels say."""
    created = instant(issue["created_at"])
    labels = [name for it in issue.get("labels") or () if (name := it if isinstance(it, str) else it.get("name"))]
    type_, type_raw = _type(run, issue, labels)
    severity, priority_raw = meaning(labels, SEVERITIES | _lower(run.options.severities), WORST_FIRST)
    assignee = next(iter(issue.get("assignees") or ()), None) or issue.get("assignee")
    reason = issue.get("state_reason")
    people.meet(issue.get("user"), created or run.now)
    return {
        "work_item_id": run.id(f"{one.number}#{issue['number']}"),
        "repo_id": run.id(one.number),
        "key": f"{one.name}#{issue['number']}",
        "type": type_,
        "type_raw": type_raw,
        "title": issue.get("title") or None,
        "state": _state(run, issue["state"], labels),
        "state_raw": f"{issue['state']} ({reason})" if reason else issue["state"],
        "severity": severity,
        "priority_raw": priority_raw,
        "labels": labels,
        "assignee_id": people.meet(assignee, created or run.now),
        "parent_id": _parent_id(run, one, issue.get("parent_issue_url")),
        "created_at": created,
        "updated_at": instant(issue["updated_at"]),
        "resolved_at": instant(issue.get("closed_at")),
        "url": issue.get("html_url") or None,
    }


def _type(run: Run[Any], issue: Json, labels: list[str]) -> tuple[str, str | None]:
    """The type and the word that says so: the issue type of the organization first, then labels."""
    words = TYPES | _lower(run.options.types)
    named = (issue.get("type") or {}).get("name")
    if named:
        return run.word(words, named), named
    found, raw = meaning(labels, words, TELLING_FIRST)
    return found or "unknown", raw


def _state(run: Run[Any], state: str, labels: list[str]) -> str:
    word = run.word(STATES, state)
    return "in_progress" if word == "todo" and any(bare(label) in IN_PROGRESS for label in labels) else word


def meaning(labels: list[str], words: Mapping[str, str], order: tuple[str, ...]) -> tuple[str | None, str | None]:
    """The first word in `order` that a label stands for, and that label; labels that say nothing are no fault."""
    found = {word: label for label in reversed(labels) if (word := words.get(label.lower()) or words.get(bare(label)))}
    return next(((word, found[word]) for word in order if word in found), (None, None))


def bare(label: str) -> str:
    """A label in small letters without the group before it: "Priority: P1" is "p1"."""
    return _GROUP.sub("", label).strip().lower()


def _lower(words: Mapping[str, str]) -> dict[str, str]:
    return {label.lower(): word for label, word in words.items()}


def _parent_id(run: Run[Any], one: Repository, url: str | None) -> str | None:
    """The issue above, if it is of the same repository: that of another one is not told by its number."""
    found = re.search(r"/repos/([^/]+/[^/]+)/issues/([0-9]+)$", url or "")
    return run.id(f"{one.number}#{found[2]}") if found and found[1].lower() == one.name.lower() else None
