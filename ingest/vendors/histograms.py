"""Distributions told as counts per bucket: quantiles out of them, and exponential buckets as OpenTelemetry counts them.

Quantiles are those of Prometheus' histogram_quantile: https://prometheus.io/docs/prometheus/latest/querying/functions/
Exponential buckets: https://opentelemetry.io/docs/specs/otel/metrics/data-model/#exponentialhistogram.
"""

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise

Bucket = tuple[float, float, float]  # lower and upper bound (infinite: the last, open one), how many lie between
_SMALLEST, _LARGEST = -1074, 1023  # powers of two that a float holds


@dataclass(frozen=True)
class Powers:
    """Counts of exponential buckets: index i holds what lies over base^i and up to base^(i+1), base = 2^(2^-scale)."""

    scale: int
    zero: int = 0
    positive: Mapping[int, int] = field(default_factory=dict)
    negative: Mapping[int, int] = field(default_factory=dict)

    def coarser(self, scale: int) -> "Powers":
        """The same with a smaller scale: each step down joins two neighbours."""
        return Powers(scale, self.zero, *(_joined(side, self.scale - scale) for side in (self.positive, self.negative)))

    def less(self, before: "Powers") -> "Powers | None":
        """What came since `before`; None where that was told in coarser buckets, which cannot be split."""
        if before.scale < self.scale:
            return None
        old = before.coarser(self.scale)
        sides = (_less(self.positive, old.positive), _less(self.negative, old.negative))
        return Powers(self.scale, max(0, self.zero - old.zero), *sides)

    def cells(self) -> Iterator[Bucket]:
        """The buckets with their bounds."""
        for index, count in self.negative.items():
            yield -self._bound(index + 1), -self._bound(index), count
        yield 0.0, 0.0, self.zero
        for index, count in self.positive.items():
            yield self._bound(index), self._bound(index + 1), count

    def _bound(self, index: int) -> float:
        return float(2.0 ** min(max(math.ldexp(index, -self.scale), _SMALLEST), _LARGEST))


def _joined(side: Mapping[int, int], steps: int) -> dict[int, int]:
    joined: Counter[int] = Counter()
    for index, count in side.items():
        joined[index >> steps] += count
    return dict(joined)


def _less(now: Mapping[int, int], before: Mapping[int, int]) -> dict[int, int]:
    return {index: max(0, count - before.get(index, 0)) for index, count in now.items()}


@dataclass(frozen=True)
class Spread:
    """A distribution: how many, their sum, smallest and largest, counts per bucket, quantiles told by the sender."""

    count: int
    total: float | None = None
    low: float | None = None
    high: float | None = None
    bounds: tuple[float, ...] = ()
    buckets: tuple[int, ...] = ()
    powers: Powers | None = None
    quantiles: tuple[tuple[str, float], ...] = ()

    def cells(self) -> Iterator[Bucket]:
        """The buckets with their bounds; none where the sender told none."""
        return self.powers.cells() if self.powers else explicit(self.bounds, self.buckets)

    def less(self, before: "Spread") -> "Spread | None":
        """What came since `before`, without smallest and largest; None where the buckets were cut anew."""
        powers = self.powers.less(before.powers) if self.powers and before.powers else None
        is_cut_anew = self.bounds != before.bounds or len(self.buckets) != len(before.buckets)
        if is_cut_anew or (powers is None and (self.powers or before.powers)):
            return None
        has_total = self.total is not None and before.total is not None
        return Spread(
            count=self.count - before.count,
            total=(self.total or 0.0) - (before.total or 0.0) if has_total else None,
            bounds=self.bounds,
            buckets=tuple(max(0, new - old) for new, old in zip(self.buckets, before.buckets, strict=True)),
            powers=powers,
            quantiles=self.quantiles,
        )


def explicit(bounds: tuple[float, ...], counts: tuple[int, ...]) -> Iterator[Bucket]:
    """Buckets between explicit bounds; the first begins at 0, or at its bound if that is not positive."""
    lows = (min(0.0, bounds[0]), *bounds) if bounds else ()
    yield from zip(lows, (*bounds, math.inf), counts, strict=False)


def quantile(buckets: Iterable[Bucket], q: float) -> float | None:
    """The quantile, values lying evenly within a bucket; None without any value or bound.

    What lies in an open bucket counts as its lower bound. Buckets may overlap: distributions with unlike bounds add up.
    """
    filled = sorted((bucket for bucket in buckets if bucket[2] > 0), reverse=True)
    rank, below = q * sum(count for _, _, count in filled), 0.0
    edges = sorted({edge for low, high, _ in filled for edge in (low, high)})
    active: list[Bucket] = []
    for low, high in pairwise([*edges, math.inf]):
        while filled and filled[-1][0] == low:
            active.append(filled.pop())
        below += sum(count for start, end, count in active if start == end == low)
        active = [bucket for bucket in active if bucket[1] > low]
        inside = sum(count * _part(high - low, end - start) for start, end, count in active)
        if below >= rank or math.isinf(high):
            return low
        if below + inside >= rank:
            return low + (high - low) * (rank - below) / inside
        below += inside
    return None


def _part(length: float, whole: float) -> float:
    return 0.0 if math.isinf(whole) else length / whole
