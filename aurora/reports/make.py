"""Making a report: built, drawn, written beside the others, and recorded with the versions of the lake it is from."""

import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from aurora.contracts import Row
from aurora.contracts.platform import ReportRuns
from aurora.errors import AuroraError, ReportError, UsageError
from aurora.own_rows import write_rows
from aurora.reports.document import Document
from aurora.reports.html import html
from aurora.reports.month import Month
from aurora.reports.pdf import pdf
from aurora.reports.report import as_of, build, folder_of
from aurora.settings import Settings
from warehouse.lake import Lake
from warehouse.query import Warehouse

DRAW: dict[str, Callable[[Document], bytes]] = {"pdf": pdf, "html": html}
MIME = {"pdf": "application/pdf", "html": "text/html"}
FAULT = "a fault of Aurora itself, written to its log"
UNSURE = "Aurora ended while it was being sent: look whether it arrived, else make it again by hand"


@dataclass(frozen=True)
class Wanted:
    """Which report of which month as what; `path`: where to, else it is kept; `period`: whose turn it is, if any's."""

    report: str
    month: Month
    format: str
    path: Path | None = None
    period: str = ""

    @property
    def stem(self) -> str:
        """'executive-2026-10'."""
        return f"{self.report}-{self.month}"


@dataclass(frozen=True)
class Made:
    """A report that was made: its bytes and where they lie."""

    content: bytes
    path: Path
    title: str


def format_of(path: Path) -> str:
    """'pdf' or 'html', by the ending. Raises UsageError."""
    ending = path.suffix.lower().removeprefix(".")
    if ending not in DRAW:
        raise UsageError(f"{path}: the ending says what is made: write a name that ends in .pdf or .html")
    return ending


def make(
    settings: Settings,
    lake: Lake,
    wanted: Wanted,
    deliver: Callable[[Made], None] | None = None,
    now: datetime | None = None,
    published: Path | None = None,
) -> Made:
    """Make a report, hand it over, and record the run, also one that fails. Raises ReportError with what is wrong.

    `published`: another folder of generations than the newest.
    A run is recorded before it is handed over: one that ends in between is known as unsure, and is not done again.
    """
    run = _run(published or settings.published, wanted, now or datetime.now(UTC))
    try:
        document = build(wanted.report, settings, wanted.month, published)
        content = DRAW[wanted.format](document)
        place = wanted.path or folder_of(settings) / f"{wanted.stem}-{run['report_run_id'][:8]}.{wanted.format}"
        _write(place, content)
        run |= {"path": str(place.resolve()), "size_bytes": len(content)}
        made = Made(content, place, f"{document.title}, {document.period}")
        if deliver:
            _record(lake, run | {"status": "failed", "error": UNSURE})
            deliver(made)
    except (AuroraError, duckdb.Error, OSError) as error:
        told = " ".join(str(error).split())[:500]
        _record(lake, run | {"status": "failed", "error": told})
        raise ReportError(f"{wanted.report} of {wanted.month}: {told}") from error
    except Exception:
        _record(lake, run | {"status": "failed", "error": FAULT})
        raise
    _record(lake, run | {"status": "ok", "error": None})
    return made


def _record(lake: Lake, run: Row) -> None:
    now = datetime.now(UTC)
    write_rows(lake, ReportRuns, [run | {"finished_at": max(now, run["started_at"])}], now, "reports")


def _run(published: Path, wanted: Wanted, began: datetime) -> Row:
    warehouse = Warehouse(published)
    parameters = {"month": str(wanted.month), "format": wanted.format, "at": as_of(warehouse).isoformat()}
    return {
        "report_run_id": uuid.uuid4().hex, "report": wanted.report, "started_at": began, "path": None,
        "parameters": json.dumps(parameters | ({"period": wanted.period} if wanted.period else {}), sort_keys=True),
        "lake_versions": json.dumps(warehouse.generation().versions, sort_keys=True), "size_bytes": None,
    }  # fmt: skip


def _write(path: Path, content: bytes) -> None:
    """Write the file so that a reader sees all of it or none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{uuid.uuid4().hex[:6]}")
    fresh.write_bytes(content)
    fresh.replace(path)
