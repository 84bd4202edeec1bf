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
# Column: (middle, size of a step from minute to minute).
WALKS = {
    "cpu_pct": (35.0, 0.6),
    "memory_pct": (60.0, 0.2),
    "disk_pct": (55.0, 0.05),
    "network_latency_ms": (8.0, 0.2),
    "response_time_ms": (80.0, 0.6),
    "requests_per_minute": (90.0, 0.6),
    "error_rate_pct": (1.0, 0.1),
}


def health(components: int, minutes: int, start: datetime = START, seed: int = 7) -> pl.DataFrame:
    """One row per component and minute, minute by minute as samples arrive, without the common columns."""
    random = np.random.default_rng(seed)
    names = pl.Series("component_id", [f"bench:component-{number:04d}" for number in range(components)])
    at = pl.datetime_range(start, start + timedelta(minutes=minutes - 1), "1m", time_unit="us", eager=True)
    columns: dict[str, pl.Series] = {
        name: pl.Series(name, _walk(random, (minutes, components), middle, step).ravel())
        for name, (middle, step) in WALKS.items()
    }
    frame = pl.DataFrame({"ts_start": at}).join(names.to_frame(), how="cross", maintain_order="left_right")
    error = pl.col("error_rate_pct")
    return frame.with_columns(**columns).select(
        "component_id",
        "ts_start",
        (pl.col("ts_start") + timedelta(minutes=1)).alias("ts_end"),
        *WALKS,
        pl.when(error > 4)
        .then(pl.lit("down"))
        .when(error > 3)
        .then(pl.lit("degraded"))
        .otherwise(pl.lit("healthy"))
        .alias("status"),
        pl.lit(None, dtype=pl.String).alias("status_raw"),
        pl.lit(None, dtype=pl.String).alias("status_reason"),
    )


def stamped(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with the common columns, of the contract's types: what the contract check hands on."""
    kinds = ComponentHealth.dtypes()
    common = {
        "source": STAMP.source,
        "source_instance": STAMP.source_instance,
        "ingested_at": STAMP.at,
        "run_id": STAMP.run_id,
    }
    marks = [pl.lit(value, dtype=kinds[name]).alias(name) for name, value in common.items()]
    return frame.with_columns(marks).select(ComponentHealth.own_columns())


def _walk(random: np.random.Generator, shape: tuple[int, int], middle: float, step: float) -> np.ndarray:
    """A walk per column, reflected so that it stays within 0 and twice its middle (at most 100)."""
    top = min(2 * middle, 100.0)
    steps = random.standard_normal(shape, dtype=np.float32) * np.float32(step)
    steps[0] += random.uniform(0.25 * top, 0.75 * top, shape[1]).astype(np.float32)
    walk = np.cumsum(steps, axis=0, dtype=np.float64)
    return np.round(np.abs((walk - top) % (2 * top) - top), 1)
