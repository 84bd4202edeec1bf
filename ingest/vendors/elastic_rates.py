"""Rates out of counters that Elasticsearch and Logstash keep since they started."""

from typing import Any

from aurora.contracts import Row

PAUSE_S = 1200.0  # counters further apart than this say nothing about a minute
Counters = list[float]  # instant in seconds, how often, milliseconds spent on it


def rates(now: Counters | None, before: Counters | None) -> Row:
    """How often per minute and the mean duration between two readings; nothing after a restart or a long pause."""
    if now is None or before is None:
        return {}
    seconds, count, spent_ms = (new - old for new, old in zip(now, before, strict=True))
    if not 0 < seconds <= PAUSE_S or count < 0 or spent_ms < 0:
        return {}
    mean = {"response_time_ms": spent_ms / count} if count else {}
    return {"requests_per_minute": count * 60 / seconds, **mean}


def part(told: Any, *path: str) -> Any:
    """The value at a path of names, None where a step is absent."""
    for name in path:
        told = (told or {}).get(name)
    return told
