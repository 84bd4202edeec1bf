"""Rows of Linear: teams and projects, cycles as sprints, issues and their changes."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

from aurora.contracts import Row
from ingest.connector import Json, Run
from ingest.vendors.git_words import clean

SETTLED = timedelta(minutes=10)  # Linear adds what the same person changes next to the entry it made
STATES = {
    **dict.fromkeys(("triage", "backlog", "unstarted"), "todo"),
    "started": "in_progress",
    **dict.fromkeys(("completed", "canceled", "duplicate"), "done"),
}
# What is paused, completed or canceled is in no stage of development.
STATUSES = {**dict.fromkeys(("backlog", "planned"), "planning"), "started": "development"}
SEVERITIES = {1: "critical", 2: "high", 3: "medium", 4: "low"}


def team_row(run: Run[Any], team: Json) -> Row:
    """A team, which owns issues and cycles."""
    return {
        "project_id": run.id(team["id"]),
        "key": team["key"],
        "name": team.get("name") or team["key"],
        "kind": "planning",
        "first_seen_at": instant(team.get("createdAt")) or run.now,
    }


def project_row(run: Run[Any], project: Json) -> Row:
    """A project, with the stage that its status tells."""
    status = project.get("status") or {}
    target = project.get("targetDate")
    return {
        "project_id": run.id(project["id"]),
        "key": project.get("slugId") or None,
        "name": project.get("name") or "unnamed",
        "kind": "planning",
        "status": STATUSES.get(str(status.get("type"))),
        "status_raw": status.get("name") or status.get("type") or None,
        "lead": (project.get("lead") or {}).get("displayName") or None,
        "url": project.get("url") or None,
        "first_seen_at": instant(project.get("createdAt")) or run.now,
        "next_release_on": date.fromisoformat(target) if target else None,
    }


def sprint_row(run: Run[Any], cycle: Json) -> Row:
    """A cycle as a sprint, with points as Linear counted them at the end of each day."""
    team, number = cycle["team"], int(cycle["number"])
    starts, ends, completed = (instant(cycle.get(name)) for name in ("startsAt", "endsAt", "completedAt"))
    return {
        "sprint_id": run.id(cycle["id"]),
        "project_id": run.id(team["id"]),
        "board_id": run.id(team["id"]),
        "board_name": team.get("name") or None,
        "name": cycle.get("name") or f"Cycle {number}",
        "number": number,
        "goal": cycle.get("description") or None,
        "state": _state(run.now, starts, ends, completed),
        "first_seen_at": instant(cycle.get("createdAt")) or run.now,
        "starts_at": starts,
        "ends_at": ends,
        "completed_at": completed,
        **day_points(cycle, is_estimated=team.get("issueEstimationType") != "notUsed"),
    }


def _state(now: datetime, starts: datetime | None, ends: datetime | None, completed: datetime | None) -> str:
    if completed or (ends and ends <= now):
        return "closed"
    if starts is None:
        return "unknown"
    return "active" if starts <= now else "future"


def day_points(cycle: Json, *, is_estimated: bool) -> Row:
    """Points and items out of the counts of each day; null where the team does not estimate, nothing for no days.

    What was committed is the scope at the end of the first day. What came and what went on one day is told as one.
    """
    items, done_items = _days(cycle, "issueCountHistory"), _days(cycle, "completedIssueCountHistory")
    scope, done = _days(cycle, "scopeHistory"), _days(cycle, "completedScopeHistory")
    if not items and not scope:
        return {}
    row: Row = {
        "committed_items": int(items[0]) if items else None,
        "completed_items": int(done_items[-1]) if done_items else None,
        "points_method": "api_history",
    }
    if not is_estimated or not scope:
        return row
    changes = [after - before for before, after in pairwise(scope)]
    return row | {
        "committed_points": scope[0],
        "added_points": round(sum(change for change in changes if change > 0), 6) + 0.0,
        "removed_points": round(-sum(change for change in changes if change < 0), 6) + 0.0,
        "total_points": scope[-1],
        "completed_points": done[-1] if done else None,
    }


def _days(cycle: Json, name: str) -> list[float]:
    """The counts of each day; a day without one is left out."""
    return [float(value) for value in cycle.get(name) or [] if isinstance(value, int | float) and value >= 0]


def issue_row(run: Run[Any], issue: Json) -> Row:
    """An issue as it stands. What is canceled, or lies in the trash, is as done as it will be."""
    state, labels = issue["state"], [str(one["name"]) for one in (issue.get("labels") or {}).get("nodes") or []]
    kind = next((label for label in labels if label.lower() in run.options.type_of), None)
    is_trashed, estimate = bool(issue.get("trashed")), issue.get("estimate")
    ended = next((at for name in ("completedAt", "canceledAt", "archivedAt") if (at := instant(issue.get(name)))), None)
    word = "done" if is_trashed else run.word(STATES, state.get("type"))
    return {
        "work_item_id": run.id(issue["id"]),
        "project_id": run.id(_owner(run, issue)),
        "key": issue["identifier"],
        "type": run.options.type_of[kind.lower()] if kind else "task",
        "type_raw": kind,
        "title": clean(str(issue.get("title") or ""), 500),
        "state": word,
        "state_raw": "in the trash" if is_trashed else state.get("name") or state.get("type"),
        "severity": SEVERITIES.get(issue.get("priority") or 0),
        "priority_raw": issue.get("priorityLabel") or None,
        "labels": labels,
        "points": float(estimate) if isinstance(estimate, int | float) and estimate >= 0 else None,
        "assignee_id": _ref(run, issue.get("assignee")),
        "parent_id": _ref(run, issue.get("parent")),
        "sprint_ids": [run.id(issue["cycle"]["id"])] if issue.get("cycle") else [],
        "created_at": instant(issue["createdAt"]),
        "updated_at": instant(issue["updatedAt"]),
        "started_at": instant(issue.get("startedAt")),
        "resolved_at": ended if word == "done" else None,
        "url": issue.get("url") or None,
    }


def _owner(run: Run[Any], issue: Json) -> str:
    """The team, or by the options the project of an issue that has one."""
    by_project = run.options.items_belong_to == "project" and issue.get("project")
    return str((issue["project"] if by_project else issue["team"])["id"])


def _ref(run: Run[Any], thing: Json) -> str | None:
    return run.id(thing["id"]) if thing else None


def change_rows(run: Run[Any], issue: Json, history: list[Json]) -> Iterator[Row]:
    """The changes of state, sprint, points and assignee; those of the last minutes are left to the next run."""
    for entry in history:
        at = instant(entry["createdAt"])
        if at is None or at > run.now - SETTLED:
            continue
        for name, before, after in _changes_of(run, entry):
            if before != after:
                yield {
                    "change_id": run.id(f"{entry['id']}:{name}"),
                    "work_item_id": run.id(issue["id"]),
                    "field": name,
                    "from_value": before,
                    "to_value": after,
                    "changed_at": at,
                }


def _changes_of(run: Run[Any], entry: Json) -> Iterator[tuple[str, str | None, str | None]]:
    """(field, before, after) of one entry; what it does not touch is None on both sides."""
    if entry.get("fromStateId"):
        yield "state", _word(run, entry.get("fromState")), _word(run, entry.get("toState"))
    yield "sprint", _id(run, entry.get("fromCycleId")), _id(run, entry.get("toCycleId"))
    yield "points", _number(entry.get("fromEstimate")), _number(entry.get("toEstimate"))
    yield "assignee", _id(run, entry.get("fromAssigneeId")), _id(run, entry.get("toAssigneeId"))


def _word(run: Run[Any], state: Json) -> str:
    """The canonical state; `unknown` for one that was deleted since."""
    return run.word(STATES, state.get("type")) if state else "unknown"


def _id(run: Run[Any], native: str | None) -> str | None:
    return run.id(native) if native else None


def _number(value: Any) -> str | None:
    return f"{value:.10g}" if isinstance(value, int | float) else None


def instant(text: str | None) -> datetime | None:
    """An ISO 8601 text as a UTC instant, None for none."""
    if not text:
        return None
    at = datetime.fromisoformat(text)
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
