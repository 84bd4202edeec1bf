"""One billing period of an AWS export, FOCUS or CUR, as rows of focus_cost: all that its manifest lists, or nothing."""

from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl

from aurora.contracts import Row
from aurora.errors import ContractError
from ingest.check import Reject
from ingest.focus.convert import kind_of, to_focus
from ingest.focus.shape import shaped
from ingest.vendors.aws_exports import Bucket, Manifest

SETTLING = timedelta(days=2)  # until all usage of a month has come in; AWS writes the export anew with each invoice


@dataclass
class Bill:
    """A billing period whole: rows of focus_cost in its own types, and lines that could not become rows."""

    good: pl.DataFrame
    rejects: list[Reject] = field(default_factory=list)


def bill(bucket: Bucket, manifest: Manifest) -> Bill:
    """The period. Raises SourceError if a file of it cannot be read, or no line can be a row."""
    frames, rejects, count = list[pl.DataFrame](), list[Reject](), 0
    export = bucket.aws.run.id(bucket.export.name)
    is_settling = manifest.modified < manifest.end + SETTLING
    with TemporaryDirectory(prefix="aurora-bill-") as folder:
        for raw in bucket.frames(manifest, Path(folder)):
            try:
                lines = to_focus(raw)[0] if kind_of(raw.columns) else raw
                part = shaped(lines, export, count, is_settling)
            except ContractError as error:
                raise bucket.fault(manifest, str(error), "schema_drift") from error
            count += raw.height
            frames.append(part.good)
            rejects += part.rejects
    if not count:  # an export without usage: nothing to land, and nothing to replace
        return Bill(pl.DataFrame())
    whole = pl.concat(frames)
    if not whole.height:
        told = f"none of its {count} lines can be a row" + (f" ({rejects[0].message})" if rejects else "")
        raise bucket.fault(manifest, told, "schema_drift")
    return _of_period(whole, rejects, manifest)


def _of_period(whole: pl.DataFrame, rejects: list[Reject], manifest: Manifest) -> Bill:
    """The lines of this very period: a line of another one would replace that period by itself.

    What stands on an invoice is no estimate any more.
    """
    mine = pl.col("BillingPeriodStart") == manifest.period
    strange = [_strange(row, manifest) for row in whole.filter(~mine).iter_rows(named=True)]
    final = pl.col("x_IsEstimated") & pl.col("InvoiceId").is_null()
    return Bill(whole.filter(mine).with_columns(final.alias("x_IsEstimated")), rejects + strange)


def _strange(row: Row, manifest: Manifest) -> Reject:
    told = f"BillingPeriodStart = {row['BillingPeriodStart']} is not {manifest.month}, the billing period of its file"
    payload = {name: value for name, value in row.items() if value is not None}
    return Reject("BillingPeriodStart|period", told, payload)
