"""Durations of requests by route, method and status code become rows of api_endpoint_stats and api_endpoint_errors.

Attributes: https://opentelemetry.io/docs/specs/semconv/http/http-metrics/ (and their names before they became stable).
A request without a route is told as "(no route)", never by its path: http.route alone has few values.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta

from aurora.contracts import Row, Table
from aurora.contracts.operations import ApiEndpointErrors, ApiEndpointStats
from ingest.vendors.endpoints import code_of, error_count, error_rows, method_of, route_of
from ingest.vendors.histograms import Bucket, Spread, quantile
from ingest.vendors.otlp import Point
from ingest.vendors.otlp_health import MINUTE, MS, STATUS, label, requests
from ingest.vendors.slices import floored

METHOD = ("http.request.method", "http.method")
ROUTE = ("http.route",)
LONGEST = timedelta(
    minutes=10
)  # an interval that a sender may tell at once; what it tells of longer ones is a minute's
Calls = list[tuple[Point, Spread]]
Rows = dict[type[Table], list[Row]]


def endpoint_rows(component_id: str, minute: datetime, points: Iterable[Point], began_at: datetime) -> Rows:
    """Rows of one component's minute; we listen since `began_at`, and what came before is in a row of its own."""
    grouped: dict[tuple[str, str], Calls] = defaultdict(list)
    for point in requests(list(points)):
        if point.spread:
            called = route_of(label(point.labels, ROUTE)), method_of(label(point.labels, METHOD))
            grouped[called].append((point, point.spread))
    rows: Rows = {ApiEndpointStats: [], ApiEndpointErrors: []}
    for (endpoint, method), calls in grouped.items():
        when = {"ts_start": _start(minute, calls, began_at), "ts_end": minute + MINUTE}
        key = {"component_id": component_id, "endpoint": endpoint, "method": method, **when}
        counted, last_at = by_code(calls)
        failed = error_count(counted)
        rows[ApiEndpointStats].append({**key, "call_count": counted.total(), "error_count": failed, **times(calls)})
        rows[ApiEndpointErrors] += error_rows(key, counted, last_at)
    return rows


def _start(minute: datetime, calls: Calls, began_at: datetime) -> datetime:
    """Where the interval begins: senders that export every five minutes tell of five minutes.

    In the minute in which we began it is that instant: the row that we wrote before a restart must stay.
    """
    told = [floored(point.start - timedelta(microseconds=1), MINUTE) + MINUTE for point, _ in calls if point.start]
    start = min(minute, max(told, default=minute))
    if minute - start >= LONGEST:
        start = minute
    return began_at if start == minute < began_at < minute + MINUTE else start


def by_code(calls: Calls) -> tuple[Counter[str | None], dict[str | None, datetime]]:
    """Calls by status code, and the end of the last interval that had any."""
    counted: Counter[str | None] = Counter()
    last_at: dict[str | None, datetime] = {}
    for point, spread in calls:
        code = code_of(label(point.labels, STATUS))
        counted[code] += spread.count
        if spread.count:
            last_at[code] = max(point.at, last_at.get(code, point.at))
    return counted, last_at


def times(calls: Calls) -> Row:
    """Mean, percentiles and maximum in ms; each null unless all who had calls tell it, in a unit of time."""
    had = [(MS.get(point.unit), spread) for point, spread in calls if spread.count]
    timed = [(factor, spread) for factor, spread in had if factor is not None]
    if not had or len(timed) < len(had):
        return {}
    told: Row = {}
    if all(spread.total is not None for _, spread in timed):
        total = sum(factor * (spread.total or 0.0) for factor, spread in timed)
        told["response_time_ms"] = total / sum(spread.count for _, spread in timed) if total >= 0 else None
    if all(spread.high is not None for _, spread in timed):
        told["max_ms"] = max(factor * (spread.high or 0.0) for factor, spread in timed)
    if all(spread.buckets or spread.powers for _, spread in timed):
        cells: list[Bucket] = [
            (factor * low, factor * high, count) for factor, spread in timed for low, high, count in spread.cells()
        ]
        told |= {f"p{whole}_ms": quantile(cells, whole / 100) for whole in (50, 95, 99)}
    return told
