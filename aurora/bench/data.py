"""Data for the benchmarks: component_health as seeded random walks rounded to one decimal, the same on every run."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl

from aurora.contracts.operations import ComponentHealth
from ingest.check import Stamp

START = datetime(2026, 1, 5, tzinfo=UTC)
STAMP = Stamp("bench", "bench", "bench-run", START)
SAMPLES_PER_ROW = 7
MINUTES_PER_DAY = 1440
# Column: (top of the range, size of a step from minute to minute). A disk fills slowly, a CPU jumps.
WALKS = {
    "cpu_pct": (100.0, 0.6),
    "memory_pct": (100.0, 0.1),
    "disk_pct": (100.0, 0.02),
    "network_latency_ms": (16.0, 0.2),
    "response_time_ms": (100.0, 0.6),
    "requests_per_minute": (100.0, 0.6),
    "error_rate_pct": (8.0, 0.1),
}
# Errors are what a walk has above this, so that most components have none most of the time.
ERRORS_ABOVE = 4.0


def health(components: int, minutes: int, start: datetime = START, seed: int = 7) -> pl.DataFrame:
    """One row per component and minute, minute by minute as samples arrive, without the common columns."""
    random = np.random.default_rng(seed)
    names = pl.Series("component_id", [f"bench:component-{number:04d}" for number in range(components)])
    at = pl.datetime_range(start, start + timedelta(minutes=minutes - 1), "1m", time_unit="us", eager=True)
    columns: dict[str, pl.Series] = {
        name: pl.Series(name, _walk(random, (minutes, components), top, step).ravel())
        for name, (top, step) in WALKS.items()
    }
    frame = pl.DataFrame({"ts_start": at}).join(names.to_frame(), how="cross", maintain_order="left_right")
    error = pl.col("error_rate_pct")
    status = pl.when(error > 3).then(pl.lit("down")).when(error > 2).then(pl.lit("degraded"))
    frame = frame.with_columns(**columns).with_columns((error - ERRORS_ABOVE).clip(0.0).round(1))
    return frame.select(
        "component_id",
        "ts_start",
        (pl.col("ts_start") + timedelta(minutes=1)).alias("ts_end"),
        *WALKS,
        status.otherwise(pl.lit("healthy")).alias("status"),
        pl.lit(None, dtype=pl.String).alias("status_raw"),
        pl.lit(None, dtype=pl.String).alias("status_reason"),
    )


def stamped(frame: pl.DataFrame, at: datetime = START) -> pl.DataFrame:
    """The frame with the common columns, of the contract's types: what the contract check hands on at that instant."""
    kinds = ComponentHealth.dtypes()
    common = {
        "source": STAMP.source,
        "source_instance": STAMP.source_instance,
        "ingested_at": at,
        "run_id": STAMP.run_id,
    }
    marks = [pl.lit(value, dtype=kinds[name]).alias(name) for name, value in common.items()]
    return frame.with_columns(marks).select(ComponentHealth.own_columns())


def _walk(
    random: np.random.Generator, shape: tuple[int, int], top: float, step: float
) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """A walk per column, reflected at 0 and at the top of its range."""
    steps = random.standard_normal(shape) * step
    steps[0] += random.uniform(0, top, shape[1])
    folded = np.abs((np.cumsum(steps, axis=0) - top) % (2 * top) - top)
    return np.asarray(np.round(folded, 1), dtype=np.float64)
