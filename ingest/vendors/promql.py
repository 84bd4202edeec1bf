"""PromQL queries, step grids and matrices: the pure half of the Prometheus connector; instants are epoch seconds."""

import hashlib
import json
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import Field

from aurora.settings import Frozen

Json = Any
Labels = dict[str, str]
Sample = tuple[str, int]

FORGET_S = 30 * 86_400  # a component or series not seen for so long leaves the cursor
MAX_POINTS = 10_000  # Prometheus refuses more than 11,000 points a series
KINDS: dict[str, tuple[str, str]] = {  # part of a job's name -> type, kind
    "node": ("server", "host"),
    "windows": ("server", "host"),
    "postgres": ("database", "db_instance"),
    "mysql": ("database", "db_instance"),
    "mongo": ("database", "db_instance"),
    "redis": ("database", "db_instance"),
    "rabbitmq": ("unknown", "queue"),
    "kafka": ("unknown", "queue"),
}
_PSEUDO_FILESYSTEMS = "tmpfs|ramfs|devtmpfs|overlay|squashfs|iso9660|autofs|nsfs|fuse.*"
_OTEL, _PLAIN = "http_server_request_duration_seconds", "http_request_duration_seconds"


def _rate(series: str) -> str:
    return f"sum by ($component) (rate({series}[$window]))"


def _error_share(name: str, code: str) -> str:
    """Share of 5xx among requests that carry a status label: 0 without errors, nothing without requests or label."""
    served = _rate(f'{name}_count{{{code}=~".+"}}')
    failed = _rate(f'{name}_count{{{code}=~"5.."}}')
    return f"100 * ({failed} or 0 * {served}) / {served}"


class Queries(Frozen):
    """PromQL of each health column; $component and $window are filled in, "" leaves the column out."""

    up: str = "probe_success or up"  # `or` ignores the name, so a probed endpoint's own result hides its exporter's
    cpu_pct: str = '100 * (1 - avg by ($component) (rate(node_cpu_seconds_total{mode="idle"}[$window])))'
    memory_pct: str = "100 * max by ($component) (1 - node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes)"
    disk_pct: str = (
        f'100 * max by ($component) (1 - node_filesystem_avail_bytes{{fstype!~"{_PSEUDO_FILESYSTEMS}"}}'
        " / node_filesystem_size_bytes)"
    )
    network_latency_ms: str = "1000 * avg by ($component) (probe_duration_seconds and (probe_success == 1))"
    response_time_ms: str = " or ".join(
        f"1000 * {_rate(f'{name}_sum')} / {_rate(f'{name}_count')}" for name in (_OTEL, _PLAIN)
    )
    requests_per_minute: str = " or ".join(f"60 * {_rate(f'{name}_count')}" for name in (_OTEL, _PLAIN))
    error_rate_pct: str = " or ".join(
        (
            _error_share(_OTEL, "http_response_status_code"),
            _error_share(_PLAIN, "code"),
            _error_share(_PLAIN, "status"),
        )
    )


class MetricQuery(Frozen):
    """One more number over time: OTel name, PromQL, UCUM unit, and how the query aggregated."""

    metric: str = Field(min_length=1)
    query: str = Field(min_length=1)
    unit: str = Field(min_length=1)
    agg: Literal["avg", "min", "max", "sum", "count", "last", "p50", "p90", "p95", "p99"] = "last"


@dataclass(frozen=True)
class Series:
    """Labels and the finite samples by instant; `is_native` when it came as native histograms, which are not read."""

    labels: Labels
    samples: dict[int, float]
    is_native: bool = False


def floor_to(seconds: float, step: int) -> int:
    """The last grid instant at or before `seconds`."""
    return int(seconds // step) * step


def windows(start: int, end: int, step: int, points: int = MAX_POINTS) -> Iterator[tuple[int, int]]:
    """(first, last) instants, both inclusive, that cover start..end with at most `points` instants each."""
    for first in range(start, end + 1, points * step):
        yield first, min(first + (points - 1) * step, end)


def number(text: object) -> float | None:
    """The finite float in a PromQL value, None for NaN and infinities. Raises ValueError, TypeError on other text."""
    value = float(text) if isinstance(text, str | int | float) else float("nan" if text is None else str(text))
    return value if math.isfinite(value) else None


def matrix(data: Json, start: int, end: int, step: int) -> list[Series]:
    """The series of a query_range answer, cut to the grid that was asked for.

    Raises KeyError, TypeError, ValueError or OverflowError on a foreign shape.
    """
    if data["resultType"] != "matrix":
        raise ValueError(f"resultType {data['resultType']!r}")
    return [_series(one, start, end, step) for one in data["result"]]


def _series(one: Json, start: int, end: int, step: int) -> Series:
    labels = {str(name): str(value) for name, value in one["metric"].items()}
    samples: dict[int, float] = {}
    for at, text in one.get("values") or ():
        value, second = number(text), round(float(at))
        if value is not None and start <= second <= end and (second - start) % step == 0:
            samples[second] = value
    return Series(labels, samples, bool(one.get("histograms")))


def joined(columns: Mapping[str, Iterable[Series]], label: str) -> dict[Sample, dict[str, float]]:
    """Measures by (component, instant); of several series of one component the highest counts."""
    wide: dict[Sample, dict[str, float]] = {}
    for column, series in columns.items():
        for one in series:
            component = one.labels.get(label)
            for at, value in one.samples.items() if component else ():
                row = wide.setdefault((str(component), at), {})
                row[column] = max(value, row.get(column, value))
    return wide


def pulses(series: Iterable[Series], label: str) -> dict[Sample, list[tuple[str, float]]]:
    """What `up` and its like say by (component, instant): names and values."""
    said: dict[Sample, list[tuple[str, float]]] = {}
    for one in series:
        for at, value in one.samples.items() if one.labels.get(label) else ():
            said.setdefault((one.labels[label], at), []).append((one.labels.get("__name__", "up"), value))
    return said


def status_fields(said: list[tuple[str, float]]) -> dict[str, str]:
    """status, status_raw and status_reason: down when nothing is up, degraded when part is, {} when nothing is said."""
    if not said:
        return {}
    failed = sorted({name for name, value in said if value < 1})
    raw = ", ".join(sorted(f"{name}={value:g}" for name, value in said))
    if not failed:
        return {"status": "healthy", "status_raw": raw}
    reason = " and ".join("probe failed" if name.startswith("probe") else "scrape failed" for name in failed)
    is_down = all(value <= 0 for _, value in said)
    return {"status": "down" if is_down else "degraded", "status_raw": raw, "status_reason": reason}


def measured(column: str, value: float) -> float:
    """The value without what rounding and rate extrapolation add: percentages within half a point of 0 to 100."""
    if column.endswith("_pct") and -0.5 <= value <= 100.5:
        return min(max(value, 0.0), 100.0)
    return value


def filled(query: str, component_label: str, window_s: int) -> str:
    """The query with $component and $window in place."""
    return query.replace("$component", component_label).replace("$window", f"{window_s}s")


def fingerprint(labels: Labels) -> str:
    """A name for a set of labels, whatever their order: 64 hex digits."""
    return hashlib.sha256(json.dumps(labels, sort_keys=True).encode()).hexdigest()


def series_name(metric: str, labels: Labels) -> str:
    """metric{a="1",b="2"}, labels sorted, the form that Prometheus itself prints."""
    inside = ",".join(f"{name}={json.dumps(value, ensure_ascii=False)}" for name, value in sorted(labels.items()))
    return f"{metric}{{{inside}}}"


def host_of(instance: str) -> str | None:
    """The host in "host:port" or in a URL, None if there is none."""
    try:
        return urlsplit(instance if "://" in instance else f"//{instance}").hostname or None
    except ValueError:
        return None


def labels_by_component(every: Iterable[Labels], label: str) -> dict[str, Labels]:
    """Labels by component, sorted; of several targets of one component the first job's count."""
    found: dict[str, Labels] = {}
    for labels in sorted(every, key=lambda labels: sorted(labels.items())):
        if labels.get(label):
            found.setdefault(labels[label], {key: value for key, value in labels.items() if key != "__name__"})
    return dict(sorted(found.items()))


def remembered(seen: dict[str, list[int]], names: Iterable[str], now: int) -> dict[str, list[int]]:
    """[first, last] epoch seconds by name, with `names` seen now and the long unseen forgotten."""
    kept = {name: when for name, when in seen.items() if when[1] > now - FORGET_S}
    return kept | {name: [kept.get(name, [now])[0], now] for name in names}


def kind_of(component: str, job: str) -> tuple[str, str | None]:
    """Type and kind of a component by its name and the job that scrapes it; ("unknown", None) when nothing tells."""
    if "://" in component:
        return "api", "endpoint"
    return next((told for part, told in KINDS.items() if part in job.lower()), ("unknown", None))


def utc(seconds: int) -> datetime:
    """Epoch seconds as a UTC instant."""
    return datetime.fromtimestamp(seconds, UTC)


def instant(text: str) -> datetime:
    """An RFC 3339 text as a UTC instant, cut to microseconds. Raises ValueError without a zone."""
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError(f"{text!r} has no time zone")
    return at.astimezone(UTC)
