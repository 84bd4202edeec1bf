"""What happened between two points of a series: running totals become differences, restarts of a sender included.

A total that a sender counts from its start says nothing about an interval; the point before it is needed. Semantics:
https://opentelemetry.io/docs/specs/otel/metrics/data-model/ (temporality, resets and gaps).
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from aurora.contracts import Row
from ingest.vendors.histograms import Spread, quantile
from ingest.vendors.otlp import OLDEST, QUANTILES, Point, RefusedError

MAX_SERIES = 20_000
FORGET = timedelta(hours=1)
APART = timedelta(seconds=1)
USUAL = timedelta(minutes=1)  # the interval of OpenTelemetry's periodic reader, where nothing tells another
Sender = tuple[str, datetime, frozenset[tuple[str, str]]]


class Deltas:
    """Points after points of the same series; `began_at` is when we began to listen.

    A series that is new in the third export of a sender or later, such as that of a first failure, counts from the
    export before: its sender did not have it then. Exports are told apart by a second.
    """

    def __init__(self, began_at: datetime, limit: int = MAX_SERIES) -> None:
        self.began_at, self.limit = began_at, limit
        self._last: dict[str, Point] = {}
        self._exports: dict[Sender, tuple[datetime, ...]] = {}

    def delta(self, key: str, point: Point) -> Point | None:
        """The point as what happened from `start` to `at`; None for the first total, and for what is known already.

        Raises RefusedError when more series come than are remembered.
        """
        last = self._last.get(key)
        if point.instrument != "gauge" and point.value is None and point.spread is None:
            return None  # the sender says that it stopped telling this series
        if last is None:
            self._make_room(point.at)
        elif point.at <= last.at:
            return None
        self._last[key] = point
        if point.is_cumulative and point.is_monotonic:
            return self._difference(last, self._exported(point), point)
        return replace(point, start=_start(last, point))

    def _exported(self, point: Point) -> datetime | None:
        """When the sender told the metric before, in this life of its; None if not twice at least."""
        if point.start is None:
            return None
        sender = point.metric, point.start, frozenset(point.resource.items())
        told = self._exports.get(sender, ())
        if len(self._exports) > self.limit:
            self._exports = {}
        before = [at for at in told if at <= point.at - APART]
        if not told or point.at >= told[-1] + APART:
            self._exports[sender] = (*told[-2:], point.at)
        return before[-1] if len(before) > 1 else None

    def _difference(self, last: Point | None, exported_at: datetime | None, point: Point) -> Point | None:
        if last is None:
            if exported_at is not None:
                return replace(_plain(point), start=exported_at)
            is_ours = point.start is not None and self.began_at <= point.start < point.at
            return _plain(point) if is_ours else None
        if _is_restarted(last, point):
            began = point.start if point.start is not None and last.at < point.start < point.at else last.at
            return replace(_plain(point), start=began)
        if point.spread and last.spread:
            since = point.spread.less(last.spread)
            return replace(point, start=last.at, spread=since) if since else None
        if point.value is None or last.value is None:
            return None
        return replace(point, start=last.at, value=point.value - last.value)

    def _make_room(self, now: datetime) -> None:
        if len(self._last) >= self.limit:
            self._last = {key: point for key, point in self._last.items() if point.at > now - FORGET}
            self._exports = {}  # what is forgotten is not new when it comes again
        if len(self._last) >= self.limit:
            raise RefusedError(f"more than {self.limit} series: send fewer attributes")


def _is_restarted(last: Point, point: Point) -> bool:
    """Whether the sender counts from zero again: a later start, or a total that fell."""
    if point.start is not None and last.start is not None and point.start > last.start:
        return True
    if point.spread and last.spread:
        return point.spread.count < last.spread.count
    return point.value is not None and last.value is not None and point.value < last.value


def _plain(point: Point) -> Point:
    """The point without smallest and largest, which are of the sender's whole life."""
    return replace(point, spread=replace(point.spread, low=None, high=None)) if point.spread else point


def _start(last: Point | None, point: Point) -> datetime:
    """Where the interval of a sample or a difference begins: told, else the sample before it, else a minute before."""
    is_told = point.instrument != "gauge" and not point.is_cumulative and point.start is not None
    if is_told and point.start and point.at - OLDEST < point.start < point.at:
        return point.start
    return last.at if last and last.at > point.at - FORGET else point.at - USUAL


def values_of(point: Point) -> Iterator[tuple[str, float | None]]:
    """(aggregation, value) of a point that stands for an interval."""
    if point.spread is None:
        yield ("sum" if point.instrument == "sum" and point.is_monotonic else "last"), point.value
        return
    spread = point.spread
    yield "count", float(spread.count)
    if spread.total is not None:
        yield "sum", spread.total
        if spread.count:
            yield "avg", spread.total / spread.count
    yield from ((name, value) for name, value in (("min", spread.low), ("max", spread.high)) if value is not None)
    yield from spread.quantiles or _percentiles(spread)


def _percentiles(spread: Spread) -> Iterator[tuple[str, float]]:
    cells = list(spread.cells())
    yield from ((name, told) for q, name in QUANTILES.items() if (told := quantile(cells, q)) is not None)


def point_rows(series_id: str, component_id: str | None, point: Point) -> Iterator[Row]:
    """Rows of metric_points of a point that stands for an interval."""
    for agg, value in values_of(point):
        yield {
            "series_id": series_id,
            "metric": point.metric,
            "component_id": component_id,
            "ts_start": point.start,
            "ts_end": point.at,
            "agg": agg,
            "value": value,
            "unit": "1" if agg == "count" else point.unit,
            "quality": "no_data" if value is None else "ok",
        }


def series_row(series_id: str, component_id: str | None, labels: str, point: Point, first_seen_at: datetime) -> Row:
    """The row of metric_series of a point's series; `labels` is JSON."""
    kind = "cumulative" if point.is_cumulative else "delta"
    return {
        "series_id": series_id,
        "metric": point.metric,
        "native_metric": point.metric,
        "instrument": "gauge" if point.instrument == "gauge" else kind,
        "labels": labels,
        "component_id": component_id,
        "first_seen_at": first_seen_at,
        "last_seen_at": point.at,
    }
