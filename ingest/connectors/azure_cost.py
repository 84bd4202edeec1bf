"""Bills of Azure: exports of Cost Management in Blob storage, costs by day from its query API, and budgets.

API: https://learn.microsoft.com/azure/cost-management-billing/costs/tutorial-improved-exports (dataset "Cost and usage
details (FOCUS)", or actual and amortized cost), https://learn.microsoft.com/rest/api/cost-management/query/usage,
https://learn.microsoft.com/rest/api/consumption/budgets/list. Needs: an app registration with the role Cost Management
Reader on the scope (on a billing account: Billing account reader, or Enrollment reader), and for exports Storage Blob
Data Reader on the container, or a shared access signature with read and list as `sas = "env:NAME"`. `scope` is
"subscriptions/<id>", a resource group, a management group or "providers/Microsoft.Billing/billingAccounts/<id>". An
export writes its month anew each day: the month is replaced whole, and read again only when its manifest changed. A day
that an export covers does not count twice. Accounts of Azure plans by the month may need `cost_column = "PreTaxCost"`
and `amortized = false`. Best: one FOCUS export, month-to-date, in Parquet.
"""

import json
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from pydantic import Field, field_validator, model_validator

from aurora.contracts import Row
from aurora.contracts.cost import Budgets, CostDays, FocusCost
from aurora.errors import SourceError
from aurora.settings import Duration, Frozen, Secret
from ingest.connector import Checkpoint, Connector, Item, Json, Run
from ingest.connectors.azure_monitor import next_link
from ingest.declared import Declared
from ingest.http import Http, Site
from ingest.vendors.azure_blobs import Container
from ingest.vendors.azure_exports import Export, Manifest, bill, manifests
from ingest.vendors.azure_query import Asked, cost_rows, limited, months
from ingest.vendors.bills import Bill, noted, raise_noted
from ingest.vendors.oauth import ClientCredentials, SignedIn

STORAGE = "https://storage.azure.com"
OPEN_FOR = timedelta(days=36)  # the month before may change until it is closed
PERIODS = {
    **dict.fromkeys(("monthly", "billingmonth"), "month"),
    **dict.fromkeys(("quarterly", "billingquarter"), "quarter"),
    **dict.fromkeys(("annually", "billingannual"), "year"),
}
_SCOPE = r"^/?(subscriptions/[0-9A-Za-z-]+(/resourceGroups/[^/]+)?|providers/Microsoft\.[A-Za-z]+/.+[^/])/?$"


class AzureCostOptions(Frozen):
    """`history` is how far back costs are read at first: Azure keeps 13 months for most accounts."""

    tenant: str = Field(pattern="^[0-9A-Za-z.-]+$")
    client_id: str = Field(min_length=1)
    client_secret: Secret
    scope: str = Field(pattern=_SCOPE)
    exports: tuple[Export, ...] = Field((), max_length=50)
    query: bool = True
    budgets: bool = True
    amortized: bool = True
    cost_column: Literal["Cost", "PreTaxCost", "CostUSD"] = "Cost"
    group_by: Literal["SubscriptionId", "ResourceLocation"] | None = None
    history: Duration = Field(timedelta(days=395), ge=OPEN_FOR)
    url: str = Field("https://management.azure.com", pattern="^https?://[^/]")
    login_url: str = Field("https://login.microsoftonline.com", pattern="^https?://[^/]")

    @field_validator("scope")
    @classmethod
    def _bare(cls, scope: str) -> str:
        return scope.strip("/")

    @model_validator(mode="after")
    def _each_export_once(self) -> "AzureCostOptions":
        if len({one.name for one in self.exports}) < len(self.exports):
            raise ValueError("each export stands once, under a name of its own")
        return self


AzureCostRun = Run[AzureCostOptions]


def connect(options: AzureCostOptions) -> Site:
    """Azure Resource Manager; tokens come later, from another host."""
    return Site(options.url, secrets=(options.client_secret.reveal(),), limited=limited)


connector = Connector("azure_cost", AzureCostOptions, connect)


def credentials(run: AzureCostRun, audience: str) -> ClientCredentials:
    """Tokens of the app registration for one kind of resource."""
    told, secret = run.options, run.options.client_secret.reveal()
    form = {"grant_type": "client_credentials", "client_id": told.client_id, "client_secret": secret}
    form |= {"scope": f"{audience.rstrip('/')}/.default"}
    login = Site(told.login_url, secrets=(secret,))
    return ClientCredentials(run.http, login, f"{told.tenant}/oauth2/v2.0/token", form)


def signed_in(run: AzureCostRun) -> Http:
    """The client of Resource Manager with a token."""
    return SignedIn(run.http, credentials(run, run.options.url).token)


@connector.stream(FocusCost, every="1h")
def fetch_exports(run: AzureCostRun) -> Iterator[Item]:
    """Months whose manifest changed, each whole and with a checkpoint of its own, the newest first.

    One that cannot be read keeps the rows that it had, and the others are read all the same.
    """
    failures, token = list[SourceError](), credentials(run, STORAGE).token
    seen: dict[str, dict[str, str]] = dict((run.cursor or {}).get("exports", {}))
    for export in run.options.exports:
        container = Container(run.http, export.container, export.sas.reveal() if export.sas else None, token)
        known = seen.get(export.name, {})
        for manifest, found in changed_bills(run, container, export, known, failures):
            yield from found.items(run)
            known = known | {manifest.label: manifest.mark}
            seen = seen | {export.name: known}
            yield Checkpoint({"exports": seen})
    yield Checkpoint({"exports": seen})
    raise_noted(failures)


def changed_bills(
    run: AzureCostRun, container: Container, export: Export, known: dict[str, str], failures: list[SourceError]
) -> Iterator[tuple[Manifest, Bill]]:
    """Months whose manifest is not the known one; what cannot be read is noted and left out."""
    listed = list[Manifest]()
    with noted(run, failures):
        listed = manifests(run, container, export, run.now - run.options.history)
    for manifest in (one for one in listed if known.get(one.label) != one.mark):
        # The folder stays until the rows have landed, at the checkpoint that follows them.
        with noted(run, failures), TemporaryDirectory(prefix="aurora-bill-") as folder:
            yield manifest, bill(run, container, export, manifest, Path(folder))


@connector.stream(CostDays, every="6h")
def fetch_query(run: AzureCostRun) -> Iterator[Item]:
    """Costs by day, service and subscription (or region), month by month; a month is read again until it is closed."""
    if not run.options.query:
        return
    http, told, today = signed_in(run), run.options, run.now.date()
    is_whole_subscription = told.scope.lower().startswith("subscriptions/")
    by = told.group_by or ("ResourceLocation" if is_whole_subscription else "SubscriptionId")
    asked = Asked(told.scope, told.cost_column, by)
    for window in months(_first_day(run), today):
        for row in cost_rows(http, run, asked, window, told.amortized):
            yield CostDays, row
        yield Checkpoint({"read_until": window[1].isoformat()})


def _first_day(run: AzureCostRun) -> date:
    """The first day of the month from which on costs may be new."""
    told = (run.cursor or {}).get("read_until")
    start = run.now - run.options.history
    if told:
        start = min(datetime.fromisoformat(told).replace(tzinfo=run.now.tzinfo), run.now) - OPEN_FOR
    return start.date().replace(day=1)


@connector.stream(Budgets, every="6h")
def fetch_budgets(run: AzureCostRun) -> Iterator[Item]:
    """Budgets with what is spent and forecast; a version whenever one of them changed or is gone."""
    if not run.options.budgets:
        return
    http, declared = signed_in(run), Declared(run)
    path = f"{run.options.scope}/providers/Microsoft.Consumption/budgets"
    for page in http.pages(path, {"api-version": "2024-08-01"}, following=next_link):
        for budget in page["value"]:
            row = budget_row(run, budget)
            if row:
                declared.add(Budgets, row)
    yield from declared.items(Budgets)
    yield Checkpoint({"read": "whole"})


def budget_row(run: AzureCostRun, budget: Json) -> Row | None:
    """A budget of cost by month, quarter or year; None, and counted or told, for others."""
    told = budget["properties"]
    period = PERIODS.get(str(told.get("timeGrain")).lower())
    if str(told.get("category", "Cost")).lower() != "cost" or period is None:
        run.unknown_words[f"{told.get('category')} {told.get('timeGrain')}"] += 1
        return None
    spent, forecast = told.get("currentSpend") or {}, told.get("forecastSpend") or {}
    currency = spent.get("unit") or forecast.get("unit")
    if not currency:
        run.warn(f"budget {budget['name']} tells no currency before its first cost: left out until it does")
        return None
    time = told.get("timePeriod") or {}
    scope = {"scope": f"/{run.options.scope}"} | ({"filter": told["filter"]} if told.get("filter") else {})
    return {
        "budget_id": run.id(budget["id"].lower()),
        "name": budget["name"],
        "scope": json.dumps(scope, sort_keys=True),
        "period": period,
        "starts_on": _on(time.get("startDate")) or run.now.date().replace(day=1),
        "ends_on": _on(time.get("endDate")),
        "limit_amount": amount(told["amount"]),
        "currency": currency,
        "vendor_actual_amount": amount(spent.get("amount")),
        "vendor_forecast_amount": amount(forecast.get("amount")),
    }


def _on(told: str | None) -> date | None:
    return date.fromisoformat(told[:10]) if told else None


def amount(told: float | None) -> Decimal | None:
    """An amount that came as a JSON number, in its shortest digits."""
    return None if told is None else Decimal(str(told))
