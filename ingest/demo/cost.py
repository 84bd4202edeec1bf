"""The bill: a line per day, application and service, and the fleet; about USD 53,000 a month, in the FOCUS columns."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

import polars as pl

from aurora.contracts import Row
from aurora.contracts.cost import FocusCost
from ingest.demo.catalog import APPS, App
from ingest.demo.fleet import fleet_rows
from ingest.demo.shared_cost import shared_lines
from ingest.demo.world import DAY, Slice, World, floor, frame_of

JUMP_APP, JUMP_SERVICE, JUMP_FACTOR = "whatsapp-crm", "Log Storage", 12.0
# Each check costs more since the partner's new list of prices.
DEARER_SERVICE, DEARER_BY, DEARER_SINCE = "Identity Checks", Decimal("1.6"), 14 * DAY
# A second warehouse for questions of the day, which nobody had before.
NEW_APP, NEW_SERVICE, NEW_SINCE, NEW_USD = "analytics-hub", "Analytics Warehouse", 6 * DAY, 58.0
# For five days the cache was passed by, and the CDN served next to nothing.
DROP_APP, DROP_SERVICE, DROP_FACTOR = "damac-hills-2-crm", "CDN", 0.15
DROP_SINCE, DROP_UNTIL = 14 * DAY, 9 * DAY
MICRO = Decimal("0.000001")


@dataclass(frozen=True)
class Service:
    """A service on the bill; `weight` is its part of an application's month, `only` the applications that use it.

    `price` is USD for one `unit`.
    """

    name: str
    category: str
    provider: str
    weight: float
    unit: str
    price: str
    only: tuple[str, ...] = ()


SERVICES = (
    Service("Elastic Kubernetes Service", "Compute", "Amazon Web Services", 34, "vCPU-Hours", "0.0405"),
    Service("Relational Database Service", "Databases", "Amazon Web Services", 18, "Hours", "0.226"),
    Service("Object Storage", "Storage", "Amazon Web Services", 7, "GB-Days", "0.0008"),
    Service("Log Storage", "Management and Governance", "Amazon Web Services", 6, "GB", "0.50"),
    Service("Data Transfer", "Networking", "Amazon Web Services", 6, "GB", "0.09"),
    Service("CDN", "Networking", "Cloudflare", 7, "GB", "0.04", ("damac-hills-2-crm", "owner-portal", "mobile-app-v2")),
    Service(
        "Atlas Cluster",
        "Databases",
        "MongoDB",
        20,
        "Hours",
        "0.54",
        ("damac-hills-2-crm", "whatsapp-crm", "lead-scoring"),
    ),
    Service(
        "Analytics Warehouse",
        "Analytics",
        "ClickHouse Cloud",
        30,
        "Compute-Hours",
        "0.75",
        ("analytics-hub", "lead-scoring"),
    ),
    Service(
        "Payment Gateway", "Business Applications", "Network Payments", 38, "Transactions", "0.12", ("payment-system",)
    ),
    Service("WhatsApp Business API", "Business Applications", "Meta", 30, "Messages", "0.034", ("whatsapp-crm",)),
    Service(
        "SMS Gateway", "Integration", "SMS Partner", 20, "Messages", "0.045", ("notification-service", "booking-api")
    ),
    Service("E-mail Delivery", "Integration", "Mail Partner", 14, "Messages", "0.0009", ("notification-service",)),
    Service(
        "Maps API",
        "Mobile",
        "Maps Partner",
        12,
        "Requests",
        "0.005",
        ("property-manager-ios", "property-manager-android"),
    ),
    Service("Identity Checks", "Identity", "KYC Partner", 25, "Checks", "0.85", ("document-service",)),
)


def cost_frames(world: World, span: Slice) -> Iterator[pl.DataFrame]:
    """focus_cost of each month in which a day was completed during the slice: the whole month so far."""
    first, end = floor(span.since, DAY), floor(span.until, DAY)
    month = first.replace(day=1)
    while first < end and month < end:
        following = _next_month(month)
        days = _days(max(month, floor(world.start, DAY)), min(following, end))
        rows = [row for day in days for row in day_rows(world, day, month, end)]
        if rows:
            yield frame_of(rows, FocusCost.dtypes())
        month = following


def _next_month(month: datetime) -> datetime:
    return (month + timedelta(days=32)).replace(day=1)


def _days(begin: datetime, end: datetime) -> Iterator[datetime]:
    while begin < end:
        yield begin
        begin += DAY


def day_rows(world: World, day: datetime, month: datetime, end: datetime) -> Iterator[Row]:
    """All lines of a day; the last two days before `end` are estimates, as on real bills."""
    for app in APPS:
        used = [service for service in SERVICES if not service.only or app.app_id in service.only]
        total = sum(service.weight for service in used)
        for service in used:
            usual = app.monthly_usd / 30.4 * service.weight / total
            told = {"x_IsEstimated": day >= end - 2 * DAY}
            yield _used(world, day, month, app, service, usual) | told
            if (app.app_id, service.name) == (NEW_APP, NEW_SERVICE) and _since(world, day, NEW_SINCE):
                yield _used(world, day, month, app, service, NEW_USD) | told | _second(world, day, app)
    for row in (*fleet_rows(world, day, month, _next_month(month)), *shared_lines(world, day, month)):
        yield row | {"x_IsEstimated": day >= end - 2 * DAY}
    if day.day == 1:
        yield _credit(world, day, month) | {"x_IsEstimated": False}


def _used(world: World, day: datetime, month: datetime, app: App, service: Service, usual: float) -> Row:
    """The line of what an application used of a service on a day: a quantity at its price, `usual` USD as a rule."""
    list_price = Decimal(service.price)
    quantity = Decimal(round(_level(world, day, app, service, usual) / float(list_price) * 1_000_000)) * MICRO
    price = list_price
    if service.name == DEARER_SERVICE and _since(world, day, DEARER_SINCE):
        price = list_price * DEARER_BY
    return _line(world, day, month, app, service, quantity * price) | {
        "ConsumedQuantity": quantity,
        "ConsumedUnit": service.unit,
        "PricingQuantity": quantity,
        "PricingUnit": service.unit,
        "ContractedUnitPrice": price,
        "SkuId": service.name.lower().replace(" ", "-"),
    }


def _level(world: World, day: datetime, app: App, service: Service, usual: float) -> float:
    """What a day's use would cost at the list price, USD."""
    level = usual * world.between(0.95, 1.05, app.app_id, service.name, day) * (0.93 if day.weekday() >= 5 else 1.03)
    what = (app.app_id, service.name)
    if what == (JUMP_APP, JUMP_SERVICE) and _since(world, day, 9 * DAY):
        level *= JUMP_FACTOR
    if what == (DROP_APP, DROP_SERVICE) and _since(world, day, DROP_SINCE) and not _since(world, day, DROP_UNTIL):
        level *= DROP_FACTOR
    return level


def _since(world: World, day: datetime, ago: timedelta) -> bool:
    return day >= floor(world.anchor - ago, DAY)


def _second(world: World, day: datetime, app: App) -> Row:
    """What tells the new resource from the one that was there before."""
    return {
        "ResourceId": f"analytics-warehouse/{app.app_id}-adhoc",
        "ResourceName": f"{app.app_id}-adhoc",
        "x_RowId": world.id(f"{day:%Y%m%d}/analytics-warehouse/{app.app_id}-adhoc"),
    }


def _line(world: World, day: datetime, month: datetime, app: App, service: Service, cost: Decimal) -> Row:
    is_cloud = service.provider == "Amazon Web Services"
    slug = service.name.lower().replace(" ", "-")
    return {
        "BilledCost": cost,
        "EffectiveCost": cost,
        "ContractedCost": cost,
        "ListCost": cost * Decimal("1.18") if is_cloud else cost,
        "BillingAccountId": service.provider.lower().replace(" ", "-"),
        "BillingAccountName": service.provider,
        "BillingCurrency": "USD",
        "BillingPeriodStart": month,
        "BillingPeriodEnd": _next_month(month),
        "ChargeCategory": "Usage",
        "ChargeDescription": f"{service.name} for {app.name}",
        "ChargeFrequency": "Usage-Based",
        "ChargePeriodStart": day,
        "ChargePeriodEnd": day + DAY,
        "InvoiceIssuerName": service.provider,
        "PricingCategory": "Standard",
        "ProviderName": service.provider,
        "PublisherName": service.provider,
        "RegionId": "me-central-1" if is_cloud else None,
        "RegionName": "Middle East (UAE)" if is_cloud else None,
        "ResourceId": f"{slug}/{app.app_id}",
        "ResourceName": f"{app.app_id}-{slug}",
        "ServiceCategory": service.category,
        "ServiceName": service.name,
        "SubAccountId": "horizon-prod",
        "SubAccountName": "Production",
        "Tags": json.dumps({"app": app.app_id}),
        "ServiceProviderName": service.provider,
        "HostProviderName": service.provider,
        "x_RowId": world.id(f"{day:%Y%m%d}/{slug}/{app.app_id}"),
        "x_SourceExport": world.id("bill"),
        "x_FocusVersion": "1.2",
    }


def _credit(world: World, day: datetime, month: datetime) -> Row:
    """The credit of a partner programme, once a month."""
    amount = Decimal("-650.00")
    return _line(world, day, month, APPS[0], SERVICES[0], amount) | {
        "ListCost": amount,
        "ChargeCategory": "Credit",
        "ChargeDescription": "Partner programme credit",
        "ChargeFrequency": "Recurring",
        "PricingCategory": None,
        "x_RowId": world.id(f"{day:%Y%m%d}/credit"),
    }
