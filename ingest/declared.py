"""What files declare about the estate, gathered whole before it is yielded: applications, links, teams, objectives.

A connector reads its files, adds rows and faults, and yields `items(...)` for the tables its stream names. So every
such connector keeps the same promises: what an untouched entry says keeps its date, an entry that is gone goes, a file
that cannot be read keeps what it said before, and every fault is listed with file and line.
"""

import hashlib
from collections.abc import Callable, Iterator
from typing import Any

import polars as pl

from aurora.contracts import COMMON, Row, Table
from aurora.contracts.estate import RegistryFaults
from ingest.connector import Item, Run

MAX_FAULTS = 1_000
_VERSION = ("version", "changed_by", "changed_at", "reason", "is_deleted")
# Where and when a thing is said is no part of what is said: a line that moved changes nothing.
_AROUND = {*COMMON, *_VERSION, "declared_in", "line", "updated_at", "found_at", "first_seen_at", "last_seen_at"}
Key = tuple[Any, ...]


class Declared:
    """Rows and faults of one run, by table; a row may carry `declared_in` ("file:line") whatever its table."""

    def __init__(self, run: Run[Any]) -> None:
        self.run = run
        self.rows: dict[type[Table], dict[Key, Row]] = {}
        self.faults: list[Row] = []
        self.more_faults = 0
        self.broken_files: set[str] = set()
        self._seen: dict[str, int] = {}

    def add(self, table: type[Table], row: Row) -> bool:
        """Gather a row. False for a second one of its key: that is left out and, unless its table is upserted, a fault.

        `first_seen_at` and `last_seen_at` may be absent: they are now, and the lake keeps the first sighting.
        """
        rows = self.rows.setdefault(table, {})
        key = _key(table, row)
        first = rows.setdefault(key, row)
        if first is not row and table.spec.mode != "upsert":
            self._doubled(table, key, first, row)
        return first is row

    def knows(self, table: type[Table], row: Row) -> bool:
        """True if a row of this key was added."""
        return _key(table, row) in self.rows.get(table, {})

    def fault(
        self,
        file: str,
        line: int | None,
        message: str,
        *,
        entity: str | None = None,
        field: str | None = None,
        refused: bool = False,
    ) -> None:
        """List what is wrong; `message` stands alone and says what to write instead, `refused` leaves the entry out."""
        if len(self.faults) >= MAX_FAULTS:
            self.more_faults += 1
            return
        entity, field, told = _short(entity, 200), _short(field, 100), _short(message, 500)
        same = "\0".join((file, entity or "", field or "", told or ""))
        self._seen[same] = self._seen.get(same, 0) + 1
        digest = hashlib.sha256(f"{same}\0{self._seen[same]}".encode(errors="replace")).hexdigest()[:32]
        place = {"file": _short(file, 500) or "?", "line": line, "entity_id": entity, "field": field}
        self.faults.append({"fault_id": digest, **place, "message": told or "?", "is_refused": refused})

    def broken(self, file: str, line: int | None, message: str) -> None:
        """Say that the whole file (or folder) cannot be read: what it said before stays."""
        self.broken_files.add(file)
        self.fault(file, line, message, refused=True)

    def items(self, *tables: type[Table]) -> Iterator[Item]:
        """Everything to yield for these tables, in their order; warns once if there are faults."""
        if self.faults:
            self.run.warn(self._sentence())
            self.rows[RegistryFaults] = {(row["fault_id"],): row for row in self.faults}
        for table in tables:
            if table.spec.mode == "replace":
                yield from self._whole(table)
            elif table.spec.mode == "versioned":
                yield from ((table, row) for row in self._versions(table))
            else:
                fitted = _fitter(table)
                seen = {
                    name: self.run.now for name in ("first_seen_at", "last_seen_at") if name in table.column_names()
                }
                yield from ((table, fitted(seen | row)) for row in self.rows.get(table, {}).values())

    def _whole(self, table: type[Table]) -> Iterator[Item]:
        """The full set of a table that is replaced, each row with the date since which it says what it says."""
        before, declared, said = self._before(table), self.rows.get(table, {}), _said(table)
        rows = []
        for key, row in declared.items():
            old = before.get(key)
            since = old[table.spec.time] if old and said(row) == said(old) else self.run.now
            rows.append(row | {table.spec.time: since})
        rows += [row for key, row in before.items() if key not in declared and self._stays(table, row)]
        fitted = [*map(_fitter(table), rows)]
        frame = _frame(table, fitted)
        yield from [(table, frame)] if frame is not None else [(table, row) for row in fitted]

    def _versions(self, table: type[Table]) -> Iterator[Row]:
        """A version of each thing that is new or changed, and a last one of each thing that is gone."""
        before, declared, said = self._before(table), self.rows.get(table, {}), _said(table)
        for key, row in declared.items():
            old = before.get(key)
            if old is None or old["is_deleted"] or said(row) != said(old) or _file(row) != _file(old, _file(row)):
                yield self._version(table, row, old, is_deleted=False)
        for key, old in before.items():
            if key not in declared and not old["is_deleted"] and not self._stays(table, old):
                yield self._version(table, old | {"reason": None}, old, is_deleted=True)

    def _version(self, table: type[Table], row: Row, old: Row | None, *, is_deleted: bool) -> Row:
        number = old["version"] + 1 if old else 1
        marks = {"version": number, "changed_by": self.run.source_instance, "changed_at": self.run.now}
        return _fitter(table)(row | marks | {"is_deleted": is_deleted})

    def kept(self, table: type[Table]) -> list[Row]:
        """Rows that landed before, are not declared now and stay, since a broken file may still mean them."""
        if not self.broken_files:
            return []
        declared = self.rows.get(table, {})
        return [row for key, row in self._before(table).items() if key not in declared and self._stays(table, row)]

    def _before(self, table: type[Table]) -> dict[Key, Row]:
        """What this source landed before, the last version of each thing."""
        frame = self.run.landed(table)
        if table.spec.mode == "versioned":
            frame = frame.sort("version")
        return {_key(table, row): row for row in frame.drop(COMMON, strict=False).iter_rows(named=True)}

    def _stays(self, table: type[Table], row: Row) -> bool:
        """True for a row that a broken file may still mean, although nothing declares it now."""
        if not self.broken_files or table is RegistryFaults:
            return False
        if "declared_in" not in row:
            return True
        starts = tuple(f"{file}{sign}" for file in self.broken_files for sign in ":/")
        return bool((row["declared_in"] or "").startswith(starts))

    def _doubled(self, table: type[Table], key: Key, first: Row, second: Row) -> None:
        there, here = (_told(row.get("declared_in")) for row in (first, second))
        thing = f"{table.spec.name.removesuffix('s')} {' '.join(str(part) for part in key if part)}".replace("_", " ")
        file, line = _place(second.get("declared_in"))
        message = f"{thing} stands here ({here}) and in {there}: the first counts, remove one of them"
        self.fault(file, line, message, entity=str(key[0]), refused=True)

    def _sentence(self) -> str:
        first, more = self.faults[0], len(self.faults) + self.more_faults - 1
        where = f"{first['file']}, line {first['line']}" if first["line"] else first["file"]
        return f"{where}: {first['message']}" + (f"; and {more} more: see Registry" if more else "")


def _key(table: type[Table], row: Row) -> Key:
    """The key within one source, without its version."""
    return tuple(row.get(name) for name in table.spec.key if name not in ("source_instance", "version"))


def _said(table: type[Table]) -> Callable[[Row], list[Any]]:
    """What a row says, apart from when and where it is said."""
    names = [name for name in table.own_columns() if name not in _AROUND]
    return lambda row: [row.get(name) for name in names]


def _fitter(table: type[Table]) -> Callable[[Row], Row]:
    """Takes from a row the place where it stands, if its table has no column for that."""
    if "declared_in" in table.column_names():
        return lambda row: row
    return lambda row: {name: value for name, value in row.items() if name != "declared_in"}


def _frame(table: type[Table], rows: list[Row]) -> pl.DataFrame | None:
    """The rows column by column, which lands many times faster; None if the contract check has to look at each."""
    kinds = {name: kind for name, kind in table.dtypes().items() if name not in COMMON}
    if any(row.keys() - kinds.keys() for row in rows) or any(isinstance(kind, pl.Decimal) for kind in kinds.values()):
        return None
    try:
        return pl.DataFrame([pl.Series(name, [row.get(name) for row in rows], kind) for name, kind in kinds.items()])
    except (TypeError, ValueError, OverflowError, pl.exceptions.PolarsError):
        return None


def _place(declared_in: str | None) -> tuple[str, int | None]:
    """("file", line) of "file:line"."""
    file, _, line = (declared_in or "").rpartition(":")
    return (file, int(line)) if file and line.isdecimal() else (declared_in or "?", None)


def _file(row: Row, otherwise: str | None = None) -> str | None:
    """The file that declares the row; `otherwise` if its table does not keep that."""
    return _place(row["declared_in"])[0] if row.get("declared_in") else otherwise


def _told(declared_in: str | None) -> str:
    file, line = _place(declared_in)
    return f"{file}, line {line}" if line else file


def _short(text: str | None, limit: int) -> str | None:
    """Text that can be stored and shown: bounded, without halves of surrogate pairs and control characters."""
    if text is None:
        return None
    whole = "".join(sign if sign.isprintable() else " " for sign in text[: limit + 1]).encode(errors="replace").decode()
    return (whole if len(whole) <= limit else whole[: limit - 1] + "…").strip() or None
