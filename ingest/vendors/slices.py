"""Time cut into slices for vendors that count over a span: each is read whole, checkpointed, and never read twice."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta


@dataclass(frozen=True)
class Slice:
    """A span of UTC time, half-open; `end` of the last one is now, so that its row can be replaced later."""

    start: datetime
    end: datetime


def slices(since: datetime, now: datetime, step: timedelta) -> Iterator[Slice]:
    """The slices from the one that holds `since` to the one that holds `now`; starts are multiples of `step` (UTC)."""
    start = floored(since, step)
    while start < now:
        yield Slice(start, min(start + step, now))
        start += step


def floored(at: datetime, step: timedelta) -> datetime:
    """The last multiple of `step` at or before `at`, counted from 1970-01-01 00:00 UTC."""
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    return epoch + (at - epoch) // step * step
