"""API endpoints out of OpenTelemetry's durations of requests: counts, errors, means and percentiles by hand.

Percentiles are those of Prometheus: values lie evenly within a bucket, and what lies in the open one counts as the
highest bound (https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile).
"""

from datetime import datetime, timedelta
from typing import Any

import pytest

from aurora.contracts import Row
from aurora.contracts.operations import ApiEndpointErrors, ApiEndpointStats, MetricPoints
from ingest.vendors.endpoints import NO_ROUTE, code_of, method_of, route_of
from ingest.vendors.histograms import Powers, Spread, explicit, quantile
from ingest.vendors.otlp import DELTA, decoded
from ingest.vendors.otlp_intake import Intake
from tests.replay import refused
from tests.test_otlp import BEGAN, CUMULATIVE, LATER, NOW, at, metric, request

Json = Any
NAME = "http.server.request.duration"
FIRST = NOW - timedelta(minutes=2)
BOUNDS = {"explicitBounds": [0.1, 0.5, 1]}


def calls(status: int | None, second: float, start: float | None, method: str = "GET", **told: Json) -> Json:
    """A point of GET /users/{id} by status code."""
    labels = {"http.request.method": method, "http.route": "/users/{id}"}
    if status:
        labels["http.response.status_code"] = str(status)
    return at(second, start, labels, **told)


def durations(
    *points: Json, temporality: int = DELTA, kind: str = "histogram", unit: str = "s", name: str = NAME
) -> Json:
    told = metric(name, kind, *points, unit=unit, aggregationTemporality=temporality)
    return request(told, service_name="shop")


def landed(*requests: Json, began_at: datetime = BEGAN) -> tuple[list[Row], list[Row]]:
    """Rows of stats and errors once all minutes are over; each would land."""
    intake = Intake(began_at)
    for one in requests:
        told = intake.take(decoded(one, NOW), NOW)
        assert told.rows[MetricPoints] == []
    rows = intake.due(LATER)
    stats, errors = rows[ApiEndpointStats], rows[ApiEndpointErrors]
    assert refused([(ApiEndpointStats, row) for row in stats] + [(ApiEndpointErrors, row) for row in errors]) == {}
    return stats, errors


GOOD = {"count": "90", "sum": 18, "bucketCounts": ["40", "40", "10", "0"], **BOUNDS}
BAD = {"count": "8", "sum": 6, "bucketCounts": ["0", "0", "4", "4"], **BOUNDS}
GONE = {"count": "2", "sum": 1, "bucketCounts": ["0", "0", "2", "0"], **BOUNDS}
WHEN = {"component_id": "otlp:service/shop", "endpoint": "/users/{id}", "method": "get"}
MINUTE_OF = {"ts_start": FIRST, "ts_end": FIRST + timedelta(minutes=1)}
STATS = WHEN | MINUTE_OF | {"call_count": 100, "error_count": 8, "response_time_ms": pytest.approx(250)}
TIMES = {"p50_ms": pytest.approx(200), "p95_ms": pytest.approx(968.75), "p99_ms": 1000.0}


def test_delta_buckets_of_three_codes_are_one_row_and_two_of_errors() -> None:
    """90 good in 18 s, 8 failed in 6 s, 2 not found in 1 s: 100 calls, 25 s, 250 ms each; 8 errors of ours.

    Together 40 up to 0.1 s, 40 up to 0.5, 16 up to 1, 4 beyond. The 50th is the 10th of 40 from 0.1 on: 0.1 + 0.4 / 4;
    the 95th is the 15th of 16 from 0.5 on: 0.5 + 0.5 * 15 / 16 = 0.96875; the 99th lies beyond the highest bound: 1 s.
    """
    stats, errors = landed(durations(calls(200, 30, 0, **GOOD), calls(503, 30, 0, **BAD), calls(404, 20, 0, **GONE)))
    assert stats == [STATS | TIMES]
    told = [(row["error_code"], row["error_count"], (row["last_occurred_at"] - FIRST).seconds) for row in errors]
    assert told == [("404", 2, 20), ("503", 8, 30)]
    assert all(row.items() >= (WHEN | MINUTE_OF).items() for row in errors)


def test_totals_are_what_came_since_the_export_before_them() -> None:
    """The same hundred calls on top of 10 earlier ones, all of up to 0.1 s; what is told of the whole life is left."""
    before = {"count": "10", "sum": 0.5, "bucketCounts": ["10", "0", "0", "0"], **BOUNDS}
    after = GOOD | {"count": "100", "sum": 18.5, "bucketCounts": ["50", "40", "10", "0"], "max": 9}
    old = durations(calls(200, 0, -9_000, **before), temporality=CUMULATIVE)
    new = durations(calls(200, 60, -9_000, **after), calls(503, 60, 10, **BAD), temporality=CUMULATIVE)
    [row], errors = landed(old, new)
    assert (row["call_count"], row["error_count"], row["response_time_ms"]) == (98, 8, pytest.approx(1000 * 24 / 98))
    assert "max_ms" not in row
    assert [(row["error_code"], row["error_count"]) for row in errors] == [("503", 8)]


def test_exponential_buckets_of_unlike_scales_add_up() -> None:
    """Scale 0 has bounds 0.25, 0.5, 1: 2 in (0.25, 0.5], 2 in (0.5, 1]. Scale -1 has 0.25, 1, 4: 4 in (0.25, 1].

    In (0.25, 0.5] lie 2 + 4 / 3, in (0.5, 1] 2 + 8 / 3. The median of 8 is the 4th: 2/3 of the 14/3 from 0.5 on are
    below it, 0.5 + 0.5 / 7. The 95th is the 7.6th: 0.5 + 0.5 * (7.6 - 10/3) / (14/3). One zero each changes that.
    """
    fine = {"count": "4", "sum": 2, "max": 0.9, "scale": 0, "positive": {"offset": -2, "bucketCounts": ["2", "2"]}}
    coarse = {"count": "4", "sum": 2, "max": 0.8, "scale": -1, "positive": {"offset": -1, "bucketCounts": ["4"]}}
    [row], _ = landed(durations(calls(200, 30, 0, **fine), calls(500, 30, 0, **coarse), kind="exponentialHistogram"))
    assert row["p50_ms"] == pytest.approx(1000 * (0.5 + 0.5 / 7))
    assert row["p95_ms"] == pytest.approx(1000 * (0.5 + 0.5 * (7.6 - 10 / 3) / (14 / 3)))
    assert (row["call_count"], row["error_count"], row["response_time_ms"], row["max_ms"]) == (8, 4, 500, 900)


def test_exponential_totals_are_subtracted_though_the_scale_fell() -> None:
    """First 3 in (1, 2] and 1 in (2, 4] at scale 0; then, at scale -1, 6 in (1, 4], 2 in (4, 16] and one 0.

    (1, 4] had 4 of its 6 before: 2 there, 2 above, 1 zero. The median of 5 is the 2.5th: 1.5 of 2 from 1 on: 3.25 s.
    """
    first = {"count": "4", "sum": 7, "scale": 0, "positive": {"bucketCounts": ["3", "1"]}}
    then = {"count": "9", "sum": 30, "scale": -1, "zeroCount": "1", "positive": {"bucketCounts": ["6", "2"]}}
    told = [
        durations(calls(200, second, -9_000, **one), temporality=CUMULATIVE, kind="exponentialHistogram")
        for second, one in ((0, first), (60, then))
    ]
    [row], _ = landed(*told)
    assert (row["call_count"], row["response_time_ms"], row["p50_ms"]) == (5, pytest.approx(4600), pytest.approx(3250))
    assert landed(*reversed(told)) == ([], []), "the earlier point tells nothing after the later one"


def test_buckets_over_zero_and_below_and_huge_ones() -> None:
    """Of scale 0: one in [-2, -1), one zero, two in (1, 2]: the median of four is the zero."""
    powers = Powers(0, 1, {0: 2}, {0: 1})
    assert sorted(powers.cells()) == [(-2, -1, 1), (0, 0, 1), (1, 2, 2)]
    assert quantile(powers.cells(), 0.5) == 0
    assert powers.less(Powers(-1, 0, {0: 1})) is None, "coarse buckets cannot be split"
    huge = Powers(-30, 0, {2**31 - 1: 1, -(2**31): 1})
    assert 0 <= (quantile(huge.cells(), 0.99) or -1) <= 2.0**1023


def test_open_and_missing_buckets() -> None:
    assert quantile(explicit((1.0, 2.0), (0, 0, 5)), 0.5) == 2
    assert quantile(explicit((), (5,)), 0.5) is None
    assert quantile(explicit((1.0,), (0, 0)), 0.5) is None
    assert quantile(explicit((-1.0, 3.0), (1, 1, 0)), 0.5) == -1, "a first bound below 0 has no lower one"
    assert Spread(1, bounds=(1.0,), buckets=(1, 0)).less(Spread(1, powers=Powers(0))) is None


def test_what_is_not_told_is_null_and_what_did_not_happen_is_zero() -> None:
    [row], errors = landed(durations(calls(None, 30, 0, count="3")))
    assert (row["call_count"], row["error_count"], errors) == (3, None, [])
    assert not {"response_time_ms", "p50_ms", "max_ms"} & row.keys()
    [row], _ = landed(durations(calls(200, 30, 0, count="0", sum=0)))
    assert (row["call_count"], row["error_count"], "response_time_ms" in row) == (0, 0, False)
    [row], _ = landed(durations(calls(200, 30, 0, **GOOD), calls(500, 30, 0, count="1", sum=1)))
    assert (row["response_time_ms"], "p50_ms" in row) == (pytest.approx(19_000 / 91), False)
    [row], _ = landed(durations(calls(200, 30, 0, **GOOD), unit="{page}"))
    assert (row["call_count"], "response_time_ms" in row) == (90, False)


def test_the_names_before_they_became_stable_count_only_alone() -> None:
    labels = {"http.method": "POST", "http.route": "/old", "http.status_code": "500"}
    old = durations(at(30, 0, labels, count="2", sum=300), unit="ms", name="http.server.duration")
    [row], [error] = landed(old)
    assert (row["endpoint"], row["method"], row["call_count"], row["error_count"]) == ("/old", "post", 2, 2)
    assert (row["response_time_ms"], error["error_code"]) == (150, "500")
    stats, _ = landed(old, durations(calls(200, 30, 0, **GOOD)))
    assert [row["endpoint"] for row in stats] == ["/users/{id}"]


def test_a_request_without_a_route_is_not_told_by_its_path() -> None:
    labels = {"url.path": "/users/77", "http.target": "/users/77", "http.request.method": "_OTHER"}
    [row], _ = landed(durations(at(30, 0, labels, count="1", sum=1)))
    assert (row["endpoint"], row["method"]) == (NO_ROUTE, "other")


def test_words() -> None:
    assert [method_of(raw) for raw in ("GET", " Patch ", "QUERY", "_OTHER", "", None)] == [
        "get",
        "patch",
        *["other"] * 4,
    ]
    assert (route_of("  "), route_of(None), len(route_of("/" * 999))) == (NO_ROUTE, NO_ROUTE, 300)
    assert [code_of(raw) for raw in (200, "503", 0, "Unset", None, "²00", "600", "5xx")] == [
        "200",
        "503",
        *[None] * 5,
        "5xx",
    ]


def test_senders_that_tell_five_minutes_at_once_have_rows_of_five() -> None:
    """An export at 11:59:30 of the five minutes before it: the five whole minutes that end with that of the export."""
    [row], _ = landed(durations(calls(200, 90, -210, **GOOD)))
    assert (row["ts_start"], row["ts_end"]) == (NOW - timedelta(minutes=5), NOW)
    [row], _ = landed(durations(calls(200, 90, -9_000, **GOOD)))
    assert (row["ts_start"], row["ts_end"]) == (NOW - timedelta(minutes=1), NOW)


def test_the_minute_of_a_restart_keeps_the_row_from_before() -> None:
    began = FIRST + timedelta(seconds=20)
    [row], _ = landed(durations(calls(200, 30, 20, **GOOD)), began_at=began)
    assert (row["ts_start"], row["ts_end"]) == (began, FIRST + timedelta(minutes=1))
