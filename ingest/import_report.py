"""A report of tests or coverage becomes rows; the same report again, wherever it lies, changes nothing."""

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl

from aurora.contracts import Row, Table
from aurora.errors import ContractError
from ingest.check import Stamp
from ingest.history import Outcome, record_run, sync_row
from ingest.land import Landed, land
from ingest.report import About
from warehouse.lake import Batch, Lake

CHUNK = 1 << 20


@dataclass(frozen=True)
class Imported:
    """What became of a file; `report` is what else is worth saying of it, line by line."""

    table: str
    landed: Landed
    left_out: tuple[str, ...] = ()
    report: tuple[str, ...] = ()
    is_check: bool = False

    def sentence(self) -> str:
        """One line for a person."""
        if self.is_check:
            return f"{self.landed.row_count:,} rows would land, {self.landed.quarantined_count:,} would not"
        told = f"{self.landed.row_count:,} rows into {self.table}"
        if self.landed.duplicate_count:
            told += f", {self.landed.duplicate_count:,} were there already"
        if self.landed.quarantined_count:
            told += f", {self.landed.quarantined_count:,} quarantined (see Sources)"
        if self.left_out:
            told += f"; columns without a place: {', '.join(self.left_out)}"
        return told


def land_report(
    lake: Lake, path: Path, kind: str, reader: Any, given: dict[str, str | None], stamp: Stamp
) -> tuple[str, Landed]:
    """Names of the tables filled, and what became of the rows. Raises ContractError with one sentence."""
    told = _rows(path, kind, reader, given, stamp)
    landed = Landed()
    for table, rows in told.items():
        landed += _land(lake, table, rows, stamp)
    stream = f"import-{kind}"
    outcome = Outcome(stamp.source_instance, stream, "success", landed)
    row = sync_row("import", stream, stamp.at, datetime.now(UTC), outcome)
    record_run(lake, stamp.source_instance, stream, stamp.run_id, row, stamp.at)
    return " and ".join(table.spec.name for table in told) or "no table", landed


def _rows(
    path: Path, kind: str, reader: Any, given: dict[str, str | None], stamp: Stamp
) -> dict[type[Table], list[Row]]:
    found: dict[type[Table], list[Row]] = {}
    try:
        for table, row in reader.rows(path, _about(path, given, stamp)):
            found.setdefault(table, []).append(row)
    except FileNotFoundError as error:
        raise ContractError(f"{path}: there is no such file") from error
    except (OSError, ValueError) as error:
        raise ContractError(f"{path}: this cannot be read as {kind}: {error}") from error
    return found


def _about(path: Path, given: dict[str, str | None], stamp: Stamp) -> About:
    digest = hashlib.sha256(json.dumps(given, sort_keys=True).encode())
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
    made_at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    return About(stamp.source_instance, digest.hexdigest()[:16], path.stem, min(made_at, stamp.at), stamp.at, **given)


def _land(lake: Lake, table: type[Table], rows: list[Row], stamp: Stamp) -> Landed:
    """What landed before is left out by its id alone: of a report without a time, a copy may lie in another month."""
    key, stream = table.spec.key[0], f"{stamp.source_instance}/import-{table.spec.name}"
    ids = {row[key] for row in rows}
    known = set(lake.scan(table).filter(pl.col(key).is_in(list(ids))).select(key).unique().collect()[key])
    fresh = [row for row in rows if row[key] not in known]
    landed = Landed(0, len(rows) - len(fresh))
    if not fresh:
        return landed
    while (done := land(lake, table, fresh, stamp, Batch(stream, lake.cursor(table, stream)[0] + 1))).repeated:
        pass
    return landed + done
