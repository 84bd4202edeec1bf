"""What connectors of bills share: a billing period whole, however large, and faults of one period that stop no other.

A month of a large company is more than memory holds: its lines are shaped some at a time and wait in a folder.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from aurora.contracts.cost import FocusCost
from aurora.errors import ErrorClass, SourceError
from ingest.check import Reject
from ingest.connector import Bulk, Item, Run
from ingest.focus.convert import kind_of, to_focus
from ingest.focus.shape import Shaped, shaped

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

    def items(self, run: Run[Any]) -> Iterator[Item]:
        """What a stream yields of it; lines that could not be rows are quarantined."""
        for reject in self.all_rejects():
            run.reject(FocusCost, reject)
        if self.row_count:
            yield FocusCost, self.rows()


def lines_of(raw: pl.DataFrame, export: str, before: int, is_settling: bool) -> Shaped:
    """Lines of an export, FOCUS or a provider's own, as rows of focus_cost; `before` lines of it came already.

    What stands on an invoice is no estimate any more. Raises ContractError for what is no bill.
    """
    made = shaped(to_focus(raw)[0] if kind_of(raw.columns) else raw, export, before, is_settling)
    is_open = pl.col("x_IsEstimated") & pl.col("InvoiceId").is_null()
    return Shaped(made.good.with_columns(is_open.alias("x_IsEstimated")), made.rejects)


@contextmanager
def noted(run: Run[Any], failures: list[SourceError], *also: ErrorClass) -> Iterator[None]:
    """Goes on after a fault of one export or period alone: it is noted, or a warning where the next run mends it.

    `also` are classes that concern this one alone, too.
    """
    try:
        yield
    except SourceError as error:
        if error.error_class == "partial":
            run.warn(str(error))
        elif error.error_class in ("not_found", "permission", "schema_drift", "bad_query", *also):
            failures.append(error)
        else:
            raise


def raise_noted(failures: list[SourceError]) -> None:
    """At the end of a run: the first fault that was noted, and how many more there are. Raises SourceError."""
    if failures:
        more = f"; and {len(failures) - 1} more" if len(failures) > 1 else ""
        raise SourceError(f"{failures[0]}{more}", failures[0].error_class)
