"""Cost reports of Oracle Cloud Infrastructure (reports/cost-csv) as FOCUS 1.2.

Columns: https://docs.oracle.com/iaas/Content/Billing/Concepts/costusagereportsoverview.htm. The rules followed are
the FinOps Foundation's converter's (github.com/finopsfoundation/focus_converters, oci). On purpose otherwise:

- BilledCost is myCostOverage where Oracle tells one, else myCost: without a commitment there is no overage and the
  bill is myCost.
- BillingPeriodEnd is the beginning of the next month: ends are exclusive in FOCUS.
- ListCost, ContractedCost, PricingQuantity, ContractedUnitPrice, ChargeCategory, ServiceCategory, InvoiceIssuerName,
  PublisherName, ResourceType and Tags, which the rules lack: the cost, the billed quantity and Oracle's unit price,
  Usage, a table of its services, Oracle, the type in the OCID, and the columns tags/*. A correction is of
  ChargeClass Correction.
"""

import polars as pl

from ingest.focus.convert.columns import Source, day_of, json_of, midnight, squashed
from ingest.focus.convert.services import ORACLE, category

NAME = "oci_cost_report"
MARKS = ("lineItem/intervalUsageStart", "cost/myCost", "product/service", "cost/currencyCode")


def recognises(columns: list[str]) -> bool:
    """Whether these are the columns of a cost report of OCI."""
    return {squashed(name) for name in MARKS} <= {squashed(name) for name in columns}


def convert(frame: pl.LazyFrame) -> pl.LazyFrame:
    """One FOCUS row per line, in the same order; money as the text that Oracle wrote."""
    told = Source(frame)
    return frame.select(**_costs(told), **_bill(told), **_charge(told), **_thing(told))


def _costs(told: Source) -> dict[str, pl.Expr]:
    cost, quantity, unit = told.text("cost/myCost"), told.text("usage/billedQuantity"), _unit(told)
    return {
        "BilledCost": told.text("cost/myCostOverage", "cost/myCost"),
        "EffectiveCost": cost,
        "ContractedCost": cost,
        "ListCost": cost,
        "ContractedUnitPrice": told.text("cost/unitPrice"),
        "ConsumedQuantity": quantity,
        "ConsumedUnit": unit,
        "PricingQuantity": quantity,
        "PricingUnit": unit,
    }


def _unit(told: Source) -> pl.Expr:
    return told.text("cost/skuUnitDescription", "cost/billingUnitReadable")


def _bill(told: Source) -> dict[str, pl.Expr]:
    start = told.text("lineItem/intervalUsageStart")
    month = day_of(start).dt.truncate("1mo")
    return {
        "BillingAccountId": told.text("cost/subscriptionId", "lineItem/tenantId"),
        "BillingCurrency": told.text("cost/currencyCode"),
        "BillingPeriodStart": midnight(month, start),
        "BillingPeriodEnd": midnight(month.dt.offset_by("1mo"), start),
        "InvoiceIssuerName": pl.lit("Oracle"),
        "ProviderName": pl.lit("Oracle"),
        "PublisherName": pl.lit("Oracle"),
        "SubAccountId": told.text("lineItem/tenantId"),
    }


def _charge(told: Source) -> dict[str, pl.Expr]:
    is_correction = told.text("lineItem/isCorrection").str.to_lowercase() == "true"
    return {
        "ChargeCategory": pl.lit("Usage"),
        "ChargeClass": pl.when(is_correction).then(pl.lit("Correction")),
        "ChargeDescription": told.text("product/Description"),
        "ChargeFrequency": pl.lit("Usage-Based"),
        "ChargePeriodStart": told.text("lineItem/intervalUsageStart"),
        "ChargePeriodEnd": told.text("lineItem/intervalUsageEnd"),
        "PricingCategory": pl.lit("Standard"),
    }


def _thing(told: Source) -> dict[str, pl.Expr]:
    resource, service = told.text("product/resourceId"), told.text("product/service")
    return {
        "AvailabilityZone": told.text("product/availabilityDomain"),
        "RegionId": told.text("product/region"),
        "ResourceId": resource,
        "ResourceType": resource.str.extract(r"^ocid\d*\.([^.]+)\.", 1),
        "ServiceCategory": category(service, ORACLE),
        "ServiceName": service,
        "SkuId": told.text("cost/productSku"),
        "Tags": json_of({key: told.cell(column) for key, column in told.starting("tags/").items()}),
        "x_CompartmentId": told.text("product/compartmentId"),
        "x_CompartmentName": told.text("product/compartmentName"),
        "x_ReferenceNumber": told.text("lineItem/referenceNo"),
    }
