"""System Health over 1,000 components and 30 days of minutes: server time, and whether history slows today down."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from shutil import copytree

from aurora.bench.data import MINUTES_PER_DAY
from aurora.bench.demo import settings_in
from aurora.bench.frame import Bench, Figure, Goal, benchmark
from aurora.bench.history import declare, load_days, rolled_up
from aurora.bench.measure import medians
from aurora.bench.pages import page_figures
from aurora.settings import ROOT
from warehouse.lake import Lake
from warehouse.query import Warehouse

COMPONENTS, DAYS, WEEK = 1_000, 30, 7
TIMES = 9
PAGE = ROOT / "pages" / "operate" / "system_health.py"
TODAY = {
    "status of every component": "from component_status",
    "uptime of 24 h": "from component_uptime where time_window = '24h'",
    "series of 24 h": "from health_series(since := $since, until := $until, bucket_s := 900)",
    "totals of 24 h": "from estate_totals(since := $since, until := $until)",
}


@benchmark
def system_health(bench: Bench) -> Iterator[Figure]:
    """Milliseconds of the page; 24-hour questions over 30 days of history against the same over 7 days of it."""
    components, days = bench.size(COMPONENTS, 5), bench.size(DAYS, 3)
    now, week = datetime.now(UTC).replace(second=0, microsecond=0), min(days - 1, WEEK)
    short, settings = settings_in(bench.folder / "week"), settings_in(bench.folder)
    declare(Lake(short.lake), components, now)
    load_days(Lake(short.lake), components, now, range(week))
    rolled_up(Lake(short.lake), short, now)
    copytree(short.lake, settings.lake)
    load_days(Lake(settings.lake), components, now, range(week, days))
    samples, took = components * MINUTES_PER_DAY * (days - week), rolled_up(Lake(settings.lake), settings, now)
    yield Figure(f"rolling up {samples:,} samples to hours and days", samples / took, "rows/s")
    for question, sql in TODAY.items():
        long_s, short_s = _asked(sql, now, Warehouse(settings.published), Warehouse(short.published))
        goal = Goal("ratio", "<=", 1.15)
        yield Figure(f"{question}, {days} days / {week} days kept", 1000 * long_s, "ms", 1000 * short_s, goal)
    yield from page_figures(bench, PAGE, settings, "System Health", (400, 150))


def _asked(sql: str, now: datetime, *warehouses: Warehouse) -> list[float]:
    """Median seconds of the question in each warehouse, by turns: what else runs slows all of them."""
    until = now.replace(tzinfo=None)
    span = {"since": until - timedelta(days=1), "until": until} if "$since" in sql else None
    return medians(TIMES, *(lambda one=one: one.rows(sql, span) for one in warehouses))
