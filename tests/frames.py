"""Rows made by hand for tests: the least a contract takes, every column filled, and how they get into a lake."""

import json
import os
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import dataframely as dy
import polars as pl

from aurora.contracts import COMMON, Row, Table
from aurora.contracts.columns import words_of
from aurora.settings import Settings
from ingest.check import Stamp, check
from ingest.land import Landed, land
from warehouse.lake import Batch, Lake

ROOT = Path(__file__).resolve().parent.parent
NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
EXACT = Decimal("12345678901234567890.123456789012345678")


def stamp(source_instance: str = "t1", source: str = "test", run_id: str = "run-1", at: datetime = NOW) -> Stamp:
    """What landing adds."""
    return Stamp(source, source_instance, run_id, at)


def row(table: type[Table], number: int = 0, **values: Any) -> Row:
    """The least row that the contract takes: required columns only, distinct for each number."""
    own = {name: column for name, column in table.columns().items() if name not in COMMON}
    return {name: _value(name, column, number) for name, column in own.items() if not column.nullable} | values


def full_row(table: type[Table], number: int = 0, **values: Any) -> Row:
    """A row with every column filled."""
    own = {name: column for name, column in table.columns().items() if name not in COMMON}
    return {name: _value(name, column, number) for name, column in own.items()} | values


def _value(name: str, column: dy.Column, number: int) -> Any:
    kind = column.dtype
    if words := words_of(column):
        return words[number % len(words)]
    if isinstance(column, dy.String) and (column.metadata or {}).get("json"):
        return f'{{"n": {number}, "text": "é \\"x\\""}}'
    if isinstance(kind, pl.Datetime):
        return NOW + number * MINUTE + timedelta(microseconds=1 + len(name))
    if kind == pl.List(pl.Int64):
        return [1, 2**40 + number]
    values: dict[type[pl.DataType], Any] = {
        pl.String: f"{name}-{number}",
        pl.Date: date(2026, 3, 1) + number * DAY,
        pl.Boolean: number % 2 == 0,
        pl.Float64: 0.1 + number,
        pl.Int64: 2**53 + 1 + number,
        pl.Decimal: EXACT - number,
        pl.List: [f"a{number}", 'b "quoted", [x]', "ü\n"],
        pl.Binary: b"\x00\xff" + bytes([number % 256]),
    }
    return values[type(kind)]


def frame(table: type[Table], rows: list[Row], source_instance: str = "t1", at: datetime = NOW) -> pl.DataFrame:
    """Rows as the checked frame that the lake takes. Fails if one breaks the contract."""
    checked = check(table, rows, stamp(source_instance, at=at))
    assert not checked.rejects, checked.rejects
    return checked.good


def put(lake: Lake, table: type[Table], rows: list[Row], source_instance: str = "t1", source: str = "test") -> Landed:
    """Land rows as the next batch of a stream of their own; none may be refused."""
    stream = f"{source_instance}/test-{table.spec.name}"
    batch = Batch(stream, lake.cursor(table, stream)[0] + 1)
    landed = land(lake, table, rows, stamp(source_instance, source), batch)
    assert landed.quarantined_count == 0
    return landed


def settings(**values: Any) -> Settings:
    """Settings as they come from a file that says this."""
    return Settings(**values)


def health(component_id: str, start: datetime, seconds: float = 60, **values: Any) -> Row:
    """One health sample."""
    return {"component_id": component_id, "ts_start": start, "ts_end": start + timedelta(seconds=seconds)} | values


def component(component_id: str, **values: Any) -> Row:
    """One component, seen now."""
    least = {"component_id": component_id, "name": component_id, "type": "server"}
    return least | {"first_seen_at": NOW - 90 * DAY, "last_seen_at": NOW} | values


def link(app_id: str, kind: str, native_id: str, **values: Any) -> Row:
    """One confirmed link of an application."""
    return {
        "app_id": app_id,
        "kind": kind,
        "native_id": native_id,
        "path_prefix": "",
        "is_pattern": False,
        "method": "explicit",
        "state": "confirmed",
        "updated_at": NOW,
    } | values


def edit(app_id: str, field: str, after: Any, number: int = 1, action: str = "set", **values: Any) -> Row:
    """What a person said of a field of an application, `number` minutes before now; `after` is put into JSON."""
    told: Row = {"edit_id": f"{app_id}-{field}-{number}-{action}"}
    told |= {"entity_type": "app", "entity_id": app_id, "field": field}
    told |= {"action": action, "after": json.dumps(after), "changed_by": "ann", "changed_at": NOW - number * MINUTE}
    return told | values


def python(script: str, *args: object) -> subprocess.Popen[str]:
    """A process that runs the script with the project on its path."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AURORA_")}
    environment |= {"PYTHONPATH": str(ROOT), "POLARS_MAX_THREADS": "1"}
    return subprocess.Popen(
        [sys.executable, "-c", script, *map(str, args)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
        cwd=ROOT,
    )


def finished(process: subprocess.Popen[str], timeout_s: float = 60) -> str:
    """What the process said; fails with its error output unless it ended well."""
    out, err = process.communicate(timeout=timeout_s)
    assert process.returncode == 0, err[-3000:]
    return out
