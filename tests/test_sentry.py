"""Sentry: what recordings cannot show: cursors that end, errors in place of lists, going on after a kill, names."""

import json
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

import polars as pl
import pytest

from aurora.contracts.mobile import ReleaseHealthDaily
from aurora.contracts.operations import ErrorCounts, ErrorGroups
from aurora.errors import SourceError
from ingest.connector import Checkpoint
from ingest.connectors.sentry import SentryOptions, connect, connector, project_row
from ingest.vendors import sentry_health, sentryapi
from ingest.vendors.sentry_health import health_rows
from ingest.vendors.slices import slices
from ingest.vendors.tallies import tallied
from tests.peers import API
from tests.replay import STAMP, Recording, Replay, UnknownRequestError, cursor_of, load, replayed, rows_of, run_of

NOW = datetime(2026, 3, 4, 12, 10, tzinfo=UTC)
OPTIONS = {"organization": "acme", "token": "env:HOME", "url": "https://sentry.example"}
PLACE = "/api/0/organizations/acme"
Json = Any


def exchange(path: str, body: Json, next_cursor: str = "", results: str = "false", **asked: Json) -> Json:
    """One exchange; its Link header names another region's host, as sentry.io does."""
    link = f'<https://de.sentry.example{path}?cursor=x>; rel="next"; results="{results}"; cursor="{next_cursor}"'
    headers = {"Link": link} if next_cursor else {}
    return {"request": {"method": "GET", "path": PLACE + path, **asked}, "response": {"headers": headers, "body": body}}


def project(number: int) -> Json:
    return {"id": str(number), "slug": f"p{number}", "name": f"P {number}", "dateCreated": "2026-01-01T00:00:00Z"}


def test_a_next_link_without_results_ends_the_list() -> None:
    """Sentry always sends a next link: following it for its own sake would ask for ever."""
    pages = [
        exchange("/projects/", [project(1)], "0:100:0", "true"),
        exchange("/projects/", [project(2)], "0:200:0", "false", params={"cursor": "0:100:0"}),
    ]
    items, _, adapter = replayed(connector, "projects", Recording(OPTIONS, NOW, pages))
    assert len(items) == 2
    assert len(adapter.asked) == 2


def test_the_cursor_is_followed_on_our_own_host() -> None:
    pages = [exchange("/projects/", [project(1)], "0:1:0", "true"), exchange("/projects/", [project(2)])]
    _, _, adapter = replayed(connector, "projects", Recording(OPTIONS, NOW, pages))
    assert {request.url.split("/")[2] for request in adapter.asked if request.url} == {"sentry.example"}


@pytest.mark.parametrize(
    "body", [{"detail": "Invalid token"}, {"detail": {"message": "gone", "code": "x"}}, '"text"', 7]
)
def test_an_error_in_place_of_a_list_is_no_success(body: Json) -> None:
    with pytest.raises(SourceError) as raised:
        replayed(connector, "projects", Recording(OPTIONS, NOW, [exchange("/projects/", body)]))
    assert raised.value.error_class == "schema_drift"


@pytest.mark.parametrize("url", ["https://sentry.io", "https://sentry.io/", "https://sentry.io/api/0/"])
def test_the_address_may_be_written_with_or_without_the_api_part(url: str) -> None:
    options = SentryOptions.model_validate(OPTIONS | {"url": url})
    assert connect(options).url == "https://sentry.io/api/0/organizations/acme"


def test_a_list_longer_than_its_bound_is_partial(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sentryapi, "MAX_PAGES", 1)
    pages = [exchange("/issues/", [], "0:100:0", "true")]
    recording = Recording(OPTIONS, NOW, pages, since=NOW - timedelta(minutes=10))
    run = run_of(connector, "issues", recording, Replay(pages))
    api = sentryapi.Api(run)
    assert list(api.items("issues/", {}, max_pages=1)) == []
    assert "only the first 1 pages" in run.warnings[0]


def counts(hour: int, number: int) -> Json:
    group = {"project": "p1", "project.id": 1, "environment": "prod", "release": "a@1", "level": "error"}
    start = f"2026-03-04T{hour:02}:00:00Z"
    body = {"data": [group | {"count()": number, "count_unique(user)": 1}], "meta": {}}
    return exchange("/events/", body, params={"start": start})


def test_hours_that_are_whole_are_not_read_again_after_a_kill() -> None:
    """Killed in the third hour, the next run goes on from the end of the second one."""
    recording = Recording(OPTIONS, NOW, [counts(9, 1), counts(10, 2)], since=NOW - timedelta(hours=3))
    stream = connector.streams["error_counts"].fetch(
        run_of(connector, "error_counts", recording, Replay(recording.exchanges))
    )
    items = list(islice(stream, 4))
    with pytest.raises(UnknownRequestError):
        next(iter(stream))
    cursor = cursor_of(items)
    assert cursor == {"until": "2026-03-04T11:00:00+00:00"}
    assert [row["event_count"] for row in rows_of(items, ErrorCounts)] == [1, 2]
    again = Recording(OPTIONS, NOW, [counts(11, 4), counts(12, 8)], cursor, datetime.fromisoformat(cursor["until"]))
    resumed, _, adapter = replayed(connector, "error_counts", again)
    assert [row["event_count"] for row in rows_of(resumed, ErrorCounts)] == [4, 8]
    assert adapter.unused == []


def test_each_day_of_issues_is_complete_before_the_cursor_moves() -> None:
    days = [exchange("/issues/", [], params={"start": f"2026-03-0{day}T00:00:00Z"}) for day in (3, 4)]
    days.insert(0, exchange("/issues/", [], params={"start": "2026-03-02T12:00:00Z", "end": "2026-03-03T00:00:00Z"}))
    recording = Recording(OPTIONS, NOW, days, since=datetime(2026, 3, 2, 12, tzinfo=UTC))
    items, _, adapter = replayed(connector, "issues", recording)
    until = [item.cursor["until"] for item in items if isinstance(item, Checkpoint)]
    assert until == ["2026-03-03T00:00:00+00:00", "2026-03-04T00:00:00+00:00", "2026-03-04T12:10:00+00:00"]
    assert adapter.unused == []


def test_words_that_are_not_known_are_counted() -> None:
    _, run, _ = replayed(connector, "issues", load("sentry", "issues"))
    assert dict(run.unknown_words) == {"flutter": 1, "silly": 1, "reprocessing": 1}


def test_the_token_is_nowhere_to_be_seen() -> None:
    site = connect(SentryOptions.model_validate(OPTIONS))
    assert site.headers["Authorization"].removeprefix("Bearer ") in site.secrets


@pytest.mark.parametrize(
    ("release", "version"),
    [("shop@1.2.0", "1.2.0"), ("@acme/shop@1.2.0+7", "1.2.0+7"), ("1.2.0", "1.2.0"), ("shop@", "shop@"), (None, None)],
)
def test_the_version_of_a_release(release: str | None, version: str | None) -> None:
    assert sentryapi.short_version(release) == version


@pytest.mark.parametrize(
    ("platform", "issue", "kind"),
    [
        ("ios", {"level": "fatal"}, "crash"),
        ("android", {"isUnhandled": True}, "crash"),
        ("server", {"isUnhandled": True, "level": "fatal"}, "error"),
        ("android", {"metadata": {"type": "ANR"}}, "anr"),
        ("ios", {"level": "error", "isUnhandled": False}, "error"),
    ],
)
def test_what_ends_an_app_is_a_crash(platform: str, issue: Json, kind: str) -> None:
    assert sentryapi.crash_kind(issue, platform) == kind


def test_slices_begin_on_the_hour_and_end_now() -> None:
    found = list(slices(datetime(2026, 3, 4, 10, 30, tzinfo=UTC), NOW, timedelta(hours=1)))
    assert [(part.start.hour, part.end.hour, part.end.minute) for part in found] == [
        (10, 11, 0),
        (11, 12, 0),
        (12, 12, 10),
    ]
    assert list(slices(NOW + timedelta(hours=1), NOW, timedelta(hours=1))) == []


def test_joined_groups_add_events_and_forget_users() -> None:
    """3 + 4 events; users 2 and 2 may be two, three or four persons."""
    rows = [{"k": 1, "event_count": 3, "user_count": 2}, {"k": 1, "event_count": 4, "user_count": 2}]
    assert tallied(rows, ("k",)) == [{"k": 1, "event_count": 7, "user_count": None}]


def issue(number: int, first_seen: str) -> Json:
    told = {"id": str(number), "title": "x", "level": "error", "status": "unresolved", "project": {"id": "1"}}
    return told | {"firstSeen": first_seen, "lastSeen": "2026-03-04T12:00:00Z", "count": "2", "userCount": 1}


def version(number: int, release: str | None, first: str, last: str) -> Json:
    return {"issue.id": number, "release": release, "min(timestamp)": first, "max(timestamp)": last}


def issues_with(versions: Json, *issues: Json) -> tuple[list[Any], Any]:
    exchanges = [exchange("/issues/", list(issues)), versions]
    items, run, _ = replayed(connector, "issue_states", Recording(OPTIONS, NOW, exchanges))
    return rows_of(items, ErrorGroups), run


def test_the_first_version_is_that_of_the_first_event_and_the_last_that_of_the_last() -> None:
    """1.9 came into the wild later than 2.0 here: versions go by their events, not by their numbers."""
    data = [
        version(1, "a@1.9", "2026-03-02T00:00:00+00:00", "2026-03-04T12:00:00+00:00"),
        version(1, "a@2.0", "2026-03-01T00:00:00+00:00", "2026-03-03T00:00:00+00:00"),
        version(1, None, "2026-03-01T00:00:00+00:00", "2026-03-04T12:00:00+00:00"),
    ]
    rows, _ = issues_with(exchange("/events/", {"data": data}), issue(1, "2026-03-01T00:00:00Z"))
    assert (rows[0]["first_version"], rows[0]["last_version"]) == ("2.0", "1.9")


def test_a_first_event_that_is_kept_no_more_leaves_the_first_version_unknown() -> None:
    data = [version(1, "a@2.0", "2026-02-03T00:00:00+00:00", "2026-03-04T12:00:00+00:00")]
    rows, _ = issues_with(exchange("/events/", {"data": data}), issue(1, "2025-01-01T00:00:00Z"))
    assert (rows[0]["first_version"], rows[0]["last_version"]) == (None, "2.0")


def test_what_was_known_of_the_versions_stays() -> None:
    exchanges = [exchange("/issues/", [issue(1, "2025-01-01T00:00:00Z")]), exchange("/events/", {"data": []})]
    run = run_of(connector, "issue_states", Recording(OPTIONS, NOW, exchanges), Replay(exchanges))
    known = {"error_group_id": "test:1", "first_version": "1.0", "last_version": "1.1"}
    run.read_landed = lambda table: pl.DataFrame([known | STAMP], schema=table.dtypes())
    row = rows_of(connector.streams["issue_states"].fetch(run), ErrorGroups)[0]
    assert (row["first_version"], row["last_version"]) == ("1.0", "1.1")


def test_issues_land_where_their_events_may_not_be_asked_for() -> None:
    refusal = exchange("/events/", {"detail": "no"})
    refusal["response"]["status"] = 403
    rows, run = issues_with(refusal, *(issue(number, "2026-03-01T00:00:00Z") for number in range(150)))
    assert len(rows) == 150
    assert {row["first_version"] for row in rows} == {None}
    assert len(run.warnings) == 1


def test_a_hundred_issues_are_one_question() -> None:
    many = [issue(number, "2026-03-01T00:00:00Z") for number in range(101)]
    query = {"query": "issue.id:[100]"}
    exchanges = [exchange("/issues/", many), exchange("/events/", {"data": []})]
    exchanges.append(exchange("/events/", {"data": []}, params=query))
    _, _, adapter = replayed(connector, "issue_states", Recording(OPTIONS, NOW, exchanges))
    assert adapter.unused == []


def sessions(release: str, count: float | None, users: float | None = 1, status: str | None = None) -> Json:
    by = {"project": 1, "release": release, "environment": "prod"}
    by |= {"session.status": status} if status else {}
    return {"by": by, "totals": {"sum(session)": count, "count_unique(user)": users}}


def health(whole: list[Json], by_status: list[Json]) -> tuple[dict[str, Any], Any]:
    run = run_of(connector, "release_health", Recording(OPTIONS, NOW, []), Replay([]))
    rows = health_rows(run, NOW, whole, by_status)
    return {row["version"]: row for row in rows}, run


def test_crash_free_sessions_and_adoption_by_hand() -> None:
    """2.0: 8 of 400 sessions crashed, so 98 % were free of crashes; 400 of the day's 500 ran it, 80 %."""
    whole = [sessions("a@2.0", 400, 90), sessions("a@1.9", 100, 30)]
    statuses = [("healthy", 380), ("errored", 7), ("unhandled", 3), ("abnormal", 2), ("crashed", 8)]
    rows, run = health(whole, [sessions("a@2.0", count, 4, status) for status, count in statuses])
    new, old = rows["2.0"], rows["1.9"]
    assert 1 - new["crashed_session_count"] / new["session_count"] == 0.98
    assert (new["errored_session_count"], new["adoption_ratio"], new["crashed_user_count"]) == (10, 0.8, 4)
    assert (old["crashed_session_count"], old["adoption_ratio"], old["crashed_user_count"]) == (0, 0.2, 0)
    assert (run.warnings, dict(run.unknown_words)) == ([], {})


def test_sessions_that_are_not_told_are_null() -> None:
    rows, _ = health([sessions("a@2.0", None, None)], [])
    assert (rows["2.0"]["session_count"], rows["2.0"]["user_count"], rows["2.0"]["adoption_ratio"]) == (
        None,
        None,
        None,
    )


def test_a_list_of_groups_that_was_cut_off_makes_no_crashes_zero(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sentry answers with 10,000 points at most and says nothing of the rest: what is missing is not known."""
    monkeypatch.setattr(sentry_health, "MAX_GROUPS", 2)
    whole = [sessions("a@2.0", 400), sessions("a@1.9", 100)]
    rows, run = health(whole, [sessions("a@2.0", 8, 4, "crashed"), sessions("a@2.0", 392, 90, "healthy")])
    assert (rows["2.0"]["crashed_session_count"], rows["1.9"]["crashed_session_count"]) == (8, None)
    assert (rows["1.9"]["crashed_user_count"], rows["1.9"]["errored_session_count"]) == (None, None)
    assert {row["adoption_ratio"] for row in rows.values()} == {None}
    assert "cut off" in run.warnings[0]
    assert {"session_count", "crashed_session_count"} <= set(ReleaseHealthDaily.dtypes())


@pytest.mark.skipif(not API.is_dir(), reason="the reference data are not here")
def test_projects_of_another_client_are_read() -> None:
    """Bodies from the tests of a Go client: whole projects, those of teams, and one that was just renamed."""
    told = [json.loads(path.read_text()) for path in sorted((API / "sentry-fixtures").glob("projects__*.json"))]
    bodies = [one for body in told for one in (body if isinstance(body, list) else [body])]
    run = run_of(connector, "projects", Recording(OPTIONS, NOW, []), Replay([]))
    rows = [project_row(run, body) for body in bodies]
    assert [(row["project_id"], row["key"]) for row in rows] == [(f"test:{one['id']}", one["slug"]) for one in bodies]
    assert all(row["name"] and row["first_seen_at"].tzinfo for row in rows)
    assert len(rows) > 4
