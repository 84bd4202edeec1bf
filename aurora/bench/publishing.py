"""Publishing a hundred tables, against a bare DuckDB file of the same views."""

import shutil
import statistics
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import duckdb

from aurora.bench.data import MINUTES_PER_DAY, START, health, stamped
from aurora.bench.frame import Bench, Figure, benchmark
from aurora.bench.measure import medians
from aurora.contracts import TABLES, Table
from aurora.contracts.operations import ComponentHealth
from warehouse.lake import Batch, Lake
from warehouse.model import load_models, macros
from warehouse.publish import UTC_NOW, publish, view_of

ALL_TABLES = 100
FILES_PER_TABLE = 20
TIMES = 5


@benchmark
def publishing(bench: Bench) -> Iterator[Figure]:
    """Milliseconds of publishing everything anew, and of publishing one table that changed."""
    wanted = bench.size(ALL_TABLES - len(TABLES))
    with _more_tables(wanted) as tables:
        lake, count = Lake(bench.folder / "lake"), len(TABLES)
        _fill(lake, tables, bench.size(FILES_PER_TABLE))
        views = [view_of(lake, table) for table in TABLES.values()]
        ours, bare = medians(
            bench.size(TIMES),
            lambda: publish(lake, bench.folder, rebuild=True),
            lambda: _write(bench.folder / "bare.duckdb", views),
        )
        yield Figure(f"publish of all {count} tables / bare DuckDB file of the views", 1000 * ours, "ms", 1000 * bare)
        ours, bare = _one_changed(bench, lake, tables[0])
        yield Figure(f"publish of 1 of {count} tables / bare copy and one view", 1000 * ours, "ms", 1000 * bare)


def _one_changed(bench: Bench, lake: Lake, table: type[Table]) -> tuple[float, float]:
    """Median seconds of publishing one changed table, and of the bare copy of the file with one view replaced."""
    publish_s, bare_s, view = [], [], view_of(lake, table)
    for number in range(bench.size(TIMES)):
        rows = stamped(health(2, 1, START - timedelta(days=1 + number)))
        lake.write(table, rows, Batch("bench/changed", number + 1))
        ours, bare = medians(1, lambda: publish(lake, bench.folder), lambda: _replace_one(bench.folder, view))
        publish_s.append(ours)
        bare_s.append(bare)
    return statistics.median(publish_s), statistics.median(bare_s)


@contextmanager
def _more_tables(count: int) -> Iterator[list[type[Table]]]:
    """That many tables of component_health's shape beside the canonical ones, for as long as this lasts."""
    before = dict(TABLES)
    spec = {"key": "component_id ts_start", "time": "ts_start", "part": "day(ts_start)"}
    try:
        names = [f"BenchTable{number:03d}" for number in range(count)]
        yield [type(name, (ComponentHealth,), {"__doc__": "One row per sample."}, **spec) for name in names]
    finally:
        for name in TABLES.keys() - before.keys():
            del TABLES[name]


def _fill(lake: Lake, tables: list[type[Table]], files: int) -> None:
    """One commit per table; a partition per day makes the files."""
    rows = stamped(health(2, files * MINUTES_PER_DAY)).gather_every(60)
    for table in tables:
        lake.write(table, rows, Batch("bench/publishing", 1))


def _write(file: Path, views: list[str]) -> None:
    """The floor: the same statements into an empty file."""
    file.unlink(missing_ok=True)
    with duckdb.connect(str(file)) as con:
        con.execute("BEGIN")
        con.execute(f"CREATE OR REPLACE MACRO utc_now() AS {UTC_NOW}")
        for statement in [*views, macros(), *(model.ddl for model in load_models())]:
            con.execute(statement)
        con.execute("COMMIT")


def _replace_one(folder: Path, view: str) -> None:
    file = folder / "copy.duckdb"
    shutil.copyfile(folder / "bare.duckdb", file)
    with duckdb.connect(str(file)) as con:
        con.execute(view)
