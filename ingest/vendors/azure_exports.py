"""Exports of Azure Cost Management in a Blob container: months whose manifest is new, and their lines as focus_cost.

Layout: https://learn.microsoft.com/azure/cost-management-billing/costs/tutorial-improved-exports: with file
partitioning an export writes <directory>/<export>/<yyyymmdd-yyyymmdd>/[<run>/...]manifest.json beside its parts, anew
with each run; only parts that the newest manifest of a month lists are read.
"""

import calendar
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from pydantic import Field

from aurora.errors import ContractError, ErrorClass, SourceError
from aurora.settings import Frozen, Secret
from ingest.connector import Json, Run
from ingest.focus.files import ENDINGS, FAULTS, Slice, slices
from ingest.vendors.azure_blobs import Blob, Container
from ingest.vendors.bills import Bill, lines_of

SETTLING = timedelta(days=5)  # Azure closes a month up to five days after its end
_RANGE = re.compile(r"^(\d{8})-(\d{8})/(?:[^/]+/)*manifest\.json$", re.IGNORECASE)


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


def bill(run: Run[Any], container: Container, export: Export, manifest: Manifest, folder: Path) -> Bill:
    """A month, its rows in files of `folder`. Raises SourceError if a part cannot be read or no line is a row."""
    found, count, name = Bill(manifest.label), 0, run.id(f"{export.name}/{manifest.label}")
    is_settling = manifest.blob.modified < manifest.end + SETTLING
    for part, wanted in _parts(run, container, export, manifest):
        before = count
        for told in _slices(run, container, export, manifest, part, folder):
            try:
                made = lines_of(told.frame, name, count, is_settling)
            except ContractError as error:
                raise fault(run, export, manifest, str(error), "schema_drift") from error
            count += told.frame.height + len(told.broken)
            found.add(made.good, [*made.rejects, *told.broken], folder)
        if wanted is not None and count - before != wanted:
            said = f"{part} has {count - before} lines and its manifest says {wanted}: the next run reads it again"
            raise fault(run, export, manifest, said, "partial")
    if count and not found.row_count:
        said = f"none of its {count} lines can be a row ({found.rejects[0].message})"
        raise fault(run, export, manifest, said, "schema_drift")
    return found


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


def _slices(
    run: Run[Any], container: Container, export: Export, manifest: Manifest, part: str, folder: Path
) -> Iterator[Slice]:
    """The lines of a part, some at a time, as told; the part is gone from `folder` when it is read."""
    path = folder / Path(part).name
    if not path.name.lower().endswith(ENDINGS):
        raise fault(run, export, manifest, f"{part} is neither Parquet nor CSV: choose one of them", "bad_query")
    try:
        container.save(part, path)
        if path.stat().st_size:
            yield from slices(path, is_careful=True)
    except SourceError as error:
        if error.error_class != "not_found":
            raise
        raise fault(run, export, manifest, f"its manifest lists {part}, which is not there", "not_found") from error
    except FAULTS as error:
        said = " ".join(str(error)[:200].split())
        raise fault(run, export, manifest, f"{part} cannot be read: {said}", "schema_drift") from error
    finally:
        path.unlink(missing_ok=True)


def fault(run: Run[Any], export: Export, manifest: Manifest, told: str, kind: ErrorClass) -> SourceError:
    """What is wrong with a month; the rows that it had before stay."""
    where = f"{run.source_instance}: export {export.name}, month {manifest.label}"
    return SourceError(f"{where}: {told}; what landed of it before stays", kind)
