"""Delta as Aurora uses it: how files are written, how a table is made from its contract and grows with it."""

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
from deltalake import (
    ColumnProperties,
    CommitProperties,
    DeltaTable,
    Schema,
    Transaction,
    WriterProperties,
    write_deltalake,
)
from deltalake._internal import DeltaFileSystemHandler
from deltalake.exceptions import CommitFailedError, DeltaError
from deltalake.transaction import AddAction, RemoveAction

from aurora.contracts import Table
from warehouse import rows as of_rows

ROW_GROUP = 122_880
Marks = list[Transaction]


@dataclass(frozen=True)
class NewFile:
    """A Parquet file that lies in the table's folder and no commit names yet; `path` is relative to the table."""

    path: str
    size: int
    part: dict[str, str | None]
    written_ms: int
    stats: str
    row_count: int


EVOLVED = "aurora.evolved"
# Instants that rise by even steps pack to almost nothing as differences; a dictionary of them is slow and large.
STEPS = ColumnProperties(dictionary_enabled=False, encoding="DELTA_BINARY_PACKED")
WRITER = WriterProperties(
    compression="ZSTD",
    compression_level=3,
    max_row_group_size=ROW_GROUP,
    data_page_row_count_limit=ROW_GROUP,
    column_properties=dict.fromkeys(("ts_start", "ts_end", "ingested_at"), STEPS),
)


def append(handle: DeltaTable, frame: pl.DataFrame, marks: Marks, told: dict[str, str]) -> None:
    """Add rows. Raises CommitFailedError if a mark was set since the handle was read."""
    write_deltalake(handle, frame, mode="append", writer_properties=WRITER, commit_properties=_commit(marks, told))


def overwrite(handle: DeltaTable, frame: pl.DataFrame, predicate: str, marks: Marks, told: dict[str, str]) -> None:
    """Put rows in the place of those that fit the predicate. Raises CommitFailedError as `append` does."""
    write_deltalake(
        handle,
        frame,
        mode="overwrite",
        predicate=predicate,
        writer_properties=WRITER,
        commit_properties=_commit(marks, told),
    )


def delete(handle: DeltaTable, predicate: str, marks: Marks | None = None, told: dict[str, str] | None = None) -> int:
    """Delete the rows that fit the predicate; returns how many. Raises CommitFailedError as `append` does."""
    done = handle.delete(predicate, writer_properties=WRITER, commit_properties=_commit(marks or [], told or {}))
    return int(done.get("num_deleted_rows") or 0)


def swap(handle: DeltaTable, new: list[NewFile], old: pl.DataFrame, marks: Marks, told: dict[str, str]) -> None:
    """Put files in the place of others by one commit. Raises CommitFailedError if one of the others is gone."""
    adds = [AddAction(one.path, one.size, one.part, one.written_ms, True, one.stats) for one in new]
    parts = [name for name in old.columns if name.startswith("partition.")]
    removes = [
        RemoveAction(
            row["path"],
            True,
            int(time.time() * 1000),
            row["size_bytes"],
            {name.removeprefix("partition."): None if row[name] is None else str(row[name]) for name in parts},
        )
        for row in old.iter_rows(named=True)
    ]
    handle.create_write_transaction(
        [*adds, *removes],
        mode="append",
        schema=handle.schema(),
        partition_by=handle.metadata().partition_columns or None,
        commit_properties=_commit(marks, told),
    )


def upload(uri: str, path: str, file: Path, storage_options: dict[str, str] | None) -> None:
    """Bring a file to where a table lies, byte by byte: the log tells its size."""
    out = DeltaFileSystemHandler(table_uri=uri, options=storage_options).open_output_stream(path, None)
    with file.open("rb") as source:
        while chunk := source.read(8 << 20):
            out.write(chunk)
    out.close()  # type: ignore[attr-defined]


def files_at(uri: str, version: int | None, storage_options: dict[str, str] | None) -> set[str]:
    """The files of a version; none of no version, and of one that the log no longer tells."""
    if version is None:
        return set()
    try:
        return set(DeltaTable(uri, version=version, storage_options=storage_options).file_uris())
    except (DeltaError, OSError):
        return set()


def merge(handle: DeltaTable, frame: pl.DataFrame, predicate: str, marks: Marks, told: dict[str, str]) -> None:
    """Replace rows with the same key whole, add the others. Raises CommitFailedError as `append` does."""
    merger = handle.merge(
        frame,
        predicate=predicate,
        source_alias="s",
        target_alias="t",
        streamed_exec=False,
        writer_properties=WRITER,
        commit_properties=_commit(marks, told),
    )
    merger.when_matched_update_all().when_not_matched_insert_all().execute()


def _commit(marks: Marks, told: dict[str, str]) -> CommitProperties:
    # No retries inside: a retry there would not look at the keys again.
    return CommitProperties(custom_metadata=told, app_transactions=marks, max_commit_retries=0)


def _schema(table: type[Table]) -> Schema:
    """The table's columns as the lake stores them."""
    return Schema.from_arrow(of_rows.stored(table, table.empty()).to_arrow().schema)


def create(uri: str, table: type[Table], storage_options: dict[str, str] | None) -> None:
    part = table.spec.part_column
    stats = dict.fromkeys([*table.spec.key, table.spec.time, "source_instance"])
    try:
        DeltaTable.create(
            uri,
            _schema(table),
            mode="ignore",
            partition_by=[part] if part else None,
            configuration={
                "delta.checkpointInterval": "50",
                "delta.dataSkippingStatsColumns": ",".join(stats),
                "delta.logRetentionDuration": "interval 7 days",
            },
            storage_options=storage_options,
        )
    except (CommitFailedError, DeltaError):
        if not DeltaTable.is_deltatable(uri, storage_options):
            raise


def evolve(handle: DeltaTable, table: type[Table]) -> None:
    """Add columns that the contract has gained since the table was made."""
    have = {field.name for field in handle.schema().fields}
    if not have.issuperset(table.own_columns()):
        handle.alter.add_columns([field for field in _schema(table).fields if field.name not in have])
        handle.alter.set_table_properties({EVOLVED: "true"}, raise_if_not_exists=False)
        handle.update_incremental()


def cursor_in_log(handle: DeltaTable, stream: str, number: int) -> dict[str, Any] | None:
    """The cursor told by the commit of that batch; None if the log no longer reaches back so far."""
    for limit in (20, 200, None):
        for commit in handle.history(limit):
            if commit.get("stream") == stream and commit.get("number") == str(number):
                cursor: dict[str, Any] | None = json.loads(commit["cursor"])
                return cursor
    return None


def first_line(error: Exception) -> str:
    text = str(error).strip().splitlines()
    return text[0] if text else type(error).__name__
