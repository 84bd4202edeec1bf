"""Rows on their way into a table that is replaced slice by slice, when they are more than memory holds.

They are written as Parquet files beside the table, which nobody reads until replace_files() swaps them in by one
commit. The lake's own writer takes all that an Arrow stream gives before it has written it.
"""

import json
import tempfile
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

import polars as pl
from deltalake import DeltaTable

from aurora.contracts import Table
from warehouse import delta
from warehouse import rows as of_rows
from warehouse.delta import ROW_GROUP, NewFile
from warehouse.lake import Batch, Lake, Written

FILE = 2 * ROW_GROUP  # rows of a file
HELD = 4 * ROW_GROUP  # rows in memory, over all partitions
LEVEL = 1  # of zstd: for bills, higher ones take longer and gain nothing


@dataclass
class _Part:
    """Rows of one partition that wait."""

    value: str
    waiting: list[pl.DataFrame] = field(default_factory=list)
    held: int = 0


class Staged:
    """A context: files that were not committed are gone at its end. Frames are checked rows, each key told once."""

    def __init__(self, table: type[Table], root: str) -> None:
        self.table = table
        self.uri = f"{root}/{table.spec.name}"
        self._temporary = tempfile.TemporaryDirectory(prefix="aurora-") if "://" in root else None
        self.folder = Path(self._temporary.name if self._temporary else self.uri)
        self.files: list[NewFile] = []
        self.slices = of_rows.stored(table, table.empty()).select(of_rows.slice_names(table))
        self.row_count = 0
        self._parts: dict[str, _Part] = {}
        self._written: list[Path] = []

    def add(self, frame: pl.DataFrame) -> None:
        """Take rows of the contract's types."""
        frame = of_rows.stored(self.table, frame, is_sorted=True)
        self.row_count += frame.height
        self.slices = pl.concat([self.slices, frame.select(self.slices.columns).unique()]).unique()
        column = self.table.spec.part_column
        if not frame.height or column is None:
            return
        for value in frame[column].unique().sort():
            rows = frame.filter(pl.col(column) == value) if frame[column].n_unique() > 1 else frame
            part = self._parts.setdefault(str(value), _Part(str(value)))
            part.waiting.append(rows.drop(column))
            part.held += rows.height
            if part.held >= FILE:
                self._write(part)
        while sum(part.held for part in self._parts.values()) > HELD:
            self._write(max(self._parts.values(), key=lambda part: part.held))

    def finish(self, storage_options: dict[str, str] | None) -> None:
        """Write what waits, and bring the files to where the table lies."""
        for part in self._parts.values():
            self._write(part)
        if self._temporary:
            for new in self.files:
                delta.upload(self.uri, new.path, self.folder / new.path, storage_options)

    def replaced(self, handle: DeltaTable) -> tuple[pl.DataFrame, list[str]]:
        """The files of the table that hold rows of these slices, and those that hold others' rows too."""
        files = pl.DataFrame(handle.get_add_actions(flatten=True))
        column = f"partition.{self.table.spec.part_column}"
        if files.height:
            parts = [part.value for part in self._parts.values()]
            files = files.filter(pl.col(column).cast(pl.String).is_in(parts))
        gone, shared = [], []
        for path in files["path"] if files.height else []:
            held, mine = self._of(handle, path).select(pl.len(), pl.col("is_mine").sum()).collect().row(0)
            if mine:
                gone.append(path)
            if 0 < mine < held:
                shared.append(path)
        return files.filter(pl.col("path").is_in(gone)) if files.height else files, shared

    def others(self, handle: DeltaTable, path: str) -> Iterator[pl.DataFrame]:
        """The rows of a file that belong to none of these slices."""
        rest = self._of(handle, path).filter(~pl.col("is_mine")).drop("is_mine")
        yield from rest.collect_batches(chunk_size=ROW_GROUP, maintain_order=True)

    def _of(self, handle: DeltaTable, path: str) -> pl.LazyFrame:
        file = of_rows.as_path(f"{handle.table_uri.rstrip('/')}/{path}")
        mine = self.slices.lazy().with_columns(is_mine=pl.lit(True))
        rows = of_rows.scan(self.table, [file]).join(mine, on=self.slices.columns, how="left", maintain_order="left")
        return rows.with_columns(pl.col("is_mine").fill_null(False))

    def keep(self) -> None:
        """The files are the table's now."""
        self._written.clear()

    def __enter__(self) -> "Staged":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for path in self._written:
            path.unlink(missing_ok=True)
        if self._temporary:
            self._temporary.cleanup()

    def _write(self, part: _Part) -> None:
        if not part.held:
            return
        rows = pl.concat(part.waiting)
        part.waiting, part.held = [], 0
        name = f"{self.table.spec.part_column}={part.value}/part-{uuid.uuid4()}.zstd.parquet"
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        self._written.append(path)
        rows.write_parquet(path, compression="zstd", compression_level=LEVEL, row_group_size=ROW_GROUP)
        bounds = self._bounded()
        lows, highs = (
            {one: str(found) for one, found in ends.row(0, named=True).items()}
            for ends in (rows.select(pl.col(bounds).min()), rows.select(pl.col(bounds).max()))
        )
        told = {"numRecords": rows.height, "minValues": lows, "maxValues": highs, "nullCount": dict.fromkeys(bounds, 0)}
        values: dict[str, str | None] = {str(self.table.spec.part_column): part.value}
        stamp = int(time.time() * 1000)
        self.files.append(NewFile(name, path.stat().st_size, values, stamp, json.dumps(told), rows.height))

    def _bounded(self) -> list[str]:
        """Columns of which each file tells the least and the greatest: those by which files are passed over."""
        kinds = self.table.dtypes()
        return [name for name in (*self.table.spec.key, "source_instance") if kinds[name] == pl.String]


def replace_files(lake: Lake, staged: Staged, batch: Batch) -> Written:
    """Put the staged rows in the place of their slices' rows by one commit, once however often it is repeated."""
    lake._attempt(staged.table, lambda handle: handle.version())  # the table is there before its files are
    staged.finish(lake.storage_options)

    def attempt(handle: DeltaTable) -> Written:
        if (handle.transaction_version(batch.stream) or 0) >= batch.number:
            return Written(repeated=True)
        marks, told = lake._marks(handle, staged.slices, batch)
        old, shared = staged.replaced(handle)
        with Staged(staged.table, lake.root) as rest:
            for path in shared:
                for rows in staged.others(handle, path):
                    rest.add(rows)
            rest.finish(lake.storage_options)
            delta.swap(handle, [*staged.files, *rest.files], old, marks, told)
            rest.keep()
        staged.keep()
        lake._remember(staged.table, batch, told)
        return Written(staged.row_count, 0)

    return lake._attempt(staged.table, attempt)
