"""Cloudflare: what the recording does not show: errors under HTTP 200, a cut answer, and going on after a kill."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from aurora.contracts.estate import Components
from aurora.contracts.operations import ComponentHealth
from aurora.errors import ErrorClass, SourceError
from ingest.connector import Item
from ingest.connectors.cloudflare import CloudflareOptions, connector, measures
from tests.replay import Recording, Replay, cursor_of, load, replayed, rows_of, run_of

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
Json = Any


def listed(*names: str, **more: Json) -> Json:
    """The list of zones; the id of a zone is its name without the dot."""
    result = [{"id": name.replace(".", ""), "name": name, "status": "active"} for name in names]
    body = {"success": True, "errors": [], "result": result, "result_info": {"page": 1, "total_pages": 1}} | more
    return {"request": {"method": "GET", "path": "/client/v4/zones"}, "response": {"body": body}}


def asked(zone: str, node: Json, errors: Json = None, **variables: Json) -> Json:
    """One GraphQL exchange about a zone."""
    request = {"method": "POST", "path": "/client/v4/graphql", "json": {"variables": {"zone": zone, **variables}}}
    data = None if node is None else {"viewer": {"zones": [node]}}
    return {"request": request, "response": {"body": {"data": data, "errors": errors}}}


def limits(zone: str, **more: Json) -> Json:
    """What a zone's plan lets one ask."""
    told = {
        "enabled": True,
        "availableFields": ["count"],
        "maxDuration": 86_400,
        "maxPageSize": 10_000,
        "notOlderThan": 2_678_400,
    }
    return asked(zone, {"settings": {"httpRequestsAdaptiveGroups": told | more}})


def counts(zone: str, *found: tuple[str, int, int], **variables: Json) -> Json:
    """Counts by minute and status."""
    groups = [
        {"count": count, "dimensions": {"datetimeMinute": f"2026-03-10T{at}:00Z", "edgeResponseStatus": status}}
        for at, status, count in found
    ]
    return asked(zone, {"httpRequestsAdaptiveGroups": groups}, **variables)


def read(*exchanges: Json, cursor: Json = None, **options: Any) -> tuple[list[Item], Any, Replay]:
    """All that the stream yields, its run and its adapter."""
    return replayed(connector, "health", Recording({"token": "env:PATH"} | options, NOW, list(exchanges), cursor))


def test_the_recording_is_read_to_its_end_and_a_zone_without_access_is_said() -> None:
    """11:30: (90 + 10 + 95 + 5) / 5 = 40 a minute, 15 of 200 are 5xx: 7.5 %; (90·40 + 10·140 + 95·60) / 195 ms."""
    items, run, adapter = replayed(connector, "health", load("cloudflare", "health"))
    assert adapter.unused == []
    first = rows_of(items, ComponentHealth)[0]
    assert (first["requests_per_minute"], first["error_rate_pct"]) == (40.0, 7.5)
    assert first["response_time_ms"] == pytest.approx(10_700 / 195)
    assert len(run.warnings) == 1
    assert run.warnings[0].startswith("secret.example: ")
    assert dict(run.unknown_words) == {"purgatory": 1}
    reached = cursor_of(items)
    assert reached is not None
    assert set(reached["zones"].values()) == {"2026-03-10T11:55:00+00:00"}


def test_the_time_to_first_byte_is_asked_only_where_the_plan_has_it() -> None:
    _, _, adapter = replayed(connector, "health", load("cloudflare", "health"))
    bodies = [json.loads(request.body) for request in adapter.asked if request.method == "POST" and request.body]
    timed = {body["variables"]["zone"][:4]: "edgeTimeToFirstByteMs" in body["query"] for body in bodies}
    assert timed == {"023e": True, "9a78": False, "372e": False}


@pytest.mark.parametrize(
    ("message", "code", "kind"),
    [
        ("quota exceeded, please repeat your request in the next minute", None, "rate_limited"),
        ("rate limiter budget depleted, try again after 5 minutes", None, "rate_limited"),
        ("limit reached, please try reduced time period", None, "rate_limited"),
        ("does not have access to the path", None, "permission"),
        ("no", "authz", "permission"),
        ("Authentication error", 10000, "auth"),
        ("cannot request data older than 2678400s", None, "bad_query"),
        ("error parsing args", None, "bad_query"),
    ],
)
def test_an_error_under_200_is_no_success(message: str, code: Json, kind: ErrorClass) -> None:
    errors = [{"message": message, "path": ["viewer"], "extensions": {"code": code}}]
    with pytest.raises(SourceError, match=message) as raised:
        read(listed("shop.example"), asked("shopexample", None, errors))
    assert raised.value.error_class == kind


def test_a_refused_list_of_zones_is_no_empty_list() -> None:
    refusal = listed(success=False, errors=[{"code": 10000, "message": "Authentication error"}])
    with pytest.raises(SourceError, match="Authentication error") as raised:
        read(refusal)
    assert raised.value.error_class == "auth"


def test_after_a_kill_each_zone_goes_on_where_it_was_left() -> None:
    exchanges = [
        listed("a.example", "b.example"),
        limits("aexample"),
        counts("aexample", ("11:40", 200, 10), since="2026-03-10T11:40:00Z"),
        limits("bexample"),
        asked("bexample", None, [{"message": "quota exceeded"}], since="2026-03-10T11:40:00Z"),
    ]
    left = {"zones": dict.fromkeys(("aexample", "bexample"), "2026-03-10T11:40:00+00:00")}
    run = run_of(connector, "health", Recording({"token": "env:PATH"}, NOW, exchanges, left), Replay(exchanges))
    taken: list[Item] = []
    with pytest.raises(SourceError):
        taken.extend(connector.streams["health"].fetch(run))
    cursor = cursor_of(taken)
    assert cursor == {"zones": {"aexample": "2026-03-10T11:55:00+00:00", "bexample": "2026-03-10T11:40:00+00:00"}}
    again = [exchanges[0], exchanges[1], exchanges[3], counts("bexample", ("11:41", 200, 5), limit=10_000)]
    items, _, adapter = read(*again, cursor=cursor)
    assert [row["component_id"] for row in rows_of(items, ComponentHealth)] == ["test:bexample"]
    assert adapter.unused == []


def test_a_gap_is_read_in_slices_and_no_further_back_than_the_plan_allows() -> None:
    """Slices of at most 100 buckets of 5 minutes; the plan keeps 10 hours: 02:05 to 11:55 are 118, in two slices."""
    exchanges = [
        listed("a.example"),
        limits("aexample", notOlderThan=36_000),
        counts("aexample", since="2026-03-10T02:05:00Z", until="2026-03-10T10:25:00Z"),
        counts("aexample", since="2026-03-10T10:25:00Z", until="2026-03-10T11:55:00Z"),
    ]
    _, _, adapter = read(*exchanges, cursor={"zones": {"aexample": "2026-03-01T00:00:00+00:00"}})
    assert adapter.unused == []


def test_a_minute_that_no_answer_can_hold_is_said() -> None:
    full = counts("aexample", ("11:40", 200, 1), ("11:40", 301, 1))
    with pytest.raises(SourceError, match="more than 2 kinds"):
        read(listed("a.example"), limits("aexample", maxPageSize=2), full, full, cursor={"zones": {}})


def test_a_zone_that_is_not_there_is_said_and_only_named_zones_are_read() -> None:
    exchanges = [listed("a.example", "b.example"), limits("bexample"), counts("bexample")]
    items, run, _ = read(*exchanges, zones=["b.example", "c.example"])
    assert [row["name"] for row in rows_of(items, Components)] == ["b.example"]
    assert run.warnings == ["c.example: the token sees no such zone: check zones"]


def test_nothing_is_made_up_where_nothing_was_counted() -> None:
    assert measures([{"count": 0, "dimensions": {"edgeResponseStatus": 200}}], timedelta(minutes=5)) == {
        "requests_per_minute": 0.0,
        "error_rate_pct": None,
        "response_time_ms": None,
    }


@pytest.mark.parametrize("step", ["90s", "7m"])
def test_wrong_steps_are_refused(step: str) -> None:
    with pytest.raises(ValidationError):
        CloudflareOptions.model_validate({"token": "env:PATH", "step": step})
