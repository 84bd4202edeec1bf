"""What a run leaves behind: one sync_runs row, and the raw answers of its vendor."""

import errno
import gzip
import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from aurora.contracts import Row
from aurora.contracts.platform import SyncRuns
from aurora.errors import AuroraError, ErrorClass
from ingest.check import Stamp
from ingest.connector import Cursor
from ingest.http import Keep
from ingest.land import Landed, land
from warehouse.lake import Batch, Lake


@dataclass(frozen=True)
class Outcome:
    """What one run of one stream came to; `status` is success, partial, failed or skipped."""

    source: str
    stream: str
    status: str
    landed: Landed
    error: str | None = None
    error_class: ErrorClass | None = None


def keeper(folder: Path, source: str, run_id: str, at: datetime) -> Keep:
    """A function that keeps raw answers of a run: JSON lines with its id, gzip, one file per source and hour."""
    path = folder / f"{at:%Y-%m-%d}" / source / f"{at:%H}.jsonl.gz"

    def keep(method: str, url: str, status: int, text: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        told = {"run_id": run_id, "method": method, "url": url, "status": status, "body": text}
        # A whole gzip member in one write: a kill leaves no half of one for the next to follow.
        with path.open("ab", buffering=0) as out:
            out.write(gzip.compress(json.dumps(told).encode() + b"\n"))

    return keep


def record_run(lake: Lake, source: str, stream: str, run_id: str, row: Row, at: datetime) -> None:
    """Write one sync_runs row."""
    stamp = Stamp("aurora", source, run_id, at)
    writer = f"{source}/{stream}#runs"
    while land(lake, SyncRuns, [row | {"sync_run_id": run_id}], stamp, _next(lake, writer)).repeated:
        pass


def _next(lake: Lake, stream: str) -> Batch:
    return Batch(stream, lake.cursor(SyncRuns, stream)[0] + 1)


def sync_row(connector: str, stream: str, started_at: datetime, finished_at: datetime, outcome: Outcome) -> Row:
    return {
        "connector": connector,
        "stream": stream,
        "started_at": started_at,
        "finished_at": max(started_at, finished_at),
        "status": outcome.status,
        "error_class": outcome.error_class,
        "error": outcome.error,
        "row_count": outcome.landed.row_count,
        "quarantined_count": outcome.landed.quarantined_count,
        "duplicate_count": outcome.landed.duplicate_count,
    }


def as_json(cursor: Cursor | None) -> str | None:
    text = json.dumps(cursor, default=str) if cursor is not None else None
    return text if text is None or len(text) < 10_000 else None


def told(error: Exception) -> str:
    """The error in words a person can act on."""
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return "the disk is full: free some space, or lower [retention]"
    return str(error) if isinstance(error, AuroraError) else f"{type(error).__name__}: {error}"
