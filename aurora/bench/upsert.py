"""An upsert into a million alerts of one month, against reading that month and writing it anew."""

import statistics
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq

from aurora.bench.data import STAMP, START
from aurora.bench.frame import Bench, Figure, Goal, benchmark
from aurora.bench.measure import bare_write, in_child, seconds, watched_memory
from aurora.contracts.operations import Alerts
from warehouse.lake import Batch, Lake

ROWS = 1_000_000
BATCH_ROWS = 500
ROUNDS = 5
GIB = 2**30


@benchmark
def upsert(bench: Bench) -> Iterator[Figure]:
    """Seconds and peak memory of an upsert of 500 rows, half of them new, half spread over all that stands."""
    rows = bench.size(ROWS, 1000)
    lake = Lake(bench.folder / "lake")
    lake.write(Alerts, alerts(0, rows), Batch("bench/upsert", 1))
    ours, growth, bare, bare_growth = in_child(_measure, bench.folder, rows)
    name = "upsert of 500 rows into 1 M"
    yield Figure(f"{name} / month read and rewritten", ours, "s", bare, Goal("value", "<=", 1.0))
    peak, floor = growth / GIB, bare_growth / GIB
    yield Figure(f"{name}, peak memory / same", peak, "GiB", floor or None, Goal("value", "<=", 1.0))


def alerts(first: int, count: int, step: int = 1, title: str = "the disk fills") -> pl.DataFrame:
    """Alerts numbered from `first` in steps, all in one month; the same number is the same alert."""
    number = pl.int_range(first, first + count * step, step, eager=True).alias("number").to_frame()
    told = number.select(
        pl.format("bench:alert-{}", pl.col("number").cast(pl.String).str.zfill(8)).alias("alert_id"),
        pl.format("bench:fingerprint-{}", pl.col("number") % 5000).alias("fingerprint"),
        pl.format("bench:component-{}", pl.col("number") % 500).alias("component_id"),
        pl.lit("warning").alias("severity"),
        pl.lit("firing").alias("state"),
        pl.lit(title).alias("title"),
        (pl.col("number") % 97 / 10).alias("value"),
        (pl.lit(START) + pl.duration(seconds=pl.col("number") % 1_000_000)).alias("started_at"),
    )
    common = {"source": "bench", "source_instance": "bench", "ingested_at": STAMP.at, "run_id": STAMP.run_id}
    seen = {"last_seen_at": START + timedelta(days=20), "updated_at": START + timedelta(days=20)}
    kinds = Alerts.dtypes()
    told = told.with_columns(pl.lit(value, dtype=kinds[name]).alias(name) for name, value in (common | seen).items())
    absent = [pl.lit(None, dtype=kind).alias(name) for name, kind in kinds.items() if name not in told.columns]
    return told.with_columns(absent).select(pl.col(name).cast(kind) for name, kind in kinds.items())


def _measure(folder: Path, rows: int) -> tuple[float, int, float, int]:
    """(median s, peak growth in bytes) of ours and of the floor, in a process that has held nothing yet."""
    lake = Lake(folder / "lake")
    known, fresh = BATCH_ROWS // 2, BATCH_ROWS - BATCH_ROWS // 2
    took = []
    with watched_memory() as peak:
        for turn in range(ROUNDS):
            changed = alerts(turn, known, step=rows // known, title=f"the disk fills, turn {turn}")
            new = alerts(rows + turn * fresh, fresh)
            batch = Batch("bench/upsert", turn + 2)
            took.append(seconds(lambda: lake.write(Alerts, pl.concat([changed, new]), batch)))  # noqa: B023
    files = lake.files(Alerts)
    with watched_memory() as bare_peak:
        bare = [seconds(lambda: bare_write(pq.read_table(files), folder / "bare.parquet")) for _ in range(ROUNDS)]
    return statistics.median(took), peak.growth, statistics.median(bare), bare_peak.growth
