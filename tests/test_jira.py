"""Jira: Data Center, lists that move while they are read, cursors, words of a site, strangers, sites without boards."""

from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from aurora.contracts.delivery import Projects, Sprints, WorkItemChanges, WorkItems
from aurora.contracts.operations import Incidents
from aurora.errors import ErrorClass, SourceError
from aurora.settings import Settings, SourceSettings
from ingest.connectors.jira import JiraOptions, connect, connector, jql
from ingest.run import Ingest
from ingest.vendors import jira_api
from ingest.vendors.jira_api import instant, millis
from ingest.vendors.jira_words import SPRINT, points, points_text, sprint_numbers
from tests.replay import Recording, Replay, cursor_of, frame_of, load, replayed, rows_of, run_of, walked
from warehouse.lake import Lake

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
OPTIONS = {"url": "https://jira.example/jira", "token": "env:HOME"}
PLACE = "/jira/rest"
Json = Any


def exchange(path: str, body: Json, status: int = 200, method: str = "GET", **asked: Json) -> Json:
    request = {"method": method, "path": f"{PLACE}/{path}", **asked}
    return {"request": request, "response": {"status": status, "body": body}}


FIELDS = [
    {"id": "status", "name": "Status", "schema": {"type": "status", "system": "status"}},
    {"id": "customfield_10100", "name": "Sprint", "schema": {"type": "array", "custom": SPRINT}},
    {"id": "customfield_10102", "name": "Story Points", "schema": {"type": "number", "custom": "x:float"}},
]
STATUSES = [
    {"id": "1", "name": "Open", "statusCategory": {"key": "new"}},
    {"id": "3", "name": "In Progress", "statusCategory": {"key": "indeterminate"}},
    {"id": "6", "name": "Closed", "statusCategory": {"key": "done"}},
]
HELLO = [
    exchange("api/2/serverInfo", {"deploymentType": "Server", "baseUrl": "https://jira.example/jira"}),
    exchange("api/2/myself", {"key": "JIRAUSER10100", "name": "aurora"}),
]
SITE = [
    *HELLO,
    exchange("api/2/field", FIELDS),
    exchange("api/2/status", STATUSES),
    exchange("api/2/issuetype", [{"id": "1", "name": "Bug", "subtask": False}]),
]
NO_BOARDS = exchange("agile/1.0/board", {"values": [], "isLast": True})
BLOB = (
    "com.atlassian.greenhopper.service.sprint.Sprint@1f39706[id=7,rapidViewId=3,state=ACTIVE,name=Crew [7],"
    "startDate=2026-03-02T09:00:00.000Z,endDate=<null>,completeDate=<null>,sequence=7,goal=<null>]"
)


def issue(number: int, updated: datetime | None = None, **told: Json) -> Json:
    fields = {
        "summary": f"Item {number}",
        "issuetype": {"id": "1", "name": "Bug", "subtask": False},
        "status": STATUSES[0],
        "project": {"id": "10000", "key": "CREW"},
        "created": "2026-03-01T13:00:00.000+0400",
        "updated": (updated or NOW - timedelta(minutes=100 - number)).isoformat(),
        **told,
    }
    return {"id": str(number), "key": f"CREW-{number}", "fields": fields, "changelog": {"total": 0, "histories": []}}


def page(issues: list[Json], total: int, start: int = 0, **asked: Json) -> Json:
    body = {"startAt": start, "maxResults": 50, "total": total, "issues": issues}
    return exchange("api/2/search", body, params={"startAt": start, **asked})


def read(exchanges: list[Json], cursor: Json = None, **options: Json) -> tuple[list[Any], Any, Replay]:
    return replayed(connector, "issues", Recording(OPTIONS | options, NOW, exchanges, cursor))


def test_data_center_tells_sprints_as_texts_and_changelogs_with_the_issues() -> None:
    one = issue(1, customfield_10100=[BLOB], customfield_10102=3.0, assignee={"key": "JIRAUSER7", "name": "ann"})
    one["changelog"] = {"total": 2, "histories": [{"id": "90", "created": "2026-03-03T13:00:00.000+0400", "items": []}]}
    items = [
        {
            "field": "status",
            "fieldtype": "jira",
            "from": "1",
            "fromString": "Open",
            "to": "3",
            "toString": "In Progress",
        },
        {"field": "Sprint", "fieldtype": "custom", "from": "", "fromString": "", "to": "7", "toString": "Crew [7]"},
        {"field": "Story Points", "fieldtype": "custom", "from": None, "fromString": "5", "to": None, "toString": "3"},
        {"field": "resolution", "fieldtype": "jira", "from": None, "fromString": None, "to": "1", "toString": "Fixed"},
    ]
    whole = {"total": 2, "histories": [{"id": "91", "created": "2026-03-03T13:05:00.000+0400", "items": items}]}
    board = {"id": 3, "name": "Crew board", "type": "scrum"}
    sprint = {"id": 7, "state": "active", "name": "Crew [7]", "startDate": "2026-03-02T13:00:00.000+04:00"}
    exchanges = [
        *SITE,
        page([one], 1, fields="summary,issuetype,status,priority,labels,assignee,project,parent,created,updated,"
             "resolutiondate,customfield_10100,customfield_10102", expand="changelog"),
        exchange("api/2/issue/1", {"id": "1", "changelog": whole}, params={"expand": "changelog"}),
        exchange("agile/1.0/board", {"values": [board], "isLast": True}),
        exchange("agile/1.0/board/3/sprint", {"values": [sprint], "isLast": True}),
        exchange("agile/1.0/board/3/project", {"values": [{"id": "10000", "key": "CREW"}], "isLast": True}),
    ]  # fmt: skip
    found, run, adapter = read(exchanges)
    [row] = rows_of(found, WorkItems)
    assert (row["points"], row["sprint_ids"], row["assignee_id"]) == (3.0, ["test:7"], "test:JIRAUSER7")
    assert row["url"] == "https://jira.example/jira/browse/CREW-1"
    assert row["started_at"] == datetime(2026, 3, 3, 9, 5, tzinfo=UTC)
    changes = {one["field"]: (one["from_value"], one["to_value"]) for one in rows_of(found, WorkItemChanges)}
    assert changes == {"state": ("todo", "in_progress"), "sprint": (None, "test:7"), "points": ("5", "3")}
    [told] = rows_of(found, Sprints)
    assert (told["project_id"], told["board_id"], told["number"]) == ("test:10000", "test:3", None)
    assert (told["added_points"], told["points_method"]) == (3.0, "changelog")
    assert adapter.unused == []
    assert run.warnings == []
    assert adapter.asked[0].headers["Authorization"].startswith("Bearer ")


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jira_api, "CENTER_PAGE", 4)
    monkeypatch.setattr(jira_api, "OVERLAP", 1)


@pytest.mark.usefixtures("small_pages")
def test_pages_of_data_center_overlap_and_give_each_issue_once() -> None:
    all_ten = [issue(number) for number in range(1, 11)]
    pages = [page(all_ten[0:4], 10), page(all_ten[3:7], 10, 3), page(all_ten[6:10], 10, 6)]
    found, _, adapter = read([*SITE, *pages, NO_BOARDS])
    assert [row["key"] for row in rows_of(found, WorkItems)] == [f"CREW-{number}" for number in range(1, 11)]
    assert adapter.unused == []


@pytest.mark.usefixtures("small_pages")
def test_a_list_that_moved_while_it_was_read_is_read_again() -> None:
    """After the first page CREW-2 and 3 are changed and go to the end: 4, 5 and 6 are now the 2nd, 3rd and 4th."""
    first = [issue(number) for number in range(1, 8)]
    late = [issue(number, NOW - timedelta(minutes=1)) for number in (2, 3)]
    moved = [first[0], *first[3:], *late]
    pages = [
        page(first[0:4], 7),
        page(moved[3:7], 7, 3),  # begins with CREW-6: what came before was not seen
        page(moved[0:4], 7, 0),
        page(moved[3:7], 7, 3),
    ]
    found, _, adapter = read([*SITE, *pages, NO_BOARDS])
    keys = [row["key"] for row in rows_of(found, WorkItems)]
    assert keys == ["CREW-1", "CREW-2", "CREW-3", "CREW-4", "CREW-5", "CREW-6", "CREW-7", "CREW-2", "CREW-3"]
    assert adapter.unused == []


def test_a_list_that_shrank_ends() -> None:
    many = [issue(number) for number in range(1, 51)]
    pages = [page(many, 60), page([], 40, 45), page(many[:40], 40, 0)]
    found, _, adapter = read([*SITE, *pages, NO_BOARDS])
    assert len(rows_of(found, WorkItems)) == 50
    assert adapter.unused == []


@pytest.mark.parametrize("me", [{}, {"accountId": None, "displayName": "Anonymous"}])
def test_a_stranger_is_told_and_not_taken_for_an_empty_site(me: Json) -> None:
    for stream in connector.streams:
        with pytest.raises(SourceError) as raised:
            replayed(connector, stream, Recording(OPTIONS, NOW, [HELLO[0], exchange("api/2/myself", me)]))
        assert raised.value.error_class == "auth"


ERRORS: list[tuple[int, Json, ErrorClass, str]] = [
    (
        400,
        {"errorMessages": ["The value 'CREW' does not exist for the field 'project'."]},
        "bad_query",
        "does not exist",
    ),
    (410, {"errorMessages": ["The requested API has been removed."]}, "not_found", "removed"),
    (200, {"errorMessages": ["no"], "errors": {}}, "schema_drift", "no answer of Jira"),
    (200, [], "schema_drift", "no answer of Jira"),
]


@pytest.mark.parametrize(("status", "body", "kind", "says"), ERRORS)
def test_errors_are_told_in_jiras_words(status: int, body: Json, kind: ErrorClass, says: str) -> None:
    with pytest.raises(SourceError, match=says) as raised:
        read([*SITE, exchange("api/2/search", body, status)])
    assert raised.value.error_class == kind


@pytest.mark.parametrize(
    ("status", "headers"),
    [
        (429, {"Retry-After": "1", "X-RateLimit-Reset": "2026-03-10T12:01Z", "RateLimit-Reason": "jira-burst-based"}),
        (429, {"X-RateLimit-Reset": "2026-03-10T12:01Z"}),
        (503, {"Retry-After": "1"}),
    ],
)
def test_limits_are_waited_out(status: int, headers: dict[str, str]) -> None:
    busy = exchange("api/2/search", "", status)
    busy["response"]["headers"] = headers
    found, run, _ = read([*SITE, busy, page([issue(1)], 1), NO_BOARDS])
    assert len(rows_of(found, WorkItems)) == 1
    assert (run.http.rate_limited_s > 0) == (status == 429)


def test_time_is_asked_for_in_epoch_milliseconds() -> None:
    """A date in quotes would be read in the time zone of the account's profile."""
    assert jql((), NOW) == "updated >= 1773144000000 ORDER BY updated ASC, key ASC"
    assert jql(("A", "B_2"), NOW).startswith('project in ("A", "B_2") AND updated >= 1773144000000 ')


@pytest.mark.parametrize("key", ['A") OR ("', "", "1A", "A B"])
def test_a_key_that_is_none_does_not_get_into_a_query(key: str) -> None:
    with pytest.raises(ValidationError):
        JiraOptions.model_validate(OPTIONS | {"projects": [key]})


ASKED = "|customfield_10102|Incident,[System] Incident|"


def since_of(adapter: Replay) -> datetime:
    """From when issues were searched for."""
    [url] = [str(request.url) for request in adapter.asked if "/search?" in str(request.url)][:1]
    return datetime.fromtimestamp(int(url.split("updated+%3E%3D+")[1].split("+")[0]) / 1000, UTC)


def test_the_first_run_reads_half_a_year_and_says_so() -> None:
    found, _, adapter = read([*SITE, page([], 0), NO_BOARDS])
    start = NOW - timedelta(days=180)
    assert since_of(adapter) == start - timedelta(minutes=15)
    assert cursor_of(found) == {"until": start.isoformat(), "from": start.isoformat(), "asked": ASKED}


def test_a_run_goes_on_from_what_jira_changed_last() -> None:
    """By Jira's clock: ours may be ahead, and what happens in between would be lost."""
    last = NOW - timedelta(hours=2)
    known = {"until": (NOW - timedelta(days=1)).isoformat(), "from": "2026-01-01T00:00:00+00:00", "asked": ASKED}
    found, _, adapter = read([*SITE, page([issue(1, last)], 1), NO_BOARDS], known)
    assert since_of(adapter) == NOW - timedelta(days=1, minutes=15)
    assert cursor_of(found) == known | {"until": last.isoformat()}
    again, _, second = read([*SITE, page([], 0), NO_BOARDS], cursor_of(found))
    assert since_of(second) == last - timedelta(minutes=15)
    assert cursor_of(again) == cursor_of(found)


def test_a_clock_ahead_of_ours_does_not_skip_anything() -> None:
    known = {"until": (NOW + timedelta(days=1)).isoformat(), "from": "2026-01-01T00:00:00+00:00", "asked": ASKED}
    found, _, adapter = read([*SITE, page([issue(1, NOW + timedelta(days=2))], 1), NO_BOARDS], known)
    assert since_of(adapter) == NOW - timedelta(minutes=15)
    assert (cursor_of(found) or {})["until"] == NOW.isoformat()


def test_other_options_read_the_past_again() -> None:
    known = {"until": (NOW - timedelta(days=1)).isoformat(), "from": "2026-01-01T00:00:00+00:00", "asked": ASKED}
    found, _, adapter = read([*SITE, page([], 0), NO_BOARDS], known, projects=["CREW"])
    assert since_of(adapter) < NOW - timedelta(days=180)
    assert (cursor_of(found) or {})["asked"].startswith("CREW|")


@pytest.mark.usefixtures("small_pages")
def test_a_run_that_is_killed_goes_on_after_its_last_whole_page() -> None:
    all_six = [issue(number) for number in range(1, 7)]
    exchanges = [*SITE, page(all_six[:4], 6)]
    run = run_of(connector, "issues", Recording(OPTIONS, NOW, exchanges), Replay(exchanges))
    items = list(islice(connector.streams["issues"].fetch(run), 5))
    cursor = cursor_of(items)
    assert (cursor or {})["until"] == all_six[3]["fields"]["updated"]
    _, _, adapter = read([*SITE, page(all_six[3:], 3), NO_BOARDS], cursor)
    assert since_of(adapter) == datetime.fromisoformat(all_six[3]["fields"]["updated"]) - timedelta(minutes=15)


@pytest.mark.parametrize("status", [403, 404])
def test_without_boards_issues_land_and_the_run_says_what_is_missing(status: int) -> None:
    found, run, _ = read([*SITE, page([issue(1)], 1), exchange("agile/1.0/board", "", status)])
    assert len(rows_of(found, WorkItems)) == 1
    assert "boards = false" in run.warnings[0]


def test_boards_that_are_not_wanted_are_not_asked_for() -> None:
    _, run, adapter = read([*SITE, page([], 0)], boards=False)
    assert run.warnings == []
    assert not [request for request in adapter.asked if "agile" in str(request.url)]


def test_a_board_of_no_project_is_what_owns_its_sprints() -> None:
    board = {"id": 9, "name": "Everything", "type": "scrum"}
    exchanges = [
        *SITE,
        page([], 0),
        exchange("agile/1.0/board", {"values": [board], "isLast": True}),
        exchange(
            "agile/1.0/board/9/sprint", {"values": [{"id": 1, "state": "future", "name": "Next"}], "isLast": True}
        ),
        exchange("agile/1.0/board/9/project", {"values": [], "isLast": True}),
    ]
    found, _, _ = read(exchanges)
    [project], [sprint] = rows_of(found, Projects), rows_of(found, Sprints)
    assert project["project_id"] == sprint["project_id"] == "test:board:9"
    assert (sprint["total_points"], sprint["points_method"]) == (0, "current_membership")


def test_a_sprint_that_is_long_over_is_not_worked_out_again() -> None:
    recording = load("jira", "issues")
    items, _, _ = replayed(connector, "issues", recording)
    closed = next(row for row in rows_of(items, Sprints) if row["sprint_id"] == "test:41")
    for days, told in ((29, True), (31, False)):
        row = closed | {"completed_at": recording.now - timedelta(days=days)}
        run = run_of(connector, "issues", recording, Replay(recording.exchanges))
        run.read_landed = lambda table, row=row: frame_of([(Sprints, row)], table)  # type: ignore[misc]
        again = rows_of(walked(connector, "issues", run), Sprints)
        assert ("test:41" in {one["sprint_id"] for one in again}) == told


def test_what_is_an_incident_can_be_said_by_type_and_by_label() -> None:
    issues = [
        issue(1, labels=["Outage"], status=STATUSES[2], resolutiondate="2026-03-02T10:00:00.000+0000"),
        issue(2, issuetype={"id": "9", "name": "Störung", "subtask": False}),
        issue(3, labels=["other"]),
    ]
    found, _, _ = read(
        [*SITE, page(issues, 3), NO_BOARDS],
        incident_types=["störung"],
        incident_labels=["outage"],
        incident_environment="staging",
    )
    rows = rows_of(found, Incidents)
    assert [(row["incident_id"], row["state"], row["env_tier"]) for row in rows] == [
        ("test:1", "resolved", "staging"),
        ("test:2", "open", "staging"),
    ]
    assert rows[0]["resolved_at"] == datetime(2026, 3, 2, 10, tzinfo=UTC)
    assert [row["type"] for row in rows_of(found, WorkItems)] == ["incident", "incident", "bug"]


def test_own_types_and_priorities_can_be_told() -> None:
    one = issue(1, issuetype={"id": "8", "name": "Wunsch", "subtask": False}, priority={"id": "1", "name": "Eilt"})
    found, run, _ = read([*SITE, page([one], 1), NO_BOARDS], types={"Wunsch": "story"}, severities={"eilt": "high"})
    [row] = rows_of(found, WorkItems)
    assert (row["type"], row["severity"]) == ("story", "high")
    assert not run.unknown_words


@pytest.mark.parametrize("name", ["customfield_10102", "story points"])
def test_the_points_field_can_be_named(name: str) -> None:
    found, _, _ = read([*SITE, page([issue(1, customfield_10102=8)], 1), NO_BOARDS], points_field=name)
    assert rows_of(found, WorkItems)[0]["points"] == 8


def test_a_points_field_that_does_not_exist_is_said() -> None:
    with pytest.raises(SourceError, match="no field 'Size'") as raised:
        read([*SITE], points_field="Size")
    assert raised.value.error_class == "bad_query"


def test_words_that_are_not_known_are_counted() -> None:
    _, run, _ = replayed(connector, "issues", load("jira", "issues"))
    assert dict(run.unknown_words) == {"Change request": 1, "Parked": 2, "Whenever": 1}


@pytest.mark.parametrize(
    ("value", "number", "text"),
    [
        (3, 3.0, "3"),
        ("0.5", 0.5, "0.5"),
        (21.0, 21.0, "21"),
        ("-1", None, None),
        ("nan", None, None),
        (float("inf"), None, None),
        ("XL", None, None),
        (None, None, None),
        ("", None, None),
        ({"a": 1}, None, None),
        (True, None, None),
    ],
)
def test_estimates(value: Json, number: float | None, text: str | None) -> None:
    assert points(value) == number
    assert points_text(value) == text


@pytest.mark.parametrize(
    ("value", "ids"),
    [
        (None, []),
        ([], []),
        ([{"id": 7, "name": "a"}, {"id": 8}, {"id": 7}], ["7", "8"]),
        ([BLOB, BLOB.replace("id=7", "id=12")], ["7", "12"]),
        (["Sprint@1[rapidViewId=3,id=12,name=x,id=9]"], ["12"]),
        (["nonsense", None, 3, {}], []),
        ("7", []),
    ],
)
def test_sprints_of_an_issue(value: Json, ids: list[str]) -> None:
    assert sprint_numbers(value) == ids


def test_instants() -> None:
    at = datetime(2026, 3, 2, 9, tzinfo=UTC)
    assert instant("2026-03-02T13:00:00.000+0400") == at
    assert instant("2026-03-02T09:00:00.000Z") == at
    assert instant(millis(at)) == at
    assert instant(None) is instant("") is None


def test_the_token_is_nowhere_to_be_seen() -> None:
    bearer, basic = (connect(JiraOptions.model_validate(OPTIONS | told)) for told in ({}, {"user": "a@b.example"}))
    assert bearer.headers["Authorization"].removeprefix("Bearer ") in bearer.secrets
    assert basic.auth and basic.auth[1] in basic.secrets and not basic.headers  # noqa: PT018


def test_a_sprint_is_worked_out_from_what_has_landed(tmp_path: Path) -> None:
    """The second run reads only the item that was taken out of the sprint, and knows the other from the first."""
    board = exchange("agile/1.0/board", {"values": [{"id": 3, "type": "scrum", "location": {"projectId": 1}}]})
    sprint = {"id": 7, "state": "active", "name": "Crew 7", "startDate": "2026-03-02T09:00:00.000Z", "originBoardId": 3}
    sprints = exchange("agile/1.0/board/3/sprint", {"values": [sprint], "isLast": True})
    stay, leave = (issue(number, customfield_10100=[BLOB], customfield_10102=3.0) for number in (1, 2))
    left = issue(2, NOW, customfield_10102=3.0)
    item = {"field": "Sprint", "from": "7", "fromString": "Crew 7", "to": "", "toString": ""}
    left["changelog"] = {"total": 1, "histories": [{"id": "5", "created": NOW.isoformat(), "items": [item]}]}
    boards = [board, exchange("agile/1.0/board", {"values": []}), sprints]
    source = SourceSettings.model_validate({"name": "jira", "connector": "jira", **OPTIONS})
    settings = Settings(data=tmp_path / "data", config=tmp_path / "aurora.toml")
    lake, told = Lake(settings.lake), []
    for minutes, issues in ((0, [stay, leave]), (10, [left])):
        adapter = Replay([*SITE, page(issues, len(issues)), *boards])
        clock = iter(NOW + timedelta(minutes=minutes, milliseconds=step) for step in range(100))
        ingest = Ingest(lake, settings, {"jira": connector}, adapter, clock=lambda clock=clock: next(clock))  # type: ignore[misc]
        [outcome] = ingest.run(source, {"issues"})
        assert (outcome.status, outcome.landed.quarantined_count) == ("success", 0), outcome.error
        told.append(lake.read(Sprints).select("committed_points", "removed_points", "total_points").row(0))
    assert told == [(6.0, 0.0, 6.0), (6.0, 3.0, 3.0)]
