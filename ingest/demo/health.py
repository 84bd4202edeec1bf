"""Health of every component at every minute, as a few vectorised expressions over who it is and when it is."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl

from ingest.demo.catalog import PARTS, Part
from ingest.demo.episode import Effect
from ingest.demo.stories import effects, silent_from
from ingest.demo.world import DAY, MINUTE, Slice, World, ceil, instants, load, minutes, noise, share

POINTS = 2880
COARSE = 5 * MINUTE
MEASURES = (
    "cpu_pct",
    "memory_pct",
    "disk_pct",
    "network_latency_ms",
    "response_time_ms",
    "requests_per_minute",
    "error_rate_pct",
)
# CPU, its swing with the day, memory: of what is larger than it need be, and of what does nothing.
QUIET = {"worker-01": (4.0, 18.0, 24.0), "payments-db": (6.0, 16.0, 26.0), "worker-02": (1.0, 0.5, 11.0)}
_RANKS = {"degraded": 1, "down": 2, "maintenance": 3}
_STATUSES = ["healthy", *_RANKS]


@dataclass(frozen=True)
class Grid:
    """Sampling instants: since, since + step ... before until."""

    since: datetime
    until: datetime
    step: timedelta


def grids(since: datetime, until: datetime, fine_from: datetime) -> Iterator[Grid]:
    """The whole time in pieces of at most POINTS instants: five-minute steps before `fine_from`, one-minute after."""
    edge = min(max(ceil(since, COARSE), fine_from), until - (until - since) % COARSE)
    begin = min(ceil(since, COARSE), until)
    edge = max(begin, begin + (edge - begin) // COARSE * COARSE)
    for grid in (Grid(since, begin, MINUTE), Grid(begin, edge, COARSE), Grid(edge, until, MINUTE)):
        at = grid.since
        while at < grid.until:
            end = min(at + POINTS * grid.step, grid.until)
            yield Grid(at, end, grid.step)
            at = end


def health_frame(world: World, grid: Grid) -> pl.DataFrame:
    """component_health of all components over the grid, sorted by component and time."""
    step = grid.step // MINUTE
    times = pl.DataFrame({"t": range(minutes(grid.since), minutes(grid.until), step)}, schema={"t": pl.Int64})
    times = times.with_columns(load=load(), wave=(pl.col("t") * (2 * math.pi / 517)).sin(), day=pl.col("t") / 1440.0)
    rows = _profiles(world).join(times, how="cross").filter(pl.col("t") < pl.col("silent_t"))
    rows = rows.join(dents(world, grid), on=["part", "t"], how="left", maintain_order="left")
    rows = rows.with_columns(noise=noise("part", "t", salt=world.seed), rank=pl.col("rank").fill_null(0))
    return rows.select(
        "component_id",
        instants("t").alias("ts_start"),
        (instants("t") + grid.step).alias("ts_end"),
        *_measures(),
        pl.col("rank").replace_strict(range(4), _STATUSES, return_dtype=pl.String).alias("status"),
        "status_reason",
    )


def _measures() -> Iterator[pl.Expr]:
    """The seven measures, null where they make no sense for a component and while it is down."""
    busy, wave = pl.col("load"), pl.col("wave")
    latency, errors = pl.col("latency_x").fill_null(1.0), pl.col("errors_add").fill_null(0.0)
    made = {
        "cpu_pct": pl.col("cpu") + pl.col("cpu_swing") * busy + 3.0 * _jitter(0) + _dent("cpu_add"),
        "memory_pct": pl.col("memory") + 2.5 * wave + 3.0 * busy + 0.6 * _jitter(1) + _dent("memory_add"),
        "disk_pct": pl.col("disk") + (pl.col("day") + pl.col("disk")) % 14.0 * 0.6 + 0.05 * _jitter(2),
        "network_latency_ms": pl.col("network") * (1.0 + 0.2 * _jitter(3) + 0.1 * busy),
        "response_time_ms": pl.col("answer") * (0.82 + 0.3 * busy + 0.09 * _jitter(4) + 0.03 * wave) * latency,
        "requests_per_minute": pl.col("busy") * (busy + 0.05 * _jitter(5) + 0.03 * wave),
        "error_rate_pct": pl.col("errors") * (1.0 + _jitter(4)) + errors * (1.0 + 0.15 * _jitter(3)),
    }
    served = {"response_time_ms", "requests_per_minute", "error_rate_pct"}
    for name, value in made.items():
        most = 100.0 if name.endswith("_pct") else None
        silent = pl.col("rank") == 2 if name not in served else pl.col("rank") >= 2
        yield pl.when(~silent).then(value.clip(0.0, most).round(1)).alias(name)


def _jitter(place: int) -> pl.Expr:
    return share("noise", place)


def _dent(name: str) -> pl.Expr:
    return pl.col(name).fill_null(0.0)


def _profiles(world: World) -> pl.DataFrame:
    """One row per component: the usual level of each measure, null where the component has none."""
    return pl.DataFrame([_profile(world, index, part) for index, part in enumerate(PARTS)]).sort("component_id")


def _profile(world: World, index: int, part: Part) -> dict[str, object]:
    def between(low: float, high: float, about: str) -> float:
        return world.between(low, high, part.key, about)

    is_ours = part.type in ("server", "database", "api")
    has_disk = part.type in ("server", "database")
    memory = 61.0 if part.key == "mongodb-cluster" else between(38, 62, "memory")
    cpu, swing, memory = QUIET.get(part.key, (between(8, 22, "cpu"), between(14, 38, "swing"), memory))
    silent = silent_from(world).get(part.key)
    return {
        "part": index,
        "component_id": world.id(part.key),
        "silent_t": minutes(silent) if silent else 2**62,
        "cpu": cpu if is_ours else None,
        "cpu_swing": swing if is_ours else None,
        "memory": memory if is_ours else None,
        "disk": between(30, 68, "disk") if has_disk else None,
        "network": between(0.6, 4.5, "net") if part.type != "third_party" else between(18, 60, "net"),
        "answer": part.answer_ms or None,
        "busy": float(part.busy) if part.busy else None,
        "errors": between(0.04, 0.32, "errors") if part.busy else None,
    }


def dents(world: World, grid: Grid) -> pl.DataFrame:
    """What episodes do to components, one row per component and instant that is touched."""
    index = {part.key: number for number, part in enumerate(PARTS)}
    parts = [_touched(effect, index[effect.component], grid) for effect in effects(world, grid.since, grid.until)]
    every = pl.concat([pl.DataFrame(schema=_DENT), *parts])
    return (
        every.sort("rank", maintain_order=True)
        .group_by("part", "t", maintain_order=True)
        .agg(
            pl.col("latency_x").product(),
            pl.col("errors_add", "cpu_add", "memory_add").sum(),
            pl.col("rank", "status_reason").last(),
        )
    )


_DENT = {
    "part": pl.Int64(),
    "t": pl.Int64(),
    "latency_x": pl.Float64(),
    "errors_add": pl.Float64(),
    "cpu_add": pl.Float64(),
    "memory_add": pl.Float64(),
    "rank": pl.Int64(),
    "status_reason": pl.String(),
}


def _touched(effect: Effect, index: int, grid: Grid) -> pl.DataFrame:
    step, first = grid.step // MINUTE, minutes(grid.since)
    begin = max(first, first + -(-(minutes(effect.start) - first) // step) * step)
    instants_hit = range(begin, minutes(min(effect.end, grid.until)), step)
    rise = pl.lit(1.0)
    if effect.rises_over:
        rise = ((pl.col("t") - minutes(effect.start)) / (effect.rises_over // MINUTE)).clip(0.0, 1.05)
    return pl.DataFrame({"t": instants_hit}, schema={"t": pl.Int64}).select(
        pl.lit(index, dtype=pl.Int64).alias("part"),
        "t",
        pl.lit(effect.latency_x).alias("latency_x"),
        pl.lit(effect.errors_add).alias("errors_add"),
        pl.lit(effect.cpu_add).alias("cpu_add"),
        (rise * effect.memory_add).alias("memory_add"),
        pl.lit(_RANKS.get(effect.status or "", 0), dtype=pl.Int64).alias("rank"),
        pl.lit(effect.reason, dtype=pl.String).alias("status_reason"),
    )


def fine_from(world: World, since: datetime, until: datetime) -> datetime:
    """From when on rows are by the minute: a day before the first run, or before now after a long pause."""
    first = world.anchor - DAY
    return max(first, until - DAY) if until - since > 2 * DAY and since > first else first


def health_frames(world: World, span: Slice) -> Iterator[tuple[pl.DataFrame, datetime]]:
    """The frames of a slice one after the other, each with the instant up to which health is then complete (UTC)."""
    for grid in grids(span.since, span.until, fine_from(world, span.since, span.until)):
        yield health_frame(world, grid), grid.until
