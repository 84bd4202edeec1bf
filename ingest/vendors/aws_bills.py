"""One billing period of an AWS export, FOCUS or CUR, as rows of focus_cost: all that its manifest lists, or nothing."""

from datetime import timedelta
from pathlib import Path

import polars as pl

from aurora.contracts import Row
from aurora.errors import ContractError
from ingest.check import Reject
from ingest.focus.files import Slice
from ingest.vendors.aws_exports import Bucket, Manifest
from ingest.vendors.bills import Bill, lines_of

SETTLING = timedelta(days=2)  # until all usage of a month has come in; AWS writes the export anew with each invoice


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
    """The lines of this very period: a line of another one would replace that period by itself."""
    is_settling = manifest.modified < manifest.end + SETTLING
    try:
        made = lines_of(part.frame, bucket.aws.run.id(bucket.export.name), count, is_settling)
    except ContractError as error:
        raise bucket.fault(manifest, str(error), "schema_drift") from error
    mine = pl.col("BillingPeriodStart") == manifest.period
    strange = [_strange(row, manifest) for row in made.good.filter(~mine).iter_rows(named=True)]
    return made.good.filter(mine), [*made.rejects, *part.broken, *strange]


def _strange(row: Row, manifest: Manifest) -> Reject:
    told = f"BillingPeriodStart = {row['BillingPeriodStart']} is not {manifest.month}, the billing period of its file"
    payload = {name: value for name, value in row.items() if value is not None}
    return Reject("BillingPeriodStart|period", told, payload)
