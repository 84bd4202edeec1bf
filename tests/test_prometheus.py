"""Prometheus: the step grid and the join by hand, recorded answers, and a real server that scrapes this machine."""

import json
import math
import subprocess
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import psutil
import pytest
from pydantic import ValidationError

from aurora.contracts.estate import Components
from aurora.contracts.operations import Alerts, ComponentHealth, MetricPoints
from aurora.errors import ErrorClass, SourceError
from ingest.connector import Checkpoint, Item
from ingest.connectors.prometheus import connector
from ingest.vendors import promql
from ingest.vendors.promapi import PrometheusOptions
from ingest.vendors.promql import Series
from tests.replay import (
    Recording,
    Replay,
    UnknownRequestError,
    cursor_of,
    golden,
    load,
    plain,
    refused,
    replayed,
    rows_of,
)
from tests.replay import run_of as run_with
from tests.servers import Monitoring, binary, monitored

__all__ = ["monitored"]
NOW = datetime(2026, 3, 1, 12, 1, 7, tzinfo=UTC)
NOON = int(datetime(2026, 3, 1, 12, tzinfo=UTC).timestamp())
URL = "http://prometheus.example:9090"
ONE_QUERY = dict.fromkeys(promql.Queries.model_fields, "") | {"cpu_pct": "cpu"}
Json = Any


def recording(*exchanges: Json, cursor: Json = None, **options: Any) -> Recording:
    """A recording of a server of which only cpu_pct is asked."""
    return Recording({"url": URL, "queries": ONE_QUERY} | options, NOW, list(exchanges), cursor)


def exchange(body: Json, method: str = "POST", path: str = "query_range", status: int = 200, **asked: Json) -> Json:
    """One exchange of the API."""
    return {
        "request": {"method": method, "path": f"/api/v1/{path}", **asked},
        "response": {"status": status, "headers": {}, "body": body},
    }


def matrix(*series: Json, **more: Json) -> Json:
    """The body of a query_range answer."""
    return {"status": "success", "data": {"resultType": "matrix", "result": list(series)}, **more}


def alert(state: str = "firing", **labels: str) -> Json:
    """One alert of /api/v1/alerts."""
    names = {"alertname": "DiskFills", "severity": "warning", "instance": "db:9100"} | labels
    return {"labels": names, "annotations": {}, "state": state, "activeAt": "2026-03-01T11:50:00Z", "value": "1e+00"}


def alerts(*found: Json, **more: Json) -> Json:
    """An exchange of /api/v1/alerts."""
    return exchange({"status": "success", "data": {"alerts": list(found)}, **more}, "GET", "alerts")


@pytest.mark.parametrize("stream", connector.streams)
def test_recorded_answers_become_the_golden_rows(stream: str) -> None:
    items, _, adapter = replayed(connector, stream, load("prometheus", stream))
    assert plain(items) == golden("prometheus", stream)
    assert adapter.unused == []
    assert refused(items) == {}


def test_a_time_between_grid_instants_is_floored() -> None:
    assert [promql.floor_to(at, 15) for at in (NOON, NOON + 14.9, NOON + 15, NOON - 0.1)] == [
        NOON,
        NOON,
        NOON + 15,
        NOON - 15,
    ]


def test_windows_cover_each_instant_once_and_stay_under_the_limit() -> None:
    pieces = list(promql.windows(0, 10_000 * 15 + 30, 15, 10_000))
    assert pieces == [(0, 9_999 * 15), (150_000, 150_030)]
    assert all((last - first) / 15 <= 10_000 for first, last in pieces)
    assert list(promql.windows(15, 0, 15)) == []
    assert list(promql.windows(30, 30, 15)) == [(30, 30)]


@pytest.mark.parametrize(
    ("text", "value"), [("1e3", 1000.0), ("-0", 0.0), ("NaN", None), ("+Inf", None), ("-Inf", None), (None, None)]
)
def test_values_that_are_no_number_are_null(text: object, value: float | None) -> None:
    assert promql.number(text) == value


def test_a_matrix_is_cut_to_the_grid() -> None:
    values = [[NOON - 15, "1"], [NOON, "2"], [NOON + 7, "3"], [NOON + 15.0, "4"], [NOON + 30, "5"]]
    data = {"resultType": "matrix", "result": [{"metric": {"a": "b"}, "values": values}]}
    assert promql.matrix(data, NOON, NOON + 15, 15) == [Series({"a": "b"}, {NOON: 2.0, NOON + 15: 4.0})]


def test_columns_join_by_component_and_instant_and_the_highest_of_several_series_counts() -> None:
    columns = {
        "cpu_pct": [Series({"instance": "a"}, {1: 10.0, 2: 20.0})],
        "disk_pct": [Series({"instance": "a", "device": d}, {2: v}) for d, v in (("x", 90.0), ("y", 50.0))],
        "memory_pct": [Series({}, {1: 1.0}), Series({"instance": ""}, {1: 1.0}), Series({"instance": "b"}, {1: 5.0})],
    }
    assert promql.joined(columns, "instance") == {
        ("a", 1): {"cpu_pct": 10.0},
        ("a", 2): {"cpu_pct": 20.0, "disk_pct": 90.0},
        ("b", 1): {"memory_pct": 5.0},
    }


@pytest.mark.parametrize(
    ("said", "status", "reason"),
    [
        ([], None, None),
        ([("up", 1.0)], "healthy", None),
        ([("up", 0.0)], "down", "scrape failed"),
        ([("up", 1.0), ("up", 0.0)], "degraded", "scrape failed"),
        ([("probe_success", 0.0)], "down", "probe failed"),
    ],
)
def test_status_is_what_up_says(said: list[tuple[str, float]], status: str | None, reason: str | None) -> None:
    told = promql.status_fields(said)
    assert (told.get("status"), told.get("status_reason")) == (status, reason)


@pytest.mark.parametrize(("value", "kept"), [(100.4, 100.0), (-0.2, 0.0), (100.6, 100.6), (-3.0, -3.0), (55.5, 55.5)])
def test_only_rounding_is_clamped(value: float, kept: float) -> None:
    assert promql.measured("cpu_pct", value) == kept
    assert promql.measured("response_time_ms", value) == value


def test_a_fingerprint_ignores_the_order_of_labels_but_not_where_one_ends() -> None:
    assert promql.fingerprint({"a": "1", "b": "2"}) == promql.fingerprint({"b": "2", "a": "1"})
    assert promql.fingerprint({"a": "1,b=2"}) != promql.fingerprint({"a": "1", "b": "2"})


@pytest.mark.parametrize(
    ("instance", "host"),
    [("db:9100", "db"), ("[::1]:9100", "::1"), ("https://a.example/x", "a.example"), ("", None), ("[", None)],
)
def test_the_host_of_an_instance(instance: str, host: str | None) -> None:
    assert promql.host_of(instance) == host


def test_names_are_remembered_and_forgotten_after_a_month() -> None:
    seen = {"old": [1, NOON - promql.FORGET_S - 1], "known": [5, NOON - 60]}
    assert promql.remembered(seen, ["known", "new"], NOON) == {"known": [5, NOON], "new": [NOON, NOON]}


def test_the_first_run_reaches_back_an_hour_and_each_window_is_a_checkpoint() -> None:
    answers = [exchange(matrix(), form={"step": 15}) for _ in range(3)]
    items, _, adapter = replayed(connector, "health", recording(*answers, window_points=100))
    asked = [dict(pair.split("=") for pair in str(request.body).split("&")) for request in adapter.asked]
    spans = [(int(one["start"]), int(one["end"])) for one in asked]
    assert spans[0][0] == NOON + 60 - 3600
    assert spans[-1][1] == NOON + 30
    assert [after[0] - before[1] for before, after in pairwise(spans)] == [15, 15]
    assert [promql.instant(item.cursor["end"]).timestamp() for item in items if isinstance(item, Checkpoint)] == [
        end for _, end in spans
    ]


def test_nothing_new_on_the_grid_keeps_the_cursor_and_asks_nothing() -> None:
    cursor = {"end": (NOW - timedelta(seconds=31)).replace(second=30).isoformat(), "seen": {}}
    items, _, adapter = replayed(connector, "health", recording(cursor=cursor))
    assert (cursor_of(items), adapter.asked) == (cursor, [])


def test_a_cursor_in_the_future_waits() -> None:
    cursor = {"end": "2027-01-01T00:00:00+00:00"}
    items, _, _ = replayed(connector, "health", recording(cursor=cursor))
    assert cursor_of(items) == cursor


def test_a_component_without_up_is_still_a_component_and_only_once_a_day() -> None:
    body = matrix({"metric": {"instance": "a:1"}, "values": [[NOON + 30, "5"]]})
    items, _, _ = replayed(connector, "health", recording(exchange(body)))
    assert [row["component_id"] for row in rows_of(items, Components)] == ["test:a:1"]
    again = recording(exchange(body), cursor=cursor_of(items))
    later, _, _ = replayed(connector, "health", replace(again, now=NOW + timedelta(seconds=15)))
    assert rows_of(later, Components) == []
    cursor = cursor_of(items)
    next_day, _, _ = replayed(connector, "metrics", recording(cursor=cursor))
    assert cursor_of(next_day) == cursor


def test_warnings_in_an_answer_make_the_run_partial_and_rows_still_land() -> None:
    body = matrix({"metric": {"instance": "a"}, "values": [[NOON, "5"]]}, warnings=["store eu-1 is not reachable"])
    items, run, _ = replayed(connector, "health", recording(exchange(body), exchange(body), window_points=200))
    assert run.warnings == ["test warns: store eu-1 is not reachable"]
    assert len(rows_of(items, ComponentHealth)) == 1


def test_series_that_cannot_be_told_apart_or_read_are_left_out_with_a_warning() -> None:
    native = {"metric": {"instance": "a"}, "histograms": [[NOON, {"count": "1", "sum": "1"}]]}
    items, run, _ = replayed(connector, "health", recording(exchange(matrix(native, {"metric": {}, "values": []}))))
    assert rows_of(items, ComponentHealth) == []
    assert [sentence.split(":")[1].split()[0] for sentence in run.warnings] == ["native", "series"]


@pytest.mark.parametrize(
    ("kind", "error_class"),
    [
        ("bad_data", "bad_query"),
        ("execution", "bad_query"),
        ("422", "bad_query"),
        ("timeout", "timeout"),
        ("canceled", "timeout"),
        ("internal", "vendor_5xx"),
        ("unavailable", "vendor_5xx"),
    ],
)
def test_an_error_in_a_200_is_an_error(kind: str, error_class: ErrorClass) -> None:
    body = {"status": "error", "errorType": kind, "error": "no"}
    with pytest.raises(SourceError, match=kind) as caught:
        replayed(connector, "health", recording(exchange(body)))
    assert caught.value.error_class == error_class


@pytest.mark.parametrize(
    "body",
    [
        [],
        {"message": "hello"},
        {"status": "success"},
        {"status": "success", "data": {"resultType": "vector", "result": []}},
        {"status": "success", "data": {"resultType": "matrix", "result": [{"values": []}]}},
        matrix({"metric": {}, "values": [["x", "1"]]}),
        matrix({"metric": {}, "values": [[1e400, "1"]]}),
        matrix({"metric": {}, "values": [[1, {}]]}),
        matrix({"metric": {}, "values": [[1]]}),
        matrix({"metric": [], "values": []}),
    ],
)
def test_a_foreign_shape_is_schema_drift(body: Json) -> None:
    with pytest.raises(SourceError) as caught:
        replayed(connector, "health", recording(exchange(body)))
    assert caught.value.error_class == "schema_drift"


def test_a_proxy_that_allows_get_only_is_asked_by_get_from_then_on() -> None:
    refusal = exchange("no POST here", status=405)
    get = [exchange(matrix(), "GET", params={"query": "cpu", "step": 15}) for _ in range(2)]
    _, _, adapter = replayed(connector, "health", recording(refusal, *get, window_points=200))
    assert [request.method for request in adapter.asked] == ["POST", "GET", "GET"]


def test_sign_in_headers_and_parameters_are_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROM_TOKEN", "abc123")
    answer = exchange(matrix(), form={"dedup": "true"})
    told = recording(answer, token="env:PROM_TOKEN", headers={"X-Scope-OrgID": "team"}, params={"dedup": "true"})
    _, run, adapter = replayed(connector, "health", told)
    sent = adapter.asked[0].headers
    assert (sent["Authorization"], sent["X-Scope-OrgID"]) == ("Bearer abc123", "team")
    assert run.http.redact("it said abc123") == "it said ***"


@pytest.mark.parametrize(
    "options",
    [
        {"user": "me"},
        {"user": "me", "password": "env:A", "token": "env:B"},
        {"token": "plain"},
        {"url": "prometheus:9090"},
        {"component_label": "a b"},
        {"window_points": 20_000},
    ],
)
def test_options_that_cannot_work_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        PrometheusOptions.model_validate({"url": URL} | options)


def poll(found: Json, cursor: Json, minutes: int = 0) -> tuple[list[Item], Json]:
    """One poll of the alerts, `minutes` after NOW: what came, and the cursor."""
    told = replace(recording(found, cursor=cursor), now=NOW + timedelta(minutes=minutes))
    items, _, _ = replayed(connector, "alerts", told)
    assert refused(items) == {}
    return items, cursor_of(items)


def test_an_alert_goes_from_pending_to_firing_to_resolved_as_one_row() -> None:
    first, cursor = poll(alerts(alert("pending")), None)
    second, cursor = poll(alerts(alert()), cursor, 1)
    third, cursor = poll(alerts(alert()), cursor, 2)
    last, cursor = poll(alerts(), cursor, 3)
    rows = [rows_of(items, Alerts)[0] for items in (first, second, third, last)]
    assert {row["alert_id"] for row in rows} == {rows[0]["alert_id"]}
    assert [row["state"] for row in rows] == ["pending", "firing", "firing", "resolved"]
    fired_at = NOW + timedelta(minutes=1)
    assert [row["fired_at"] for row in rows] == [None, fired_at, fired_at, fired_at]
    gone = rows[-1]
    assert (gone["ended_at"], gone["is_end_inferred"]) == (NOW + timedelta(minutes=3), True)
    assert gone["last_seen_at"] == NOW + timedelta(minutes=2)
    assert cursor == {"open": {}}


def test_a_partial_answer_resolves_nothing() -> None:
    _, cursor = poll(alerts(alert()), None)
    items, after = poll(alerts(warnings=["ruler 2 is not reachable"]), cursor, 1)
    assert [row["state"] for row in rows_of(items, Alerts)] == ["firing"]
    assert after == cursor


def test_the_same_alert_on_two_machines_is_two_alerts_of_two_components() -> None:
    items, _ = poll(alerts(alert(), alert(instance="web:9100")), None)
    assert {row["component_id"] for row in rows_of(items, Alerts)} == {"test:db:9100", "test:web:9100"}
    assert len({row["alert_id"] for row in rows_of(items, Alerts)}) == 2


def test_a_metric_of_too_many_series_is_cut_with_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingest.connectors.prometheus.MAX_SERIES", 2)
    body = matrix(*({"metric": {"user": str(n)}, "values": [[NOON, "1"]]} for n in range(3)))
    told = recording(exchange(body), metrics=[{"metric": "app.users", "query": "users", "unit": "1"}])
    items, run, _ = replayed(connector, "metrics", told)
    assert len(rows_of(items, MetricPoints)) == 2
    assert "only 2 of 3" in run.warnings[0]


def test_the_replay_refuses_what_is_not_recorded_and_counts_what_is_not_asked() -> None:
    adapter = Replay([exchange(matrix(), form={"query": "other"})])
    with pytest.raises(UnknownRequestError, match="query_range"):
        list(connector.streams["health"].fetch(run_with(connector, "health", recording(), adapter)))
    assert len(adapter.unused) == 1


def live(url: str, stream: str, now: datetime, cursor: Json = None) -> list[Item]:
    """What a stream yields from a real server."""
    options = {"url": url, "step": "1s", "settle": "1s", "rate_window": "10s", "endpoint_step": "2s"}
    recorded = Recording(options, now, [], cursor, now - timedelta(seconds=5))
    items = list(connector.streams[stream].fetch(run_with(connector, stream, recorded, None)))
    assert refused(items) == {}
    return items


def until_measured(servers: Monitoring) -> list[Item]:
    """The first health rows once the server has scraped often enough for a rate."""
    end = time.monotonic() + 10
    while time.monotonic() < end:
        items = live(servers.prometheus, "health", datetime.now(UTC))
        if any("cpu_pct" in row for row in rows_of(items, ComponentHealth)):
            return items
        time.sleep(0.2)
    pytest.fail("no cpu_pct within 10 s")


def test_a_real_prometheus_is_read_without_gap_or_overlap(monitored: Monitoring) -> None:
    node, gone = (f"test:{url.removeprefix('http://')}" for url in (monitored.node, monitored.nothing))
    first = until_measured(monitored)
    end = promql.instant((cursor_of(first) or {})["end"])
    second = live(monitored.prometheus, "health", end + timedelta(seconds=3.4), cursor_of(first))
    mine = [
        [row for row in rows_of(items, ComponentHealth) if row["component_id"] == node] for items in (first, second)
    ]
    times = [row["ts_end"] for rows in mine for row in rows]
    assert len(mine[1]) == 2
    assert times == [times[0] + timedelta(seconds=n) for n in range(len(times))]
    measured = mine[0][-1]
    assert measured["status"] == "healthy"
    assert 0 <= measured["cpu_pct"] <= 100
    assert math.isclose(measured["memory_pct"], psutil.virtual_memory().percent, abs_tol=10)
    down = [row for row in rows_of(first, ComponentHealth) if row["component_id"] == gone]
    assert {(row["status"], row["status_reason"]) for row in down} == {("down", "scrape failed")}


def test_a_real_prometheus_tells_the_same_components_in_health_targets_and_alerts(monitored: Monitoring) -> None:
    now = datetime.now(UTC)
    health = rows_of(until_measured(monitored), Components)
    targets = rows_of(live(monitored.prometheus, "targets", now), Components)
    told = [
        {row["component_id"]: (row["tags"], row["env_tier"], row["kind"]) for row in rows} for rows in (health, targets)
    ]
    assert told[0] == told[1]
    assert len(told[0]) == 3
    found = rows_of(live(monitored.prometheus, "alerts", now), Alerts)
    assert [(row["title"], row["state"], row["severity"]) for row in found] == [("AlwaysFiring", "firing", "critical")]
    assert found[0]["component_id"] in told[0]


def test_a_real_prometheus_refuses_a_broken_query(monitored: Monitoring) -> None:
    told = Recording({"url": monitored.prometheus, "queries": {"cpu_pct": "rate("}}, datetime.now(UTC), [])
    run = run_with(connector, "health", told, None)
    with pytest.raises(SourceError) as caught:
        list(connector.streams["health"].fetch(run))
    assert caught.value.error_class == "bad_query"


FED = {  # a sample every 15 s: a+bxN starts at a and grows by b
    'http_server_request_duration_seconds_sum{instance="otel"}': "0+3x40",
    'http_server_request_duration_seconds_count{instance="otel",http_response_status_code="200"}': "0+12x40",
    'http_server_request_duration_seconds_count{instance="otel",http_response_status_code="503"}': "0+3x40",
    'http_request_duration_seconds_sum{instance="plain"}': "0+1x40",
    'http_request_duration_seconds_count{instance="plain",code="200"}': "0+5x40",
    'http_request_duration_seconds_count{instance="mute"}': "0+5x40",
    'http_request_duration_seconds_count{instance="idle",code="200"}': "5+0x40",
    'http_request_duration_seconds_sum{instance="idle"}': "5+0x40",
    'node_cpu_seconds_total{instance="host",cpu="0",mode="idle"}': "0+12x40",
    'node_cpu_seconds_total{instance="host",cpu="1",mode="idle"}': "0+6x40",
    'node_memory_MemAvailable_bytes{instance="host"}': "25x40",
    'node_memory_MemTotal_bytes{instance="host"}': "100x40",
    'node_filesystem_avail_bytes{instance="host",fstype="ext4",mountpoint="/"}': "60x40",
    'node_filesystem_size_bytes{instance="host",fstype="ext4",mountpoint="/"}': "80x40",
    'node_filesystem_avail_bytes{instance="host",fstype="tmpfs",mountpoint="/run"}': "1x40",
    'node_filesystem_size_bytes{instance="host",fstype="tmpfs",mountpoint="/run"}': "100x40",
    'probe_duration_seconds{instance="site"}': "0.25x40",
    'probe_success{instance="site"}': "1x40",
    'probe_duration_seconds{instance="dead"}': "9x40",
    'probe_success{instance="dead"}': "0x40",
    'up{instance="dead"}': "1x40",
    'up{instance="host"}': "1x40",
}
TOLD: dict[str, dict[str, float]] = {  # idle has a rate of 0/0, NaN, which a comparison drops; mute has no status label
    "cpu_pct": {"host": 40},
    "memory_pct": {"host": 75},
    "disk_pct": {"host": 25},
    "network_latency_ms": {"site": 250},
    "response_time_ms": {"otel": 200, "plain": 200},
    "requests_per_minute": {"otel": 60, "plain": 20, "mute": 20, "idle": 0},
    "error_rate_pct": {"otel": 20, "plain": 0},
    "up": {'probe_success{instance="site"}': 1, 'probe_success{instance="dead"}': 0, 'up{instance="host"}': 1},
}


def test_the_default_queries_say_what_their_columns_promise(tmp_path: Path) -> None:
    promtool = binary("promtool")
    queries = promql.Queries().model_dump()
    assert queries.keys() == TOLD.keys()
    checks = [
        {
            "expr": f"round({text}, 0.001) >= 0" if column != "up" else text,
            "eval_time": "10m",
            "exp_samples": [
                {"labels": name if "{" in name else f'{{instance="{name}"}}', "value": value}
                for name, value in TOLD[column].items()
            ],
        }
        for column, text in ((name, promql.filled(query, "instance", 300)) for name, query in queries.items())
    ]
    fed = [{"series": name, "values": values} for name, values in FED.items()]
    told = {"tests": [{"interval": "15s", "input_series": fed, "promql_expr_test": checks}]}
    (tmp_path / "test.yml").write_text(json.dumps(told))
    done = subprocess.run([promtool, "test", "rules", "test.yml"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
