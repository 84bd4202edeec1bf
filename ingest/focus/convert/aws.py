"""The Cost and Usage Report of AWS (CUR, CSV or Parquet spelling, and CUR 2.0) as FOCUS 1.2.

Columns: https://docs.aws.amazon.com/cur/latest/userguide/data-dictionary.html. The rules followed are the FinOps
Foundation's converter's (github.com/finopsfoundation/focus_converters, aws-cur). On purpose otherwise:

- ChargeCategory: Credit is Credit and not Adjustment, which FOCUS had no other word for before 1.0. A line item type
  that is not known is Usage, and x_LineItemType always keeps AWS's word. A Refund is of ChargeClass Correction.
- ChargeFrequency by line item type: the type of the bill says nothing about its lines.
- EffectiveCost goes out from net amounts where there are any, as BilledCost does, so that both speak of one price.
- ListCost is AWS's own publicOnDemandCost first: rate times amount has more decimals than the bill. Only usage has
  one of its own, other lines cost on the list what they cost.
- ContractedCost, which the rules lack: what is billed; where a reservation covers the usage, the list's cost; for a
  negation 0, since the covered usage beside it carries the cost.
- PricingCategory by line item type, purchase option second: most reports lack the option.
- ServiceName is the product's name, with the code in x_ServiceCode: people read names.
- ConsumedQuantity and PricingQuantity are null where FOCUS says so: lines that are no usage, and taxes.
- ResourceName and ResourceType are read from ARNs alone, and keep their capitals.
- CommitmentDiscountStatus is Used for covered usage. Unused commitment stays in its fee, as CUR has it.
- An empty cell is null before any rule looks at it.
"""

import polars as pl

from ingest.focus.convert.aws_maps import cost_categories, tags
from ingest.focus.convert.columns import Source, by_distinct, squashed
from ingest.focus.convert.numbers import difference, product_of, sum_of
from ingest.focus.convert.services import AWS, category

NAME = "aws_cur"
MARKS = ("lineItem/UnblendedCost", "lineItem/LineItemType", "lineItem/UsageStartDate", "bill/PayerAccountId")
CATEGORIES = {
    "Tax": "Tax",
    **dict.fromkeys(("Fee", "RIFee", "SavingsPlanUpfrontFee", "SavingsPlanRecurringFee"), "Purchase"),
    "Credit": "Credit",
    "Refund": "Adjustment",
}
RECURRING = ("RIFee", "SavingsPlanRecurringFee")
ONE_TIME = ("Fee", "SavingsPlanUpfrontFee", "Refund", "Credit")
COVERED = ("SavingsPlanCoveredUsage", "DiscountedUsage")
OPTIONS = {"Spot Instances": "Dynamic", "Spot": "Dynamic", "Reserved Instances": "Committed", "Reserved": "Committed"}
ZERO = pl.lit("0")
_ARN = r"^arn:[^:]*:[^:]*:[^:]*:[^:]*:(.+)$"


def recognises(columns: list[str]) -> bool:
    """Whether these are the columns of a Cost and Usage Report."""
    return {squashed(name) for name in MARKS} <= {squashed(name) for name in columns}


def convert(frame: pl.LazyFrame) -> pl.LazyFrame:
    """One FOCUS row per line item, in the same order; money as the text that AWS wrote."""
    told = Source(frame)
    columns = _bill(told) | _charge(told) | _commitment(told) | _quantities(told) | _thing(told)
    return frame.select(**_costs(told), **columns, **_extras(told))


def _bill(told: Source) -> dict[str, pl.Expr]:
    issuer = told.text("bill/InvoicingEntity", "bill/BillingEntity").fill_null("AWS")
    return {
        "BillingAccountId": told.text("bill/PayerAccountId"),
        "BillingAccountName": told.text("bill/PayerAccountName"),
        "BillingCurrency": told.text("lineItem/CurrencyCode"),
        "BillingPeriodStart": told.text("bill/BillingPeriodStartDate"),
        "BillingPeriodEnd": told.text("bill/BillingPeriodEndDate"),
        "InvoiceId": told.text("bill/InvoiceId"),
        "InvoiceIssuerName": issuer,
        "ProviderName": pl.lit("AWS"),
        "PublisherName": told.text("lineItem/LegalEntity").fill_null(issuer),
        "SubAccountId": told.text("lineItem/UsageAccountId"),
        "SubAccountName": told.text("lineItem/UsageAccountName"),
    }


def _kind(told: Source) -> pl.Expr:
    return told.text("lineItem/LineItemType")


def _category(told: Source) -> pl.Expr:
    return _kind(told).replace_strict(CATEGORIES, default="Usage", return_dtype=pl.String).fill_null("Usage")


def _billed(told: Source) -> pl.Expr:
    return told.text("lineItem/NetUnblendedCost", "lineItem/UnblendedCost")


def _costs(told: Source) -> dict[str, pl.Expr]:
    kind, billed = _kind(told), _billed(told)
    given = told.text("pricing/publicOnDemandCost")
    rate = pl.when(given.is_null()).then(told.text("pricing/publicOnDemandRate"))
    listed = pl.coalesce(
        [
            given,
            product_of(rate, told.text("lineItem/UsageAmount")),
        ]
    )
    is_usage = (_category(told) == "Usage") & ~kind.str.contains("(?i)discount$|negation$").fill_null(False)
    contracted = (
        pl.when(kind == "DiscountedUsage")
        .then(pl.coalesce([listed, told.text("reservation/EffectiveCost"), billed]))
        .when(kind == "SavingsPlanNegation")
        .then(ZERO)
        .otherwise(billed)
    )
    return {
        "BilledCost": billed,
        "EffectiveCost": _effective(told),
        "ContractedCost": contracted,
        "ListCost": pl.when(is_usage).then(pl.coalesce([listed, contracted])).otherwise(contracted),
        "ListUnitPrice": told.text("pricing/publicOnDemandRate"),
    }


def _effective(told: Source) -> pl.Expr:
    """What covered usage takes of its commitment; a commitment's fee keeps what nobody used."""
    kind, billed = _kind(told), _billed(told)
    unused = sum_of(
        told.text(
            "reservation/NetUnusedAmortizedUpfrontFeeForBillingPeriod",
            "reservation/UnusedAmortizedUpfrontFeeForBillingPeriod",
        ),
        told.text("reservation/NetUnusedRecurringFee", "reservation/UnusedRecurringFee"),
    )
    left = difference(told.text("savingsPlan/TotalCommitmentToDate"), told.text("savingsPlan/UsedCommitment"))
    of_plan = told.text("savingsPlan/NetSavingsPlanEffectiveCost", "savingsPlan/SavingsPlanEffectiveCost")
    return (
        pl.when(kind == "SavingsPlanCoveredUsage")
        .then(pl.coalesce([of_plan, billed]))
        .when(kind == "SavingsPlanRecurringFee")
        .then(pl.coalesce([left, billed]))
        .when(kind.is_in(("SavingsPlanNegation", "SavingsPlanUpfrontFee")))
        .then(ZERO)
        .when(kind == "DiscountedUsage")
        .then(pl.coalesce([told.text("reservation/NetEffectiveCost", "reservation/EffectiveCost"), billed]))
        .when(kind == "RIFee")
        .then(pl.coalesce([unused, billed]))
        .when((kind == "Fee") & told.text("reservation/ReservationARN").is_not_null())
        .then(ZERO)
        .otherwise(billed)
    )


def _charge(told: Source) -> dict[str, pl.Expr]:
    kind, option = _kind(told), told.text("pricing/PurchaseOption", "product/PurchaseOption")
    is_spot = told.text("lineItem/UsageType").str.contains("SpotUsage", literal=True).fill_null(False)
    usage = _category(told) == "Usage"
    by_option = option.replace_strict(OPTIONS, default="Standard", return_dtype=pl.String).fill_null("Standard")
    return {
        "ChargeCategory": _category(told),
        "ChargeClass": pl.when(kind == "Refund").then(pl.lit("Correction")),
        "ChargeDescription": told.text("lineItem/LineItemDescription"),
        "ChargeFrequency": pl.when(kind.is_in(RECURRING))
        .then(pl.lit("Recurring"))
        .when(kind.is_in(ONE_TIME))
        .then(pl.lit("One-Time"))
        .when(usage)
        .then(pl.lit("Usage-Based")),
        "ChargePeriodStart": told.text("lineItem/UsageStartDate"),
        "ChargePeriodEnd": told.text("lineItem/UsageEndDate"),
        "PricingCategory": pl.when(kind.is_in(COVERED))
        .then(pl.lit("Committed"))
        .when(usage & is_spot)
        .then(pl.lit("Dynamic"))
        .when(usage)
        .then(by_option),
    }


def _commitment(told: Source) -> dict[str, pl.Expr]:
    plan, reservation = told.text("savingsPlan/SavingsPlanARN"), told.text("reservation/ReservationARN")
    is_plan, is_reservation = plan.is_not_null(), reservation.is_not_null()
    return {
        "CommitmentDiscountCategory": pl.when(is_plan).then(pl.lit("Spend")).when(is_reservation).then(pl.lit("Usage")),
        "CommitmentDiscountId": pl.coalesce([plan, reservation]),
        "CommitmentDiscountType": pl.when(is_plan)
        .then(pl.lit("Savings Plan"))
        .when(is_reservation)
        .then(pl.lit("Reserved Instances (RI)")),
        "CommitmentDiscountStatus": pl.when(_kind(told).is_in(COVERED) & (is_plan | is_reservation)).then(
            pl.lit("Used")
        ),
    }


def _quantities(told: Source) -> dict[str, pl.Expr]:
    amount, unit = told.text("lineItem/UsageAmount"), told.text("pricing/unit")
    is_usage, is_tax = _category(told) == "Usage", _category(told) == "Tax"
    return {
        "ConsumedQuantity": pl.when(is_usage).then(amount),
        "ConsumedUnit": pl.when(is_usage).then(unit),
        "PricingQuantity": pl.when(~is_tax).then(pl.coalesce([told.text("reservation/TotalReservedUnits"), amount])),
        "PricingUnit": pl.when(~is_tax).then(unit),
        "SkuId": told.text("product/sku"),
        "SkuMeter": told.text("lineItem/UsageType"),
        "SkuPriceId": told.text("pricing/RateCode", "pricing/RateId"),
    }


def _thing(told: Source) -> dict[str, pl.Expr]:
    code, resource = told.text("lineItem/ProductCode"), told.text("lineItem/ResourceId")
    own = by_distinct(resource, lambda id: id.str.extract(_ARN, 1), pl.String())
    is_region = told.text("product/locationType") == "AWS Region"
    return {
        "AvailabilityZone": told.text("lineItem/AvailabilityZone"),
        "RegionId": told.text("product/region", "product/regionCode"),
        "RegionName": pl.when(is_region).then(told.text("product/location")),
        "ResourceId": resource,
        "ResourceName": own.str.extract(r"([^:/]+)$", 1),
        "ResourceType": own.str.extract(r"^([^:/]+)[:/].", 1),
        "ServiceCategory": category(code, AWS),
        "ServiceName": told.text("product/ProductName", "product/servicename", "lineItem/ProductCode").fill_null("AWS"),
        "Tags": tags(told),
    }


def _extras(told: Source) -> dict[str, pl.Expr]:
    return {
        "x_CostCategories": cost_categories(told),
        "x_LineItemType": _kind(told),
        "x_Operation": told.text("lineItem/Operation"),
        "x_ServiceCode": told.text("lineItem/ProductCode"),
    }
