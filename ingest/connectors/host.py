"""This machine: CPU, memory, disk, network, load and the busiest processes, read with psutil.

API: https://psutil.readthedocs.io. Needs: nothing; any user may read these. Inside a container the figures are the
host's. Rates come from counters, so the first sample only starts them.
"""

import json
import platform
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import psutil

from aurora.contracts import Row
from aurora.contracts.estate import Components
from aurora.contracts.operations import ComponentHealth, MetricPoints, MetricSeries
from ingest.connector import Checkpoint, Connector, Cursor, Item, Options, Run


class HostOptions(Options):
    """Which file system counts as the machine's disk, and how many processes are kept per sample."""

    disk: str = "/"
    top: int = 5


connector = Connector("host", options=HostOptions)
# CPU seconds per process at the last sample: in memory, because hundreds of them in every cursor would swell the log.
_used: dict[str, dict[int, float]] = {}


@connector.stream(ComponentHealth, Components, MetricSeries, MetricPoints, every="15s")
def fetch_machine(run: Run[HostOptions]) -> Iterator[Item]:
    """One sample of the machine over the time since the last one; the counters travel in the cursor."""
    now, before = counters(run.now), run.cursor or {}
    used_before, used_now = _used.get(run.source_instance, {}), processes()
    _used[run.source_instance] = used_now
    first_seen_at = before.get("first_seen_at", run.now.isoformat())
    yield Components, component_row(run, datetime.fromisoformat(first_seen_at))
    elapsed_s = now["at"] - before.get("at", now["at"])
    # After a pause, a reboot or a clock that jumped, the counters say nothing about an interval: start anew.
    if 0 < elapsed_s <= 20 * run.every.total_seconds() and now["boot"] == before.get("boot"):
        start = run.now - timedelta(seconds=elapsed_s)
        yield ComponentHealth, health_row(run, start, cpu_pct(before["cpu"], now["cpu"]))
        told = [*readings(before, now, elapsed_s), *busiest(used_before, used_now, elapsed_s, run.options.top)]
        for metric, unit, value, labels in told:
            yield from points(run, start, metric, unit, value, labels)
    yield Checkpoint(now | {"first_seen_at": first_seen_at})


def counters(at: datetime) -> Cursor:
    """Counters of the machine at an instant: CPU seconds by kind, bytes of disk and network since boot."""
    cpu, disk, net = psutil.cpu_times(), psutil.disk_io_counters(), psutil.net_io_counters()
    times = cpu._asdict()
    idle = times["idle"] + times.get("iowait", 0.0)
    # guest times are contained in user and nice already
    total = sum(value for name, value in times.items() if not name.startswith("guest"))
    return {
        "at": at.timestamp(),
        "boot": round(psutil.boot_time() / 60),
        "cpu": [idle, total],
        "disk": [disk.read_bytes, disk.write_bytes] if disk else None,
        "net": [net.bytes_recv, net.bytes_sent] if net else None,
    }


def processes() -> dict[int, float]:
    """CPU seconds of every process by its id."""
    return {process.pid: _cpu_s(process) for process in psutil.process_iter(["cpu_times"])}


def cpu_pct(before: list[float], now: list[float]) -> float | None:
    """Busy share of the CPU between two counters, 0 to 100; null if no time has passed."""
    idle, total = now[0] - before[0], now[1] - before[1]
    return round(min(100.0, max(0.0, 100.0 * (1 - idle / total))), 2) if total > 0 else None


def health_row(run: Run[HostOptions], start: datetime, busy_pct: float | None) -> Row:
    """The machine's row of the wide health table."""
    memory = psutil.virtual_memory()
    return {
        "component_id": run.id(platform.node()),
        "ts_start": start,
        "ts_end": run.now,
        "cpu_pct": busy_pct,
        "memory_pct": round(100.0 * (memory.total - memory.available) / memory.total, 2),
        "disk_pct": round(psutil.disk_usage(run.options.disk).percent, 2),
    }


def component_row(run: Run[HostOptions], first_seen_at: datetime) -> Row:
    """The machine as a component."""
    return {
        "component_id": run.id(platform.node()),
        "name": platform.node(),
        "type": "server",
        "kind": "host",
        "env_tier": "unknown",
        "host_name": platform.node(),
        "instance_type": platform.machine(),
        "cpu_count": psutil.cpu_count(),
        "memory_bytes": psutil.virtual_memory().total,
        "disk_bytes": psutil.disk_usage(run.options.disk).total,
        "lifecycle": "running",
        "first_seen_at": first_seen_at,
        "last_seen_at": run.now,
    }


Reading = tuple[str, str, float, dict[str, str]]


def readings(before: Cursor, now: Cursor, elapsed_s: float) -> Iterator[Reading]:
    """(metric, UCUM unit, value, labels) of what the wide table has no column for."""
    load_1m, load_5m, load_15m = psutil.getloadavg()
    for name, value in (("1m", load_1m), ("5m", load_5m), ("15m", load_15m)):
        yield f"system.cpu.load_average.{name}", "1", value, {}
    yield "system.uptime", "s", now["at"] - psutil.boot_time(), {}
    yield "system.swap.utilization", "1", psutil.swap_memory().percent / 100, {}
    for key, metric, ways in (
        ("disk", "system.disk.io", ("read", "write")),
        ("net", "system.network.io", ("in", "out")),
    ):
        for way, rate in zip(ways, rates(before[key], now[key], elapsed_s), strict=False):
            yield metric, "By/s", rate, {"direction": way}


def rates(before: list[int] | None, now: list[int] | None, elapsed_s: float) -> list[float]:
    """Per second between two readings of counters; [] where there are none or one was reset."""
    if before is None or now is None or any(new < old for old, new in zip(before, now, strict=True)):
        return []
    return [(new - old) / elapsed_s for old, new in zip(before, now, strict=True)]


def busiest(before: dict[int, float], now: dict[int, float], elapsed_s: float, top: int) -> Iterator[Reading]:
    """CPU share (1 = one core) of the processes that used most since the last sample, summed by name."""
    used: dict[str, float] = {}
    for pid, cpu_s in now.items():
        share = (cpu_s - before.get(pid, cpu_s)) / elapsed_s
        if share > 0 and (name := _name(pid)):
            used[name] = used.get(name, 0.0) + share
    for name, share in sorted(used.items(), key=lambda pair: -pair[1])[:top]:
        yield "process.cpu.utilization", "1", round(share, 4), {"process": name}


def points(
    run: Run[HostOptions], start: datetime, metric: str, unit: str, value: float, labels: dict[str, str]
) -> Iterator[Item]:
    """The series and the point of one reading."""
    series_id = run.id(":".join([platform.node(), metric, *labels.values()]))
    yield MetricSeries, series_row(run, series_id, metric, labels)
    yield (
        MetricPoints,
        {
            "series_id": series_id,
            "metric": metric,
            "component_id": run.id(platform.node()),
            "ts_start": start,
            "ts_end": run.now,
            "agg": "avg" if labels else "last",
            "value": value,
            "unit": unit,
            "quality": "ok",
        },
    )


def series_row(run: Run[HostOptions], series_id: str, metric: str, labels: dict[str, Any]) -> Row:
    """A series with its labels; first_seen_at is the machine's boot, which does not move between samples."""
    return {
        "series_id": series_id,
        "metric": metric,
        "native_metric": metric,
        "instrument": "gauge",
        "labels": json.dumps(labels, sort_keys=True),
        "component_id": run.id(platform.node()),
        "first_seen_at": datetime.fromtimestamp(round(psutil.boot_time() / 60) * 60, run.now.tzinfo),
        "last_seen_at": run.now,
    }


def _cpu_s(process: psutil.Process) -> float:
    times = process.info["cpu_times"]
    return float(times.user + times.system) if times else 0.0


def _name(pid: int) -> str | None:
    try:
        return psutil.Process(pid).name()
    except psutil.Error:
        return None
