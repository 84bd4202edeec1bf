"""Rollbar: errors under HTTP 200, the hourly report in place of metrics, and where lists end."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from aurora.contracts.operations import ErrorCounts, ErrorGroups
from aurora.errors import ErrorClass, SourceError
from ingest.connector import Checkpoint
from ingest.connectors.rollbar import RollbarOptions, connector
from ingest.vendors.rollbarapi import revision
from tests.replay import Recording, Replay, load, replayed, rows_of, run_of

NOW = datetime(2026, 3, 4, 12, 10, tzinfo=UTC)
NOON = int(datetime(2026, 3, 4, 12, tzinfo=UTC).timestamp())
OPTIONS = {"token": "env:HOME"}
Json = Any


def exchange(path: str, body: Json, method: str = "GET", status: int = 200, **asked: Json) -> Json:
    return {
        "request": {"method": method, "path": f"/api/1/{path}", **asked},
        "response": {"status": status, "body": body},
    }


ERRORS: list[tuple[Json, ErrorClass]] = [
    ({"err": 1, "message": "invalid access token"}, "auth"),
    ({"err": 1, "message": "insufficient privileges: project:read scope is needed"}, "permission"),
    ({"err": 1, "message": "Metrics are not available on this plan"}, "permission"),
    ({"err": 1, "message": "Rate limit exceeded"}, "rate_limited"),
    ({"err": 1, "message": "item not found"}, "not_found"),
    ({"err": 1, "message": "something else"}, "bad_query"),
    ({"err": 1}, "bad_query"),
    ({"result": []}, "schema_drift"),
    ({"err": 0, "result": None}, "schema_drift"),
    ({"err": 0, "result": {"items": "none"}}, "schema_drift"),
    ([], "schema_drift"),
]


@pytest.mark.parametrize(("body", "kind"), ERRORS)
def test_an_error_under_200_is_no_success(body: Json, kind: ErrorClass) -> None:
    with pytest.raises(SourceError) as raised:
        replayed(connector, "items", Recording(OPTIONS, NOW, [exchange("items/", body)]))
    assert raised.value.error_class == kind


def test_an_error_of_the_metrics_api_is_told_too() -> None:
    body = {"err": 1, "message": "invalid access token"}
    recording = Recording(
        OPTIONS, NOW, [exchange("metrics/occurrences", body, "POST")], since=NOW - timedelta(minutes=9)
    )
    with pytest.raises(SourceError) as raised:
        replayed(connector, "occurrence_counts", recording)
    assert raised.value.error_class == "auth"


def test_whole_hours_are_checkpointed_one_by_one() -> None:
    empty = {"err": 0, "result": {"timepoints": []}}
    hours = [
        exchange("metrics/occurrences", empty, "POST", json={"start_time": NOON - 3600 * back}) for back in (2, 1, 0)
    ]
    recording = Recording(OPTIONS, NOW, hours, since=NOW - timedelta(hours=2))
    items, _, adapter = replayed(connector, "occurrence_counts", recording)
    until = [item.cursor["until"][11:16] for item in items if isinstance(item, Checkpoint)]
    assert until == ["11:00", "12:00", "12:10"]
    assert adapter.unused == []


def test_the_report_counts_environments_that_mean_one_tier_together() -> None:
    """prod 5 + live 2 = 7 in the hour from 11; the hour from 12 has 1 so far; hours before 11 were not asked for."""
    options = OPTIONS | {"counts": "reports", "project_id": 42, "environments": ["prod", "live"]}
    prod = [[NOON - 7200, 9], [NOON - 3600, 5], [NOON, 1]]
    live = [[NOON - 3600, 2], [NOON, 0]]
    reports = [
        exchange(
            "reports/occurrence_counts", {"err": 0, "result": told}, params={"environments": name, "bucket_size": 3600}
        )
        for name, told in (("prod", prod), ("live", live))
    ]
    recording = Recording(options, NOW, reports, since=NOW - timedelta(hours=1))
    items, _, adapter = replayed(connector, "occurrence_counts", recording)
    rows = rows_of(items, ErrorCounts)
    assert [(row["ts_start"].hour, row["ts_end"].minute, row["event_count"]) for row in rows] == [
        (11, 0, 7),
        (12, 10, 1),
    ]
    assert {(row["env_tier"], row["version"], row["project_id"]) for row in rows} == {("production", "all", "test:42")}
    assert adapter.unused == []


def test_the_report_asks_for_no_more_buckets_than_it_gives() -> None:
    options = OPTIONS | {"counts": "reports", "project_id": 42}
    asked = exchange("reports/occurrence_counts", {"err": 0, "result": []}, params={"buckets": 60})
    recording = Recording(options, NOW, [asked], since=NOW - timedelta(days=9))
    replayed(connector, "occurrence_counts", recording)


def test_reports_need_to_know_the_project() -> None:
    with pytest.raises(ValidationError, match="project_id"):
        RollbarOptions.model_validate(OPTIONS | {"counts": "reports"})


def test_a_list_without_a_total_ends_with_an_empty_page() -> None:
    item = load("rollbar", "items").exchanges[0]["response"]["body"]["result"]["items"][0]
    pages = [
        exchange("items/", {"err": 0, "result": {"items": [item]}}, params={"page": 1}),
        exchange("items/", {"err": 0, "result": {"items": []}}, params={"page": 2}),
    ]
    items, _, adapter = replayed(connector, "items", Recording(OPTIONS, NOW, pages))
    assert len(rows_of(items, ErrorGroups)) == 1
    assert len(adapter.asked) == 2


def test_words_that_are_not_known_are_counted() -> None:
    _, run, _ = replayed(connector, "items", load("rollbar", "items"))
    assert dict(run.unknown_words) == {"apocalyptic": 1, "on hold": 1, "mainframe": 1}


def test_the_token_goes_in_a_header_and_not_into_addresses() -> None:
    recording = load("rollbar", "items")
    adapter = Replay(recording.exchanges)
    list(connector.streams["items"].fetch(run_of(connector, "items", recording, adapter)))
    assert all("X-Rollbar-Access-Token" in request.headers for request in adapter.asked)
    assert all("token" not in str(request.url) for request in adapter.asked)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("0123456789abcdef0123456789ABCDEF01234567", ("0123456789abcdef0123456789abcdef01234567", None)),
        ("aaaafff", ("aaaafff", None)),
        ("v1.3.9", (None, "v1.3.9")),
        ("", (None, None)),
        (None, (None, None)),
    ],
)
def test_a_revision_is_a_commit_or_a_version(text: str | None, told: tuple[str | None, str | None]) -> None:
    assert revision(text) == told
