"""History for the benchmarks: components with a sample a minute over whole days, landed, published and rolled up."""

from datetime import UTC, datetime, timedelta

import polars as pl

from aurora.bench.data import MINUTES_PER_DAY, health, stamped
from aurora.bench.measure import seconds
from aurora.contracts import Table
from aurora.contracts.estate import Components
from aurora.contracts.operations import ComponentHealth
from aurora.settings import Settings
from ingest.check import Stamp
from ingest.land import land
from warehouse.lake import Batch, Lake
from warehouse.publish import publish
from warehouse.rollup import roll_up


def declare(lake: Lake, components: int, now: datetime) -> None:
    """Land that many components."""
    rows = [
        {
            "component_id": f"bench:component-{number:04d}", "name": f"component-{number:04d}", "type": "api",
            "first_seen_at": now - timedelta(days=90), "last_seen_at": now,
        }
        for number in range(components)
    ]  # fmt: skip
    land(lake, Components, rows, Stamp("bench", "bench", "bench-run", now), Batch("bench/components", 1))


def landed(lake: Lake, table: type[Table], rows: list[dict[str, object]] | pl.DataFrame, now: datetime) -> None:
    """Land rows of any table as one more batch."""
    stream = f"prod/{table.spec.name}"
    land(lake, table, rows, Stamp("bench", "prod", "bench", now), Batch(stream, lake.cursor(table, stream)[0] + 1))


def load_days(lake: Lake, components: int, now: datetime, ago: range) -> None:
    """Whole days that end now, a day at a time, so that no more than one is held in memory."""
    for number in ago:
        day = health(components, MINUTES_PER_DAY, now - timedelta(days=number + 1), seed=number)
        lake.write(ComponentHealth, stamped(day, datetime.now(UTC)), Batch("bench/history", number + 1))


def rolled_up(lake: Lake, settings: Settings, now: datetime) -> float:
    """Publish, roll up and publish again; returns the seconds that rolling up took."""
    publish(lake, settings.data)
    took = seconds(lambda: roll_up(lake, settings.published, now))
    publish(lake, settings.data)
    return took
