"""Report files of Apple: packed tables with tabs, read line by line; and rows that several reports tell parts of."""

import gzip
import re
import zlib
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any, BinaryIO

import polars as pl

from aurora.contracts import COMMON, Row, Table
from aurora.errors import SourceError
from ingest.connector import Run
from ingest.vendors.app_store_api import FAULTS, PACIFIC, text

MAX_LINE = 64 * 1024
MAX_LINES = 5_000_000
KEPT = 50  # unreadable lines of a file that are kept whole
_SYNONYMS = {"count": "counts", "crashes": "counts", "unique counts": "unique devices"}
Line = dict[str, str]
Key = tuple[str, str]  # version and country, "" for all
Counts = dict[Key, dict[str, float]]


def lines(run: Run[Any], path: Path, needed: tuple[str, ...]) -> Iterator[Line]:
    """The lines of a report by the lower-case names of its columns.

    Raises SourceError: schema_drift for a file that is no such report, partial for one that breaks off.
    """
    who = f"{run.source_instance}: a report of Apple"
    try:
        with _opened(path) as file:
            names = [_SYNONYMS.get(name, name) for name in map(str.lower, _cells(file.readline(MAX_LINE)))]
            if absent := [name for name in needed if name not in names]:
                raise SourceError(f"{who} has no column {', '.join(absent)} ({str(names)[:120]})", "schema_drift")
            for number in range(MAX_LINES + 1):
                line = file.readline(MAX_LINE)
                if not line:
                    return
                if number == MAX_LINES or len(line) == MAX_LINE:
                    raise SourceError(f"{who} passes {MAX_LINES:,} lines or {MAX_LINE:,} bytes a line", "schema_drift")
                if number % 10_000 == 0:
                    run.remaining_s()
                if line.strip():
                    yield dict(zip(names, _cells(line), strict=False))
    except (OSError, EOFError, zlib.error) as error:
        raise SourceError(f"{who} broke off ({type(error).__name__}): tried again later", "partial") from error


def _opened(path: Path) -> BinaryIO:
    with path.open("rb") as file:
        is_packed = file.read(2) == b"\x1f\x8b"
    # A proxy may have unpacked it on its way.
    return gzip.open(path, "rb") if is_packed else path.open("rb")  # type: ignore[return-value]


def _cells(line: bytes) -> list[str]:
    whole = line.decode("utf-8-sig", errors="replace").rstrip("\r\n")
    return [cell.strip().removeprefix('"').removesuffix('"').strip() for cell in whole.split("\t")]


def number(told: str) -> int:
    """A count. Raises ValueError for what is none."""
    if not re.fullmatch(r"\d{1,15}(\.0+)?", told):
        raise ValueError(f"{told[:20]!r} is no count")
    return int(told.partition(".")[0])


def measured(told: str) -> float:
    """A measure. Raises ValueError for what is none."""
    if not re.fullmatch(r"\d{1,15}(\.\d{1,15})?", told):
        raise ValueError(f"{told[:20]!r} is no measure")
    return float(told)


def version_of(told: str) -> str:
    """A version as a part of a key."""
    return text(told, 100) or ""


class Unreadable:
    """Lines that could not be read: the first ones are quarantined whole, of the others only how many there are."""

    def __init__(self, run: Run[Any], table: type[Table], name: str) -> None:
        self.run, self.table, self.name, self.count = run, table, name, 0

    def read(self, line: Line, read: Callable[[Line], Any]) -> Any:
        """What `read` makes of a line, None if it cannot."""
        try:
            return read(line)
        except FAULTS as error:
            self.count += 1
            if self.count <= KEPT:
                told = f"a line of {self.name} cannot be read ({type(error).__name__}: {str(error)[:200]})"
                self.run.refuse(self.table, "unreadable", told, {key: cell[:200] for key, cell in line.items()})
            return None

    def close(self) -> None:
        """Tell how many more there were."""
        if self.count > KEPT:
            told = f"{self.count - KEPT:,} more lines of {self.name} cannot be read"
            self.run.refuse(self.table, "unreadable", told, {"report": self.name, "count": self.count})


class Parts:
    """Rows of a table by version, country and day of which several reports tell parts.

    A report that tells a day anew replaces its own columns of that day, and leaves those of the others as they landed.
    """

    def __init__(self, run: Run[Any], table: type[Table]) -> None:
        self.table, self.fresh = table, dict[tuple[str, date], dict[Key, Row]]()
        self.landed = run.landed(table).drop(COMMON, strict=False)
        self.names = tuple(name for name in ("version", "country") if name in table.column_names())
        self.fixed = {"day_tz": PACIFIC} if "day_tz" in table.column_names() else {}

    def day(self, app_id: str, day: date) -> dict[Key, Row]:
        """The rows of a day as they stand now."""
        if (app_id, day) not in self.fresh:
            mine = self.landed.filter(pl.col("store_app_id") == app_id, pl.col("day") == day)
            found = mine.iter_rows(named=True)
            self.fresh[app_id, day] = {(row.get("version", ""), row.get("country", "")): row for row in found}
        return self.fresh[app_id, day]

    def retold(self, app_id: str, day: date, told: Counts, own: tuple[str, ...]) -> Iterator[Row]:
        """The rows of a day that a report tells anew: what it does not tell any more is null again."""
        rows = self.day(app_id, day)
        for key in [*rows, *(key for key in told if key not in rows)]:
            place = {name: key[("version", "country").index(name)] for name in self.names}
            before = rows.get(key, {"store_app_id": app_id, "day": day} | place)
            row = before | self.fixed | {name: told.get(key, {}).get(name) for name in own}
            if key not in rows or any(row[name] != before.get(name) for name in row):
                rows[key] = row
                yield row
