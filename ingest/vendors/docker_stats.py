"""What the samples of a container say: CPU from two of them, memory without the page cache, and its limits.

Formulas: https://docs.docker.com/reference/api/engine/ (container stats).
"""

from typing import Any

Json = Any
Sample = list[float]  # CPU time of the container and of the machine, both in nanoseconds


def sample_of(stats: Json) -> Sample | None:
    """The CPU counters of one reading (`cpu_stats` or `precpu_stats`); None where the engine gives none."""
    total, system = (stats.get("cpu_usage") or {}).get("total_usage"), stats.get("system_cpu_usage")
    return [total, system] if total is not None and system else None


def cpu_cores(now: Json, before: Sample | None) -> float | None:
    """Cores in use between two readings: cpu_delta / system_delta * online_cpus; None after a reset."""
    after, cpus = sample_of(now), online_cpus(now)
    if after is None or before is None or cpus is None:
        return None
    used, passed = after[0] - before[0], after[1] - before[1]
    return used / passed * cpus if passed > 0 and used >= 0 else None


def online_cpus(stats: Json) -> int | None:
    """CPUs of the machine; old engines only list them one by one."""
    return stats.get("online_cpus") or len((stats.get("cpu_usage") or {}).get("percpu_usage") or []) or None


def memory_used(memory: Json) -> int | None:
    """Bytes in use without inactive page cache, as `docker stats` shows them for cgroup v1, v2 and older engines."""
    usage, detail = memory.get("usage"), memory.get("stats") or {}
    if usage is None:
        return None
    names = ("total_inactive_file", "inactive_file", "cache")
    cache = next((detail[name] for name in names if detail.get(name) is not None), 0)
    return int(usage - cache) if cache < usage else int(usage)


def cpu_limit(host_config: Json) -> float | None:
    """Cores that the container may use, from --cpus or from quota and period; None when it may use all."""
    if host_config.get("NanoCpus"):
        return float(host_config["NanoCpus"]) / 1e9
    quota, period = host_config.get("CpuQuota") or 0, host_config.get("CpuPeriod") or 100_000
    return quota / period if quota > 0 else None


def share(used: float | None, room: float | None) -> float | None:
    """Used of room in percent, None when either is not known."""
    return 100 * used / room if used is not None and room else None
