"""Time in equal buckets, for sources that are asked for closed intervals on a grid; instants are UTC."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Annotated

from pydantic import AfterValidator

from aurora.settings import Duration

Window = tuple[datetime, datetime]


def _on_the_grid(step: timedelta) -> timedelta:
    if step % timedelta(minutes=1) or timedelta(days=1) % step:
        raise ValueError('write whole minutes that divide a day, such as "1m" or "5m"')
    return step


Step = Annotated[Duration, AfterValidator(_on_the_grid)]


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
