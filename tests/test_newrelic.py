"""New Relic: GraphQL errors under status 200, ranges in halves, resuming, what may stand in an NRQL query."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from requests.adapters import BaseAdapter

from aurora.contracts.delivery import Deployments
from aurora.contracts.operations import Alerts, ChangeEvents, ComponentHealth
from aurora.errors import ErrorClass, SourceError
from ingest.connectors.newrelic import connector
from ingest.vendors import nerdgraph
from tests.landing import Landing, until_it_breaks
from tests.replay import Recording, cursor_of, golden, load, plain, replayed, response, rows_of, run_of

Json = Any
NOW = datetime(2026, 3, 1, 12, 2, 7, tzinfo=UTC)
OPTIONS = {"account_id": 1, "api_key": "env:PATH"}
ASKED = {"request": {"method": "POST", "path": "/graphql"}}


def told(body: Json, stream: str = "alerts") -> tuple[list[Any], Any, Any]:
    """What a stream yields when every answer is the same."""
    recording = Recording(OPTIONS, NOW, [ASKED | {"response": {"status": 200, "body": body}}] * 2)
    return replayed(connector, stream, recording)


def results(*rows: Json, messages: Json = None) -> Json:
    return {"data": {"actor": {"account": {"nrql": {"results": list(rows), "metadata": {"messages": messages}}}}}}


@pytest.mark.parametrize(
    ("extensions", "kind"),
    [
        ({"errorClass": "TOO_MANY_REQUESTS"}, "rate_limited"),
        ({"errorClass": "TIMEOUT"}, "timeout"),
        ({"errorClass": "SERVER_ERROR"}, "vendor_5xx"),
        ({"errorClass": "ACCESS_DENIED"}, "permission"),
        ({"error_code": "BAD_API_KEY"}, "auth"),
        ({"errorClass": "INVALID_INPUT", "errorCode": "NRDB:1101008"}, "bad_query"),
        ({"code": "UNAUTHENTICATED"}, "auth"),
        (None, "bad_query"),
    ],
)
@pytest.mark.parametrize("data", [None, results({"timestamp": 1, "incidentId": "x", "event": "open"})["data"]])
@pytest.mark.parametrize("stream", ["health", "alerts", "changes"])
def test_an_error_under_status_200_fails_even_with_data(
    stream: str, data: Json, extensions: Json, kind: ErrorClass
) -> None:
    with pytest.raises(SourceError, match="no luck") as raised:
        told({"data": data, "errors": [{"message": "no luck", "extensions": extensions}]}, stream)
    assert raised.value.error_class == kind


def test_an_account_that_the_key_does_not_see_is_a_matter_of_permission() -> None:
    with pytest.raises(SourceError, match="account 1 is not visible") as raised:
        told({"data": {"actor": {"account": None}}})
    assert raised.value.error_class == "permission"


@pytest.mark.parametrize("body", [{}, [], {"data": None}, {"data": "x"}])
def test_what_is_no_graphql_answer_is_drift(body: Json) -> None:
    with pytest.raises(SourceError) as raised:
        told(body)
    assert raised.value.error_class == "schema_drift"


def test_remarks_of_the_database_make_a_run_partial() -> None:
    _, run, _ = told(results(messages=["NrAiIncident is not known"]))
    assert run.warnings == ["New Relic remarks: NrAiIncident is not known"]


class Database(BaseAdapter):
    """Answers raw NRQL queries from events, never more than `limit` at once."""

    def __init__(self, events: list[Json], limit: int) -> None:
        super().__init__()
        self.events, self.limit, self.asked = events, limit, 0

    def send(self, request: requests.PreparedRequest, **_: Any) -> requests.Response:
        self.asked += 1
        text = json.loads(request.body or "")["variables"]["nrql"]
        first, last = (int(found) for found in re.findall(r"(?:SINCE|UNTIL) (\d+)", text))
        found = [one for one in self.events if first <= one["timestamp"] < last and "NrAiIncident" in text]
        return response({"body": results(*found[: self.limit])}, request)

    def close(self) -> None:
        """Nothing is open."""


def test_more_incidents_than_nrql_gives_at_once_all_come(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nerdgraph, "MAX_EVENTS", 10)
    start = int((NOW - timedelta(hours=2)).timestamp() * 1000)
    events = [{"timestamp": start + 60_000 * n, "incidentId": f"i{n}", "event": "open"} for n in range(100)]
    recording = Recording(OPTIONS, NOW, [], since=NOW - timedelta(hours=3))
    database = Database(events, 10)
    items = list(connector.streams["alerts"].fetch(run_of(connector, "alerts", recording, database)))
    assert [row["alert_id"] for row in rows_of(items, Alerts)] == [f"test:i{n}" for n in range(100)]
    assert database.asked < 60


def test_a_marker_without_an_id_is_known_by_its_entity_and_instant() -> None:
    rows = rows_of(
        told(results({"timestamp": 5000, "entity.guid": "G", "deploymentId": None}), "changes")[0], Deployments
    )
    assert {(row["deployment_id"], row["environment"], row["env_tier"]) for row in rows} == {
        ("test:G@5000", "unknown", "unknown")
    }


def test_the_last_event_of_an_incident_counts_whatever_the_order() -> None:
    opened = {"timestamp": 5000, "incidentId": "x", "event": "open", "openTime": 5000}
    closed = {"timestamp": 5000, "incidentId": "x", "event": "close", "openTime": 5000, "closeTime": 5000}
    for order in ([opened, closed], [closed, opened]):
        assert [row["state"] for row in rows_of(told(results(*order))[0], Alerts)] == ["resolved"]


def test_a_killed_run_goes_on_after_the_last_whole_window() -> None:
    """Entities are asked last in the file; the third of the four queries is refused, which ends the second window."""
    whole = load("newrelic", "health")
    refused = {"data": None, "errors": [{"message": "later", "extensions": {"errorClass": "TIMEOUT"}}]}
    broken = [*whole.exchanges[:2], whole.exchanges[2] | {"response": {"body": refused}}, *whole.exchanges[4:]]
    before = until_it_breaks(connector, "health", replace(whole, exchanges=broken))
    cursor = cursor_of(before)
    assert cursor == {"until": "2026-03-01T11:59:00+00:00"}
    since = datetime.fromisoformat(cursor["until"])
    later = replace(whole, cursor=cursor, since=since, exchanges=whole.exchanges[2:])
    items, _, adapter = replayed(connector, "health", later)
    assert adapter.unused == []
    both = [row for row in plain(before) + plain(items) if row[0] == "component_health"]
    assert both == [row for row in golden("newrelic", "health") if row[0] == "component_health"]


def test_entity_ids_that_are_no_base64_never_stand_in_a_query() -> None:
    assert nerdgraph.is_guid("MTIzNDU2N3xBUE18QVBQTElDQVRJT058MTAx")
    for guid in ("x') OR 1 = 1 --", "a'b", "", "a b", "ä"):
        assert not nerdgraph.is_guid(guid)


@pytest.mark.parametrize(
    ("point", "expected"),
    [
        ({"requests": 300, "response_ms": 20.0, "errors": 3}, (60.0, 20.0, 1.0)),  # 300 in 5 minutes
        ({"requests": 0, "response_ms": 0, "errors": 0}, (0.0, None, None)),
        ({"requests": None, "response_ms": None, "errors": None}, (None, None, None)),
    ],
)
def test_rates_come_from_the_length_of_the_bucket(point: Json, expected: tuple[float | None, ...]) -> None:
    found = nerdgraph.measures(point | {"beginTimeSeconds": 0, "endTimeSeconds": 300})
    assert (found["requests_per_minute"], found["response_time_ms"], found["error_rate_pct"]) == expected


def test_no_more_points_are_asked_at_once_than_nrql_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    """60 buckets of 40 applications are 2400 points: 33 at a time stay below 2000, so two queries for 40."""
    asked: list[str] = []
    monkeypatch.setattr(nerdgraph.Api, "nrql", lambda self, text: asked.append(text) or [])
    page = {"nextCursor": None, "entities": [_application(number) for number in range(40)]}
    body = {"data": {"actor": {"entitySearch": {"results": page}}}}
    recording = Recording(OPTIONS, NOW, [ASKED | {"response": {"body": body}}], since=NOW - timedelta(minutes=62))
    replayed(connector, "health", recording)
    assert [text.partition(" IN (")[2].partition(")")[0].count(",") + 1 for text in asked] == [33, 7]


def _application(number: int) -> Json:
    return {"guid": f"G{number}", "name": f"app {number}", "entityType": "APM_APPLICATION_ENTITY", "reporting": True}


@pytest.mark.parametrize(("stream", "tables"), [("health", 1), ("alerts", 1), ("changes", 2)])
def test_recordings_land_without_a_refused_row(stream: str, tables: int, tmp_path: Path) -> None:
    recording = load("newrelic", stream)
    landing = Landing(tmp_path, connector, recording.options | {"window_points": 60})
    exchanges = [{**one, "request": _any_range(one["request"])} for one in recording.exchanges]
    exchanges.sort(key=lambda one: "cursor" not in one["request"]["json"]["variables"])
    first, _ = landing.run(stream, exchanges, recording.now)
    second, _ = landing.run(stream, exchanges, recording.now + timedelta(seconds=1))
    assert (first.status, second.status) == ("success", "success")
    assert first.landed.quarantined_count == second.landed.quarantined_count == 0
    assert first.landed.row_count > 0
    assert sum(landing.doubles(table) for table in (ComponentHealth, Alerts, Deployments, ChangeEvents)[:tables]) == 0


def _any_range(request: Json) -> Json:
    variables = {name: value for name, value in request["json"]["variables"].items() if name in ("search", "cursor")}
    return request | {"json": {"variables": variables}}
