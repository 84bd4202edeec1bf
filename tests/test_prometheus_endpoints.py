"""API endpoints of Prometheus: what its queries promise, by promtool; rows by hand; a real server's own handlers."""

import json
import subprocess
import time
import urllib.error
import urllib.request
from collections import Counter
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from aurora.contracts import Row
from aurora.contracts.operations import ApiEndpointErrors, ApiEndpointStats
from ingest.connector import Item
from ingest.connectors.prometheus import connector
from ingest.vendors import promql_endpoints as queries
from ingest.vendors.promapi import PrometheusOptions
from ingest.vendors.promql_endpoints import ENDPOINTS, EndpointMetric
from tests.replay import cursor_of, refused, replayed, rows_of
from tests.servers import Monitoring, binary, monitored
from tests.test_prometheus import NOON, exchange, live, matrix, recording, until_measured

__all__ = ["monitored"]
Json = Any
PLAIN = EndpointMetric(name="http_request_duration_seconds")
HERE = 'job="web",instance="a"'
NAME = "http_request_duration_seconds"
FED = {  # a sample every 15 s: a+bxN starts at a and grows by b; the step that ends at 10:00 begins with the 21st
    f'up{{{HERE}}}': "1x40",
    f'{NAME}_count{{{HERE},handler="/x",method="GET",code="200"}}': "0+2x40",
    f'{NAME}_count{{{HERE},handler="/x",method="GET",code="500"}}': "_x24 1x16",
    f'{NAME}_count{{{HERE},handler="/again",method="PUT",code="200"}}': "0+5x24 0+1x15",
    f'{NAME}_count{{job="pushed",instance="b",route="/late",path="/late/7",method="GET",code="200"}}': "_x24 1x16",
    f'{NAME}_count{{job="pushed",instance="b",route="/kept",path="/kept/7",method="GET",code="200"}}': "0+1x40",
    f'{NAME}_count{{job="pushed",instance="b",route="/kept",path="/kept/8",method="GET",code="200"}}': "0+1x40",
    f'{NAME}_sum{{{HERE},handler="/x",method="GET",code="200"}}': "0+0.5x40",
    f'{NAME}_bucket{{{HERE},handler="/x",method="GET",code="200",le="0.1"}}': "0+1x40",
    f'{NAME}_bucket{{{HERE},handler="/x",method="GET",code="200",le="0.5"}}': "0+2x40",
    f'{NAME}_bucket{{{HERE},handler="/x",method="GET",code="200",le="+Inf"}}': "0+2x40",
}  # fmt: skip


def labels(instance: str, route: str, method: str, code: str = "") -> str:
    told = {"instance": instance, "endpoint_route": route, "endpoint_method": method, "endpoint_code": code}
    return "{" + ",".join(f'{name}="{value}"' for name, value in told.items() if value) + "}"


def sample(value: float, *told: str) -> Json:
    return {"labels": labels(*told), "value": value}


def test_the_queries_count_each_call_once_and_find_percentiles(tmp_path: Path) -> None:
    """/x: 40 calls and a failure that was never there before; /again began anew and has come to 15 since; of /late
    nobody knows whether it was there. 10 s in 40 + 1 calls; 20 of the timed 40 up to 0.1 s, the other 20 up to 0.5:
    the 38th is 18 of 20 from 0.1 on, 0.1 + 0.4 * 18 / 20 = 0.46, the 39.6th 0.1 + 0.4 * 19.6 / 20 = 0.492."""
    promtool = binary("promtool")
    mean, *percentiles = queries.times(PLAIN, "instance", 300).values()
    counted = [
        sample(40, "a", "/x", "GET", "200"),
        sample(1, "a", "/x", "GET", "500"),
        sample(40, "b", "/kept", "GET", "200"),
    ]
    found = [
        ("response_time_ms", mean, 10 / 41),
        *zip(["p50", "p95", "p99"], percentiles, (0.1, 0.46, 0.492), strict=True),
    ]
    checks = [
        {
            "expr": queries.calls(PLAIN, "instance", 300),
            "exp_samples": [*counted, sample(15, "a", "/again", "PUT", "200")],
        },
        {"expr": queries.present(ENDPOINTS), "exp_samples": [{"labels": f'{{__name__="{NAME}_count"}}', "value": 6}]},
        *(
            {"expr": f"round({query}, 0.0001)", "exp_samples": [sample(round(value, 4), "a", "/x", "GET")]}
            for _, query, value in found
        ),
    ]
    fed = [{"series": name, "values": values} for name, values in FED.items()]
    tests = [check | {"eval_time": "10m"} for check in checks]
    told = {"tests": [{"interval": "15s", "input_series": fed, "promql_expr_test": tests}]}
    (tmp_path / "test.yml").write_text(json.dumps(told))
    done = subprocess.run([promtool, "test", "rules", "test.yml"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def called(route: str, method: str, code: str, *values: tuple[int, str], instance: str = "a") -> Json:
    names = {"instance": instance, "endpoint_route": route, "endpoint_method": method, "endpoint_code": code}
    return {"metric": {name: value for name, value in names.items() if value}, "values": [list(one) for one in values]}


def answers(*families: tuple[EndpointMetric, list[Json], dict[str, list[Json]]]) -> list[Json]:
    """What a server answers that has these histograms: calls, and times by column."""
    there = [{"metric": {"__name__": one.counter}, "values": [[NOON, "1"]]} for one, _, _ in families]
    told = [exchange(matrix(*there), form={"query": queries.present(ENDPOINTS)})]
    for one, calls, times in families:
        told.append(exchange(matrix(*calls), form={"query": queries.calls(one, "instance", 300)}))
        for column, query in queries.times(one, "instance", 300).items():
            told.append(exchange(matrix(*times.get(column, [])), form={"query": query}))
    return told


def read(*exchanges: Json, **options: Json) -> tuple[list[Item], Any]:
    told = replace(recording(*exchanges, **options), since=datetime.fromtimestamp(NOON, UTC))
    items, run, adapter = replayed(connector, "endpoints", told)
    assert adapter.unused == []
    assert refused(items) == {}
    return items, run


def test_unknown_methods_and_codes_are_told_apart_from_zero() -> None:
    at = (NOON, "3.0000001")
    calls = [
        called("", "GET", "200", at),
        called("/x", "BREW", "", at),
        called("/x", "", "", at),
        called("/y", "", "5xx", at),
    ]
    mean = [
        called("/x", "BREW", "", (NOON, "0.2")),
        called("/x", "", "", (NOON, "0.4")),
        called("/y", "", "", (NOON, "NaN")),
    ]
    items, _ = read(*answers((ENDPOINTS[3], calls, {"response_time_ms": mean})))
    told = {(row["endpoint"], row["method"]): row for row in rows_of(items, ApiEndpointStats)}
    assert [(key, row["call_count"], row["error_count"]) for key, row in told.items()] == [
        (("(no route)", "get"), 3, 0),
        (("/x", "other"), 6, None),
        (("/y", "other"), 3, 3),
    ]
    assert [row.get("response_time_ms") for row in told.values()] == [None, None, None], "two methods are one to us"
    assert [(row["error_code"], row["error_count"]) for row in rows_of(items, ApiEndpointErrors)] == [("5xx", 3)]


def test_the_first_histogram_that_a_component_has_counts() -> None:
    one, two = [called("/x", "GET", "200", (NOON, "1"))], [called("/x", "GET", "200", (NOON, "9"))]
    two.append(called("/x", "GET", "200", (NOON, "7"), instance="b"))
    times = {"p95_ms": [called("/x", "GET", "", (NOON, "250"))]}
    items, _ = read(*answers((ENDPOINTS[1], one, times), (ENDPOINTS[3], two, {})))
    told = [(row["component_id"], row["call_count"], row.get("p95_ms")) for row in rows_of(items, ApiEndpointStats)]
    assert told == [("test:a", 1, 250.0), ("test:b", 7, None)], "and milliseconds stay what they are"


def test_a_server_without_such_histograms_is_no_fault_and_none_wanted_asks_nothing() -> None:
    items, run = read(*answers())
    assert (rows_of(items, ApiEndpointStats), run.warnings) == ([], [])
    assert cursor_of(items) == {"end": "2026-03-01T12:00:00+00:00"}
    items, _ = read(endpoints=[])
    assert len(items) == 1


def test_a_label_of_too_many_values_is_cut_with_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingest.vendors.promendpoints.MAX_SERIES", 2)
    items, run = read(*answers((ENDPOINTS[3], [called(f"/{n}", "GET", "200", (NOON, "1")) for n in range(3)], {})))
    assert len(rows_of(items, ApiEndpointStats)) == 2
    assert "only 2 of 3" in run.warnings[0]


@pytest.mark.parametrize("wrong", [{"name": "a b"}, {"name": "a", "unit": "us"}, {"name": "a", "route": ["a-b"]}])
def test_metrics_that_cannot_be_asked_are_refused(wrong: Json) -> None:
    with pytest.raises(ValidationError):
        PrometheusOptions.model_validate({"url": "http://a", "endpoints": [wrong]})


def own(rows: list[Row], endpoint: str) -> Counter[str]:
    told: Counter[str] = Counter()
    for row in rows:
        if row["endpoint"] == endpoint:
            told["calls"] += row["call_count"]
            told["errors"] += row["error_count"] or 0
    return told


def test_a_real_prometheus_tells_its_own_handlers_and_no_call_twice(monitored: Monitoring) -> None:
    """Seven good calls and three that are refused with 400, over steps of two seconds that follow each other."""
    address = f"{monitored.prometheus}/api/v1/query_exemplars?query="
    handler = "/api/v1/query_exemplars"

    def call(query: str) -> None:
        with suppress(urllib.error.HTTPError):
            urllib.request.urlopen(f"{address}{query}&start=0&end=1", timeout=5).read()

    until_measured(monitored)
    time.sleep(3)  # it must have scraped itself a step before a call counts as new
    cursor = {"end": (datetime.now(UTC) - timedelta(seconds=2)).isoformat()}
    for query in ["up"] * 7 + ["%28"] * 3:
        call(query)
    stats: list[Row] = []
    errors: list[Row] = []
    end = time.monotonic() + 15
    while time.monotonic() < end and own(stats, handler)["calls"] < 10:
        time.sleep(0.5)
        items = live(monitored.prometheus, "endpoints", datetime.now(UTC), cursor)
        stats, errors = stats + rows_of(items, ApiEndpointStats), errors + rows_of(items, ApiEndpointErrors)
        cursor = cursor_of(items) or cursor
    assert own(stats, handler) == {"calls": 10, "errors": 0}
    told = [row for row in errors if row["endpoint"] == handler]
    assert (sum(row["error_count"] for row in told), {row["error_code"] for row in told}) == (3, {"400"})
    measured = [row for row in stats if row.get("p95_ms") is not None]
    assert measured, "its histogram has times"
    assert all(row["response_time_ms"] > 0 for row in measured if row["endpoint"] == handler)
    keys = [(row["component_id"], row["endpoint"], row["ts_start"]) for row in stats]
    assert len(keys) == len(set(keys))
