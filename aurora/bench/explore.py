"""The SQL explorer: what its processes cost a query, and all rows as CSV against DuckDB's own COPY."""

import resource
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path

import duckdb

from aurora.bench.data import MINUTES_PER_DAY, START, health, stamped
from aurora.bench.frame import Bench, Figure, Goal, benchmark
from aurora.bench.measure import in_child, medians, percentile, seconds
from aurora.contracts.operations import ComponentHealth
from aurora.explore import ask as explorer
from aurora.explore.ask import ask, save
from warehouse.lake import Batch, Lake
from warehouse.publish import current, publish
from warehouse.query import CONFIG, Warehouse

ROWS, COMPONENTS, TIMES = 5_000_000, 500, 15
MEMORY = 700 << 20
QUERIES = {
    "one row": "SELECT 1 AS one",
    "5,000 rows of the lake": "FROM component_health LIMIT 5000",
    "a day by component": "SELECT component_id, avg(cpu_pct) AS cpu FROM component_health"
    " WHERE part_day = DATE '2026-01-04' GROUP BY ALL",
}
SAVED = "SELECT component_id, ts_start, ts_end, cpu_pct, memory_pct, status FROM component_health"


@benchmark
def explore(bench: Bench) -> Iterator[Figure]:
    """Seconds that a query takes longer in a process of its own; rows per second and memory of a CSV of all rows."""
    rows = _load(bench)
    published = bench.folder / "published"
    warehouse = Warehouse(published)
    for name, sql in QUERIES.items():
        ready_s, following_s = _asked(bench, published, sql)
        (floor_s,) = medians(bench.size(TIMES, 2), partial(warehouse.rows, sql))
        for title, took, most in (("a process waits", ready_s, 100), ("none waits", following_s, 350)):
            yield Figure(f"{name}, {title} / in process", 1000 * took, "ms", 1000 * floor_s)
            yield Figure(f"{name}, {title}: more", 1000 * (took - floor_s), "ms", None, Goal("value", "<=", most))
    explorer.close()
    copied_s, copied = in_child(copy_bare, published, bench.folder / "bare.csv")
    saved_s, saved = in_child(save_all, published, bench.folder / "ours.csv")
    bench.say(f"CSV of {rows:,} rows: {saved / 1e6:,.0f} MB of memory, bare COPY {copied / 1e6:,.0f} MB")
    yield Figure("CSV of all rows / bare COPY", rows / saved_s, "rows/s", rows / copied_s, Goal("ratio", ">=", 0.5))
    yield Figure("CSV of all rows: memory", saved, "bytes", copied, Goal("value", "<=", MEMORY))


def save_all(published: Path, target: Path) -> tuple[float, int]:
    """Seconds of saving all rows as CSV, and the most resident memory of the process that does."""
    took = seconds(lambda: save(published, SAVED, {}, target, "csv"))
    explorer.close()
    return took, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024


def copy_bare(published: Path, target: Path) -> tuple[float, int]:
    """The same with DuckDB alone: plain values, no limits, no process of its own."""
    generation = current(published)
    file = published / (generation.file if generation else "")
    with duckdb.connect(str(file), read_only=True, config=CONFIG) as con:
        took = seconds(lambda: con.execute(f"COPY ({SAVED}) TO '{target}' (FORMAT csv, HEADER)"))
    return took, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _asked(bench: Bench, published: Path, sql: str) -> tuple[float, float]:
    """Median seconds where a process waits, and where one has to be started."""
    ready, following = [], []
    for _ in range(bench.size(TIMES, 2)):
        explorer.prepare(published, wait=True)
        ready.append(seconds(lambda: ask(published, sql)))
        explorer.close()
        following.append(seconds(lambda: ask(published, sql)))
    return percentile(ready, 0.5), percentile(following, 0.5)


def _load(bench: Bench) -> int:
    lake, components, rows = Lake(bench.folder / "lake"), bench.size(COMPONENTS, 5), 0
    days = -(-bench.size(ROWS) // (components * MINUTES_PER_DAY))
    for number in range(days):
        day = health(components, MINUTES_PER_DAY, START - timedelta(days=number + 1), seed=number)
        rows += lake.write(ComponentHealth, stamped(day), Batch("bench/explore", number + 1)).row_count
    publish(lake, bench.folder)
    return rows
