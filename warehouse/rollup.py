"""Rollups: samples become hours and days, incrementally, by the same SQL by which pages read what is not rolled up yet.

Only intervals that are over are written. An interval is written again when samples of it landed late, or when
maintenance was announced for it. The cursor says which version of the samples was seen, since when rows count as news,
and which intervals were not over by then.
"""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from aurora.contracts.operations import ComponentHealth, ComponentHealth1d, ComponentHealth1h
from aurora.errors import ContractError
from warehouse.lake import Batch, Lake
from warehouse.publish import Generation, current
from warehouse.query import Warehouse

Rollup = type[ComponentHealth1h]
LEVELS: tuple[tuple[Rollup, int], ...] = ((ComponentHealth1h, 3600), (ComponentHealth1d, 86_400))
SETTLE = timedelta(minutes=5)  # how long after its end an interval waits for its last samples
OVERLAP = timedelta(hours=1)  # a row is stamped when its run starts and seen when it lands
SAMPLES_AT_ONCE = 2_000_000
LANDED = """
    select time_bucket(to_seconds($step_s), ts_start, timestamp '2000-01-01') as step_at, count(*) as n
    from read_parquet($files, hive_partitioning = false) where ingested_at > $seen group by step_at"""
ANNOUNCED = """
    select distinct unnest(generate_series(time_bucket(to_seconds($step_s), starts_at, timestamp '2000-01-01'),
                           least(ends_at, utc_now()), to_seconds($step_s))) as step_at
    from maintenance_windows
    where maintenance_id in (select maintenance_id from maintenance_windows where changed_at > $seen)"""
# What landed so late that its interval's other samples are gone already does not replace what they came to.
ROLLED = """
    from health_rolled(since := $since, until := $until, step_s := $step_s) r
    where list_contains($steps, r.ts_start) and not exists (
      select 1 from {table} k
      where k.component_id = r.component_id and k.ts_start = r.ts_start and k.sample_count > r.sample_count
        and k.{part} >= date_trunc('month', $since)::date)
    order by r.component_id, r.ts_start"""


@dataclass(frozen=True)
class Level:
    """One rollup table as it is filled at one instant (UTC without zone), from one generation."""

    table: Rollup
    step_s: int
    lake: Lake
    warehouse: Warehouse
    generation: Generation
    now: datetime

    def fill(self) -> int:
        """Write the intervals that are over and new or told otherwise; returns how many rows changed."""
        stream = f"aurora/{self.table.spec.name}"
        number, cursor = self.lake.cursor(self.table, stream)
        touched = self._touched(cursor or {})
        over = {at: n for at, n in touched.items() if at + timedelta(seconds=self.step_s) + SETTLE <= self.now}
        chunks, written = list(_chunks(over)), 0
        reached = self._reached([at for at in touched if at not in over])
        for index, steps in enumerate(chunks, 1):
            # The cursor moves with the last chunk only: a kill in between rolls all of them up again.
            batch = Batch(stream, number + index, reached if index == len(chunks) else cursor)
            written += self.lake.write(self.table, self._rolled(steps), batch).row_count
        return written

    def _touched(self, cursor: dict[str, Any]) -> dict[datetime, int]:
        """The intervals that have news, oldest first, and about how many samples each has."""
        seen = datetime.fromisoformat(cursor["seen"]) if cursor else datetime.min  # noqa: DTZ901
        asked = {"step_s": self.step_s, "seen": max(seen, datetime(1970, 1, 1))}  # noqa: DTZ001
        until = self.generation.versions.get(ComponentHealth.spec.name)
        files = [] if until is None else self.lake.files_since(ComponentHealth, cursor.get("version"), until)
        steps = dict.fromkeys((datetime.fromisoformat(at) for at in cursor.get("open", [])), 0)
        if files:
            steps |= dict(self.warehouse.rows(LANDED, asked | {"files": files}).iter_rows())
        if cursor:
            steps |= {at: steps.get(at, 0) for at in self.warehouse.rows(ANNOUNCED, asked)["step_at"]}
        return dict(sorted(steps.items()))

    def _reached(self, unfinished: list[datetime]) -> dict[str, Any]:
        return {
            "version": self.generation.versions.get(ComponentHealth.spec.name),
            "seen": (self.now - OVERLAP).isoformat(),
            "open": [at.isoformat() for at in unfinished],
        }

    def _rolled(self, steps: list[datetime]) -> pl.DataFrame:
        span = {"since": steps[0], "until": steps[-1] + timedelta(seconds=self.step_s)}
        sql = ROLLED.format(table=self.table.spec.name, part=self.table.spec.part_column)
        rows = self.warehouse.rows(sql, span | {"step_s": self.step_s, "steps": steps})
        common = {"source": "aurora", "ingested_at": self.now.replace(tzinfo=UTC), "run_id": uuid.uuid4().hex}
        full = rows.with_columns(pl.lit(value).alias(name) for name, value in common.items())
        good, failure = self.table.filter(full.cast(pl.Schema(self.table.dtypes())))
        if len(failure):
            raise ContractError(f"{self.table.spec.name}: rows break the contract: {', '.join(failure.counts())}")
        return pl.DataFrame(good)


def roll_up(lake: Lake, published: Path, now: datetime) -> int:
    """Write the hours and days that are over and new, or told otherwise by now; returns how many rows changed."""
    generation = current(published)
    if generation is None:
        return 0
    at = now.astimezone(UTC).replace(tzinfo=None)
    warehouse = Warehouse(published)
    return sum(Level(table, step_s, lake, warehouse, generation, at).fill() for table, step_s in LEVELS)


def _chunks(steps: dict[datetime, int]) -> Iterator[list[datetime]]:
    """Intervals in order, so many at once that memory suffices."""
    chunk: list[datetime] = []
    samples = 0
    for at, n in steps.items():
        if chunk and samples + n > SAMPLES_AT_ONCE:
            yield chunk
            chunk, samples = [], 0
        chunk.append(at)
        samples += n
    if chunk:
        yield chunk
