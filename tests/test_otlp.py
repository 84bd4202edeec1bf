"""OpenTelemetry metrics: what a request says, totals turned into what happened, and which rows that becomes."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aurora.contracts import Row
from aurora.contracts.estate import Components
from aurora.contracts.operations import ComponentHealth, MetricPoints, MetricSeries
from aurora.errors import ContractError
from ingest.vendors import otlp
from ingest.vendors.histograms import Spread, quantile
from ingest.vendors.otlp import DELTA, Decoded, decoded
from ingest.vendors.otlp_components import component_of
from ingest.vendors.otlp_intake import LONGEST_ID, TABLES, Intake, Taken, series_id_of
from ingest.vendors.otlp_series import Deltas
from tests.replay import refused

CUMULATIVE = 2
NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
BEGAN = NOW - timedelta(hours=1)
LATER = NOW + timedelta(days=1)
Json = Any


def nanos(at: datetime) -> str:
    """64-bit numbers are text in OTLP's JSON."""
    return str(int(at.timestamp()) * 1_000_000_000)


def attributes(told: dict[str, str]) -> list[Json]:
    return [{"key": name, "value": {"stringValue": value}} for name, value in told.items()]


def at(second: float, start: float | None = None, labels: dict[str, str] | None = None, **told: Json) -> Json:
    """A data point `second` seconds after 11:58, counted since `start`."""
    base = NOW - timedelta(minutes=2)
    point = {"timeUnixNano": nanos(base + timedelta(seconds=second)), "attributes": attributes(labels or {}), **told}
    return point | ({"startTimeUnixNano": nanos(base + timedelta(seconds=start))} if start is not None else {})


def metric(name: str, kind: str, *points: Json, unit: str = "1", **told: Json) -> Json:
    return {"name": name, "unit": unit, kind: {"dataPoints": list(points), **told}}


def total(name: str, *points: Json, temporality: int = CUMULATIVE, **told: Json) -> Json:
    return metric(name, "sum", *points, aggregationTemporality=temporality, isMonotonic=True, **told)


def request(*metrics: Json, **resource: str) -> Json:
    named = {name.replace("_", "."): value for name, value in resource.items()}
    return {
        "resourceMetrics": [
            {"resource": {"attributes": attributes(named)}, "scopeMetrics": [{"scope": {}, "metrics": list(metrics)}]}
        ]
    }


def taken(*requests: Json, began_at: datetime = BEGAN) -> tuple[Taken, list[Row]]:
    """What the last of several requests becomes, and the health rows of all of them once their minutes are over."""
    intake, last = Intake(began_at), Taken()
    for one in requests:
        last = intake.take(decoded(one, NOW), NOW)
    return last, intake.due(LATER)[ComponentHealth]


def points(*requests: Json, began_at: datetime = BEGAN) -> list[tuple[str, float | None, float]]:
    """(aggregation, value, seconds of its interval) of the last request's rows of metric_points."""
    rows = taken(*requests, began_at=began_at)[0].rows[MetricPoints]
    return [(row["agg"], row["value"], (row["ts_end"] - row["ts_start"]).total_seconds()) for row in rows]


def test_the_kinds_of_a_request_become_points() -> None:
    """A gauge, a delta sum, a delta histogram with two buckets, an exponential one and a summary."""
    histogram = at(60, 0, count="2", sum=2, bucketCounts=["1", "1"], explicitBounds=[1], min=0, max=2)
    exponential = at(
        60, 0, count="3", sum=10, scale=0, zeroCount="1", positive={"offset": 1, "bucketCounts": ["0", "2"]}
    )
    summary = at(60, 0, count="4", sum=8, quantileValues=[{"quantile": 0.5, "value": 2}, {"quantile": 1, "value": 9}])
    told, _ = taken(
        request(
            metric("a.gauge", "gauge", at(60, asDouble=10)),
            total("a.counter", at(60, 0, asInt="5"), temporality=DELTA),
            metric("a.histogram", "histogram", histogram, aggregationTemporality=DELTA),
            metric("an.exponential", "exponentialHistogram", exponential, aggregationTemporality=DELTA),
            metric("a.summary", "summary", summary),
            service_name="shop",
        ),
        began_at=NOW - timedelta(minutes=3),
    )
    found: dict[str, dict[str, float]] = {}
    for row in told.rows[MetricPoints]:
        found.setdefault(row["metric"], {})[row["agg"]] = row["value"]
    assert told.refused == {}
    assert found["a.gauge"] == {"last": 10}
    assert found["a.counter"] == {"sum": 5}
    # two values of which one is at most 1: the median is that bound, the rest lie in the open bucket
    percentiles = {"p50": 1.0, "p90": 1.0, "p95": 1.0, "p99": 1.0}
    assert found["a.histogram"] == {"count": 2, "sum": 2, "avg": 1, "min": 0, "max": 2, **percentiles}
    # one zero and two over 4 and up to 8: the median is half a value into the two, 4 + 0.5 / 2 * 4
    powers = {"p50": 5.0, "p90": pytest.approx(7.4), "p95": pytest.approx(7.7), "p99": pytest.approx(7.94)}
    assert found["an.exponential"] == {"count": 3, "sum": 10, "avg": 10 / 3, **powers}
    assert found["a.summary"] == {"count": 4, "sum": 8, "avg": 2, "p50": 2}
    assert {row["component_id"] for row in told.rows[MetricPoints]} == {"otlp:service/shop"}
    assert {row["instrument"] for row in told.rows[MetricSeries]} == {"gauge", "delta", "cumulative"}
    assert refused([(table, row) for table in TABLES for row in told.rows[table]]) == {}


def test_a_total_becomes_what_happened_since_the_point_before() -> None:
    """100, then 130 a minute later: 30 in 60 s. The first total says nothing: it counts from long before us."""
    long_ago = -86_400
    first, second = (request(total("hits", at(s, long_ago, asInt=str(n)))) for s, n in ((0, 100), (60, 130)))
    assert points(first) == []
    assert points(first, second) == [("sum", 30.0, 60.0)]
    assert points(first, second, second) == [], "the same request again tells nothing new"
    assert points(second, first) == [], "a total from before the last one tells nothing"


def test_a_total_that_began_after_us_counts_from_its_start() -> None:
    """Started at 11:58 and 7 by 11:59: 7 in 60 s, even though there is no point before it."""
    assert points(request(total("hits", at(60, 0, asInt="7"))), began_at=NOW - timedelta(minutes=3)) == [
        ("sum", 7.0, 60.0)
    ]


def test_a_series_that_is_new_in_a_third_export_counts_from_the_export_before() -> None:
    """The first failure, 1, comes in the third export: 1 in the 30 s since the second. In the second one nobody can
    tell whether the first was whole, and after a restart the sender is another one."""
    calls = [request(total("calls", at(s, -9_000, {"code": "200"}, asInt=str(s)))) for s in (0, 30, 60)]
    failed = [total("calls", at(s, -9_000, {"code": "500"}, asInt="1")) for s in (0, 30, 60)]
    assert points(*calls, request(failed[2])) == [("sum", 1.0, 30.0)]
    assert points(calls[0], calls[1], request(failed[1])) == []
    assert points(calls[0], request(failed[1])) == []
    assert points(*calls, request(total("calls", at(60, 10, {"code": "500"}, asInt="1")))) != []
    assert points(*calls, request(total("calls", at(60, None, {"code": "500"}, asInt="1")))) == []
    assert points(*calls, request(total("other", at(60, -9_000, {"code": "500"}, asInt="1")))) == []


def test_a_sender_that_starts_again_counts_from_zero() -> None:
    """130, then 4 since a start at second 70: 4 in the 50 s since then; without a start, 4 in the 60 s since 130."""
    before = request(total("hits", at(60, -86_400, asInt="130")))
    assert points(before, request(total("hits", at(120, 70, asInt="4")))) == [("sum", 4.0, 50.0)]
    assert points(before, request(total("hits", at(120, 70, asInt="200")))) == [("sum", 200.0, 50.0)], "a later start"
    assert points(before, request(total("hits", at(120, asInt="4")))) == [("sum", 4.0, 60.0)], "a total that fell"


def test_a_histogram_of_totals_is_subtracted_bucket_by_bucket() -> None:
    """Counts 2,2,0 then 4,5,1: 2,3,1 in between, six values; sums 3 and 12: 9 in between, 1.5 on average.

    The median of six is the third: 2 lie below 1, so it is a third of the way from 1 to 2. min and max are of the
    sender's whole life and say nothing about the minute.
    """
    bounds = {"explicitBounds": [1, 2], "min": 0.1, "max": 8}
    first = at(0, -9_000, count="4", sum=3, bucketCounts=["2", "2", "0"], **bounds)
    second = at(60, -9_000, count="10", sum=12, bucketCounts=["4", "5", "1"], **bounds)
    one, two = (request(metric("h", "histogram", told, aggregationTemporality=CUMULATIVE)) for told in (first, second))
    told = {agg: value for agg, value, _ in points(one, two)}
    assert told == {"count": 6, "sum": 9, "avg": 1.5, "p50": pytest.approx(4 / 3), "p90": 2.0, "p95": 2.0, "p99": 2.0}


def test_buckets_that_were_cut_anew_are_not_subtracted() -> None:
    made = [
        request(metric("h", "histogram", at(second, -9_000, **told), aggregationTemporality=CUMULATIVE))
        for second, told in (
            (0, {"count": "4", "bucketCounts": ["2", "2"], "explicitBounds": [1]}),
            (60, {"count": "9", "bucketCounts": ["2", "2", "5"], "explicitBounds": [1, 2]}),
        )
    ]
    assert points(*made) == []


def test_what_goes_up_and_down_is_told_as_it_stands() -> None:
    """A sum that is not monotonic, such as connections in use, is no counter, whatever its temporality."""
    up_down = [
        request(metric("pool", "sum", at(s, -9_000, asInt=str(n)), aggregationTemporality=CUMULATIVE))
        for s, n in ((0, 9), (30, 4))
    ]
    assert points(*up_down) == [("last", 4.0, 30.0)]


def test_a_point_without_a_recorded_value_is_null_and_not_zero() -> None:
    told, _ = taken(request(metric("g", "gauge", at(60, flags=1))))
    assert [(row["value"], row["quality"]) for row in told.rows[MetricPoints]] == [(None, "no_data")]
    gone = request(total("hits", at(60, -9_000, flags=1)))
    assert points(request(total("hits", at(0, -9_000, asInt="5"))), gone) == []


SAMPLES = {"http.response.status_code": "200"}, {"http.response.status_code": "503"}


def test_durations_of_requests_become_a_row_of_health() -> None:
    """In the minute from 11:58: 8 good requests of 1.6 s together and 2 failed of 0.4 s: 10 a minute, 20 % errors,
    2,000 ms / 10 = 200 ms each."""
    good, bad = (
        at(30, 0, labels, count=n, sum=s) for labels, n, s in zip(SAMPLES, ("8", "2"), (1.6, 0.4), strict=True)
    )
    told, health = taken(
        request(
            metric("http.server.request.duration", "histogram", good, bad, unit="s", aggregationTemporality=DELTA),
            service_name="shop",
        )
    )
    assert told.rows[MetricPoints] == []
    [row] = health
    assert (row["ts_start"], row["ts_end"]) == (NOW - timedelta(minutes=2), NOW - timedelta(minutes=1))
    assert row["component_id"] == "otlp:service/shop"
    measures = row["requests_per_minute"], row["error_rate_pct"], row["response_time_ms"]
    assert measures == (10.0, 20.0, pytest.approx(200.0))
    assert row.get("status") is None, "that something sends does not make it healthy"
    assert refused([(ComponentHealth, row)]) == {}


def test_no_requests_are_zero_a_minute_and_no_response_time() -> None:
    nothing = at(30, 0, count="0", sum=0)
    _, [row] = taken(
        request(
            metric("http.server.request.duration", "histogram", nothing, unit="s", aggregationTemporality=DELTA),
            service_name="shop",
        )
    )
    assert row["requests_per_minute"] == 0.0
    assert "response_time_ms" not in row
    assert "error_rate_pct" not in row


def host(*metrics: Json) -> Row:
    """The one health row of a host's metrics."""
    _, [row] = taken(request(*metrics, host_name="db-1", host_id="i-0abc"))
    return row


def test_a_host_in_shares() -> None:
    """Two processors, 70 % and 50 % idle, 10 % of the second waiting for disks: (30 + 40) / 2 = 35 % busy.

    Memory 62.5 % used; of two disks, 40 % and 80 % full, the fuller one counts.
    """
    states = [("0", "idle", 0.7), ("0", "user", 0.3), ("1", "idle", 0.5), ("1", "iowait", 0.1), ("1", "system", 0.4)]
    cpu = [at(30, labels={"cpu": cpu, "state": state}, asDouble=value) for cpu, state, value in states]
    disks = [
        at(30, labels={"mountpoint": place, "state": "used"}, asDouble=v) for place, v in (("/", 0.4), ("/data", 0.8))
    ]
    row = host(
        metric("system.cpu.utilization", "gauge", *cpu),
        metric("system.memory.utilization", "gauge", at(30, labels={"state": "used"}, asDouble=0.625)),
        metric("system.filesystem.utilization", "gauge", *disks),
    )
    assert (row["cpu_pct"], row["memory_pct"], row["disk_pct"]) == (pytest.approx(35.0), 62.5, 80.0)
    assert row["component_id"] == "otlp:host/i-0abc"


def test_a_host_in_seconds_and_bytes() -> None:
    """45 of 60 processor seconds idle: 25 % busy. 6 of 8 GiB used: 75 %. 30 GB used, 10 GB free, 5 GB kept: 75 %."""
    cpu = [at(30, 0, labels={"state": state}, asDouble=value) for state, value in (("idle", 45), ("user", 15))]
    memory = [
        at(30, 0, labels={"state": state}, asInt=str(n)) for state, n in (("used", 6), ("free", 1), ("cached", 1))
    ]
    disk = [
        at(30, 0, labels={"device": "sda", "state": s}, asInt=str(n))
        for s, n in (("used", 30), ("free", 10), ("reserved", 5))
    ]
    row = host(
        total("system.cpu.time", *cpu, temporality=DELTA),
        metric("system.memory.usage", "sum", *memory, unit="By", aggregationTemporality=CUMULATIVE),
        metric("system.filesystem.usage", "sum", *disk, unit="By", aggregationTemporality=CUMULATIVE),
    )
    assert (row["cpu_pct"], row["memory_pct"], row["disk_pct"]) == (25.0, 75.0, 75.0)


def test_a_share_that_cannot_be_is_left_out() -> None:
    row = host(
        metric("system.cpu.utilization", "gauge", at(30, asDouble=37.5)),
        metric("system.memory.utilization", "gauge", at(30, asDouble=1.001)),
    )
    assert "cpu_pct" not in row
    assert row["memory_pct"] == 100.0


def test_a_minute_is_told_once_and_what_comes_later_is_kept_as_points() -> None:
    intake = Intake(BEGAN)
    made = [request(metric("system.cpu.utilization", "gauge", at(s, asDouble=0.5)), host_name="a") for s in (10, 20)]
    intake.take(decoded(made[0], NOW), NOW)
    ended = NOW - timedelta(minutes=1)
    assert intake.due(ended + timedelta(seconds=14))[ComponentHealth] == []
    assert len(intake.due(ended + timedelta(seconds=15))[ComponentHealth]) == 1
    late = intake.take(decoded(made[1], NOW), NOW)
    assert intake.due(ended + timedelta(seconds=16))[ComponentHealth] == []
    assert [row["value"] for row in late.rows[MetricPoints]] == [0.5]


@pytest.mark.parametrize(
    ("resource", "name", "component_id"),
    [
        ({"service.name": "shop", "host.name": "h"}, "orders", "service/shop"),
        ({"service.name": "shop", "host.name": "h"}, "system.cpu.time", "host/h"),
        ({"service.name": "shop", "service.namespace": "eu"}, "orders", "service/eu/shop"),
        ({"service.name": "shop", "deployment.environment.name": "prod"}, "orders", "service/shop@prod"),
        ({"service.name": "unknown_service:python", "host.name": "h"}, "orders", "host/h"),
        ({"k8s.pod.name": "p", "k8s.pod.uid": "u"}, "orders", "pod/u"),
        ({"k8s.deployment.name": "d", "k8s.namespace.name": "n"}, "orders", "deployment/n/d"),
        ({"k8s.node.name": "n", "k8s.cluster.name": "c"}, "orders", "node/c/n"),
        ({"container.id": "0123456789abcdef"}, "orders", "container/0123456789abcdef"),
        ({"cloud.region": "eu"}, "orders", None),
        ({}, "orders", None),
    ],
)
def test_what_a_metric_is_about(resource: dict[str, str], name: str, component_id: str | None) -> None:
    found = component_of(resource, name)
    assert (found.native_id if found else None) == component_id


def test_a_component_is_told_with_its_places_once_an_hour() -> None:
    made = request(
        metric("g", "gauge", at(60, asDouble=1)),
        service_name="shop",
        deployment_environment_name="live",
        cloud_region="me-central-1",
        host_name="h",
    )
    intake = Intake(BEGAN)
    intake.remember({"otlp:service/shop@live": BEGAN})
    [row] = intake.take(decoded(made, NOW), NOW).rows[Components]
    assert (row["service"], row["env_tier"], row["region"], row["first_seen_at"]) == (
        "shop",
        "production",
        "me-central-1",
        BEGAN,
    )
    assert refused([(Components, row)]) == {}
    assert intake.take(decoded(made, NOW), NOW + timedelta(minutes=59)).rows[Components] == []


def test_a_series_is_named_by_its_sorted_labels_and_a_long_one_by_a_digest() -> None:
    assert series_id_of("m", {"b": "2", "a": "1"}) == 'otlp:m{a="1",b="2"}'
    long = series_id_of("m", {"a": "x" * 600})
    assert len(long) < LONGEST_ID
    assert long != series_id_of("m", {"a": "y" * 600})


REFUSED: list[tuple[Json, str]] = [
    (metric("g", "gauge", at(60)), "no number"),
    (metric("g", "gauge", at(60, asDouble="NaN")), "NaN"),
    (metric("g", "gauge", at(60, asDouble=True)), "no number"),
    (metric("g", "gauge", at(60, asInt="1" * 400)), "infinite"),
    (metric("g", "gauge", at(60, asInt="²")), "no number"),
    (metric("", "gauge", at(60, asInt="1")), "name"),
    (metric("n" * 256, "gauge", at(60, asInt="1")), "name"),
    (metric("g", "gauge", {"asInt": "1"}), "timeUnixNano"),
    (metric("g", "gauge", at(-700_000, asInt="1")), "timeUnixNano"),
    (metric("g", "gauge", at(7_000, asInt="1")), "timeUnixNano"),
    (metric("g", "gauge", {"asInt": "1", "timeUnixNano": "-5"}), "whole number"),
    (metric("g", "gauge", {"asInt": "1", "timeUnixNano": 1.5}), "whole number"),
    (metric("g", "gauge", {"asInt": "1", "timeUnixNano": "9" * 19}), "whole number"),
    (metric("s", "sum", at(60, asInt="1")), "aggregationTemporality"),
    (metric("s", "sum", at(60, asInt="1"), aggregationTemporality="AGGREGATION_TEMPORALITY_DELTA"), "aggregation"),
    (metric("g", "gauge", at(60, labels={f"l{n}": "v" for n in range(65)}, asInt="1")), "attributes"),
    (
        metric(
            "h", "histogram", at(60, count="1", bucketCounts=["1"], explicitBounds=[1]), aggregationTemporality=DELTA
        ),
        "bucketCounts",
    ),
    (
        metric(
            "h",
            "histogram",
            at(60, count="1", bucketCounts=["1", "0", "0"], explicitBounds=[2, 1]),
            aggregationTemporality=DELTA,
        ),
        "explicitBounds",
    ),
    (metric("h", "histogram", at(60, count="-1"), aggregationTemporality=DELTA), "whole number"),
    (metric("e", "exponentialHistogram", at(60, scale=31), aggregationTemporality=DELTA), "scale"),
    (metric("e", "exponentialHistogram", at(60, positive={"offset": "1"}), aggregationTemporality=DELTA), "offset"),
    (
        metric(
            "e", "exponentialHistogram", at(60, negative={"bucketCounts": [1] * 1001}), aggregationTemporality=DELTA
        ),
        "1000 exponential buckets",
    ),
    (metric("h", "histogram", at(60, count="1", bucketCounts="no"), aggregationTemporality=DELTA), "no list"),
]


@pytest.mark.parametrize(
    ("told", "reason"), REFUSED, ids=[f"{number} {reason}" for number, (_, reason) in enumerate(REFUSED)]
)
def test_a_wrong_point_is_refused_and_its_neighbour_is_not(told: Json, reason: str) -> None:
    found = decoded(request(told, metric("fine", "gauge", at(60, asInt="1"))), NOW)
    assert [point.metric for point in found.points] == ["fine"]
    assert [count for why, count in found.refused.items() if reason in why] == [1]


@pytest.mark.parametrize(
    "told",
    [
        [],
        "text",
        None,
        7,
        {"resourceMetrics": {}},
        {"resourceMetrics": [7]},
        {"resourceMetrics": [{"resource": []}]},
        {"resourceMetrics": [{"scopeMetrics": "x"}]},
        request({"name": "g", "gauge": []}),
        request({"name": "g", "gauge": {"dataPoints": [None]}}),
        request({"name": "g", "gauge": {"dataPoints": [{"attributes": [1], "timeUnixNano": nanos(NOW)}]}}),
    ],
)
def test_what_is_no_request_is_said_to_be_none(told: Json) -> None:
    with pytest.raises(ContractError):
        decoded(told, NOW)


def test_what_is_not_known_is_ignored() -> None:
    """Newer senders may tell more; an empty request is a request."""
    told = request(metric("g", "gauge", at(60, asInt="1", brandNew={"x": 1})))
    told["resourceMetrics"][0]["schemaUrl"] = "https://opentelemetry.io/schemas/9.0"
    assert len(decoded(told | {"more": [1]}, NOW).points) == 1
    assert decoded({}, NOW) == Decoded()


def test_more_points_than_a_request_may_have_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(otlp, "MAX_POINTS", 2)
    found = decoded(request(metric("g", "gauge", *[at(60 + n, asInt="1") for n in range(5)])), NOW)
    assert len(found.points) == 2
    assert found.refused.total() == 3


def test_more_series_than_are_remembered_are_refused_until_old_ones_are_forgotten() -> None:
    deltas = Deltas(BEGAN, limit=2)
    one, two, three = decoded(
        request(metric("g", "gauge", *[at(60, labels={"n": str(n)}, asInt="1") for n in range(3)])), NOW
    ).points
    assert deltas.delta("1", one)
    assert deltas.delta("2", two)
    with pytest.raises(otlp.RefusedError, match="2 series"):
        deltas.delta("3", three)
    late = decoded(request(metric("g", "gauge", at(3 * 3600, asInt="1"))), NOW + timedelta(hours=3)).points[0]
    assert deltas.delta("3", late)


@settings(deadline=None)
@given(st.lists(st.integers(0, 50), min_size=2, max_size=12), st.sampled_from([0.5, 0.9, 0.95, 0.99]))
def test_a_quantile_lies_within_the_bounds_and_grows(buckets: list[int], q: float) -> None:
    bounds = tuple(float(number + 1) for number in range(len(buckets) - 1))
    spread = Spread(sum(buckets), bounds=bounds, buckets=tuple(buckets))
    told, median = quantile(spread.cells(), q), quantile(spread.cells(), 0.5)
    if not sum(buckets):
        assert told is None
    else:
        assert told is not None
        assert median is not None
        assert 0 <= median <= told <= bounds[-1]


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "resourceMetrics",
                    "scopeMetrics",
                    "metrics",
                    "name",
                    "gauge",
                    "sum",
                    "dataPoints",
                    "attributes",
                    "count",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


@settings(deadline=None)
@given(anything)
def test_nothing_that_json_can_say_breaks_the_decoder(told: Json) -> None:
    with suppress(ContractError):
        decoded({"resourceMetrics": told}, NOW)
