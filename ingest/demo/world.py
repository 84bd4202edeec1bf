"""What every part of the demo estate shares: the world's few facts, and chance that always falls the same way."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import polars as pl

T = TypeVar("T")
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
DAY, WEEK = timedelta(days=1), timedelta(days=7)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
UTC_US = pl.Datetime("us", "UTC")


@dataclass(frozen=True)
class World:
    """The facts that settle every row: the stories hang on `anchor`, the history begins at `start` (both UTC)."""

    instance: str
    seed: int
    anchor: datetime
    start: datetime

    def id(self, native: object) -> str:
        """`<source_instance>:<native id>`."""
        return f"{self.instance}:{native}"

    def dice(self, *about: object) -> float:
        """A number in [0, 1) that depends on the seed and on `about` alone."""
        return int.from_bytes(_digest(self.seed, about)[:6], "big") / 2**48

    def between(self, low: float, high: float, *about: object) -> float:
        """A number in [low, high)."""
        return low + (high - low) * self.dice(*about)

    def pick(self, things: Sequence[T], *about: object) -> T:
        """One of the things."""
        return things[int(self.dice(*about) * len(things))]

    def is_daily_due(self, span: "Slice") -> bool:
        """Whether what is told once a day is due: a UTC day was completed in the slice, or nothing was told before."""
        return span.since == self.start or bool(span.days())

    def whole(self, span: "Slice") -> "Slice":
        """The slice, and in the first telling all that came before: things of a tracker bring their past along."""
        return Slice(EPOCH, span.until) if span.since == self.start else span

    def sha(self, *about: object) -> str:
        """Forty hex digits, as git names a commit."""
        return _digest(self.seed, about).hex()


@dataclass(frozen=True)
class Slice:
    """The time that one batch of rows covers: since <= instant < until, UTC."""

    since: datetime
    until: datetime

    def has(self, instant: datetime | None) -> bool:
        """Whether the instant is known and lies in the slice."""
        return instant is not None and self.since <= instant < self.until

    def days(self) -> list[datetime]:
        """The UTC days that were completed in the slice, as their midnights; the first may have begun before it."""
        first, end = floor(self.since, DAY), floor(self.until, DAY)
        return [first + number * DAY for number in range((end - first) // DAY)]


def _digest(seed: int, about: tuple[object, ...]) -> bytes:
    return hashlib.blake2b(repr((seed, *map(str, about))).encode(), digest_size=20).digest()


def floor(instant: datetime, step: timedelta) -> datetime:
    """The last multiple of `step` since 1970 that is not after the instant."""
    return instant - (instant - EPOCH) % step


def ceil(instant: datetime, step: timedelta) -> datetime:
    """The first multiple of `step` since 1970 that is not before the instant."""
    return instant + (EPOCH - instant) % step


def awake(instant: datetime) -> datetime:
    """The instant moved into the hours when people work in Dubai; what came first still does, and noon there stays."""
    midnight = floor(instant, DAY)
    return floor(midnight + 4 * HOUR + (instant - midnight) / 2, SECOND)


def minutes(instant: datetime) -> int:
    """Whole minutes since 1970."""
    return (instant - EPOCH) // MINUTE


def noise(*numbers: str, salt: int) -> pl.Expr:
    """64 well mixed bits per row from integer columns; `share` cuts numbers out of them.

    Made of plain arithmetic, since polars does not promise that its own hash stays the same.
    """
    bits: pl.Expr = pl.lit(salt % 2**63, dtype=pl.UInt64)
    for number in numbers:
        bits = (bits ^ pl.col(number).cast(pl.UInt64)) * pl.lit(0x9E3779B97F4A7C15, dtype=pl.UInt64)
        bits = (bits ^ (bits // pl.lit(2**29, dtype=pl.UInt64))) * pl.lit(0xBF58476D1CE4E5B9, dtype=pl.UInt64)
    return bits ^ (bits // pl.lit(2**32, dtype=pl.UInt64))


def share(bits: str, place: int) -> pl.Expr:
    """A number in [-1, 1) from the place-th ten bits (0 to 5) of a column of noise."""
    cut = (pl.col(bits) // pl.lit(2 ** (10 * place), dtype=pl.UInt64)) % pl.lit(1024, dtype=pl.UInt64)
    return cut.cast(pl.Float64) / 512.0 - 1.0


def instants(column: str) -> pl.Expr:
    """UTC instants from whole minutes since 1970."""
    return (pl.col(column) * 60_000_000).cast(UTC_US)


def load(column: str = "t") -> pl.Expr:
    """How busy people are (0.2 to 1) at minutes since 1970: the day and the week of Dubai."""
    local = pl.col(column) + 240
    hour = (local % 1440) / 60.0
    day = ((local // 1440) + 3) % 7
    rhythm = 0.6 - 0.4 * ((hour - 2.5) * (2 * 3.141592653589793 / 24)).cos()
    return rhythm * pl.when(day >= 5).then(0.62).otherwise(1.0)


def frame_of(rows: list[dict[str, Any]], schema: dict[str, pl.DataType]) -> pl.DataFrame:
    """The rows as a frame whose columns have the contract's types; columns that no row has are left out."""
    present = {name for row in rows for name in row}
    return pl.DataFrame(rows, schema={name: kind for name, kind in schema.items() if name in present})
