"""`aurora import`: a file becomes rows of a canonical table; columns match by name, the rest is told."""

import json
import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

import polars as pl

from aurora.contracts import COMMON, Row, Table, table_named
from aurora.errors import ContractError
from ingest import formats
from ingest.check import Reject, Stamp
from ingest.land import Landed, land, quarantine
from warehouse.lake import Batch, Lake

SLICE = 50_000


@dataclass(frozen=True)
class Imported:
    """What became of a file."""

    table: str
    landed: Landed
    left_out: tuple[str, ...]

    def sentence(self) -> str:
        """One line for a person."""
        told = f"{self.landed.row_count:,} rows into {self.table}"
        if self.landed.duplicate_count:
            told += f", {self.landed.duplicate_count:,} were there already"
        if self.landed.quarantined_count:
            told += f", {self.landed.quarantined_count:,} quarantined (see Sources)"
        if self.left_out:
            told += f"; columns without a place: {', '.join(self.left_out)}"
        return told


def import_file(
    lake: Lake,
    path: Path,
    *,
    format: str | None = None,
    table: str | None = None,
    source_instance: str | None = None,
    app_id: str | None = None,
) -> Imported:
    """Land a file; the same file again changes nothing more. Raises ContractError with one sentence."""
    target = _table_of(path, table)
    name = source_instance or re.sub(r"[^a-z0-9_-]+", "-", path.stem.lower()).strip("-") or "import"
    frame = _read(path, format)
    columns = [column for column in target.own_columns() if column not in COMMON]
    left_out = tuple(column for column in frame.columns if column not in columns and column not in COMMON)
    frame = frame.select([column for column in frame.columns if column in columns])
    if not frame.width:
        raise ContractError(f"{path}: no column is named like one of {target.spec.name}: {', '.join(columns)}")
    if app_id and "app_id" in columns:
        have = pl.col("app_id") if "app_id" in frame.columns else pl.lit(None, dtype=pl.String)
        frame = frame.with_columns(have.fill_null(app_id).alias("app_id"))
    stamp = Stamp("import", name, uuid.uuid4().hex, datetime.now(UTC))
    landed = Landed()
    for offset in range(0, frame.height, SLICE):
        landed += _land_slice(lake, target, frame.slice(offset, SLICE), path.name, offset, stamp)
    return Imported(target.spec.name, landed, left_out)


def _land_slice(lake: Lake, table: type[Table], frame: pl.DataFrame, file: str, offset: int, stamp: Stamp) -> Landed:
    stream = f"{stamp.source_instance}/import-{table.spec.name}"
    rows, rejects = _parsed(table, frame, file, offset)
    quarantine(lake, table, rejects, stamp, stream)
    while True:
        landed = land(lake, table, rows, stamp, Batch(stream, lake.cursor(table, stream)[0] + 1))
        if not landed.repeated:
            return landed + Landed(quarantined_count=len(rejects))


def _parsed(table: type[Table], frame: pl.DataFrame, file: str, offset: int) -> tuple[list[Row], list[Reject]]:
    """Rows with text read as its column's kind; a cell that cannot be read sends its row to quarantine."""
    kinds = table.dtypes()
    rows, rejects = [], []
    for number, row in enumerate(frame.iter_rows(named=True), offset + 2):
        parsed: Row = {}
        try:
            for name, value in row.items():
                parsed[name] = _cell(name, value, kinds[name])
        except ValueError as error:
            rejects.append(
                Reject("unreadable", f"{file}, line {number}: {error}", row | {"file": file, "line": number})
            )
        else:
            rows.append(parsed)
    return rows, rejects


def _cell(name: str, value: Any, kind: pl.DataType) -> Any:
    """A cell as its column's kind; text is parsed, anything else is left to the contract check. Raises ValueError."""
    if not isinstance(value, str):
        return value
    if value == "":
        return "" if kind == pl.String else None
    try:
        return _parse(value.strip(), kind)
    except (ValueError, KeyError, InvalidOperation) as error:
        raise ValueError(f"{name} = {value!r} is no {_spoken(kind)}") from error


def _parse(text: str, kind: pl.DataType) -> Any:
    if isinstance(kind, pl.Datetime):
        return _instant(text)
    if isinstance(kind, pl.Decimal):
        return Decimal(text)
    if isinstance(kind, pl.List):
        return json.loads(text) if text.startswith("[") else [part.strip() for part in text.split(";")]
    if kind == pl.Boolean:
        return {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}[text.lower()]
    if kind == pl.Date:
        return date.fromisoformat(text)
    if kind == pl.Int64:
        return int(text)
    if kind == pl.Float64:
        return float(text)
    if kind == pl.Binary:
        return bytes.fromhex(text)
    return text


def _instant(text: str) -> datetime:
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError("has no zone")
    return instant


def _spoken(kind: pl.DataType) -> str:
    if isinstance(kind, pl.Datetime):
        return "instant with a zone, such as 2026-03-01T10:00:00Z"
    words = {pl.Boolean: "true or false", pl.Date: "day, such as 2026-03-01", pl.Int64: "whole number"}
    return words.get(type(kind), "number")


def _table_of(path: Path, table: str | None) -> type[Table]:
    try:
        return table_named(table or path.stem)
    except KeyError as error:
        raise ContractError(f"{path}: {error.args[0]}: say which with --table") from error


def _read(path: Path, format: str | None) -> pl.DataFrame:
    readers = dict(_readers())
    by_ending = {ending: name for name, module in readers.items() for ending in module.ENDINGS}
    name = format or by_ending.get(path.suffix.lower(), "")
    if name not in readers:
        raise ContractError(f"{path}: cannot tell its format: say --format {' or '.join(readers)}")
    try:
        frame: pl.DataFrame = readers[name].read(path)
    except FileNotFoundError as error:
        raise ContractError(f"{path}: there is no such file") from error
    except (OSError, ValueError, pl.exceptions.PolarsError) as error:
        first = str(error).strip().splitlines()
        raise ContractError(f"{path}: this cannot be read as {name}: {first[0] if first else error}") from error
    return frame


def _readers() -> Iterator[tuple[str, Any]]:
    for module in iter_modules(formats.__path__):
        yield module.name, import_module(f"{formats.__name__}.{module.name}")
