"""Sentry: what recordings cannot show: cursors that end, errors in place of lists, going on after a kill, names."""

from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

import pytest

from aurora.contracts.operations import ErrorCounts
from aurora.errors import SourceError
from ingest.connector import Checkpoint
from ingest.connectors.sentry import SentryOptions, connect, connector
from ingest.vendors import sentryapi
from ingest.vendors.slices import slices
from ingest.vendors.tallies import tallied
from tests.replay import Recording, Replay, UnknownRequestError, cursor_of, load, replayed, rows_of, run_of

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
