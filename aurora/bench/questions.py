"""The six dashboard questions over 500 components and 30 days, against a native DuckDB table of the same rows."""

import statistics
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import duckdb
import polars as pl
from polars.testing import assert_frame_equal

from aurora.bench.data import MINUTES_PER_DAY, START, health, stamped
from aurora.bench.frame import Bench, Figure, Goal, benchmark
from aurora.bench.measure import medians
from aurora.contracts.operations import ComponentHealth
from warehouse.lake import Batch, Lake
from warehouse.publish import publish
from warehouse.query import CONFIG, Warehouse

COMPONENTS = 500
DAYS = 30
TIMES = 9
END = START + timedelta(days=DAYS)
# $since and $day cut the span that a question is about; both sides get the same text.
SPAN = "component_health WHERE part_day >= $since::date AND ts_start >= $since"
LATEST = (
    f"SELECT component_id, max_by(cpu_pct, ts_end) AS cpu, max_by(status, ts_end) AS status FROM {SPAN} GROUP BY ALL"
)
UP = "epoch(ts_end - ts_start)"
QUESTIONS = {
    "latest per component, last hour": (timedelta(hours=1), LATEST),
    "latest per component, 24 h": (timedelta(days=1), LATEST),
    "p95 and average per 5 min, one component, 24 h": (
        timedelta(days=1),
        "SELECT time_bucket(INTERVAL 5 MINUTE, ts_start) AS at, quantile_cont(response_time_ms, 0.95) AS p95,"
        f" avg(response_time_ms) AS mean FROM {SPAN} AND component_id = 'bench:component-0003' GROUP BY ALL",
    ),
    "average per component, 24 h": (
        timedelta(days=1),
        f"SELECT component_id, avg(cpu_pct) AS cpu, avg(memory_pct) AS memory FROM {SPAN} GROUP BY ALL",
    ),
    "uptime per component, 7 d": (
        timedelta(days=7),
        f"SELECT component_id, 100 * sum({UP}) FILTER (status <> 'down') / sum({UP}) AS up FROM {SPAN} GROUP BY ALL",
    ),
    "top 10 by error rate, 24 h": (
        timedelta(days=1),
        f"SELECT component_id, avg(error_rate_pct) AS errors FROM {SPAN} GROUP BY ALL ORDER BY 2 DESC, 1 LIMIT 10",
    ),
}


@benchmark
def questions(bench: Bench) -> Iterator[Figure]:
    """Warm medians of each question through the published warehouse, and the median of the six ratios."""
    _load(bench)
    generation = publish(Lake(bench.folder / "lake"), bench.folder, now=END)
    warehouse = Warehouse(bench.folder / "published")
    ratios = []
    with duckdb.connect(str(bench.folder / "native.duckdb"), config=CONFIG) as native:
        _copy(native, bench.folder / "published" / generation.file)
        for question, (span, sql) in QUESTIONS.items():
            given: dict[str, object] = {"since": (END - span).replace(tzinfo=None)}
            ours_s, native_s = _ask(warehouse, native, sql, given, bench.size(TIMES))
            ratios.append(ours_s / native_s)
            yield Figure(f"{question} / native DuckDB table", 1000 * ours_s, "ms", 1000 * native_s)
    median = statistics.median(ratios)
    yield Figure("median of the six questions / native DuckDB table", median, "x", 1.0, Goal("ratio", "<=", 1.2))


def _load(bench: Bench) -> None:
    """Day by day, the last day last, so that no more than a day is held in memory."""
    lake, components = Lake(bench.folder / "lake"), bench.size(COMPONENTS, 5)
    days = bench.size(DAYS, 2)
    for number in range(days):
        day = health(components, MINUTES_PER_DAY, END - timedelta(days=days - number), seed=number)
        lake.write(ComponentHealth, stamped(day), Batch("bench/questions", number + 1))


def _copy(native: duckdb.DuckDBPyConnection, published: Path) -> None:
    native.execute(f"ATTACH '{published}' AS ours (READ_ONLY)")
    native.execute(
        "CREATE TABLE component_health AS FROM ours.component_health ORDER BY part_day, component_id, ts_start"
    )
    native.execute("DETACH ours")
    native.execute("CHECKPOINT")


def _ask(
    warehouse: Warehouse, native: duckdb.DuckDBPyConnection, sql: str, given: dict[str, object], times: int
) -> tuple[float, float]:
    """Median seconds of ours and of the native table. Raises AssertionError if their answers differ."""

    def ask_native() -> pl.DataFrame:
        answer: pl.DataFrame = native.cursor().sql(sql, params=given).pl()
        return answer

    assert_frame_equal(warehouse.rows(sql, given), ask_native(), check_row_order=False)
    ours_s, native_s = medians(times, lambda: warehouse.rows(sql, given), ask_native)
    return ours_s, native_s
