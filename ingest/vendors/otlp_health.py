"""Metrics that OpenTelemetry's semantic conventions name, joined into one row of component_health per minute.

Conventions: https://opentelemetry.io/docs/specs/semconv/ (system, process, HTTP server metrics; the names before and
after they became stable). A minute is told once it has been over for 15 seconds, since a row is never written twice;
what comes later is kept as metric_points.
"""

from collections import defaultdict
from collections.abc import Callable
from datetime import datetime, timedelta

from aurora.contracts import Row
from ingest.vendors.otlp import Instrument, Labels, Point
from ingest.vendors.slices import floored

MINUTE = timedelta(minutes=1)
SETTLE = timedelta(seconds=15)
FORGET = timedelta(hours=1)
MAX_WAITING = 100_000  # points
REQUESTS = ("http.server.request.duration", "http.server.duration")
WANTED: dict[str, Instrument] = {
    "system.cpu.utilization": "gauge",
    "system.cpu.time": "sum",
    "process.cpu.utilization": "gauge",
    "system.memory.utilization": "gauge",
    "system.memory.usage": "sum",
    "system.filesystem.utilization": "gauge",
    "system.filesystem.usage": "sum",
    REQUESTS[0]: "histogram",
    REQUESTS[1]: "histogram",
}
STATE = ("state", "cpu.mode", "system.cpu.state", "system.memory.state", "system.filesystem.state")
CPU = ("cpu", "cpu.logical_number", "system.cpu.logical_number")
DISK = ("mountpoint", "system.filesystem.mountpoint", "device", "system.device")
STATUS = ("http.response.status_code", "http.status_code")
MS = {"s": 1000.0, "ms": 1.0, "us": 0.001, "ns": 0.000001}
Sample = tuple[Labels, float]


class Minutes:
    """Points of the minutes that are not told yet, by component."""

    def __init__(self) -> None:
        self._waiting: dict[tuple[str, datetime], list[Point]] = defaultdict(list)
        self._told: dict[str, datetime] = {}
        self._size = 0

    def takes(self, component_id: str, point: Point) -> bool:
        """Whether the point goes into a row of component_health; it waits here for its minute to end."""
        minute = floored(point.at - timedelta(microseconds=1), MINUTE)
        is_late = component_id in self._told and minute <= self._told[component_id]
        if WANTED.get(point.metric) != point.instrument or is_late or self._size >= MAX_WAITING:
            return False
        self._waiting[component_id, minute].append(point)
        self._size += 1
        return True

    def over(self, now: datetime) -> list[tuple[str, datetime, list[Point]]]:
        """(component, minute, points) of the minutes that ended 15 seconds before `now`; they are told once."""
        found = []
        for component_id, minute in sorted(key for key in self._waiting if key[1] + MINUTE + SETTLE <= now):
            points = self._waiting.pop((component_id, minute))
            self._size -= len(points)
            self._told[component_id] = minute
            found.append((component_id, minute, points))
        self._told = {name: minute for name, minute in self._told.items() if minute > now - FORGET}
        return found


def health_row(component_id: str, minute: datetime, points: list[Point]) -> Row | None:
    """The row of component_health of a minute; None where its points fill no column."""
    measures = measured(points)
    return (
        {"component_id": component_id, "ts_start": minute, "ts_end": minute + MINUTE, **measures} if measures else None
    )


def measured(points: list[Point]) -> dict[str, float]:
    """The columns that the points of one minute fill. No status: that something sends does not make it healthy."""
    by_metric: dict[str, list[Point]] = defaultdict(list)
    for point in points:
        by_metric[point.metric].append(point)
    found = {
        "cpu_pct": _mean(by_metric["system.cpu.utilization"], busy_of_utilization)
        or _mean(by_metric["system.cpu.time"], busy_of_time)
        or _mean(by_metric["process.cpu.utilization"], highest),
        "memory_pct": _mean(by_metric["system.memory.utilization"], used_of_utilization)
        or _mean(by_metric["system.memory.usage"], used_of_usage),
        "disk_pct": _mean(by_metric["system.filesystem.utilization"], fullest_of_utilization)
        or _mean(by_metric["system.filesystem.usage"], fullest_of_usage),
    }
    shares = {name: 100.0 * share[0] for name, share in found.items() if share and -0.005 <= share[0] <= 1.005}
    return {name: min(max(value, 0.0), 100.0) for name, value in shares.items()} | served(requests(points))


def requests(points: list[Point]) -> list[Point]:
    """Durations of requests under the name that became stable, else under the one before: never both."""
    new, old = ([point for point in points if point.metric == name] for name in REQUESTS)
    return new or old


def _mean(points: list[Point], share: Callable[[list[Sample]], float | None]) -> tuple[float] | None:
    """The mean of a share (0 to 1) over instants and senders, in a tuple so that 0 is something."""
    groups: dict[tuple[datetime, tuple[tuple[str, str], ...]], list[Sample]] = defaultdict(list)
    for point in points:
        if point.value is not None:
            groups[point.at, tuple(sorted(point.resource.items()))].append((point.labels, point.value))
    shares = [told for group in groups.values() if (told := share(group)) is not None]
    return (sum(shares) / len(shares),) if shares else None


def label(labels: Labels, names: tuple[str, ...]) -> str:
    """The first of the labels that is there, else ""."""
    return next((labels[name] for name in names if name in labels), "")


def _by(samples: list[Sample], names: tuple[str, ...]) -> dict[str, list[Sample]]:
    found: dict[str, list[Sample]] = defaultdict(list)
    for labels, value in samples:
        found[label(labels, names)].append((labels, value))
    return found


def _sum(samples: list[Sample], *states: str) -> float:
    return sum(value for labels, value in samples if not states or label(labels, STATE) in states)


def busy_of_utilization(samples: list[Sample]) -> float:
    """Share of time in which the processors did something, over all of them; waiting for disks is not work."""
    cpus = len(_by(samples, CPU))
    states = {label(labels, STATE) for labels, _ in samples}
    idle = _sum(samples, "idle", "iowait", "wait")
    return 1.0 - idle / cpus if "idle" in states else (_sum(samples) - idle) / cpus


def busy_of_time(samples: list[Sample]) -> float | None:
    """The same from seconds per state spent since the point before."""
    whole = _sum(samples)
    return 1.0 - _sum(samples, "idle", "iowait", "wait") / whole if whole else None


def highest(samples: list[Sample]) -> float | None:
    """The sum over states; processes tell one value, or user and system."""
    return _sum(samples)


def used_of_utilization(samples: list[Sample]) -> float | None:
    """Share of memory in use: state used, or the one value without a state."""
    states = {label(labels, STATE) for labels, _ in samples}
    return _sum(samples, "used", "") if states & {"used", ""} else None


def used_of_usage(samples: list[Sample]) -> float | None:
    """Share of memory in use from bytes per state; cached and buffered memory is not in use."""
    whole = _sum(samples)
    return _sum(samples, "used") / whole if whole else None


def fullest_of_utilization(samples: list[Sample]) -> float | None:
    """The fullest file system."""
    shares = [used_of_utilization(disk) for disk in _by(samples, DISK).values()]
    return max((share for share in shares if share is not None), default=None)


def fullest_of_usage(samples: list[Sample]) -> float | None:
    """The fullest file system from bytes per state, like df: used against used and free."""
    disks = [(_sum(disk, "used"), _sum(disk, "used", "free")) for disk in _by(samples, DISK).values()]
    return max((used / whole for used, whole in disks if whole), default=None)


def served(points: list[Point]) -> dict[str, float]:
    """Requests a minute, mean response time and share of server errors (5xx) from durations of requests."""
    spreads = [(point, point.spread) for point in points if point.spread]
    count = sum(spread.count for _, spread in spreads)
    if not spreads:
        return {}
    told = {"requests_per_minute": float(count)}
    if count:
        failed = sum(spread.count for point, spread in spreads if label(point.labels, STATUS).startswith("5"))
        told["error_rate_pct"] = 100.0 * failed / count
    timed = [
        (spread.total * MS[point.unit], spread.count)
        for point, spread in spreads
        if spread.total is not None and spread.total >= 0 and point.unit in MS
    ]
    if calls := sum(calls for _, calls in timed):
        told["response_time_ms"] = sum(total for total, _ in timed) / calls
    return told
