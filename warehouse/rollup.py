"""Rollups: samples become hours and days, incrementally, by the same SQL by which pages read what is not rolled up yet.

Only intervals that are over are written. An interval is written again when samples of it landed late, or when
maintenance was announced for it; of an unchanged one the lake keeps what it has.
"""

import uuid
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl

from aurora.contracts.operations import ComponentHealth1d, ComponentHealth1h
from aurora.errors import ContractError
from warehouse.lake import Batch, Lake
from warehouse.publish import current
from warehouse.query import Warehouse

Rollup = type[ComponentHealth1h]
LEVELS: tuple[tuple[Rollup, int], ...] = ((ComponentHealth1h, 3600), (ComponentHealth1d, 86_400))
SETTLE = timedelta(minutes=5)  # how long after its end an interval waits for its last samples
OVERLAP = timedelta(hours=1)  # a row is stamped when its run starts and seen when it lands
BEGINNING = datetime(1970, 1, 1)  # noqa: DTZ001  instants in the warehouse have no zone
TOUCHED = """
    with landed as (
      select distinct time_bucket(to_seconds($step_s), ts_start, timestamp '2000-01-01') as step_at
      from component_health where ingested_at > $seen
    )
    , announced as (
      select unnest(generate_series(
               time_bucket(to_seconds($step_s), starts_at, timestamp '2000-01-01'),
               least(ends_at, utc_now()), to_seconds($step_s))) as step_at
      from maintenance_windows where changed_at > $seen and $is_first = false
    )
    select step_at from landed union select step_at from announced order by step_at"""
ROLLED = """
    from health_rolled(since := $since, until := $until, step_s := $step_s)
    where list_contains($steps, ts_start) order by component_id, ts_start"""


def roll_up(lake: Lake, published: Path, now: datetime) -> int:
    """Write the hours and days that are over and new, or told otherwise by now; returns how many rows changed."""
    if current(published) is None:
        return 0
    warehouse = Warehouse(published)
    return sum(_roll(lake, warehouse, table, step_s, now.astimezone(UTC)) for table, step_s in LEVELS)


def _roll(lake: Lake, warehouse: Warehouse, table: Rollup, step_s: int, now: datetime) -> int:
    stream = f"aurora/{table.spec.name}"
    number, cursor = lake.cursor(table, stream)
    reached = {"seen": (now - OVERLAP).replace(tzinfo=None).isoformat()}
    days = _touched(warehouse, step_s, cursor, now)
    written = 0
    for index, (day, steps) in enumerate(days, 1):
        since = datetime(day.year, day.month, day.day)  # noqa: DTZ001
        span = {"since": since, "until": since + timedelta(days=1), "step_s": step_s, "steps": steps}
        frame = _checked(table, warehouse.rows(ROLLED, span), now)
        # The cursor moves with the last day only: a kill in between rolls all of them up again.
        batch = Batch(stream, number + index, reached if index == len(days) else cursor)
        written += lake.write(table, frame, batch).row_count
    return written


def _touched(
    warehouse: Warehouse, step_s: int, cursor: dict[str, object] | None, now: datetime
) -> list[tuple[date, list[datetime]]]:
    """The intervals to write, oldest first, by day (UTC)."""
    until = (now - SETTLE).replace(tzinfo=None)
    seen = datetime.fromisoformat(str(cursor["seen"])) if cursor else BEGINNING
    asked = {"seen": seen, "step_s": step_s, "is_first": not cursor}
    steps = [at for at in warehouse.rows(TOUCHED, asked)["step_at"] if at + timedelta(seconds=step_s) <= until]
    days: dict[date, list[datetime]] = {}
    for at in steps:
        days.setdefault(at.date(), []).append(at)
    return list(days.items())


def _checked(table: Rollup, rows: pl.DataFrame, now: datetime) -> pl.DataFrame:
    common = {"source": "aurora", "ingested_at": now, "run_id": uuid.uuid4().hex}
    full = rows.with_columns(pl.lit(value).alias(name) for name, value in common.items())
    good, failure = table.filter(full.cast(pl.Schema(table.dtypes())))
    if len(failure):
        raise ContractError(f"{table.spec.name}: rows break the contract: {', '.join(failure.counts())}")
    return pl.DataFrame(good)
