"""Bills of AWS: Data Exports in S3, costs by day from Cost Explorer, and budgets with what is spent of them.

API: https://docs.aws.amazon.com/cur/latest/userguide/dataexports-export-delivery.html (FOCUS_1_2_AWS, FOCUS_1_0_AWS and
COST_AND_USAGE_REPORT, in Parquet or csv.gz), Cost Explorer GetCostAndUsage, Budgets DescribeBudgets, asked through
boto3. Needs, for what is turned on: s3:ListBucket on the bucket and s3:GetObject on the export's folder (kms:Decrypt
where the bucket is encrypted with a key of yours); `cost_explorer = true`: ce:GetCostAndUsage; `budgets = true`:
budgets:ViewBudget; sts:AssumeRole where `role_arn` is set. Only files that the newest manifest of a billing period
lists are read, and the period is replaced whole; a period whose manifest did not change is not read again. Cost
Explorer charges 0.01 USD a page: it is asked once a day, and again for days that AWS still calls estimated. A day that
an export covers does not count twice. Best: one FOCUS_1_2_AWS export in Parquet.
"""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from pydantic import Field, model_validator

from aurora.contracts.cost import Budgets, CostDays, FocusCost
from aurora.errors import SourceError
from aurora.settings import Duration
from ingest.connector import Checkpoint, Connector, Item, Run
from ingest.declared import Declared
from ingest.vendors.aws import Aws, AwsSignIn, Region
from ingest.vendors.aws_bills import bill
from ingest.vendors.aws_explorer import advised, budget_row, cost_results, cost_rows, first_estimated
from ingest.vendors.aws_exports import Bucket, Export, Manifest
from ingest.vendors.bills import Bill, noted, raise_noted

KEPT = timedelta(days=365)  # Cost Explorer has this month and the 13 before it
WATCHED = timedelta(days=76)  # a month, and the 45 days after it in which AWS may still correct it


class AwsCostOptions(AwsSignIn):
    """`exports` in S3, Cost Explorer, budgets: at least one. `history` is how far back bills are read and watched."""

    regions: tuple[Region, ...] = Field(("us-east-1",), min_length=1)
    exports: tuple[Export, ...] = Field((), max_length=50)
    cost_explorer: bool = False
    budgets: bool = False
    account_id: str | None = Field(None, pattern="^[0-9]{12}$")
    history: Duration = Field(timedelta(days=400), ge=WATCHED)

    @model_validator(mode="after")
    def _asks_something(self) -> "AwsCostOptions":
        if not (self.exports or self.cost_explorer or self.budgets):
            raise ValueError("name exports, or set cost_explorer = true or budgets = true")
        places = [(export.bucket, export.root) for export in self.exports]
        if len(set(places)) < len(places) or len({export.name for export in self.exports}) < len(places):
            raise ValueError("each export stands once, under a name of its own")
        return self


AwsCostRun = Run[AwsCostOptions]
connector = Connector("aws_cost", AwsCostOptions)


@connector.stream(FocusCost, every="1h")
def fetch_exports(run: AwsCostRun) -> Iterator[Item]:
    """Billing periods whose manifest changed, each whole and with a checkpoint of its own, the newest first.

    One that cannot be read keeps the rows that it had, and the others are read all the same.
    """
    aws, failures = Aws(run), list[SourceError]()
    seen: dict[str, dict[str, str]] = dict((run.cursor or {}).get("exports", {}))
    for bucket in (Bucket(aws, export) for export in run.options.exports):
        known = seen.get(bucket.export.name, {})
        for manifest, found in changed_bills(run, bucket, known, failures):
            yield from found.items(run)
            known = known | {manifest.month: manifest.mark}
            seen = seen | {bucket.export.name: known}
            yield Checkpoint({"exports": seen})
    yield Checkpoint({"exports": seen})
    raise_noted(failures)


def changed_bills(
    run: AwsCostRun, bucket: Bucket, known: Mapping[str, str], failures: list[SourceError]
) -> Iterator[tuple[Manifest, Bill]]:
    """Billing periods whose manifest is not the known one; what cannot be read is noted and left out."""
    manifests = list[Manifest]()
    with noted(run, failures):
        manifests = bucket.manifests(run.now - run.options.history)
    for manifest in (one for one in manifests if known.get(one.month) != one.mark):
        # The folder stays until the rows have landed, at the checkpoint that follows them.
        with noted(run, failures), TemporaryDirectory(prefix="aurora-bill-") as folder:
            yield manifest, bill(bucket, manifest, Path(folder))


@connector.stream(CostDays, every="1d")
def fetch_explorer(run: AwsCostRun) -> Iterator[Item]:
    """Cost by day, service and account up to yesterday (UTC); days that were estimated are read again until final."""
    if not run.options.cost_explorer:
        return
    aws, end = Aws(run), run.now.date()
    told = (run.cursor or {}).get("final_until")
    first = date.fromisoformat(told) if told else (run.now - min(run.options.history, KEPT)).date()
    first = min(first, end - timedelta(days=1))
    results = cost_results(aws, first, end)
    yield from [(CostDays, row) for row in cost_rows(aws, results)]
    yield Checkpoint({"final_until": first_estimated(results, end).isoformat()})


@connector.stream(Budgets, every="6h")
def fetch_budgets(run: AwsCostRun) -> Iterator[Item]:
    """Budgets of money with what is spent and forecast; a version whenever one of them changed or is gone."""
    if not run.options.budgets:
        return
    aws, region, declared = Aws(run), run.options.regions[0], Declared(run)
    account = run.options.account_id
    if account is None:
        client = aws.client("sts", region)
        with aws.faults("sts:GetCallerIdentity"):
            account = str(client.get_caller_identity()["Account"])
    with advised(aws, "budgets:DescribeBudgets"):
        listed = list(aws.pages("budgets", region, "describe_budgets", AccountId=account, ShowFilterExpression=True))
    for budget in (one for page in listed for one in page.get("Budgets") or ()):
        row = budget_row(aws, account, budget)
        if row:
            declared.add(Budgets, row)
    yield from declared.items(Budgets)
    yield Checkpoint({"read": "whole"})
