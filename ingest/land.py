"""Landing: rows of a run go through the contract check into the lake, bad ones into quarantine with the reason."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import polars as pl

from aurora.contracts import Row, Table
from aurora.contracts.platform import Quarantine
from ingest.check import Checked, Reject, Stamp, as_json, check
from ingest.connector import Bulk
from warehouse.lake import Batch, Lake, Written
from warehouse.staged import Staged, replace_files

Rows = list[Row] | pl.DataFrame | Bulk


@dataclass(frozen=True)
class Landed:
    """What became of some rows: new or changed, known already, and quarantined."""

    row_count: int = 0
    duplicate_count: int = 0
    quarantined_count: int = 0
    repeated: bool = False

    def __add__(self, other: "Landed") -> "Landed":
        return Landed(
            self.row_count + other.row_count,
            self.duplicate_count + other.duplicate_count,
            self.quarantined_count + other.quarantined_count,
            self.repeated or other.repeated,
        )


def land(lake: Lake, table: type[Table], rows: Rows | Iterable[Row], stamp: Stamp, batch: Batch) -> Landed:
    """Check and write rows of one table as one batch; a batch that landed before changes nothing."""
    if isinstance(rows, Bulk):
        return _land_bulk(lake, table, rows, stamp, batch)
    checked = check(table, rows, stamp)
    # Quarantine first: a kill in between repeats the batch, and a repeated reject has the same id and lands once.
    quarantine(lake, table, checked.rejects, stamp, batch.stream)
    written = lake.write(table, checked.good, batch)
    return _landed(checked, written)


def _land_bulk(lake: Lake, table: type[Table], rows: Bulk, stamp: Stamp, batch: Batch) -> Landed:
    """Rows beyond memory are checked frame by frame, and take the place of their slices at once."""
    landed = Landed()
    with Staged(table, lake.root) as staged:
        for frame in rows.frames:
            checked = check(table, frame, stamp)
            quarantine(lake, table, checked.rejects, stamp, batch.stream)
            staged.add(checked.good)
            landed += _landed(checked, Written())
        written = replace_files(lake, staged, batch) if staged.row_count else lake.write(table, table.empty(), batch)
    return landed + _landed(Checked(table.empty()), written)


def parts_of(items: list[Row | pl.DataFrame | Bulk]) -> list[Rows]:
    """Frames of one shape joined, then the rows: what lands as one batch each."""
    shapes: dict[tuple[Any, ...], list[pl.DataFrame]] = {}
    rows: list[Row] = []
    bulks: list[Bulk] = []
    for item in items:
        if isinstance(item, pl.DataFrame):
            shapes.setdefault(tuple(item.schema.items()), []).append(item)
        elif isinstance(item, Bulk):
            bulks.append(item)
        else:
            rows.append(item)
    joined: list[Rows] = [*bulks, *(pl.concat(frames) for frames in shapes.values())]
    return [*joined, rows] if rows else joined


def quarantine(lake: Lake, table: type[Table], rejects: list[Reject], stamp: Stamp, stream: str) -> None:
    """Keep rejected rows whole, with rule and sentence, readable on the Sources page."""
    if not rejects:
        return
    rows = [_quarantine_row(table, reject, stamp, stream) for reject in rejects]
    checked = check(Quarantine, rows, stamp)
    number = lake.cursor(Quarantine, stream)[0] + 1
    while lake.write(Quarantine, checked.good, Batch(stream, number)).repeated:
        number = lake.cursor(Quarantine, stream)[0] + 1


def quarantine_all(lake: Lake, refused: list[tuple[type[Table], Reject]], stamp: Stamp, stream: str) -> Landed:
    """Quarantine what a connector itself refused, table by table; tells how many that were."""
    for table in dict.fromkeys(table for table, _ in refused):
        quarantine(lake, table, [reject for one, reject in refused if one is table], stamp, stream)
    return Landed(0, 0, len(refused))


def _quarantine_row(table: type[Table], reject: Reject, stamp: Stamp, stream: str) -> Row:
    payload = as_json(reject.payload)
    digest = hashlib.sha256(f"{table.spec.name}\0{stream}\0{reject.rule}\0{payload}".encode()).hexdigest()
    return {
        "quarantine_id": f"{stamp.source_instance}:{digest[:32]}",
        "table_name": table.spec.name,
        "stream": stream,
        "rule": reject.rule,
        "message": reject.message,
        "payload": payload,
        "rejected_at": stamp.at,
    }


def _landed(checked: Checked, written: Written) -> Landed:
    return Landed(
        written.row_count,
        written.duplicate_count + checked.duplicate_count,
        len(checked.rejects),
        written.repeated,
    )
