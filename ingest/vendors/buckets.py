"""Time in equal buckets, for sources that are asked for closed intervals on a grid; instants are UTC."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

Window = tuple[datetime, datetime]


def floor_to(at: datetime, step: timedelta) -> datetime:
    """The start of the bucket that holds `at`; buckets are counted from the epoch."""
    seconds = int(step.total_seconds())
    return datetime.fromtimestamp(int(at.timestamp()) // seconds * seconds, UTC)


def windows(since: datetime, until: datetime, step: timedelta, points: int) -> list[Window]:
    """The whole buckets from `since` to `until` in half-open slices of at most `points` buckets; may be empty."""
    return list(_slices(floor_to(since, step), floor_to(until, step), step * points))


def _slices(first: datetime, last: datetime, length: timedelta) -> Iterator[Window]:
    while first < last:
        yield first, min(first + length, last)
        first += length
