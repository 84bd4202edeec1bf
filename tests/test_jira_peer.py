"""Issues of Jira as Apache DevLake recorded them: our rows beside its own; each difference is meant and says why."""

from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from aurora.contracts import Row
from aurora.contracts.delivery import WorkItemChanges, WorkItems
from ingest.connectors.jira import connector
from tests.raw_tables import answers, needs_tables, told
from tests.replay import Recording, refused, replayed, rows_of

pytestmark = needs_tables
Json = Any
BOARD = {"ConnectionId": 2, "BoardId": 8}
SITE = "https://merico.atlassian.net"
OPTIONS = {"url": SITE, "token": "env:HOME", "boards": False, "points_field": "customfield_10024"}
FIELDS = [
    {"id": "customfield_10020", "name": "Sprint", "schema": {"custom": "com.pyxis.greenhopper.jira:gh-sprint"}},
    {"id": "customfield_10024", "name": "Story Points", "schema": {"type": "number"}},
]
# The peer has no words for done and undone work but those of its settings, made up in its test.
STATES = {
    "DONE": "done",
    "TODO": "todo",
    "hello world": "done",
    "110 100 100 116 102 46 99 111 109": "todo",
    "你好世界": "done",
    "恩底滴梯欸夫典亢姆": "todo",
    "IN_PROGRESS": "in_progress",
}
# The peer keeps a type's own name unless its settings map it; ours goes by Jira's untranslated one.
TYPES = {"故事": "story", "任务": "task", "缺陷": "bug", "子任务": "task", "Test Execution": "unknown"}


def get(path: str, body: Json) -> Json:
    return {"request": {"method": "GET", "path": path}, "response": {"body": body}}


@lru_cache(maxsize=1)
def ours() -> tuple[dict[str, Row], list[Row]]:
    """Our work items by Jira's id, and their changes."""
    issues = [issue for issue, _ in answers("jira/raw_tables/_raw_jira_api_issues.csv", **BOARD)]
    types = [one for one, _ in answers("jira/raw_tables/_raw_jira_api_issue_types.csv", **BOARD)]
    statuses = [
        {"id": row["id"], "name": row["name"], "statusCategory": {"key": row["status_category"]}}
        for row in told("jira/snapshot_tables/_tool_jira_statuses_for_changelog.csv")
        if row["connection_id"] == "2"
    ]
    exchanges = [
        get("/rest/api/2/serverInfo", {"deploymentType": "Server", "baseUrl": SITE}),
        get("/rest/api/2/myself", {"accountId": "me"}),
        get("/rest/api/2/field", FIELDS),
        get("/rest/api/2/status", statuses),
        get("/rest/api/2/issuetype", types),
        get("/rest/api/2/search", {"startAt": 0, "total": len(issues), "issues": issues}),
    ]
    items, _, adapter = replayed(connector, "issues", Recording(OPTIONS, datetime(2022, 7, 1, tzinfo=UTC), exchanges))
    assert refused(items) == {}
    assert adapter.unused == []
    rows = {row["work_item_id"].removeprefix("test:"): row for row in rows_of(items, WorkItems)}
    return rows, rows_of(items, WorkItemChanges)


def native(peers_id: str) -> str:
    return peers_id.rpartition(":")[2]


def at(text: str) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def test_every_issue_is_there_once() -> None:
    theirs = {native(row["id"]) for row in told("jira/snapshot_tables/issues.csv")}
    assert len(theirs) == 30
    assert ours()[0].keys() == theirs


def test_issues_say_the_same() -> None:
    for row in told("jira/snapshot_tables/issues.csv"):
        mine = ours()[0][native(row["id"])]
        said = {
            "url": row["url"],
            "key": row["issue_key"],
            "title": row["title"].strip(),  # both take control characters out, the peer leaves blanks at the edges
            "type": TYPES[row["original_type"]],
            "type_raw": row["original_type"],
            "state": STATES[row["status"]],
            "state_raw": row["original_status"],
            "priority_raw": row["priority"],
            "created_at": at(row["created_date"]),
            "updated_at": at(row["updated_date"]),
            "parent_id": f"test:{native(row['parent_issue_id'])}" if row["parent_issue_id"] else None,
            "assignee_id": f"test:{native(row['assignee_id'])}" if row["assignee_id"] else None,
        }
        assert {name: mine[name] for name in said} == said


def test_an_estimate_that_is_none_is_null() -> None:
    """The peer says 0 for an issue without points, and -1 for a text that Jira would not take."""
    for row in told("jira/snapshot_tables/issues.csv"):
        points = float(row["story_point"])
        assert ours()[0][native(row["id"])]["points"] == (points if points > 0 else None)


def test_only_done_issues_are_resolved() -> None:
    """The peer keeps the date of an issue that was opened again with its resolution left in place."""
    for row in told("jira/snapshot_tables/issues.csv"):
        mine = ours()[0][native(row["id"])]
        assert mine["resolved_at"] == (at(row["resolution_date"]) if mine["state"] == "done" else None)


def test_sprints_hold_the_same_issues_but_for_sub_tasks() -> None:
    """A sub-task goes with its parent, as Jira's boards count it; the peer lists it beside."""
    sub_tasks = {native(row["id"]) for row in told("jira/snapshot_tables/issues.csv") if row["type"] == "SUB-TASK"}
    pairs = {
        (native(row["sprint_id"]), native(row["issue_id"])) for row in told("jira/snapshot_tables/sprint_issues.csv")
    }
    mine = {
        (sprint_id.removeprefix("test:"), item_id)
        for item_id, row in ours()[0].items()
        for sprint_id in row["sprint_ids"] or []
    }
    assert mine == {(sprint_id, item_id) for sprint_id, item_id in pairs if item_id not in sub_tasks}
    assert len(mine) == 16
    assert all(ours()[0][item_id]["sprint_ids"] is None for item_id in sub_tasks)


def theirs(field: str) -> list[dict[str, str]]:
    return [row for row in told("jira/snapshot_tables/issue_changelogs.csv") if row["field_id"] == field]


def changes(field: str) -> set[tuple[Any, ...]]:
    found = [row for row in ours()[1] if row["field"] == field]
    return {(row["work_item_id"], row["changed_at"], row["from_value"], row["to_value"]) for row in found}


def ids(text: str) -> str | None:
    return ",".join(f"test:{native(part)}" for part in text.split(",")) if text else None


def test_changes_of_sprint_and_assignee_are_the_same() -> None:
    for name, field in (("sprint", "customfield_10020"), ("assignee", "assignee")):
        said = {
            (
                ids(row["issue_id"]),
                at(row["created_date"]),
                ids(row["original_from_value"]),
                ids(row["original_to_value"]),
            )
            for row in theirs(field)
        }
        assert len(said) in (21, 41)
        assert changes(name) == said


def test_changes_of_state_are_the_same_but_for_those_within_one_category() -> None:
    """A step between two statuses that both mean open changes no state. What no list tells is unknown, not empty."""
    said = {
        (ids(row["issue_id"]), at(row["created_date"]), *(STATES.get(row[side], "unknown") for side in SIDES))
        for row in theirs("status")
    }
    assert len(said) == 165
    assert changes("state") == {change for change in said if change[2] != change[3]}
    assert len(changes("state")) == 100


SIDES = ("from_value", "to_value")


def test_other_changes_are_left_out() -> None:
    """Workflows, links, versions, ranks and time sheets: none of them changes state, sprint, points or assignee."""
    kept = {"status", "customfield_10020", "assignee"}
    left = {
        row["field_name"] for row in told("jira/snapshot_tables/issue_changelogs.csv") if row["field_id"] not in kept
    }
    assert {"Workflow", "Fix Version", "RemoteIssueLink", "Rank", "timespent"} <= left
    assert {row["field"] for row in ours()[1]} == {"state", "sprint", "assignee"}
