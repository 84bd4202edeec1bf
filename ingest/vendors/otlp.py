"""OpenTelemetry metrics as OTLP tells them: an ExportMetricsServiceRequest in its JSON form, checked, as points.

Shapes: https://github.com/open-telemetry/opentelemetry-proto (metrics.proto; OTLP/JSON: 64-bit numbers may be text,
enums are numbers, unknown fields are ignored). A point that is wrong is refused with a reason; a request that is no
such message raises ContractError.
"""

import json
import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from aurora.errors import ContractError
from ingest.vendors.histograms import Powers, Spread

Json = Any
Labels = dict[str, str]
Instrument = Literal["gauge", "sum", "histogram", "summary"]
MAX_POINTS = 10_000
MAX_ATTRIBUTES = 64
MAX_TEXT = 1_000
MAX_BUCKETS = 1_000
OLDEST, NEWEST = timedelta(days=7), timedelta(minutes=10)
QUANTILES = {0.5: "p50", 0.9: "p90", 0.95: "p95", 0.99: "p99"}
DELTA, CUMULATIVE = 1, 2
NO_RECORDED_VALUE = 1
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_KINDS: dict[str, Instrument] = {
    "gauge": "gauge",
    "sum": "sum",
    "histogram": "histogram",
    "exponentialHistogram": "histogram",
    "summary": "summary",
}


@dataclass(frozen=True)
class Point:
    """One data point; `value` is null where the sender says that it has none, `spread` is set for distributions."""

    metric: str
    unit: str
    instrument: Instrument
    resource: Labels
    labels: Labels
    at: datetime
    start: datetime | None
    is_cumulative: bool = False
    is_monotonic: bool = False
    value: float | None = None
    spread: Spread | None = None


@dataclass
class Decoded:
    """The points of a request, and how many were refused for which reason."""

    points: list[Point] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)


class RefusedError(ValueError):
    """A data point cannot be taken; the message is the reason."""


def decoded(request: Json, now: datetime) -> Decoded:
    """The points of a request. Raises ContractError when it is no ExportMetricsServiceRequest."""
    found = Decoded()
    resources: dict[int, Labels] = {}
    for resource, metric, kind, told in _told(request):
        try:
            if len(found.points) >= MAX_POINTS:
                raise RefusedError(f"more than {MAX_POINTS} data points in one request: send smaller batches")
            if id(resource) not in resources:
                resources[id(resource)] = attributes(resource)
            found.points.append(_point(resources[id(resource)], metric, kind, told, now))
        except RefusedError as error:
            found.refused[str(error)] += 1
    return found


def _told(request: Json) -> Iterator[tuple[Json, Json, str, Json]]:
    """(resource, metric, kind, data point) of all data points."""
    if not isinstance(request, dict):
        raise ContractError("this is no ExportMetricsServiceRequest: send an object with resourceMetrics")
    for of_resource in _objects(request, "resourceMetrics"):
        resource = _object(of_resource, "resource")
        for of_scope in _objects(of_resource, "scopeMetrics"):
            for metric in _objects(of_scope, "metrics"):
                for kind in _KINDS.keys() & metric.keys():
                    for told in _objects(_object(metric, kind), "dataPoints"):
                        yield resource, metric, kind, told


def _object(holder: Json, name: str) -> Json:
    found = holder.get(name)
    if not isinstance(found, dict | None):
        raise ContractError(f"{name} is no object")
    return found or {}


def _objects(holder: Json, name: str) -> list[Json]:
    found = holder.get(name)
    if not isinstance(found, list | None) or any(not isinstance(one, dict) for one in found or []):
        raise ContractError(f"{name} is no list of objects")
    return found or []


def _point(resource: Labels, metric: Json, kind: str, told: Json, now: datetime) -> Point:
    data, instrument = metric[kind], _KINDS[kind]
    temporality = data.get("aggregationTemporality")
    if instrument in ("sum", "histogram") and temporality not in (DELTA, CUMULATIVE):
        raise RefusedError("aggregationTemporality is neither 1 (delta) nor 2 (cumulative)")
    at = _instant(told, "timeUnixNano")
    if at is None or not now - OLDEST <= at <= now + NEWEST:
        raise RefusedError("timeUnixNano is missing, older than 7 days or in the future: check the sender's clock")
    is_empty = bool(_whole(told.get("flags", 0)) & NO_RECORDED_VALUE)
    is_number = instrument in ("gauge", "sum")
    return Point(
        metric=_name(metric.get("name")),
        unit=_text(metric.get("unit")) or "1",
        instrument=instrument,
        resource=resource,
        labels=attributes(told),
        at=at,
        start=_instant(told, "startTimeUnixNano"),
        is_cumulative=temporality == CUMULATIVE or instrument == "summary",
        is_monotonic=instrument != "gauge" and (instrument != "sum" or data.get("isMonotonic") is True),
        value=_value(told) if is_number and not is_empty else None,
        spread=None if is_number or is_empty else _spread(kind, told),
    )


def _name(name: Json) -> str:
    if not isinstance(name, str) or not name.strip() or len(name) > 255:
        raise RefusedError("a metric has no name of 1 to 255 characters")
    return name.strip()


def _text(text: Json) -> str:
    return text[:MAX_TEXT] if isinstance(text, str) else ""


def _value(told: Json) -> float:
    return _real(told["asDouble"] if "asDouble" in told else told.get("asInt"))


def _spread(kind: str, told: Json) -> Spread:
    quantiles = ((one.get("quantile"), _real(one.get("value"))) for one in _objects(told, "quantileValues"))
    bounds, buckets = _list(told, "explicitBounds"), _list(told, "bucketCounts")
    if kind == "histogram" and buckets and len(buckets) != len(bounds) + 1:
        raise RefusedError("bucketCounts are not one more than explicitBounds")
    limits = tuple(_real(bound) for bound in bounds)
    if list(limits) != sorted(set(limits)):
        raise RefusedError("explicitBounds do not grow")
    return Spread(
        count=_whole(told.get("count", 0)),
        total=_real(told["sum"]) if told.get("sum") is not None else None,
        low=_real(told["min"]) if told.get("min") is not None else None,
        high=_real(told["max"]) if told.get("max") is not None else None,
        bounds=limits,
        buckets=tuple(_whole(bucket) for bucket in buckets),
        powers=_powers(told) if kind == "exponentialHistogram" else None,
        quantiles=tuple((QUANTILES[at], value) for at, value in quantiles if at in QUANTILES),
    )


def _powers(told: Json) -> Powers:
    sides = []
    for side in (_object(told, "positive"), _object(told, "negative")):
        counts, first = _list(side, "bucketCounts"), _step(side.get("offset", 0), 2**31)
        if len(counts) > MAX_BUCKETS:
            raise RefusedError(f"more than {MAX_BUCKETS} exponential buckets")
        sides.append({first + number: counted for number, one in enumerate(counts) if (counted := _whole(one))})
    return Powers(_step(told.get("scale", 0), 30), _whole(told.get("zeroCount", 0)), *sides)


def _step(value: Json, limit: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > limit:
        raise RefusedError("scale or offset of exponential buckets is no whole number in its range")
    return value


def _list(told: Json, name: str) -> list[Json]:
    found = told.get(name)
    if not isinstance(found, list | None):
        raise RefusedError(f"{name} is no list")
    return found or []


def _real(value: Json) -> float:
    """A finite number, told as number or as text. Raises RefusedError."""
    try:
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            raise ValueError
        number = float(value)
    except (ValueError, OverflowError):
        raise RefusedError("a value is missing or no number") from None
    if not math.isfinite(number):
        raise RefusedError("a value is NaN or infinite")
    return number


def _whole(value: Json) -> int:
    """A count, told as number or as text. Raises RefusedError."""
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) <= 20:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**63:
        raise RefusedError("a count is no whole number from 0 on")
    return value


def _instant(told: Json, name: str) -> datetime | None:
    nanoseconds = _whole(told.get(name) or 0)
    return _EPOCH + timedelta(microseconds=nanoseconds // 1000) if nanoseconds else None


def attributes(holder: Json) -> Labels:
    """Attributes as text by name; those with no value are left out. Raises RefusedError for more than 64."""
    listed = _objects(holder, "attributes")
    if len(listed) > MAX_ATTRIBUTES:
        raise RefusedError(f"more than {MAX_ATTRIBUTES} attributes: drop some in the sender")
    told = {_text(one.get("key")): _shown(one.get("value")) for one in listed}
    return {name: value for name, value in told.items() if name and value}


def _shown(value: Json) -> str:
    """An AnyValue as text, numbers and lists as JSON."""
    if not isinstance(value, dict) or len(value) != 1:
        return ""
    [(kind, inner)] = value.items()
    if kind in ("stringValue", "intValue", "bytesValue"):
        return str(inner)[:MAX_TEXT]
    return json.dumps(inner, sort_keys=True, default=str)[:MAX_TEXT]
