"""One billing period of an AWS export, FOCUS or CUR, as rows of focus_cost: all that its manifest lists, or nothing.

A month of a large company is more than memory holds: its lines are shaped some at a time and wait in a folder.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import polars as pl

from aurora.contracts import Row
from aurora.errors import ContractError
from ingest.check import Reject
from ingest.connector import Bulk
from ingest.focus.convert import kind_of, to_focus
from ingest.focus.files import Slice
from ingest.focus.shape import shaped
from ingest.vendors.aws_exports import Bucket, Manifest

SETTLING = timedelta(days=2)  # until all usage of a month has come in; AWS writes the export anew with each invoice
KEPT = 5_000  # rejected lines that are kept whole; of what is beyond them only the number is
FITS = 200_000  # lines that are landed as one frame; of more the frames land one by one


@dataclass
class Bill:
    """A billing period whole: files with rows of focus_cost in its own types, and lines that could not become rows."""

    month: str
    files: list[Path] = field(default_factory=list)
    row_count: int = 0
    rejects: list[Reject] = field(default_factory=list)
    beyond: int = 0

    def rows(self) -> pl.DataFrame | Bulk:
        """All rows, as they can be landed; the files must still be there."""
        frames = (pl.read_parquet(path, hive_partitioning=False) for path in self.files)
        return pl.concat(list(frames)) if self.row_count <= FITS else Bulk(frames)

    def all_rejects(self) -> Iterator[Reject]:
        """What is kept, and one that tells how many more there are."""
        yield from self.rejects
        if self.beyond:
            told = f"{self.beyond:,} more lines of {self.month} could not be rows either"
            yield Reject("more", told, {"BillingPeriodStart": self.month, "count": self.beyond})

    def add(self, rows: pl.DataFrame, rejects: list[Reject], folder: Path) -> None:
        """Take some lines."""
        room = KEPT - len(self.rejects)
        self.rejects += rejects[:room]
        self.beyond += len(rejects[room:])
        if rows.height:
            self.files.append(folder / f"rows-{len(self.files):06}.parquet")
            rows.write_parquet(self.files[-1], compression="zstd", compression_level=1)
            self.row_count += rows.height


def bill(bucket: Bucket, manifest: Manifest, folder: Path) -> Bill:
    """The period, its rows in files of `folder`. Raises SourceError if a file cannot be read or no line is a row."""
    found, count = Bill(manifest.month), 0
    for part in bucket.slices(manifest, folder):
        found.add(*_shaped(bucket, manifest, part, count), folder)
        count += part.frame.height
    if count and not found.row_count:
        told = f"none of its {count} lines can be a row ({found.rejects[0].message})"
        raise bucket.fault(manifest, told, "schema_drift")
    return found


def _shaped(bucket: Bucket, manifest: Manifest, part: Slice, count: int) -> tuple[pl.DataFrame, list[Reject]]:
    """The lines of this very period: a line of another one would replace that period by itself.

    What stands on an invoice is no estimate any more.
    """
    try:
        lines = to_focus(part.frame)[0] if kind_of(part.frame.columns) else part.frame
        made = shaped(lines, bucket.aws.run.id(bucket.export.name), count, manifest.modified < manifest.end + SETTLING)
    except ContractError as error:
        raise bucket.fault(manifest, str(error), "schema_drift") from error
    mine = pl.col("BillingPeriodStart") == manifest.period
    strange = [_strange(row, manifest) for row in made.good.filter(~mine).iter_rows(named=True)]
    is_open = pl.col("x_IsEstimated") & pl.col("InvoiceId").is_null()
    rows = made.good.filter(mine).with_columns(is_open.alias("x_IsEstimated"))
    return rows, [*made.rejects, *part.broken, *strange]


def _strange(row: Row, manifest: Manifest) -> Reject:
    told = f"BillingPeriodStart = {row['BillingPeriodStart']} is not {manifest.month}, the billing period of its file"
    payload = {name: value for name, value in row.items() if value is not None}
    return Reject("BillingPeriodStart|period", told, payload)
