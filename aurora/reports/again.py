"""What `aurora report` does: a report as a file, of the newest data or once more from the state of an earlier run."""

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from aurora.contracts import Row
from aurora.contracts.platform import ReportRuns
from aurora.errors import UsageError
from aurora.reports.make import Made, Wanted, format_of, make
from aurora.reports.month import last_full, month_of
from aurora.reports.report import as_of, report_named
from aurora.settings import Settings
from warehouse.lake import Lake
from warehouse.lake_at import LakeAt
from warehouse.publish import publish
from warehouse.query import Warehouse
from warehouse.record import make_visible


def write_report(settings: Settings, name: str, month: str | None, out: Path | None, again: str | None = None) -> str:
    """Make a report (of the last full month if none is named) and say where it lies. Raises AuroraError.

    `again`: the id of a run, from whose state of the lake it is made.
    """
    lake = Lake(settings.lake)
    report_named(name)
    format = format_of(out) if out else "pdf"
    if again:
        run = _run_of(lake, again)
        told = month_of(month or json.loads(run["parameters"])["month"])
        with state_of(settings, run) as published:
            made = make(settings, lake, Wanted(name, told, format, out), published=published)
    else:
        told = month_of(month) if month else last_full(as_of(Warehouse(settings.published)))
        made = make(settings, lake, Wanted(name, told, format, out))
    make_visible(settings.data, lake)
    return _sentence(made)


@contextmanager
def state_of(settings: Settings, run: Row) -> Iterator[Path]:
    """A folder with the warehouse as it was for that run. Raises LakeError where the lake has forgotten it."""
    at = datetime.fromisoformat(json.loads(run["parameters"])["at"]).replace(tzinfo=UTC)
    with tempfile.TemporaryDirectory(prefix="aurora-report-") as folder:
        publish(LakeAt(settings.lake, json.loads(run["lake_versions"])), Path(folder), rebuild=True, now=at)
        yield Path(folder) / "published"


def _run_of(lake: Lake, run_id: str) -> Row:
    found = lake.scan(ReportRuns).filter(pl.col("report_run_id") == run_id).collect()
    if not found.height:
        raise UsageError(f"there is no run {run_id}: the Reports page and `report_runs` name those that there are")
    return found.row(0, named=True)


def _sentence(made: Made) -> str:
    return f"{made.path}: {made.title}, {len(made.content):,} bytes"
