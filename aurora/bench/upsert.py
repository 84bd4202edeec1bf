"""An upsert into a million alerts, of a year and of one month, against reading what it touches and writing it anew."""

import statistics
from collections.abc import Iterator
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Estate:
    """How a million alerts lie in time: seconds between two of them, and how many of the newest may still change."""

    name: str
    step_s: float
    open_share: float


# A year of alerts of which those of the last two months still change, as sources have them; and the worst case, where
# changes are spread over all of one month: Delta rewrites that month whole, so its size sets the time.
YEAR = Estate("a year", 365 * 86_400 / ROWS, 1 / 6)
MONTH = Estate("one month, changes everywhere", 1.0, 1.0)


@benchmark
def upsert(bench: Bench) -> Iterator[Figure]:
    """Seconds and peak memory of an upsert of 500 rows, half of them new, half spread over those that may change."""
    rows = bench.size(ROWS, 1000)
    for estate in (YEAR, MONTH):
        folder = bench.folder / estate.name.split()[-1]
        Lake(folder / "lake").write(Alerts, alerts(estate, 0, rows), Batch("bench/upsert", 1))
        ours, growth, bare, bare_growth = in_child(_measure, folder, rows, estate)
        limit = Goal("value", "<=", 1.0) if estate is YEAR else None
        name = f"upsert of 500 rows into 1 M of {estate.name}"
        yield Figure(f"{name} / all read and rewritten", ours, "s", bare, limit)
        yield Figure(f"{name}, peak memory / same", growth / GIB, "GiB", bare_growth / GIB or None, limit)


def alerts(estate: Estate, first: int, count: int, step: int = 1, title: str = "the disk fills") -> pl.DataFrame:
    """Alerts numbered from `first` in steps; the same number is the same alert."""
    number = pl.int_range(first, first + count * step, step, eager=True).alias("number").to_frame()
    told = number.select(
        pl.format("bench:alert-{}", pl.col("number").cast(pl.String).str.zfill(8)).alias("alert_id"),
        pl.format("bench:fingerprint-{}", pl.col("number") % 5000).alias("fingerprint"),
        pl.format("bench:component-{}", pl.col("number") % 500).alias("component_id"),
        pl.lit("warning").alias("severity"),
        pl.lit("firing").alias("state"),
        pl.lit(title).alias("title"),
        (pl.col("number") % 97 / 10).alias("value"),
        (pl.lit(START) + pl.duration(milliseconds=pl.col("number") * estate.step_s * 1000)).alias("started_at"),
    )
    common = {"source": "bench", "source_instance": "bench", "ingested_at": STAMP.at, "run_id": STAMP.run_id}
    seen = {"last_seen_at": START + timedelta(days=400), "updated_at": START + timedelta(days=400)}
    kinds = Alerts.dtypes()
    told = told.with_columns(pl.lit(value, dtype=kinds[name]).alias(name) for name, value in (common | seen).items())
    absent = [pl.lit(None, dtype=kind).alias(name) for name, kind in kinds.items() if name not in told.columns]
    return told.with_columns(absent).select(pl.col(name).cast(kind) for name, kind in kinds.items())


def _measure(folder: Path, rows: int, estate: Estate) -> tuple[float, int, float, int]:
    """(median s, peak growth in bytes) of ours and of the floor, in a process that has held nothing yet."""
    lake = Lake(folder / "lake")
    known, fresh = BATCH_ROWS // 2, BATCH_ROWS - BATCH_ROWS // 2
    took = []
    with watched_memory() as peak:
        for turn in range(ROUNDS):
            oldest = rows - int(rows * estate.open_share)
            step = max(1, (rows - oldest) // known)
            changed = alerts(estate, oldest + turn, known, step, f"the disk fills, turn {turn}")
            beyond = max(rows, oldest + ROUNDS + known * step)
            new = alerts(estate, beyond + turn * fresh, fresh)
            batch = Batch("bench/upsert", turn + 2)
            took.append(seconds(lambda: lake.write(Alerts, pl.concat([changed, new]), batch)))  # noqa: B023
    files = lake.files(Alerts)
    with watched_memory() as bare_peak:
        bare = [seconds(lambda: bare_write(pq.read_table(files), folder / "bare.parquet")) for _ in range(ROUNDS)]
    return statistics.median(took), peak.growth, statistics.median(bare), bare_peak.growth
