"""Keeping the lake small and quick: compaction, checkpoints, vacuum, old raw answers.

Two compactions of one table at the same time would both commit and double its rows, so there is one at a time by an
exclusive lock, on a handle opened inside it, with the rows counted before and after. Past one machine, run this in one
process only.
"""

import shutil
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
from deltalake import DeltaTable
from deltalake.exceptions import CommitFailedError

from aurora.contracts import TABLES, Table
from aurora.contracts.operations import ComponentHealth, ComponentHealth1d, ComponentHealth1h
from aurora.errors import LakeError
from aurora.settings import Settings
from warehouse.delta import WRITER
from warehouse.lake import Lake
from warehouse.locks import locked

SMALL_FILES = 8


@dataclass(frozen=True)
class Maintained:
    """What maintenance did to one table: files before and after, rows, files that vacuum removed."""

    table: str
    files_before: int
    files_after: int
    row_count: int
    vacuumed: int = 0


def compact_all(lake: Lake, data: Path) -> list[Maintained]:
    """Compact every table that has gathered small files; a table that is being merged into waits for next time."""
    with locked(data / "locks" / "maintain.lock"):
        done = [_compact(lake, table) for table in TABLES.values()]
    return [maintained for maintained in done if maintained]


def tidy(lake: Lake, settings: Settings, now: datetime | None = None) -> list[Maintained]:
    """Drop rows and raw answers past their time, then checkpoint and vacuum every table."""
    done = []
    forget_old(lake, settings, now or datetime.now(UTC))
    # Never below an hour: vacuum must not take files that a writer or a long query still needs.
    hours = max(1, int(settings.retention.old_versions / timedelta(hours=1)))
    with locked(settings.data / "locks" / "maintain.lock"):
        for table in TABLES.values():
            handle = _fresh(lake, table)
            if handle is not None:
                handle.create_checkpoint()
                handle.cleanup_metadata()
                gone = handle.vacuum(hours, dry_run=False, enforce_retention_duration=False)
                files, rows = _counted(handle)
                done.append(Maintained(table.spec.name, files, files, rows, len(gone)))
    _drop_raw(settings.data / "raw", datetime.now(UTC) - settings.retention.raw_answers)
    return done


def forget_old(lake: Lake, settings: Settings, now: datetime) -> int:
    """Delete whole partitions past the retention of their level; returns how many rows went.

    Samples of health stay until they are rolled up, however old they are.
    """
    kept = settings.retention
    oldest = {table: now - kept.samples for table in TABLES.values() if table.spec.part == "day"}
    oldest |= {ComponentHealth1h: now - kept.hours, ComponentHealth1d: now - kept.days}
    rolled = lake.read(ComponentHealth1d)["ts_end"].max()
    if isinstance(rolled, datetime):
        oldest[ComponentHealth] = min(oldest[ComponentHealth], rolled.replace(tzinfo=UTC))
    else:
        del oldest[ComponentHealth]
    return sum(lake.forget_before(table, at.date()) for table, at in oldest.items())


def _compact(lake: Lake, table: type[Table]) -> Maintained | None:
    handle = _fresh(lake, table)
    if handle is None or not _has_small_files(table, handle):
        return None
    files, version = _counted(handle)[0], handle.version()
    try:
        handle.optimize.compact(writer_properties=WRITER)
    except CommitFailedError:
        return None
    # The handle now stands at the commit that it made; the log's history may count versions wrongly under writers.
    if handle.version() == version:
        return None
    _check_rows(lake, table, handle.version())
    files_after, rows_after = _counted(handle)
    return Maintained(table.spec.name, files, files_after, rows_after)


def _check_rows(lake: Lake, table: type[Table], compacted: int) -> None:
    """The compaction's commit must hold as many rows as the version before it, never fewer or doubled."""
    rows, found = (_counted(_at(lake, table, version))[1] for version in (compacted - 1, compacted))
    if found != rows:
        _at(lake, table, None).restore(compacted - 1)
        raise LakeError(
            f"{table.spec.name}: compaction found {rows} rows and left {found}: restored version {compacted - 1}"
        )


def _at(lake: Lake, table: type[Table], version: int | None) -> DeltaTable:
    return DeltaTable(lake.uri(table), version=version, storage_options=lake.storage_options)


def _fresh(lake: Lake, table: type[Table]) -> DeltaTable | None:
    if lake.version(table) is None:
        return None
    return _at(lake, table, None)


def _has_small_files(table: type[Table], handle: DeltaTable) -> bool:
    actions = pl.DataFrame(handle.get_add_actions(flatten=True))
    part = f"partition.{table.spec.part_column}"
    if not actions.height:
        return False
    fullest = actions.group_by(part).len()["len"].max() if part in actions.columns else actions.height
    return isinstance(fullest, int) and fullest > SMALL_FILES


def _counted(handle: DeltaTable) -> tuple[int, int]:
    """(files, rows) of a snapshot, from the log."""
    actions = pl.DataFrame(handle.get_add_actions(flatten=True))
    return actions.height, int(actions["num_records"].sum()) if actions.height else 0


def _drop_raw(folder: Path, before: datetime) -> None:
    for day in folder.glob("????-??-??"):
        if day.name < f"{before:%Y-%m-%d}":
            shutil.rmtree(day, ignore_errors=True)
