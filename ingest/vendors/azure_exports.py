"""Exports of Azure Cost Management in a Blob container: months whose manifest is new, and their lines as focus_cost.

Layout: https://learn.microsoft.com/azure/cost-management-billing/costs/tutorial-improved-exports: with file
partitioning an export writes <directory>/<export>/<yyyymmdd-yyyymmdd>/[<run>/]manifest.json beside its parts, anew with
each run; only parts that the newest manifest of a month lists are read.
"""

import calendar
import json
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl
from pydantic import Field

from aurora.errors import ContractError, ErrorClass, SourceError
from aurora.settings import Frozen, Secret
from ingest.check import Reject
from ingest.connector import Json, Run
from ingest.focus.convert import kind_of, to_focus
from ingest.focus.shape import shaped
from ingest.vendors.azure_blobs import Blob, Container

SETTLING = timedelta(days=5)  # Azure closes a month up to five days after its end
_RANGE = re.compile(r"^(\d{8})-(\d{8})/(?:[^/]+/)?manifest\.json$", re.IGNORECASE)


class Export(Frozen):
    """One export as it is set up: the container's address, its directory, its name; `sas` in place of a role."""

    container: str = Field(pattern=r"^https?://[^/?]+/[^?]+$")
    directory: str = ""
    name: str = Field(min_length=1, max_length=128, pattern="^[^/]+$")
    sas: Secret | None = None

    @property
    def root(self) -> str:
        """The folder of the export in its container, with a slash at its end."""
        return "/".join(part for part in (self.directory.strip("/"), self.name) if part) + "/"


@dataclass(frozen=True)
class Manifest:
    """The newest manifest of one month of an export."""

    month: datetime
    blob: Blob

    @property
    def label(self) -> str:
        """The month as YYYY-MM."""
        return f"{self.month:%Y-%m}"

    @property
    def mark(self) -> str:
        """What the cursor keeps: it changes with each run of the export."""
        return f"{self.blob.etag} {self.blob.modified.isoformat()}"

    @property
    def end(self) -> datetime:
        """The instant at which the month ends, UTC."""
        return (self.month + timedelta(days=32)).replace(day=1)


@dataclass
class Bill:
    """A month whole: rows of focus_cost in its own types, and lines that could not become rows."""

    good: pl.DataFrame
    rejects: list[Reject] = field(default_factory=list)


def manifests(run: Run[Any], container: Container, export: Export, oldest: datetime) -> list[Manifest]:
    """The newest manifest of each month from that of `oldest` on, newest month first. Raises SourceError."""
    newest: dict[datetime, Manifest] = {}
    seen, skipped = 0, set[str]()
    for blob in container.blobs(export.root):
        seen += 1
        told = _RANGE.match(blob.name.removeprefix(export.root))
        month = _month(told[1], told[2]) if told else None
        if told and month is None:
            skipped.add(f"{told[1]}-{told[2]}")
        elif month and (found := Manifest(month, blob)).end > oldest:
            rival = newest.get(month, found)
            newest[month] = max(found, rival, key=lambda one: (one.blob.modified, one.blob.name))
    if seen and not newest:
        run.warn(f"export {export.name}: no month with a manifest in {export.root}: turn on its file partitioning")
    if skipped:
        told_of = f"{sorted(skipped)[0]} is no whole month"
        run.warn(f"export {export.name}: {told_of}: set its schedule to month-to-date, other ranges would count twice")
    return sorted(newest.values(), key=lambda one: one.month, reverse=True)


def _month(first: str, last: str) -> datetime | None:
    """The month of a range of days; None for a range that is no whole month."""
    try:
        start, end = (datetime.strptime(one, "%Y%m%d").replace(tzinfo=UTC) for one in (first, last))
    except ValueError:
        return None
    days = calendar.monthrange(start.year, start.month)[1]
    return start if start.day == 1 and end == start.replace(day=days) else None


def bill(run: Run[Any], container: Container, export: Export, manifest: Manifest) -> Bill:
    """A month of an export. Raises SourceError if a part of it cannot be read, or no line can be a row."""
    frames, rejects, count = list[pl.DataFrame](), list[Reject](), 0
    name = run.id(f"{export.name}/{manifest.label}")
    is_settling = manifest.blob.modified < manifest.end + SETTLING
    with TemporaryDirectory(prefix="aurora-bill-") as folder:
        for part, wanted in _parts(run, container, export, manifest):
            raw = _frame(run, container, export, manifest, part, Path(folder))
            if not raw.width:
                continue
            if wanted is not None and raw.height != wanted:
                told = f"{part} has {raw.height} lines and its manifest says {wanted}: the next run reads it again"
                raise fault(run, export, manifest, told, "partial")
            try:
                made = shaped(to_focus(raw)[0] if kind_of(raw.columns) else raw, name, count, is_settling)
            except ContractError as error:
                raise fault(run, export, manifest, str(error), "schema_drift") from error
            count += raw.height
            frames.append(made.good)
            rejects += made.rejects
    return _whole(run, export, manifest, frames, rejects, count)


def _whole(
    run: Run[Any], export: Export, manifest: Manifest, frames: list[pl.DataFrame], rejects: list[Reject], count: int
) -> Bill:
    if not count:  # a month without usage: nothing to land, and nothing to replace
        return Bill(pl.DataFrame())
    whole = pl.concat(frames)
    if not whole.height:
        told = f"none of its {count} lines can be a row ({rejects[0].message})"
        raise fault(run, export, manifest, told, "schema_drift")
    final = pl.col("x_IsEstimated") & pl.col("InvoiceId").is_null()
    return Bill(whole.with_columns(final.alias("x_IsEstimated")), rejects)


def _parts(run: Run[Any], container: Container, export: Export, manifest: Manifest) -> list[tuple[str, int | None]]:
    """The parts that a manifest lists, with how many lines each has; all of them inside the export's own folder."""
    try:
        told: Json = json.loads(container.text(manifest.blob.name).lstrip("\ufeff"))
        listed = [(str(one["blobName"]).lstrip("/"), one.get("dataRowCount")) for one in told["blobs"]]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise fault(run, export, manifest, f"{manifest.blob.name} is no manifest", "schema_drift") from error
    for part, _ in listed:
        if not part.startswith(export.root) or ".." in part.split("/"):
            told_of = f"its manifest lists {part[:200]}, which is not in {export.root}"
            raise fault(run, export, manifest, told_of, "schema_drift")
    return listed


def _frame(
    run: Run[Any], container: Container, export: Export, manifest: Manifest, part: str, folder: Path
) -> pl.DataFrame:
    """A part's columns; text stays text, so that no amount goes through a float."""
    path = folder / Path(part).name
    try:
        container.save(part, path)
        if path.suffix.lower() == ".parquet":
            return pl.read_parquet(path)
        if path.name.lower().endswith((".csv", ".csv.gz")):
            return pl.read_csv(path, infer_schema=False)
    except SourceError as error:
        if error.error_class != "not_found":
            raise
        raise fault(run, export, manifest, f"its manifest lists {part}, which is not there", "not_found") from error
    except pl.exceptions.NoDataError:
        return pl.DataFrame()
    except (OSError, ValueError, pl.exceptions.PolarsError) as error:
        said = " ".join(str(error)[:200].split())
        raise fault(run, export, manifest, f"{part} cannot be read: {said}", "schema_drift") from error
    finally:
        path.unlink(missing_ok=True)
    raise fault(run, export, manifest, f"{part} is neither Parquet nor CSV: choose one of them", "bad_query")


def fault(run: Run[Any], export: Export, manifest: Manifest, told: str, kind: ErrorClass) -> SourceError:
    """What is wrong with a month; the rows that it had before stay."""
    where = f"{run.source_instance}: export {export.name}, month {manifest.label}"
    return SourceError(f"{where}: {told}; what landed of it before stays", kind)
