"""Bytes per sample of the health table in the lake, against a native DuckDB table of the same rows.

A sample is one of the seven measures of a row; the bytes are those of all columns, keys and common columns included.
"""

import time
from collections.abc import Iterator
from pathlib import Path

import duckdb
import polars as pl
import pyarrow.parquet as pq

from aurora.bench.data import MINUTES_PER_DAY, SAMPLES_PER_ROW, health, stamped
from aurora.bench.frame import Bench, Figure, Goal, SkippedError, benchmark
from aurora.contracts.operations import ComponentHealth
from aurora.settings import SourceSettings, load
from ingest.connector import load_connectors
from ingest.run import Ingest
from warehouse.lake import Batch, Lake

HOST_SAMPLES = 30
HOST_EVERY_S = 0.2


@benchmark
def bytes_per_sample(bench: Bench) -> Iterator[Figure]:
    """Bytes per sample of random walks with one decimal, and of what this machine told about itself."""
    walks = stamped(health(bench.size(500, 5), MINUTES_PER_DAY))
    name = "bytes per sample, random walks / native DuckDB table"
    yield _figure(name, walks, bench.folder / "walks", Goal("value", "<=", 0.9))
    recorded, whose = _recorded(bench)
    name = f"bytes per sample, {whose} ({recorded.height} rows) / native DuckDB table"
    yield _figure(name, recorded, bench.folder / "recorded", None)


def _figure(name: str, frame: pl.DataFrame, folder: Path, goal: Goal | None) -> Figure:
    lake = Lake(folder)
    lake.write(ComponentHealth, frame, Batch("bench/bytes", 1))
    samples = frame.height * SAMPLES_PER_ROW
    ours = sum(_column_bytes(file) for file in lake.files(ComponentHealth)) / samples
    return Figure(name, ours, "bytes", _native_bytes(frame, folder / "native.duckdb") / samples, goal)


def _column_bytes(file: str) -> int:
    """Bytes of all column chunks; the footer, which small files pay for alone, is left out."""
    told = pq.read_metadata(file)
    groups = [told.row_group(number) for number in range(told.num_row_groups)]
    return sum(group.column(number).total_compressed_size for group in groups for number in range(told.num_columns))


def _native_bytes(frame: pl.DataFrame, file: Path) -> int:
    with duckdb.connect(str(file)) as con:
        con.register("frame", frame.sort(ComponentHealth.spec.key).to_arrow())
        con.execute("CREATE TABLE component_health AS FROM frame")
        con.execute("CHECKPOINT")
    return file.stat().st_size


def _recorded(bench: Bench) -> tuple[pl.DataFrame, str]:
    """Rows of the host connector: those in the current settings' lake, else a few seconds' worth taken now."""
    rows = _host_rows(Lake(load().lake))
    if rows.height:
        return rows, "recorded host"
    settings = load(bench.folder / "host", bench.folder / "aurora.toml")
    ingest = Ingest(Lake(settings.lake), settings, load_connectors())
    for _ in range(bench.size(HOST_SAMPLES, 3)):
        ingest.run(SourceSettings(name="host", connector="host"))
        time.sleep(HOST_EVERY_S)
    rows = _host_rows(ingest.lake)
    if not rows.height:
        raise SkippedError("the host connector told nothing")
    return rows, "host sampled now"


def _host_rows(lake: Lake) -> pl.DataFrame:
    rows = lake.read(ComponentHealth).filter(pl.col("source") == "host").select(ComponentHealth.own_columns())
    zoned = [name for name, kind in ComponentHealth.dtypes().items() if isinstance(kind, pl.Datetime)]
    return rows.with_columns(pl.col(zoned).dt.replace_time_zone("UTC"))
