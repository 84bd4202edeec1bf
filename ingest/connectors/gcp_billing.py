"""Bills of Google Cloud from the billing export in BigQuery: FOCUS where there is one, else detailed or standard.

API: https://cloud.google.com/bigquery/docs/reference/rest/v2/jobs/query; tables:
https://cloud.google.com/billing/docs/how-to/export-data-bigquery-tables. Needs: a service account with BigQuery Job
User on `project`, which pays for the queries, and BigQuery Data Viewer on the export's dataset. `service_account =
"env:NAME"`: the variable holds the key as JSON or the path of its file; `token` takes an access token that somebody
else keeps fresh. Of each billing account in the dataset the table that tells most is read, or the one that `table`
names (a view with the columns of FOCUS or of the export does, too). A month of invoices is read whole again when rows
came in for it; a query that would read more than `maximum_bytes` is refused and costs nothing. `margin` is how long
before a month its first rows may have come in, where partitions tell that.
"""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from pydantic import Field

from aurora.contracts.cost import FocusCost
from aurora.errors import SourceError
from aurora.settings import Duration
from ingest.connector import Checkpoint, Connector, Item, Run
from ingest.http import Site
from ingest.vendors.bigquery import NAME, Dataset
from ingest.vendors.bigquery_access import DATASET, BigQueryAccess
from ingest.vendors.bills import Bill, noted, raise_noted
from ingest.vendors.google_bills import Month, Table, best_of


class GcpBillingOptions(BigQueryAccess):
    """`dataset`: the billing export's; `history`: how many months of invoices are read."""

    dataset: str = Field(pattern=DATASET)
    table: str | None = Field(None, pattern=NAME)
    history: Duration = Field(timedelta(days=400), ge=timedelta(days=36))
    margin: Duration = timedelta(days=100)


GcpBillingRun = Run[GcpBillingOptions]


def connect(options: GcpBillingOptions) -> Site:
    """The API with a token for an hour. Raises SourceError(auth) for a key that is none."""
    return options.site()


connector = Connector("gcp_billing", GcpBillingOptions, connect)


@connector.stream(FocusCost, every="6h")
def fetch_bills(run: GcpBillingRun) -> Iterator[Item]:
    """Months of invoices for which rows came in, each whole and with a checkpoint of its own, the newest first.

    A table that is no bill does not stop the others.
    """
    failures = list[SourceError]()
    seen: dict[str, dict[str, str]] = dict((run.cursor or {}).get("tables", {}))
    for name, table in tables(run, failures):
        known = seen.get(name, {})
        for month, found in changed_bills(run, table, known, failures):
            yield from found.items(run)
            known = known | {month.label: month.mark}
            seen = seen | {name: known}
            yield Checkpoint({"tables": seen})
    yield Checkpoint({"tables": seen})
    raise_noted(failures)


def changed_bills(
    run: GcpBillingRun, table: Table, known: dict[str, str], failures: list[SourceError]
) -> Iterator[tuple[Month, Bill]]:
    """Months of which a row came in since they were read, the newest first; what cannot be read is left out."""
    for month in reversed(table.months(run.now - run.options.history)):
        if known.get(month.label) != month.mark:
            # The folder stays until the rows have landed, at the checkpoint that follows them.
            with noted(run, failures), TemporaryDirectory(prefix="aurora-bill-") as folder:
                yield month, table.bill(month, Path(folder))


def tables(run: GcpBillingRun, failures: list[SourceError]) -> Iterator[tuple[str, Table]]:
    """The billing exports to read."""
    told = run.options
    dataset = Dataset(run, told.project, told.dataset_project or told.project, told.dataset, told.maximum_bytes)
    location = dataset.location()
    names = [told.table] if told.table else best_of(dataset.tables())
    if not names:
        run.warn(f"{dataset.owner}.{dataset.name} holds no billing export: turn it on in Billing, or name its table")
    for name in names:
        try:
            yield name, Table(dataset, name, location, told.margin)
        except SourceError as error:
            if error.error_class != "bad_query" or len(names) == 1:
                raise
            failures.append(error)
