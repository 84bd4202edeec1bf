"""The standard and detailed billing exports of Google Cloud, rows of BigQuery or files of them, as FOCUS 1.2.

Columns: https://cloud.google.com/billing/docs/how-to/export-data-bigquery-tables/detailed-usage. Records may come
nested, or flat with any sign between (service.description, service_description); labels and credits nested or as
JSON. The rules followed are the FinOps Foundation's converter's (github.com/finopsfoundation/focus_converters, gcp).
On purpose otherwise:

- BilledCost is the cost with its credits, and EffectiveCost the same: that is what the invoice asks for. The rules
  bill the cost before credits, and cut the effective cost off at 0, which would lose what Google gives back.
  ContractedCost is the cost before credits.
- BillingPeriodEnd is the end of the invoice's month and not its beginning once more.
- A cost_type of credit is a Credit, and one that is not told is Usage; adjustments are Adjustments.
- ConsumedQuantity is null where FOCUS says so: of lines that are no usage.
- SkuPriceId is null: where a price's tier begins is no name of a price.
- SubAccountId and SubAccountName are the project, ChargeDescription is the SKU, Tags are the labels; the rules have
  none of them.
- Months of invoices are months of America/Los_Angeles, as in the rules: 202403 begins at 2024-03-01T08:00:00Z.
"""

import json
from decimal import Decimal
from typing import Any

import polars as pl

from ingest.focus.convert.columns import NOTHING, Source, each, pairs, pairs_object, squashed
from ingest.focus.convert.numbers import sum_of
from ingest.focus.convert.services import GOOGLE, category

NAME = "gcp_billing"
MARKS = ("cost", "usage_start_time", "usage_end_time", "billing_account_id", "currency")
CATEGORIES = {"tax": "Tax", "regular": "Usage", "credit": "Credit"}
CATEGORIES |= dict.fromkeys(("adjustment", "rounding_error"), "Adjustment")
ZONE = "America/Los_Angeles"
GOOGLE_CLOUD = "Google Cloud"


def recognises(columns: list[str]) -> bool:
    """Whether these are the columns of a billing export of Google Cloud."""
    have = {squashed(name) for name in columns}
    return {squashed(name) for name in MARKS} <= have and bool({"service", "servicedescription"} & have)


def convert(frame: pl.LazyFrame) -> pl.LazyFrame:
    """One FOCUS row per line, in the same order; Google's costs are floats, kept to 18 decimals."""
    flat = _flat(frame)
    told = Source(flat)
    return flat.select(**_costs(told), **_bill(told), **_charge(told), **_quantities(told), **_thing(told))


def _flat(frame: pl.LazyFrame) -> pl.LazyFrame:
    """Records as columns named record.field, as deep as they go."""
    while records := {name: kind for name, kind in frame.collect_schema().items() if isinstance(kind, pl.Struct)}:
        fields = [
            pl.col(name).struct.field(field.name).alias(f"{name}.{field.name}")
            for name, kind in records.items()
            for field in kind.fields
        ]
        frame = frame.with_columns(fields).drop(list(records))
    return frame


def _costs(told: Source) -> dict[str, pl.Expr]:
    cost = _float(told.text("cost"))
    net = sum_of(cost, _credits(told))
    return {
        "BilledCost": net,
        "EffectiveCost": net,
        "ContractedCost": cost,
        "ListCost": pl.coalesce([_float(told.text("cost_at_list")), cost]),
        "ContractedUnitPrice": _float(told.text("price.effective_price")),
        "ListUnitPrice": _float(told.text("price.list_price")),
    }


def _float(text: pl.Expr) -> pl.Expr:
    """A float's digits to 18 decimals, also where BigQuery wrote it as text."""
    return pl.coalesce([text.cast(pl.Decimal(38, 18), strict=False).cast(pl.String), text])


def _credits(told: Source) -> pl.Expr:
    """The sum of a row's credits; null when there are none."""
    kind = told.kind("credits")
    if isinstance(kind, pl.List):

        def done(cells: pl.Series) -> pl.Series:
            return pl.Series([_total(one) if one else None for one in cells.to_list()], dtype=pl.String)

        return pl.col(told.names["credits"]).map_batches(done, return_dtype=pl.String)
    return each(told.text("credits"), _total_of_json)


def _total_of_json(text: str) -> str | None:
    try:
        told = json.loads(text, parse_float=str, parse_int=str)
        return _total(told) if told else None
    except (ValueError, TypeError, AttributeError, ArithmeticError, RecursionError):
        return text  # a sum with this in it is told as unreadable, not made up without it


def _total(told: list[dict[str, Any]]) -> str | None:
    step = Decimal(1).scaleb(-18)
    amounts = [Decimal(str(one["amount"])).quantize(step) for one in told if one.get("amount") is not None]
    return f"{sum(amounts, Decimal(0)):f}" if amounts else None


def _bill(told: Source) -> dict[str, pl.Expr]:
    month = told.text("invoice.month").str.replace_all("-", "").str.to_date("%Y%m", strict=False)
    first = month if told.has("invoice.month") else NOTHING.cast(pl.Date)
    seller = told.text("seller_name").fill_null(GOOGLE_CLOUD)
    return {
        "BillingAccountId": told.text("billing_account_id"),
        "BillingCurrency": told.text("currency"),
        "BillingPeriodStart": _pacific(first, told),
        "BillingPeriodEnd": _pacific(first.dt.offset_by("1mo"), told),
        "InvoiceIssuerName": pl.lit(GOOGLE_CLOUD),
        "ProviderName": pl.lit(GOOGLE_CLOUD),
        "PublisherName": seller,
        "SubAccountId": told.text("project.id"),
        "SubAccountName": told.text("project.name"),
    }


def _pacific(day: pl.Expr, told: Source) -> pl.Expr:
    utc = day.cast(pl.Datetime("us")).dt.replace_time_zone(ZONE).dt.convert_time_zone("UTC")
    return pl.coalesce([utc.dt.strftime("%Y-%m-%dT%H:%M:%SZ"), told.text("invoice.month")])


def _category(told: Source) -> pl.Expr:
    kind = told.text("cost_type").str.to_lowercase()
    return kind.replace_strict(CATEGORIES, default="Usage", return_dtype=pl.String).fill_null("Usage")


def _charge(told: Source) -> dict[str, pl.Expr]:
    usage = _category(told) == "Usage"
    return {
        "ChargeCategory": _category(told),
        "ChargeDescription": told.text("sku.description"),
        "ChargeFrequency": pl.when(usage).then(pl.lit("Usage-Based")),
        "ChargePeriodStart": told.text("usage_start_time"),
        "ChargePeriodEnd": told.text("usage_end_time"),
    }


def _quantities(told: Source) -> dict[str, pl.Expr]:
    usage = _category(told) == "Usage"
    return {
        "ConsumedQuantity": pl.when(usage).then(_float(told.text("usage.amount"))),
        "ConsumedUnit": pl.when(usage).then(told.text("usage.unit")),
        "PricingQuantity": _float(told.text("usage.amount_in_pricing_units")),
        "PricingUnit": told.text("usage.pricing_unit"),
        "SkuId": told.text("sku.id"),
        "SkuMeter": told.text("sku.description"),
    }


def _thing(told: Source) -> dict[str, pl.Expr]:
    service = told.text("service.description", "service.id")
    return {
        "AvailabilityZone": told.text("location.zone"),
        "RegionId": told.text("location.region", "location.location"),
        "ResourceId": told.text("resource.global_name", "resource.name"),
        "ResourceName": told.text("resource.name"),
        "ServiceCategory": category(service, GOOGLE),
        "ServiceName": service.fill_null(GOOGLE_CLOUD),
        "Tags": _labels(told, "labels"),
        "x_CostType": told.text("cost_type"),
        "x_ExportTime": told.text("export_time"),
        "x_ProjectLabels": _labels(told, "project.labels"),
        "x_ServiceId": told.text("service.id"),
    }


def _labels(told: Source, name: str) -> pl.Expr:
    kind = told.kind(name)
    if isinstance(kind, pl.List):

        def done(cells: pl.Series) -> pl.Series:
            return pl.Series([pairs_object(one) if one else None for one in cells.to_list()], dtype=pl.String)

        return pl.col(told.names[squashed(name)]).map_batches(done, return_dtype=pl.String)
    return each(told.text(name), pairs)
