"""Rows of Jira: projects, issues, their changes, incidents."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from aurora.contracts import Row
from ingest.connector import Json, Run
from ingest.vendors.git_words import clean
from ingest.vendors.jira_api import instant
from ingest.vendors.jira_words import Words, points, points_text, sprint_numbers, state_of

INCIDENT_STATES = {"todo": "open", "in_progress": "acknowledged", "done": "resolved", "unknown": "unknown"}


def project_row(run: Run[Any], base: str, project: Json) -> Row:
    """A project. Its status is people's to tell: Jira has none."""
    return {
        "project_id": run.id(project["id"]),
        "key": project["key"],
        "name": project.get("name") or project["key"],
        "kind": "planning",
        "lead": (project.get("lead") or {}).get("displayName") or None,
        "url": f"{base}/browse/{project['key']}",
        "first_seen_at": run.now,
    }


def issue_row(run: Run[Any], words: Words, base: str, issue: Json, changes: list[Row]) -> Row:
    """An issue as it stands, with what its changes tell: when work began, and when it was done."""
    told, kind, status = issue["fields"], issue["fields"]["issuetype"], issue["fields"]["status"]
    known = state_of(status)
    state = known if known != "unknown" else words.state(run, status.get("id"), status.get("name"))
    priority = (told.get("priority") or {}).get("name") or None
    return {
        "work_item_id": run.id(issue["id"]),
        "project_id": run.id(told["project"]["id"]),
        "key": issue["key"],
        "type": "incident" if is_incident(run, issue) else words.type(run, kind),
        "type_raw": kind.get("name"),
        "title": clean(str(told.get("summary") or ""), 500),
        "state": state,
        "state_raw": status.get("name"),
        "severity": words.severity(run, priority),
        "priority_raw": priority,
        "labels": list(told.get("labels") or []),
        "points": next((found for name in words.points_fields if (found := points(told.get(name))) is not None), None),
        "assignee_id": _person(run, told.get("assignee")),
        "parent_id": run.id(told["parent"]["id"]) if told.get("parent") else None,
        # a sub-task goes with its parent, which is what a board counts
        "sprint_ids": None if kind.get("subtask") else _sprint_ids(run, words, told),
        "created_at": instant(told["created"]),
        "updated_at": instant(told["updated"]),
        "started_at": _began(told, state, changes),
        "resolved_at": _resolved(told, state, changes),
        "url": f"{base}/browse/{issue['key']}",
    }


def _sprint_ids(run: Run[Any], words: Words, told: Json) -> list[str]:
    return [run.id(number) for number in sprint_numbers(told.get(words.sprint_field or ""))]


def _person(run: Run[Any], user: Json) -> str | None:
    """Cloud knows people by accountId, Data Center by a key that survives renames."""
    known = (user or {}).get("accountId") or (user or {}).get("key") or (user or {}).get("name")
    return run.id(known) if known else None


def _began(told: Json, state: str, changes: list[Row]) -> datetime | None:
    """When the item first came into progress; an item that was created so began with its creation."""
    moves = [change for change in changes if change["field"] == "state"]
    first = moves[0]["from_value"] if moves else state
    if first == "in_progress":
        return instant(told["created"])
    return next((change["changed_at"] for change in moves if change["to_value"] == "in_progress"), None)


def _resolved(told: Json, state: str, changes: list[Row]) -> datetime | None:
    """When a done item was resolved, or else came to be done; an item that is open again has no such time."""
    if state != "done":
        return None
    done = [one["changed_at"] for one in changes if (one["field"], one["to_value"]) == ("state", "done")]
    return instant(told.get("resolutiondate")) or (done[-1] if done else None)


def change_rows(run: Run[Any], words: Words, issue_id: str, histories: list[Json]) -> list[Row]:
    """The changes of state, sprint, points and assignee, the oldest first.

    A change between two statuses of one category changes no state and makes no row.
    """
    found = [row for history in histories for row in _changes_of(run, words, issue_id, history)]
    return sorted(found, key=lambda row: (row["changed_at"], row["change_id"]))


def _changes_of(run: Run[Any], words: Words, issue_id: str, history: Json) -> Iterator[Row]:
    at = instant(history["created"])
    for item in history.get("items") or []:
        raw = str(item.get("fieldId") or item.get("field"))
        name = words.changing.get(raw) or words.changing.get(raw.lower())
        if name is None:
            continue
        before = _value(run, words, name, item.get("from"), item.get("fromString"))
        after = _value(run, words, name, item.get("to"), item.get("toString"))
        if before != after:
            yield {
                "change_id": run.id(f"{history['id']}:{raw}"),
                "work_item_id": run.id(issue_id),
                "field": name,
                "from_value": before,
                "to_value": after,
                "changed_at": at,
            }


def _value(run: Run[Any], words: Words, name: str, key: Any, text: str | None) -> str | None:
    """One side of a change: a canonical state, full ids, or an estimate as text."""
    if name == "points":
        return points_text(text)
    if key is None or key == "":
        return None
    if name == "state":
        return words.state(run, key, text)
    if name == "assignee":
        return run.id(key)
    return ",".join(run.id(number.strip()) for number in str(key).split(",") if number.strip()) or None


def is_incident(run: Run[Any], issue: Json) -> bool:
    """Whether the issue is marked as an incident, by its type or by a label."""
    told = issue["fields"]
    types = {name.lower() for name in run.options.incident_types}
    labels = {name.lower() for name in run.options.incident_labels}
    return str(told["issuetype"].get("name")).lower() in types or any(
        str(label).lower() in labels for label in told.get("labels") or []
    )


def incident_row(run: Run[Any], issue: Json, item: Row) -> Row:
    """The incident that an issue stands for; Jira knows no time but that of the issue."""
    return {
        "incident_id": item["work_item_id"],
        "project_id": item["project_id"],
        "env_tier": run.options.incident_environment,
        "title": item["title"] or item["key"],
        "severity": item["severity"] or "unknown",
        "severity_raw": item["priority_raw"],
        "state": INCIDENT_STATES[item["state"]],
        "state_raw": item["state_raw"],
        "commander": (issue["fields"].get("assignee") or {}).get("displayName") or None,
        "started_at": item["created_at"],
        "detected_at": item["created_at"],
        "acknowledged_at": item["started_at"],
        "resolved_at": item["resolved_at"],
        "updated_at": item["updated_at"],
        "url": item["url"],
    }
