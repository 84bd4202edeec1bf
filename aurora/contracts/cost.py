"""Cost: FOCUS charge lines."""

from aurora.contracts.columns import flag, instant, json_text, measure, money, on, one_of, real, text, texts
from aurora.contracts.table import Table, VersionedTable


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
    ContractedCost = money()
    ContractedUnitPrice = money()
    EffectiveCost = money(null=False)
    InvoiceId = text(null=True)
    InvoiceIssuerName = text()
    ListCost = money()
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
    x_Other = json_text("columns of the export without a place of their own, by name")


class CostDays(Table, key="cost_day_id", time="day", part="month(day)", mode="replace", slice_by="day"):
    """One row per day, service, account, region, resource and category.

    From APIs without line items, and from invoices; never added to focus_cost of the same scope.
    """

    cost_day_id = text()
    day = on()
    provider = text()
    account_id = text(null=True)
    service = text()
    region = text(null=True)
    resource_id = text(null=True)
    category = one_of("usage", "purchase", "tax", "credit", "adjustment", "unknown")
    billed_cost = money()
    effective_cost = money()
    currency = text()
    usage_quantity = real()
    usage_unit = text(null=True)
    is_estimated = flag(null=False)
    tags = json_text()


class Budgets(VersionedTable, key="budget_id version", time="changed_at", mode="versioned", owner="people"):
    """One row per version of a budget, ours or a provider's."""

    budget_id = text()
    name = text()
    scope = json_text()
    app_id = text(null=True)
    team_id = text(null=True)
    period = one_of("month", "quarter", "year")
    starts_on = on()
    ends_on = on(null=True)
    limit_amount = money(null=False)
    currency = text()
    vendor_actual_amount = money()
    vendor_forecast_amount = money()


class WorkHours(
    Table, key="work_hours_id", time="day", part="month(day)", mode="replace", owner="people", slice_by="day"
):
    """One row per person or role, application and day of development work.

    From time sheets, work items or a configured rate.
    """

    work_hours_id = text()
    app_id = text(null=True)
    project_id = text(null=True)
    person_id = text(null=True)
    day = on()
    hours = real(null=False)
    rate_amount = money()
    currency = text(null=True)
    method = one_of("timesheet", "work_items", "configured")


class CostAllocations(Table, key="component_id day", time="day", part="month(day)", mode="replace", slice_by="day"):
    """One row per Kubernetes workload and day: an estimate at list price that splits a cluster's bill.

    Never added to it.
    """

    component_id = text("cluster, namespace, controller; __idle__ too")
    cluster = text()
    k8s_namespace = text(null=True)
    day = on()
    cpu_cost = money()
    memory_cost = money()
    gpu_cost = money()
    storage_cost = money()
    network_cost = money()
    load_balancer_cost = money()
    shared_cost = money()
    idle_cost = money()
    total_cost = money(null=False)
    cpu_efficiency_ratio = measure()
    memory_efficiency_ratio = measure()
    currency = text()


class CostSplits(
    Table, key="split_id source_instance", time="updated_at", mode="replace", owner="people", slice_by="source_instance"
):
    """One row per rule that splits what applications share, and place that declares it; links come first."""

    split_id = text()
    name = text()
    marks = texts("account:, service:, resource:, tag:<key>=<value>; * is all that nobody owns", null=False)
    method = one_of("even", "proportional", "fixed", "usage")
    usage = one_of("requests", "active_users", "deployments", "kubernetes", null=True)
    app_ids = texts("null is every application with a cost of its own")
    shares = json_text("of the method fixed: ratio by application")
    declared_in = text("file:line", null=True)
    updated_at = instant()


class CostSplitShares(
    Table, key="split_id month_on currency app_id", time="month_on", mode="replace", owner="aurora", slice_by="month_on"
):
    """One row per split, month, currency and application that takes part: its part of what is shared, end to end."""

    split_id = text()
    month_on = on()
    currency = text()
    app_id = text()
    weight = measure("what it is counted by: 1, cost, requests, users, deployments", null=False)
    share_from_ratio = measure(null=False)
    share_to_ratio = measure(null=False)


class FxRates(Table, key="base quote day", time="day", mode="upsert", owner="people"):
    """One row per currency pair and day: what one unit of `base` costs in `quote`."""

    base = text()
    quote = text()
    day = on()
    rate_price = money(null=False)


class Revenues(Table, key="revenue_id", time="month_on", mode="upsert", owner="people"):
    """One row per application or product and month of return, where given."""

    revenue_id = text()
    app_id = text(null=True)
    product = text(null=True)
    month_on = on()
    revenue_amount = money(null=False)
    currency = text()
