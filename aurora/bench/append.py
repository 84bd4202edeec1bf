"""Appends of 500 rows while another process reads the table all the time, against bare files of the same rows."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from multiprocessing.synchronize import Event
from pathlib import Path

import duckdb
import polars as pl

from aurora.bench.data import STAMP, START, health, stamped
from aurora.bench.frame import Bench, Figure, Goal, benchmark
from aurora.bench.measure import SPAWN, arrow, bare_write, percentile, seconds
from aurora.contracts.operations import ComponentHealth
from aurora.errors import AuroraError
from ingest.land import land
from warehouse.lake import Batch, Lake

COMPONENTS = 500
HISTORY_MINUTES = 60
APPENDS = 120


@benchmark
def append(bench: Bench) -> Iterator[Figure]:
    """Milliseconds from 500 rows to their commit, contract check and look for known keys included."""
    lake, ours, bare = Lake(bench.folder / "lake"), [], []
    lake.write(ComponentHealth, stamped(health(COMPONENTS, HISTORY_MINUTES)), Batch("bench/append", 1))
    with _reader(bench.folder / "lake"):
        for number in range(bench.size(APPENDS, 3)):
            rows = health(COMPONENTS, 1, START + timedelta(minutes=HISTORY_MINUTES + number), seed=number)
            ours.append(seconds(lambda rows=rows, number=number: _land(lake, rows, number)))  # type: ignore[misc]
            bare.append(seconds(lambda rows=rows: _file(bench.folder / "bare", rows)))  # type: ignore[misc]
    for name, share, limit_ms in (("p50", 0.5, 60.0), ("p95", 0.95, 200.0)):
        told_ms, floor_ms = 1000 * percentile(ours, share), 1000 * percentile(bare, share)
        goal = Goal("value", "<=", limit_ms)
        yield Figure(f"append of 500 rows, {name} / bare file and rename", told_ms, "ms", floor_ms, goal)


def _land(lake: Lake, rows: pl.DataFrame, number: int) -> None:
    after = lake.cursor(ComponentHealth, "bench/append")[0] + 1
    land(lake, ComponentHealth, rows, STAMP, Batch("bench/append", after, {"until": number}))


def _file(folder: Path, rows: pl.DataFrame) -> None:
    """The floor: a file under a name that no reader looks for, renamed when it is whole."""
    bare_write(arrow(stamped(rows)), folder / ".new")
    (folder / ".new").rename(folder / f"{time.time_ns()}.parquet")


@contextmanager
def _reader(root: Path) -> Iterator[None]:
    """A process that reads the table in a loop. Raises AuroraError if a read failed."""
    reading, stop = SPAWN.Event(), SPAWN.Event()
    reader = SPAWN.Process(target=_read, args=(root, reading, stop), name="bench-reader")
    reader.start()
    try:
        reading.wait(60)
        yield
    finally:
        stop.set()
        reader.join(30)
        reader.kill()
    if reader.exitcode:
        raise AuroraError(f"the reader beside the appends ended with code {reader.exitcode}")


def _read(root: Path, reading: Event, stop: Event) -> None:
    lake, con = Lake(root), duckdb.connect()
    while not stop.is_set() and os.getppid() != 1:
        sql = "SELECT component_id, max(ts_end), avg(cpu_pct) FROM read_parquet($files) GROUP BY ALL"
        con.execute(sql, {"files": lake.files(ComponentHealth)}).fetchall()
        reading.set()
