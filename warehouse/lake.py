"""The lake: one Delta table per canonical table. The only module that writes it.

Every commit of a stream carries two application transactions: the stream's batch number, by which a repeated batch is
recognised, and a turn of its source_instance, which makes "look for the keys, then write" one step: of two writers of
one source_instance that read the same snapshot, the second is refused and looks again.
"""

import json
import random
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

import polars as pl
from deltalake import DeltaTable, Transaction
from deltalake.exceptions import CommitFailedError, DeltaError, TableNotFoundError

from aurora.contracts import TABLES, Table
from aurora.errors import LakeError, LostRaceError
from warehouse import delta
from warehouse import rows as of_rows

TRIES = 25
T = TypeVar("T")


@dataclass(frozen=True)
class Batch:
    """Which slice of which stream a write is: `stream` is "<source_instance>/<stream>", numbers grow by one.

    `is_whole`: the rows are all that the source has, so that none means that there is nothing any more.
    `is_alone`: what a replaced table holds of the source beside them goes, in whatever slice it lies.
    """

    stream: str
    number: int
    cursor: dict[str, Any] | None = None
    is_whole: bool = False
    is_alone: bool = False


@dataclass(frozen=True)
class Written:
    """What a write did: rows that are new or changed, rows that were there already, and whether the batch was known."""

    row_count: int = 0
    duplicate_count: int = 0
    repeated: bool = False


class Lake:
    """All tables under one root: a folder, or an object store's URL with its storage options."""

    def __init__(self, root: Path | str, storage_options: Mapping[str, str] | None = None) -> None:
        self.root = str(root).rstrip("/")
        self.storage_options = dict(storage_options or {}) or None
        self._handles: dict[str, DeltaTable] = {}
        self._locks = {name: threading.RLock() for name in TABLES}
        self._cursors: dict[tuple[str, str], tuple[int, dict[str, Any] | None]] = {}

    def uri(self, table: type[Table]) -> str:
        """Where the table lies."""
        return f"{self.root}/{table.spec.name}"

    def open(self, table: type[Table]) -> DeltaTable | None:
        """The table at its newest version, or None while nothing was ever written to it."""
        name = table.spec.name
        with self._locks[name]:
            handle = self._handles.get(name)
            try:
                if handle is None:
                    handle = DeltaTable(self.uri(table), storage_options=self.storage_options)
                else:
                    handle.update_incremental()
            except TableNotFoundError:
                self._handles.pop(name, None)
                return None
            self._handles[name] = handle
            return handle

    def version(self, table: type[Table]) -> int | None:
        """The table's newest version, None while it does not exist."""
        handle = self.open(table)
        return None if handle is None else handle.version()

    def files(self, table: type[Table]) -> list[str]:
        """The Parquet files of the newest version."""
        handle = self.open(table)
        return [] if handle is None else [of_rows.as_path(uri) for uri in handle.file_uris()]

    def files_since(self, table: type[Table], before: int | None, until: int) -> list[str]:
        """The Parquet files of version `until` that version `before` had not; all of them where that is forgotten."""
        found, known = (delta.files_at(self.uri(table), one, self.storage_options) for one in (until, before))
        return sorted(of_rows.as_path(uri) for uri in found - known)

    def was_reset(self, table: type[Table], stream: str) -> bool:
        """True if the stream's rows were forgotten and nothing has landed since."""
        handle = self.open(table)
        for commit in handle.history() if handle else ():
            if stream in json.loads(commit.get("forgot", "[]")):
                return True
            if commit.get("stream") == stream:
                return False
        return False

    def has_evolved(self, table: type[Table]) -> bool:
        """True if the table gained a column after its first files were written."""
        handle = self.open(table)
        return bool(handle and handle.metadata().configuration.get(delta.EVOLVED))

    def read(self, table: type[Table]) -> pl.DataFrame:
        """All rows, instants without zone, for maintenance and tests; pages read the warehouse instead."""
        return self.scan(table).collect()

    def scan(self, table: type[Table]) -> pl.LazyFrame:
        """The same, lazily: for who wants few columns of it."""
        files = self.files(table)
        return of_rows.scan(table, files) if files else of_rows.stored(table, table.empty()).lazy()

    def cursor(self, table: type[Table], stream: str) -> tuple[int, dict[str, Any] | None]:
        """The last batch number of a stream (0 = none) and the cursor that was committed with it."""
        handle = self.open(table)
        number = (handle.transaction_version(stream) or 0) if handle else 0
        known = self._cursors.get((table.spec.name, stream))
        if handle and number and (known is None or known[0] != number):
            known = (number, delta.cursor_in_log(handle, stream, number))
            self._cursors[table.spec.name, stream] = known
        return known if known and number else (number, None)

    def write(self, table: type[Table], frame: pl.DataFrame, batch: Batch) -> Written:
        """Write checked rows in the table's mode, cursor included, once however often the batch is repeated."""
        frame = of_rows.stored(table, frame)
        if table.spec.mode in ("replace", "snapshot"):
            return self._attempt(table, lambda handle: self._replace(table, handle, frame, batch))
        return self._attempt(table, lambda handle: self._merge_in(table, handle, frame, batch))

    def write_version(self, table: type[Table], frame: pl.DataFrame, expected: int) -> None:
        """Write one row as version `expected` + 1 of its thing. Raises LostRaceError if another one was first."""
        frame = of_rows.stored(table, frame)
        names = [name for name in table.spec.key if name != "version"]
        thing = "/".join([table.spec.name, *(str(frame[name][0]) for name in names)])

        def attempt(handle: DeltaTable) -> None:
            if (handle.transaction_version(thing) or 0) != expected:
                raise LostRaceError(f"{thing} was changed by somebody else meanwhile: reload and decide again")
            delta.append(handle, frame, [Transaction(thing, expected + 1)], {})

        self._attempt(table, attempt)

    def forget(self, table: type[Table], source_instance: str, streams: list[str]) -> int:
        """Delete a source's rows and reset its streams' cursors; returns how many rows went."""
        if self.open(table) is None:
            return 0

        def attempt(handle: DeltaTable) -> int:
            known = [(stream, handle.transaction_version(stream)) for stream in streams]
            bumps = [Transaction(stream, number + 1) for stream, number in known if number]
            told, version = {"forgot": json.dumps(streams)}, handle.version()
            gone = delta.delete(handle, f"source_instance = {of_rows.literal(source_instance)}", bumps, told)
            if bumps and handle.version() == version:  # no row went, so nothing was committed, the cursors neither
                delta.append(handle, of_rows.stored(table, table.empty()), bumps, told)
            return gone

        return self._attempt(table, attempt)

    def forget_before(self, table: type[Table], day: date) -> int:
        """Delete the partitions that end before that day (UTC); returns how many rows went. Cursors stay."""
        predicate = of_rows.before_predicate(table, day)
        return self._attempt(table, lambda handle: delta.delete(handle, predicate)) if self.open(table) else 0

    def _merge_in(self, table: type[Table], handle: DeltaTable, frame: pl.DataFrame, batch: Batch) -> Written:
        if (handle.transaction_version(batch.stream) or 0) >= batch.number:
            return Written(repeated=True)
        files = of_rows.touched_files(table, handle, frame)
        news = of_rows.compare(table, frame, files)
        marks, told = self._marks(handle, frame, batch)
        if news.changed.height:
            both = pl.concat([news.fresh, news.changed])
            delta.merge(handle, both, of_rows.merge_predicate(table, both), marks, told)
        elif news.fresh.height or self._cursor_moved(table, batch):
            delta.append(handle, news.fresh, marks, told)
        else:
            return Written(0, news.known)
        self._remember(table, batch, told)
        return Written(news.fresh.height + news.changed.height, news.known)

    def _replace(self, table: type[Table], handle: DeltaTable, frame: pl.DataFrame, batch: Batch) -> Written:
        if (handle.transaction_version(batch.stream) or 0) >= batch.number:
            return Written(repeated=True)
        marks, told = self._marks(handle, frame, batch)
        names = of_rows.slice_names(table, batch.is_alone)
        predicate = of_rows.slice_predicate(frame, names, batch.stream if batch.is_whole else None)
        is_news = bool(predicate) and not of_rows.says_the_same(table, frame, handle, batch.stream, names)
        if is_news:
            delta.overwrite(handle, frame, predicate, marks, told)
        elif self._cursor_moved(table, batch):
            delta.append(handle, frame.clear(), marks, told)
        else:
            return Written(0, frame.height)
        self._remember(table, batch, told)
        return Written(frame.height, 0) if is_news else Written(0, frame.height)

    def _marks(self, handle: DeltaTable, frame: pl.DataFrame, batch: Batch) -> tuple[list[Transaction], dict[str, str]]:
        """The transactions and the metadata of one commit."""
        turns = [f"@{name}" for name in frame["source_instance"].unique().sort()]
        marks = [Transaction(turn, (handle.transaction_version(turn) or 0) + 1) for turn in turns]
        told = {"stream": batch.stream, "number": str(batch.number), "cursor": json.dumps(batch.cursor, default=str)}
        return [Transaction(batch.stream, batch.number), *marks], told

    def _cursor_moved(self, table: type[Table], batch: Batch) -> bool:
        return batch.cursor is not None and self.cursor(table, batch.stream)[1] != batch.cursor

    def _remember(self, table: type[Table], batch: Batch, told: dict[str, str]) -> None:
        """Keep the cursor just committed, as the log will tell it, so that nobody has to look there."""
        self._cursors[table.spec.name, batch.stream] = (batch.number, json.loads(told["cursor"]))

    def _attempt(self, table: type[Table], work: Callable[[DeltaTable], T]) -> T:
        """`work` on a fresh snapshot, again after each lost race with another writer, with jittered back-off."""
        lock = self._locks[table.spec.name]
        for attempt in range(TRIES):
            with lock:
                try:
                    return work(self._ready(table))
                except CommitFailedError as error:
                    self._handles.pop(table.spec.name, None)
                    refused: Exception = error
                except (DeltaError, OSError) as error:
                    self._handles.pop(table.spec.name, None)
                    told = delta.first_line(error)
                    raise LakeError(f"{table.spec.name}: the lake refused a write: {told}") from error
            time.sleep(min(1.0, 0.01 * 2**attempt) * random.uniform(0.5, 1.5))  # noqa: S311
        raise LakeError(f"{table.spec.name}: lost {TRIES} races in a row: too many writers at once") from refused

    def _ready(self, table: type[Table]) -> DeltaTable:
        """The table, created from its contract if need be."""
        handle = self.open(table)
        if handle is None:
            delta.create(self.uri(table), table, self.storage_options)
            handle = self.open(table)
        if handle is None:
            raise LakeError(f"{table.spec.name}: created but not readable at {self.uri(table)}")
        delta.evolve(handle, table)
        return handle
