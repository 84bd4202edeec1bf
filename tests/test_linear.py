"""Linear: errors in a body, a quota that is used up, windows that are read in parts, history that is still written."""

import re
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

import pytest
from pydantic import ValidationError

from aurora.contracts.delivery import Projects, Sprints, WorkItemChanges, WorkItems
from aurora.errors import ErrorClass, SourceError
from ingest.connectors.linear import LinearOptions, connect, connector
from ingest.vendors import linear_api
from ingest.vendors.linear_rows import day_points
from tests.replay import Recording, Replay, cursor_of, load, replayed, rows_of, run_of

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
OPTIONS = {"token": "env:HOME"}
LIMITED = {
    "message": "Rate limit exceeded. Only 1500 requests are allowed per 1 hour.",
    "extensions": {"type": "ratelimited", "code": "RATELIMITED", "statusCode": 429, "userError": True},
}
Json = Any


def exchange(body: Json, status: int = 200, headers: Json = None, **variables: Json) -> Json:
    request = {"method": "POST", "path": "/graphql"} | ({"json": {"variables": variables}} if variables else {})
    return {"request": request, "response": {"status": status, "body": body, "headers": headers or {}}}


def page(nodes: list[Json], cursor: str | None = None, name: str = "issues", **variables: Json) -> Json:
    found = {"nodes": nodes, "pageInfo": {"hasNextPage": cursor is not None, "endCursor": cursor}}
    return exchange({"data": {name: found}}, **variables)


def issue(number: int, **told: Json) -> Json:
    return {
        "id": f"i{number}",
        "identifier": f"ENG-{number}",
        "title": f"Item {number}",
        "createdAt": "2026-03-01T09:00:00.000Z",
        "updatedAt": "2026-03-10T11:00:00.000Z",
        "state": {"name": "Todo", "type": "unstarted"},
        "team": {"id": "t1"},
        "history": {"nodes": [], "pageInfo": {"hasNextPage": False, "endCursor": None}},
        **told,
    }


def read(exchanges: list[Json], cursor: Json = None, now: datetime = NOW, **options: Json) -> tuple[Any, Any, Replay]:
    return replayed(connector, "issues", Recording(OPTIONS | options, now, exchanges, cursor))


def error(kind: str, code: str = "OTHER") -> Json:
    return {"errors": [{"message": "No.", "extensions": {"type": kind, "code": code}}]}


ERRORS: list[tuple[int, Json, ErrorClass]] = [
    (200, error("authentication error"), "auth"),
    (200, error("forbidden"), "permission"),
    (200, error("feature not accessible"), "permission"),
    (200, error("internal error"), "vendor_5xx"),
    (200, error("lock timeout"), "timeout"),
    (200, error("invalid input"), "bad_query"),
    (200, error("", "AUTHENTICATION_ERROR"), "auth"),
    (200, {"errors": [LIMITED]}, "rate_limited"),
    (200, {"errors": [LIMITED], "data": {"issues": {"nodes": [issue(1)], "pageInfo": {}}}}, "rate_limited"),
    (200, {"errors": ["what"]}, "bad_query"),
    (200, {"errors": "what"}, "bad_query"),
    (200, {"data": None}, "schema_drift"),
    (200, {"data": {}}, "schema_drift"),
    (200, {"data": {"issues": {"nodes": None}}}, "schema_drift"),
    (200, [], "schema_drift"),
    (400, {"errors": [LIMITED]}, "rate_limited"),
    (400, {"errors": [{"message": "Authentication required, not authenticated"}]}, "auth"),
    (400, {"errors": [{"message": "Query too complex"}]}, "bad_query"),
]


@pytest.mark.parametrize(("status", "body", "kind"), ERRORS)
def test_an_error_is_told_whatever_the_status(status: int, body: Json, kind: ErrorClass) -> None:
    with pytest.raises(SourceError) as raised:
        read([exchange(body, status)])
    assert raised.value.error_class == kind


def test_a_user_is_shown_the_words_that_are_meant_for_one() -> None:
    told = {"message": "x", "extensions": {"type": "invalid input", "userPresentableMessage": "No team ABC."}}
    with pytest.raises(SourceError, match=r"Linear answers: No team ABC\."):
        read([exchange({"errors": [told]})])


def test_a_busy_moment_is_waited_out() -> None:
    found, run, _ = read([exchange("", 429, {"Retry-After": "1"}), page([issue(1)])])
    assert len(rows_of(found, WorkItems)) == 1
    assert run.http.rate_limited_s == 1


def test_a_used_up_quota_ends_the_run_and_the_next_one_goes_on_from_there() -> None:
    exchanges = [page([issue(1)], "c1"), exchange({"errors": [LIMITED]}, 400, after="c1")]
    run = run_of(connector, "issues", Recording(OPTIONS, NOW, exchanges), Replay(exchanges))
    stream = connector.streams["issues"].fetch(run)
    items = list(islice(stream, 2))
    with pytest.raises(SourceError) as raised:
        next(iter(stream))
    assert raised.value.error_class == "rate_limited"
    cursor = cursor_of(items)
    assert (cursor or {})["after"] == "c1"
    window = {"updatedAt": {"gte": (NOW - timedelta(days=180)).isoformat(), "lt": NOW.isoformat()}}
    later = NOW + timedelta(minutes=50)
    rest, _, adapter = read([page([issue(2)], after="c1", filter=window)], cursor, later)
    assert [row["key"] for row in rows_of(rest, WorkItems)] == ["ENG-2"]
    assert cursor_of(rest) == {"until": NOW.isoformat(), "asked": ""}
    assert adapter.unused == []


def test_a_window_that_was_begun_long_ago_is_read_anew() -> None:
    """Linear may no longer know where its page began."""
    begun = {"since": "2026-03-01T00:00:00+00:00", "end": "2026-03-08T00:00:00+00:00", "after": "c1", "asked": ""}
    window = {"updatedAt": {"gte": "2026-02-28T23:30:00+00:00", "lt": NOW.isoformat()}}
    _, _, adapter = read([page([], after=None, filter=window)], begun)
    assert adapter.unused == []


def test_half_an_hour_is_read_again() -> None:
    window = {"updatedAt": {"gte": "2026-03-10T10:30:00+00:00", "lt": NOW.isoformat()}}
    _, _, adapter = read([page([], filter=window)], {"until": "2026-03-10T11:00:00+00:00", "asked": ""})
    assert adapter.unused == []


def test_a_cursor_ahead_of_our_clock_reads_up_to_now() -> None:
    window = {"updatedAt": {"gte": "2026-03-10T11:30:00+00:00", "lt": NOW.isoformat()}}
    _, _, adapter = read([page([], filter=window)], {"until": "2026-03-11T00:00:00+00:00", "asked": ""})
    assert adapter.unused == []


def test_other_teams_are_read_from_the_beginning() -> None:
    window = {"updatedAt": {"gte": (NOW - timedelta(days=180)).isoformat()}, "team": {"key": {"in": ["ENG"]}}}
    found, _, adapter = read([page([], filter=window)], {"until": NOW.isoformat(), "asked": ""}, teams=["eng"])
    assert adapter.unused == []
    assert (cursor_of(found) or {})["asked"] == "eng"


def test_a_list_that_gives_the_same_page_for_ever_ends() -> None:
    same = [page([issue(1)], "c1"), page([issue(1)], "c1"), page([issue(1)], "c1")]
    _, _, adapter = read(same)
    assert len(adapter.asked) == 2


def change(minutes: int, **told: Json) -> Json:
    at = NOW - timedelta(minutes=minutes)
    return {"id": f"h{minutes}", "createdAt": at.isoformat(), "fromStateId": None, "toState": None, **told}


def changes_of(*entries: Json) -> list[tuple[str, Any, Any]]:
    history = {"nodes": list(entries), "pageInfo": {"hasNextPage": False}}
    found, _, _ = read([page([issue(1, history=history)])])
    return [(row["field"], row["from_value"], row["to_value"]) for row in rows_of(found, WorkItemChanges)]


def test_an_entry_that_may_still_grow_is_left_to_the_next_run() -> None:
    """What the same person changes within minutes is added to an entry: a row of it could not be mended."""
    assert changes_of(change(9, fromEstimate=1, toEstimate=2)) == []
    assert changes_of(change(11, fromEstimate=1, toEstimate=2)) == [("points", "1", "2")]


def test_what_an_entry_changes() -> None:
    both = {"fromCycleId": "c1", "toCycleId": "c2", "fromEstimate": 3, "toEstimate": None, "toAssigneeId": "u1"}
    assert changes_of(change(20, **both)) == [
        ("sprint", "test:c1", "test:c2"),
        ("points", "3", None),
        ("assignee", None, "test:u1"),
    ]
    assert changes_of(change(20, addedLabelIds=["l1"])) == []
    moved = {"fromStateId": "s1", "fromState": {"type": "backlog"}, "toState": {"type": "unstarted"}}
    assert changes_of(change(20, **moved)) == [], "both mean that it is still to be done"
    gone = {"fromStateId": "s1", "fromState": None, "toState": {"type": "started"}}
    assert changes_of(change(20, **gone)) == [("state", "unknown", "in_progress")]


def test_what_labels_say_can_be_told() -> None:
    labels = {"nodes": [{"name": "Area: shop"}, {"name": "DEFECT"}, {"name": "Feature"}]}
    found, _, _ = read([page([issue(1, labels=labels), issue(2)])], types={"defect": "bug"})
    assert [(row["type"], row["type_raw"]) for row in rows_of(found, WorkItems)] == [("bug", "DEFECT"), ("task", None)]


def test_items_may_belong_to_their_project() -> None:
    issues = [issue(1, project={"id": "p1"}), issue(2)]
    for belongs, owners in (("team", ["test:t1", "test:t1"]), ("project", ["test:p1", "test:t1"])):
        found, _, _ = read([page(issues)], items_belong_to=belongs)
        assert [row["project_id"] for row in rows_of(found, WorkItems)] == owners


def test_words_that_are_not_known_are_counted() -> None:
    _, run, _ = replayed(connector, "issues", load("linear", "issues"))
    assert dict(run.unknown_words) == {"parked": 2}


@pytest.mark.parametrize(
    ("told", "points"),
    [
        ({"estimate": -1}, None),
        ({"estimate": "XL"}, None),
        ({"estimate": 0}, 0),
        ({"title": "\x00"}, None),
        ({"labels": None}, None),
        ({"cycle": None, "assignee": None, "priority": None, "priorityLabel": None}, None),
    ],
)
def test_what_is_missing_or_odd_is_null(told: Json, points: float | None) -> None:
    found, _, _ = read([page([issue(1, **told)])])
    assert rows_of(found, WorkItems)[0]["points"] == points


CYCLE = {"scopeHistory": [10, 13, 12], "completedScopeHistory": [0, 3, 8]}
COUNTS = {"issueCountHistory": [5, 6, 6], "completedIssueCountHistory": [0, 1, 4]}


def test_points_of_a_cycle_are_those_of_its_days() -> None:
    """10 at the end of the first day; 3 came on the second, 1 went on the third: 12, of which 8 are done."""
    row = day_points(CYCLE | COUNTS, is_estimated=True)
    assert (row["committed_points"], row["added_points"], row["removed_points"]) == (10, 3, 1)
    assert (row["total_points"], row["completed_points"]) == (12, 8)
    assert row["total_points"] == row["committed_points"] + row["added_points"] - row["removed_points"]
    assert (row["committed_items"], row["completed_items"], row["points_method"]) == (5, 4, "api_history")


def test_a_team_that_does_not_estimate_has_no_points() -> None:
    """Linear counts an issue as a point then, which is no estimate."""
    row = day_points(CYCLE | COUNTS, is_estimated=False)
    assert "committed_points" not in row
    assert row["committed_items"] == 5


@pytest.mark.parametrize("told", [{}, {"scopeHistory": None}, {"scopeHistory": [], "issueCountHistory": []}])
def test_a_cycle_without_days_tells_nothing(told: Json) -> None:
    assert day_points(told, is_estimated=True) == {}


@pytest.mark.parametrize(
    ("starts", "ends", "completed", "state"),
    [
        ("2026-03-02", "2026-03-16", None, "active"),
        ("2026-03-16", "2026-03-30", None, "future"),
        ("2026-02-16", "2026-03-02", None, "closed"),
        ("2026-03-02", "2026-03-16", "2026-03-09", "closed"),
        (None, None, None, "unknown"),
    ],
)
def test_the_state_of_a_cycle(starts: str | None, ends: str | None, completed: str | None, state: str) -> None:
    cycle = {
        "id": "c",
        "number": 1.0,
        "startsAt": starts,
        "endsAt": ends,
        "completedAt": completed,
        "team": {"id": "t"},
    }
    items, _, _ = replayed(connector, "cycles", Recording(OPTIONS, NOW, [page([cycle], name="cycles")]))
    assert rows_of(items, Sprints)[0]["state"] == state


def test_only_the_wanted_teams_are_asked_for() -> None:
    teams = {"key": {"in": ["ENG"]}}
    wanted = {"teams": teams, "projects": {"accessibleTeams": {"some": teams}}, "cycles": {"team": teams}}
    for stream, told in wanted.items():
        recording = Recording(OPTIONS | {"teams": ["eng"]}, NOW, [page([], name=stream, filter=told)])
        items, _, _ = replayed(connector, stream, recording)
        assert rows_of(items, Projects) == []


def weight(text: str) -> float:
    """What a query weighs by Linear's rule: 0.1 a property, 1 an object, a connection times its `first`."""
    tokens = re.findall(r"\w+\s*\([^)]*\)\s*\{|\w+\s*\{|\w+|\}", text[text.index("{") + 1 :])
    stack: list[tuple[float, float]] = []
    sums = [0.0]
    for token in tokens:
        if token.endswith("{"):
            first = re.search(r"first: (\d+)", token)
            stack.append((float(first[1]), 0.0) if first else (1.0, 1.0))
            sums.append(0.0)
        elif token == "}" and stack:
            times, own = stack.pop()
            inner = sums.pop()
            sums[-1] += times * inner + own
        elif token != "}":
            sums[-1] += 0.1
    return sums[0]


def test_a_query_weighs_what_linear_says() -> None:
    assert weight("query { a { id name } }") == pytest.approx(1.2)
    assert weight("query { a(first: 50) { nodes { id b(first: 2) { nodes { id } } } } }") == pytest.approx(
        50 * (1.1 + 2.2)
    )


@pytest.mark.parametrize("name", ["TEAMS", "PROJECTS", "CYCLES", "ISSUES", "HISTORY"])
def test_no_query_is_too_complex(name: str) -> None:
    """10,000 points is the limit of one query; at 250,000 an hour 45 pages of issues must be possible."""
    assert 100 < weight(getattr(linear_api, name)) < 5_500


@pytest.mark.parametrize(
    ("token", "sent"), [("lin_api_abc", "lin_api_abc"), ("lin_oauth_abc", "Bearer lin_oauth_abc"), ("old", "old")]
)
def test_a_key_is_sent_as_it_is_and_a_token_as_bearer(monkeypatch: pytest.MonkeyPatch, token: str, sent: str) -> None:
    monkeypatch.setenv("LINEAR_TOKEN", token)
    site = connect(LinearOptions.model_validate({"token": "env:LINEAR_TOKEN"}))
    assert (site.headers["Authorization"], site.secrets) == (sent, (token,))


@pytest.mark.parametrize("wrong", [{"teams": ["a b"]}, {"types": {"Bug": "thing"}}, {"url": "linear"}, {"token": "x"}])
def test_options_that_cannot_be_meant_are_refused(wrong: Json) -> None:
    with pytest.raises(ValidationError):
        LinearOptions.model_validate(OPTIONS | wrong)
