"""Analytics reports of App Store Connect: the way to them, corrections that come late, files that are damaged."""

import gzip
import hashlib
import json
from datetime import date
from pathlib import Path

import pytest

from aurora.contracts.mobile import (
    MobileEngagementDaily,
    MobileInstallsDaily,
)
from aurora.contracts.platform import Quarantine
from ingest.connector import Checkpoint
from ingest.connectors.app_store_connect import connector
from tests.apple import (
    APP_ID,
    HEADS,
    INSTALLS,
    NOW,
    SESSIONS,
    STORAGE,
    Apple,
    Json,
    analysed,
    kept,
    resource,
    table,
)
from tests.replay import Recording, golden, load, plain, run_of, walked

D1, D2 = "2026-03-01", "2026-03-02"


@pytest.mark.parametrize("stream", ["analytics", "sales"])
def test_packed_files_tell_the_same_as_plain_ones(stream: str) -> None:
    """The recordings are plain so that they can be read; Apple packs them."""
    recording = load("app_store_connect", stream)
    told = json.dumps(recording.exchanges)
    apple = Apple()
    for one in recording.exchanges:
        body = one["response"]["body"]
        if isinstance(body, str):
            packed = gzip.compress(body.encode(), mtime=0)
            digests = (hashlib.md5(part, usedforsecurity=False).hexdigest() for part in (body.encode(), packed))
            told = told.replace(*digests).replace(f'"sizeInBytes": {len(body)},', f'"sizeInBytes": {len(packed)},')
    for one in json.loads(told):
        body = one["response"]["body"]
        sent = gzip.compress(body.encode(), mtime=0) if isinstance(body, str) else body
        apple.said.setdefault(one["request"]["path"], []).append(one["response"] | {"body": sent})
    run = run_of(connector, stream, recording, apple)
    assert plain(walked(connector, stream, run)) == golden("app_store_connect", stream)


def test_a_file_is_asked_for_without_our_sign_in(tmp_path: Path) -> None:
    """Its address is signed; Apple's storage refuses a request that is signed twice."""
    apple = Apple()
    apple.tells(SESSIONS, "2026-03-04", (D1, "2.0", "AE", 9, 90, 5))
    analysed(tmp_path, apple)
    by_host = {str(one.url).split("/")[2]: "Authorization" in one.headers for one in apple.asked}
    assert by_host == {"api.appstoreconnect.apple.com": True, STORAGE: False}


def test_a_day_that_is_told_later_takes_the_place_of_what_was_told_before(tmp_path: Path) -> None:
    """12 + 8 sessions, then 15 of version 2.0 alone: 15, and nothing of 1.9; installs of another report stay."""
    apple = Apple()
    apple.tells(SESSIONS, "2026-03-03", (D1, "2.0", "AE", 12, 100, 6), (D1, "1.9", "AE", 8, 50, 5))
    apple.tells(INSTALLS, "2026-03-03", (D1, "2.0", "AE", "Install", "First-time download", 7))
    ingest, outcome = analysed(tmp_path, apple)
    assert kept(ingest, MobileEngagementDaily, "version", "session_count") == [("1.9", 8), ("2.0", 12)]
    apple.tells(SESSIONS, "2026-03-05", (D1, "2.0", "AE", 15, 120, 7), (D2, "2.0", "AE", 6, 30, 5))
    apple.asked.clear()
    ingest, outcome = analysed(tmp_path, apple, days=1)
    assert "no report" in str(outcome.error)
    assert [path for path in apple.paths() if path in apple.files] == ["/App-Sessions-Standard/2026-03-05"]
    rows = kept(ingest, MobileEngagementDaily, "day", "version", "session_count", "session_total_s", "device_count")
    first, second = date(2026, 3, 1), date(2026, 3, 2)
    assert rows == [(first, "1.9", None, None, None), (first, "2.0", 15, 120.0, 7), (second, "2.0", 6, 30.0, 5)]
    assert kept(ingest, MobileInstallsDaily, "version", "install_count") == [("2.0", 7)]


def test_an_instance_that_came_before_a_newer_one_never_wins(tmp_path: Path) -> None:
    """Apple lists the newest first."""
    apple = Apple()
    apple.tells(SESSIONS, "2026-03-02", (D1, "2.0", "AE", 1, 1, 1))
    apple.tells(SESSIONS, "2026-03-04", (D1, "2.0", "AE", 3, 3, 3))
    apple.tells(SESSIONS, "2026-03-03", (D1, "2.0", "AE", 2, 2, 2))
    ingest, _ = analysed(tmp_path, apple)
    assert kept(ingest, MobileEngagementDaily, "session_count") == [(3,)]


def test_a_run_that_was_killed_goes_on_after_its_last_instance() -> None:
    apple = Apple()
    for day in ("2026-03-02", "2026-03-03", "2026-03-04"):
        apple.tells(SESSIONS, day, (D1, "2.0", "AE", 1, 1, 1))
    told, run = [], run_of(connector, "analytics", Recording({"token": "env:PATH"}, NOW, []), apple)
    for item in connector.streams["analytics"].fetch(run):
        told.append(item)
        if sum(isinstance(one, Checkpoint) for one in told) == 2:
            break
    (cursor,) = [one.cursor for one in told[-1:] if isinstance(one, Checkpoint)]
    assert cursor == {"apps": {APP_ID: {"sessions": "2026-03-03"}}}
    apple.asked.clear()
    list(
        connector.streams["analytics"].fetch(
            run_of(connector, "analytics", Recording({"token": "env:PATH"}, NOW, [], cursor), apple)
        )
    )
    assert [path for path in apple.paths() if path in apple.files] == ["/App-Sessions-Standard/2026-03-04"]


DAMAGED: list[tuple[str, Json]] = [
    ("its checksum is another one", {"checksum": "0" * 32}),
    ("its size is another one", {"sizeInBytes": 7}),
    ("it breaks off", {"file": table(HEADS[SESSIONS], (D1, "2.0", "AE", 1, 1, 1))[:-9]}),
    ("it is empty", {"file": b""}),
    ("it is a page", {"file": b"<html>\n"}),
    ("it lies at an address that is not safe", {"url": "http://169.254.169.254/latest/meta-data"}),
    ("its address holds a user", {"url": "https://user@storage.example/x"}),
    ("it has no address", {"url": None}),
]


@pytest.mark.parametrize("more", [one[1] for one in DAMAGED], ids=[one[0] for one in DAMAGED])
def test_a_damaged_file_is_asked_for_again_and_stops_no_other_report(more: Json, tmp_path: Path) -> None:
    apple = Apple()
    path = apple.tells(SESSIONS, "2026-03-04", (D1, "2.0", "AE", 1, 1, 1), **more)
    apple.tells(INSTALLS, "2026-03-04", (D1, "2.0", "AE", "Delete", "First-time download", 7))
    ingest, outcome = analysed(tmp_path, apple)
    assert outcome.status in ("partial", "failed")
    assert kept(ingest, MobileInstallsDaily, "uninstall_count") == [(7,)]
    assert kept(ingest, MobileEngagementDaily, "version") == []
    assert apple.tells(SESSIONS, "2026-03-04", (D1, "2.0", "AE", 4, 1, 1)) == path
    ingest, _ = analysed(tmp_path, apple)
    assert kept(ingest, MobileEngagementDaily, "session_count") == [(4,)]


def test_an_address_that_has_ended_is_no_lack_of_permission(tmp_path: Path) -> None:
    apple = Apple()
    path = apple.tells(SESSIONS, "2026-03-04", (D1, "2.0", "AE", 1, 1, 1))
    apple.said[path] = [{"status": 403, "body": "<Error><Code>AccessDenied</Code></Error>"}]
    _, outcome = analysed(tmp_path, apple)
    assert (outcome.status, "asks for a new address" in str(outcome.error)) == ("partial", True)
    assert "0123456789abcdef" not in str(outcome.error)


def test_lines_that_cannot_be_read_are_kept_aside(tmp_path: Path) -> None:
    good = (D1, "2.0", "AE", 9, 90, 5)
    odd: list[tuple[object, ...]] = [
        ("yesterday", "2.0", "AE", 1, 1, 1),
        ("2031-01-01", "2.0", "AE", 1, 1, 1),
        ("1999-01-01", "2.0", "AE", 1, 1, 1),
        (D1, "2.0", "AE", -4, 1, 1),
        (D1, "2.0", "AE", "9" * 400, 1, 1),
        (D1, "2.0", "AE", "NaN", 1, 1),
        (D1, "2.0"),
        ("",),
    ]
    apple = Apple()
    apple.tells(SESSIONS, "2026-03-04", good, *odd, (D1, "\x00\x1b[2J", "ATLANTIS", 2, 2, 2))
    ingest, _ = analysed(tmp_path, apple)
    rows = kept(ingest, MobileEngagementDaily, "version", "country", "session_count")
    assert rows == [("2.0", "AE", 9), ("[2J", "ZZ", 2)]
    assert ingest.lake.read(Quarantine).height == len(odd) - 1


def test_of_many_lines_that_cannot_be_read_some_are_kept_and_the_number(tmp_path: Path) -> None:
    apple = Apple()
    apple.tells(SESSIONS, "2026-03-04", *((D1, f"{number}", "AE", "x", 1, 1) for number in range(500)))
    ingest, _ = analysed(tmp_path, apple)
    told = ingest.lake.read(Quarantine)
    assert (told.height, told["message"].str.contains("450 more lines").sum()) == (51, 1)


def test_lines_of_another_application_do_not_count(tmp_path: Path) -> None:
    head = (*HEADS[SESSIONS], "App Apple Identifier")
    file = table(head, (D1, "2.0", "AE", 9, 90, 5, APP_ID), (D1, "2.0", "AE", 9, 90, 5, "42"))
    apple = Apple()
    apple.tells(SESSIONS, "2026-03-04", file=file)
    ingest, _ = analysed(tmp_path, apple)
    assert kept(ingest, MobileEngagementDaily, "session_count") == [(9,)]


REQUESTS = f"/v1/apps/{APP_ID}/analyticsReportRequests"
STOPPED = resource("analyticsReportRequests", "req", accessType="ONGOING", stoppedDueToInactivity=True)


def test_reports_are_asked_for_once(tmp_path: Path) -> None:
    apple = Apple()
    apple.lists |= {REQUESTS: [], "/v1/analyticsReportRequests/new/reports": []}
    apple.said["/v1/analyticsReportRequests"] = [{"status": 201, "body": {"data": resource("a", "new")}}]
    _, outcome = analysed(tmp_path, apple)
    assert (outcome.status, [one.method for one in apple.asked].count("POST")) == ("success", 1)
    asked = next(one for one in apple.asked if one.method == "POST")
    assert json.loads(asked.body or "")["data"]["attributes"] == {"accessType": "ONGOING"}


@pytest.mark.parametrize(("status", "says"), [(403, "role Admin"), (409, "delete that request")])
def test_a_key_that_may_not_ask_reads_what_is_there(status: int, says: str, tmp_path: Path) -> None:
    apple = Apple()
    apple.tells(SESSIONS, "2026-03-04", (D1, "2.0", "AE", 9, 90, 5))
    apple.lists[REQUESTS] = [STOPPED]
    apple.said["/v1/analyticsReportRequests"] = [{"status": status, "body": {"errors": []}}]
    ingest, outcome = analysed(tmp_path, apple)
    assert (outcome.status, says in str(outcome.error)) == ("partial", True)
    assert kept(ingest, MobileEngagementDaily, "session_count") == [(9,)]
