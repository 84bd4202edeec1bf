"""Cost: FOCUS charge lines."""

from aurora.contracts.columns import flag, instant, json_text, money, one_of, text
from aurora.contracts.table import Table


class FocusCost(
    Table,
    key="x_RowId",
    time="ChargePeriodStart",
    part="month(BillingPeriodStart)",
    mode="replace",
    slice_by="x_SourceExport BillingPeriodStart",
):
    """One row per charge line of a FOCUS 1.2 export, verbatim; cash = BilledCost, showback = EffectiveCost."""

    AvailabilityZone = text(null=True)
    BilledCost = money(null=False)
    BillingAccountId = text()
    BillingAccountName = text(null=True)
    BillingAccountType = text(null=True)
    BillingCurrency = text()
    BillingPeriodEnd = instant()
    BillingPeriodStart = instant()
    CapacityReservationId = text(null=True)
    CapacityReservationStatus = text(null=True)
    ChargeCategory = one_of("Usage", "Purchase", "Tax", "Credit", "Adjustment")
    ChargeClass = text(null=True)
    ChargeDescription = text(null=True)
    ChargeFrequency = text(null=True)
    ChargePeriodEnd = instant()
    ChargePeriodStart = instant()
    CommitmentDiscountCategory = text(null=True)
    CommitmentDiscountId = text(null=True)
    CommitmentDiscountName = text(null=True)
    CommitmentDiscountQuantity = money()
    CommitmentDiscountStatus = text(null=True)
    CommitmentDiscountType = text(null=True)
    CommitmentDiscountUnit = text(null=True)
    ConsumedQuantity = money()
    ConsumedUnit = text(null=True)
    ContractedCost = money(null=False)
    ContractedUnitPrice = money()
    EffectiveCost = money(null=False)
    InvoiceId = text(null=True)
    InvoiceIssuerName = text()
    ListCost = money(null=False)
    ListUnitPrice = money()
    PricingCategory = text(null=True)
    PricingCurrency = text(null=True)
    PricingCurrencyContractedUnitPrice = money()
    PricingCurrencyEffectiveCost = money()
    PricingCurrencyListUnitPrice = money()
    PricingQuantity = money()
    PricingUnit = text(null=True)
    ProviderName = text()
    PublisherName = text()
    RegionId = text(null=True)
    RegionName = text(null=True)
    ResourceId = text(null=True)
    ResourceName = text(null=True)
    ResourceType = text(null=True)
    ServiceCategory = text()
    ServiceName = text()
    ServiceSubcategory = text(null=True)
    SkuId = text(null=True)
    SkuMeter = text(null=True)
    SkuPriceDetails = json_text()
    SkuPriceId = text(null=True)
    SubAccountId = text(null=True)
    SubAccountName = text(null=True)
    SubAccountType = text(null=True)
    Tags = json_text()
    ServiceProviderName = text(null=True)
    HostProviderName = text(null=True)
    x_RowId = text()
    x_SourceExport = text()
    x_FocusVersion = text()
    x_IsEstimated = flag(null=False)
