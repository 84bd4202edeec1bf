"""Cost and usage details of Azure (EA, MCA, MOSP; actual and amortized) as FOCUS 1.2.

Columns: https://learn.microsoft.com/azure/cost-management-billing/automate/understand-usage-details-fields. The rules
followed are the FinOps Foundation's converter's (github.com/finopsfoundation/focus_converters, azure). On purpose
otherwise:

- ProviderName is Microsoft and not Azure, SubAccountId a path and not the bare id, ServiceName the service and not the
  namespace of its resource provider, as in Microsoft's own FOCUS export: one provider must not be two. Where the type
  of the resource is not known the service is called as the meter's category; x_ConsumedService keeps the namespace.
- ChargePeriodStart is the day of the charge and not the beginning of the bill; all ends are exclusive, as FOCUS has
  them, so the bill's last day ends at the next midnight.
- BilledCost of usage that a reservation or savings plan covers, and of what is unused of it, is 0: amortized exports
  give these lines a share of a purchase that is billed elsewhere. In actual exports they cost nothing anyway.
- EffectiveCost is the export's cost, as in the rules: an amortized export spreads what was bought over its use, an
  actual one tells it when it was bought. One of both is to be read, not both.
- ConsumedQuantity is the quantity times the size of the unit of measure: 0.0129 of "10K" are 129 operations.
- PricingCategory has the words of FOCUS 1.0 and later: Standard for On-Demand, Committed for Commitment Discount.
- ChargeFrequency that Azure does not tell is Usage-Based for usage and null else: FOCUS has no word Other.
- A line without a charge type, as older exports have them, is Usage; a Refund is of ChargeClass Correction.
- PublisherName is Microsoft where the publisher is Azure or not named.
- A reservation that stands only in ReservationId is a commitment too.
- RegionId is Azure's id of the region, however the export spells it (US East, EastUS).
- ListCost, ContractedCost, PricingQuantity, PricingUnit, ResourceType and SkuId, which the rules lack: the market
  price times the quantity; what is billed, or for covered usage the own price times the quantity; the quantity and
  unit of measure; the type in the resource's id; the product or part number.
"""

import polars as pl

from ingest.focus.convert import azure_words as words
from ingest.focus.convert.columns import Source, by_distinct, day_of, each, json_object, midnight, squashed
from ingest.focus.convert.numbers import product_of

NAME = "azure_cost_details"
COSTS = ("CostInBillingCurrency", "PreTaxCost", "Cost")
DATES = ("Date", "UsageDateTime", "UsageDate")
CATEGORIES = {
    **{word: word for word in ("Usage", "Purchase", "Tax")},
    **dict.fromkeys(("UnusedReservation", "UnusedSavingsPlan"), "Usage"),
}
FREQUENCIES = {"onetime": "One-Time", "recurring": "Recurring", "usagebased": "Usage-Based"}
MODELS = {"ondemand": "Standard", "spot": "Dynamic", "reservation": "Committed", "savingsplan": "Committed"}
MODELS |= {"savingsplans": "Committed"}
_TYPE = r"(?i)/providers/([^/]+/[^/]+)/[^/]+(?:/([^/]+)/[^/]+)?(?:/([^/]+)/[^/]+)?/?$"


def recognises(columns: list[str]) -> bool:
    """Whether these are columns of Azure's cost details, in any of their spellings."""
    have = {squashed(name) for name in columns}
    meters = {"metercategory", "meterid", "consumedservice"}
    is_dated = any(squashed(name) in have for name in DATES)
    return bool(have & meters) and is_dated and any(squashed(name) in have for name in COSTS)


def convert(frame: pl.LazyFrame) -> pl.LazyFrame:
    """One FOCUS row per line, in the same order; money as the text that Azure wrote."""
    told = Source(frame)
    columns = _bill(told) | _charge(told) | _commitment(told) | _quantities(told) | _thing(told)
    return frame.select(**_costs(told), **columns, **_extras(told))


def _subscription(told: Source) -> pl.Expr:
    """The subscription as a path, as Microsoft's own FOCUS export names it."""
    bare = told.text("SubscriptionId", "SubscriptionGuid")
    return pl.when(bare.str.starts_with("/")).then(bare).otherwise(pl.concat_str([pl.lit("/subscriptions/"), bare]))


def _day(told: Source) -> pl.Expr:
    return day_of(told.text(*DATES))


def _bill(told: Source) -> dict[str, pl.Expr]:
    subscription = _subscription(told)
    starts, ends = told.text("BillingPeriodStartDate"), told.text("BillingPeriodEndDate")
    month = _day(told).dt.truncate("1mo")
    account = told.text("BillingAccountId", "EnrollmentNumber", "BillingProfileId", "CustomerTenantId")
    is_azure = told.text("PublisherType").str.to_lowercase().is_in(("azure", "microsoft")).fill_null(True)
    return {
        "BillingAccountId": account.fill_null(subscription),
        "BillingAccountName": told.text("BillingAccountName"),
        "BillingCurrency": told.text("BillingCurrencyCode", "BillingCurrency", "Currency"),
        "BillingPeriodStart": midnight(day_of(starts).fill_null(month), told.text(*DATES)),
        "BillingPeriodEnd": midnight(
            day_of(ends).dt.offset_by("1d").fill_null(month.dt.offset_by("1mo")), told.text(*DATES)
        ),
        "InvoiceId": told.text("InvoiceId"),
        "InvoiceIssuerName": pl.lit("Microsoft"),
        "PricingCurrency": told.text("PricingCurrency"),
        "ProviderName": pl.lit("Microsoft"),
        "PublisherName": told.text("PublisherName").fill_null(
            pl.when(is_azure).then(pl.lit("Microsoft")).otherwise(told.text("PublisherType"))
        ),
        "SubAccountId": subscription,
        "SubAccountName": told.text("SubscriptionName"),
    }


def _category(told: Source) -> pl.Expr:
    kind = told.text("ChargeType").fill_null("Usage")
    return kind.replace_strict(CATEGORIES, default="Adjustment", return_dtype=pl.String)


def _is_covered(told: Source) -> pl.Expr:
    """Whether the line shares in a commitment that was bought on another line."""
    is_unused = told.text("ChargeType").str.starts_with("Unused").fill_null(False)
    return (_category(told) == "Usage") & ((_pricing(told) == "Committed").fill_null(False) | is_unused)


def _pricing(told: Source) -> pl.Expr:
    model = told.text("PricingModel").str.to_lowercase().str.replace_all(" ", "")
    return pl.when(model.is_not_null()).then(model.replace_strict(MODELS, default="Other", return_dtype=pl.String))


def _costs(told: Source) -> dict[str, pl.Expr]:
    cost, quantity = told.text(*COSTS), told.text("Quantity", "UsageQuantity")
    is_foreign = (told.text("PricingCurrency") != told.text("BillingCurrencyCode", "BillingCurrency")).fill_null(False)
    rate = pl.when(is_foreign).then(told.text("ExchangeRatePricingToBilling")).otherwise(pl.lit("1"))
    covered = _is_covered(told)
    own = told.text("UnitPrice")
    market = told.text("PayGPrice")
    is_known = (market.cast(pl.Float64, strict=False) > 0).fill_null(False)
    contracted = pl.coalesce([product_of(pl.when(covered).then(own), quantity, rate), cost])
    listed = product_of(pl.when(is_known & (_category(told) == "Usage")).then(market), quantity, rate)
    return {
        "BilledCost": pl.when(covered).then(pl.lit("0")).otherwise(cost),
        "EffectiveCost": cost,
        "ContractedCost": contracted,
        "ListCost": pl.coalesce([told.text("PaygCostInBillingCurrency"), listed, contracted]),
        "ContractedUnitPrice": own,
        "ListUnitPrice": pl.when(is_known).then(market),
    }


def _charge(told: Source) -> dict[str, pl.Expr]:
    usage = _category(told) == "Usage"
    stated = told.text("Frequency").str.to_lowercase().replace_strict(FREQUENCIES, default=None, return_dtype=pl.String)
    raw = told.text(*DATES)
    return {
        "ChargeCategory": _category(told),
        "ChargeClass": pl.when(told.text("ChargeType") == "Refund").then(pl.lit("Correction")),
        "ChargeDescription": told.text("ProductName", "Product", "MeterName"),
        "ChargeFrequency": pl.coalesce([stated, pl.when(usage).then(pl.lit("Usage-Based"))]),
        "ChargePeriodStart": midnight(_day(told), raw),
        "ChargePeriodEnd": midnight(_day(told).dt.offset_by("1d"), raw),
        "PricingCategory": _pricing(told),
    }


def _commitment(told: Source) -> dict[str, pl.Expr]:
    benefit, reservation = told.text("benefitId"), told.text("ReservationId")
    lower = benefit.str.to_lowercase()
    is_plan = lower.str.contains("/microsoft.billingbenefits/", literal=True).fill_null(False)
    is_reserved = lower.str.contains("/microsoft.capacity/", literal=True).fill_null(False)
    is_reserved = is_reserved | (benefit.is_null() & reservation.is_not_null())
    is_unused = told.text("ChargeType").str.starts_with("Unused").fill_null(False)
    named = pl.coalesce([benefit, reservation]).is_not_null()
    return {
        "CommitmentDiscountCategory": pl.when(is_plan).then(pl.lit("Spend")).when(is_reserved).then(pl.lit("Usage")),
        "CommitmentDiscountId": pl.coalesce([benefit, reservation]),
        "CommitmentDiscountName": told.text("benefitName", "ReservationName"),
        "CommitmentDiscountStatus": pl.when(named & is_unused)
        .then(pl.lit("Unused"))
        .when(named & _is_covered(told))
        .then(pl.lit("Used")),
        "CommitmentDiscountType": pl.when(is_plan)
        .then(pl.lit("Savings Plan"))
        .when(is_reserved)
        .then(pl.lit("Reservation")),
    }


def _quantities(told: Source) -> dict[str, pl.Expr]:
    quantity, measure = told.text("Quantity", "UsageQuantity"), told.text("UnitOfMeasure")
    usage = (_category(told) == "Usage") & ~told.text("ChargeType").str.starts_with("Unused").fill_null(False)
    size, unit = words.block(measure).fill_null("1"), words.unit(measure)
    many = pl.concat_str([size, pl.lit(" "), unit])
    return {
        "ConsumedQuantity": pl.when(usage).then(
            pl.when(size == "1").then(quantity).otherwise(product_of(quantity, pl.when(size != "1").then(size)))
        ),
        "ConsumedUnit": pl.when(usage).then(unit),
        "PricingQuantity": quantity,
        "PricingUnit": pl.when(size == "1").then(unit).otherwise(many),
        "SkuId": told.text("ProductId", "PartNumber"),
        "SkuMeter": told.text("MeterName"),
    }


def _thing(told: Source) -> dict[str, pl.Expr]:
    resource, consumed = told.text("ResourceId", "InstanceId"), told.text("ConsumedService")
    kind = by_distinct(resource, _resource_type, pl.String())
    region = words.region(told.text("ResourceLocation", "Location"))
    return {
        "AvailabilityZone": told.text("AvailabilityZone"),
        "RegionId": region,
        "RegionName": words.region_name(region),
        "ResourceId": resource,
        "ResourceName": told.text("ResourceName", "InstanceName").fill_null(resource.str.extract(r"([^/]+)/?$", 1)),
        "ResourceType": kind,
        "ServiceCategory": words.service_category(kind, consumed),
        "ServiceName": pl.coalesce([words.service(kind), told.text("MeterCategory"), consumed, pl.lit("Azure")]),
        "Tags": _tags(told),
    }


def _resource_type(resource: pl.Expr) -> pl.Expr:
    """The type in a resource's id: microsoft.sql/servers/databases of .../Microsoft.Sql/servers/a/databases/b."""
    parts = [resource.str.extract(_TYPE, part) for part in (1, 2, 3)]
    kind = pl.concat_str(parts, separator="/", ignore_nulls=True)
    return pl.when(kind != "").then(kind.str.to_lowercase())


def _tags(told: Source) -> pl.Expr:
    """Tags as JSON, also without braces as EA writes them; those that are no JSON go on as they came, to be told."""
    text = told.text("Tags")
    is_empty = text.str.contains(r"^\{\s*\}$")
    return pl.when(~is_empty).then(each(text, lambda tags: json_object(tags) or tags))


def _extras(told: Source) -> dict[str, pl.Expr]:
    return {
        "x_AdditionalInfo": told.text("AdditionalInfo"),
        "x_ChargeType": told.text("ChargeType"),
        "x_ConsumedService": told.text("ConsumedService"),
        "x_CostCenter": told.text("CostCenter"),
        "x_MeterCategory": told.text("MeterCategory"),
        "x_MeterId": told.text("MeterId"),
        "x_ResourceGroupName": told.text("ResourceGroup", "ResourceGroupName"),
        "x_UnitOfMeasure": told.text("UnitOfMeasure"),
    }
