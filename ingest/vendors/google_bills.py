"""Billing exports of Google Cloud in BigQuery: which table tells a billing account, and an invoice's month of it.

Tables: https://cloud.google.com/billing/docs/how-to/export-data-bigquery-tables. Rows are only ever appended; late ones
and corrections come with old usage dates, so a month whose newest row or number of rows changed is read whole again.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl

from aurora.errors import ContractError, SourceError
from ingest.focus.columns import is_focus
from ingest.focus.convert.columns import each, pairs
from ingest.vendors.bigquery import Dataset, paths_of
from ingest.vendors.bills import Bill, lines_of

# The same account may have all three: the one that tells most comes first.
KINDS = ("gcp_billing_export_focus_", "gcp_billing_export_resource_v1_", "gcp_billing_export_v1_")
SETTLING = timedelta(days=7)
EXPORT_TIMES = ("x_ExportTime", "export_time")
COLUMNS = (
    *("billing_account_id", "invoice.month", "cost_type", "service.id", "service.description", "sku.id"),
    *("sku.description", "usage_start_time", "usage_end_time", "export_time", "project.id", "project.name"),
    *("location.location", "location.region", "location.zone", "resource.name", "resource.global_name", "cost"),
    *("cost_at_list", "currency", "usage.amount", "usage.unit", "usage.amount_in_pricing_units", "usage.pricing_unit"),
    *("price.effective_price", "seller_name"),
)
LISTS = ("labels", "project.labels", "credits")


@dataclass(frozen=True)
class Month:
    """An invoice's month in a table; `mark` changes with every row that comes in."""

    label: str
    mark: str

    @property
    def end(self) -> datetime:
        """When it ends, roughly: months of invoices are Pacific."""
        first = datetime.strptime(self.label, "%Y%m").replace(tzinfo=UTC)
        return (first + timedelta(days=32)).replace(day=1) + timedelta(hours=8)


def best_of(names: list[str]) -> list[str]:
    """The table to read for each billing account: FOCUS before the detailed export before the standard one."""
    found: dict[str, str] = {}
    for kind in KINDS:
        for name in (one for one in names if one.startswith(kind)):
            found.setdefault(name.removeprefix(kind).upper(), name)
    return sorted(found.values())


class Table:
    """One billing export as a run reads it. Every method raises SourceError."""

    def __init__(self, dataset: Dataset, name: str, location: str | None, margin: timedelta) -> None:
        self.dataset, self.name, self.location, self.margin = dataset, name, location, margin
        self.fields, self.by_arrival = dataset.fields(name)
        names = [one["name"] for one in self.fields]
        self.is_focus = is_focus(names)
        self.paths = set(paths_of(self.fields))
        if not self.is_focus and not {"cost", "invoice.month", "usage_start_time", "currency"} <= self.paths:
            raise self.fault("is neither a FOCUS nor a billing export: check table", "bad_query")
        self.export_time = next((one for one in EXPORT_TIMES if one in names), None)

    @property
    def quoted(self) -> str:
        """Its whole name as SQL names it."""
        return f"`{self.dataset.owner}.{self.dataset.name}.{self.name}`"

    @property
    def month(self) -> str:
        """SQL for the month of the invoice as YYYYMM."""
        return "FORMAT_TIMESTAMP('%Y%m', CAST(BillingPeriodStart AS TIMESTAMP))" if self.is_focus else "invoice.month"

    def months(self, oldest: datetime) -> list[Month]:
        """Months of invoices from that of `oldest` on, the oldest first."""
        marks = [f"CAST(MAX({self.export_time}) AS STRING)" if self.export_time else "CAST(SUM(BilledCost) AS STRING)"]
        marks.append("CAST(COUNT(*) AS STRING)")
        sql = (
            f"SELECT {self.month} AS month, CONCAT(IFNULL({marks[0]}, ''), ' ', {marks[1]}) AS mark FROM {self.quoted} "
            f"WHERE {self.month} >= @month{self._arrived()} GROUP BY month ORDER BY month"
        )
        frames = self.dataset.rows(self.location, sql, **self._named(f"{oldest:%Y%m}"))
        return [Month(*row) for frame in frames for row in frame.select("month", "mark").iter_rows()]

    def bill(self, month: Month, folder: Path) -> Bill:
        """All lines of a month, its rows in files of `folder`."""
        found, count, name = Bill(month.label), 0, self.dataset.run.id(self.name)
        is_settling = self.dataset.run.now < month.end + SETTLING
        for raw in self._lines(month):
            try:
                made = lines_of(raw, name, count, is_settling)
            except ContractError as error:
                raise self.fault(str(error), "schema_drift") from error
            count += raw.height
            found.add(made.good, made.rejects, folder)
        if count and not found.row_count:
            raise self.fault(f"none of the {count} lines of {month.label} can be a row ({found.rejects[0].message})")
        return found

    def _lines(self, month: Month) -> Iterator[pl.DataFrame]:
        columns = "*" if self.is_focus else ", ".join(self._selected())
        sql = f"SELECT {columns} FROM {self.quoted} WHERE {self.month} = @month{self._arrived()}"
        for frame in self.dataset.rows(self.location, sql, **self._named(month.label)):
            yield frame.with_columns(each(pl.col("Tags"), pairs)) if "Tags" in frame.columns else frame

    def _selected(self) -> Iterator[str]:
        """Columns by the paths that this table has; lists as JSON, as they may hold anything."""
        for path in (one for one in COLUMNS if one in self.paths):
            yield f"{path} AS {path.replace('.', '_')}"
        for path in (one for one in LISTS if one in self.paths):
            yield f"TO_JSON_STRING({path}) AS {path.replace('.', '_')}"

    def _arrived(self) -> str:
        """The bound on partitions: rows of an invoice come in from a while before its month on."""
        return " AND _PARTITIONTIME >= TIMESTAMP(@arrived)" if self.by_arrival else ""

    def _named(self, month: str) -> dict[str, str]:
        first = datetime.strptime(month, "%Y%m").replace(tzinfo=UTC)
        arrived = {"arrived": f"{first - self.margin:%Y-%m-%d}"} if self.by_arrival else {}
        return {"month": month} | arrived

    def fault(self, told: str, kind: str = "schema_drift") -> SourceError:
        """What is wrong with the table; the rows that it had before stay."""
        who = self.dataset.run.source_instance
        where = f"{who}: {self.dataset.owner}.{self.dataset.name}.{self.name}"
        return SourceError(f"{where}: {told}", "bad_query" if kind == "bad_query" else "schema_drift")
