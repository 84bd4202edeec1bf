"""What the products have earned by the month, in dirhams, and what a dollar costs in them: the peg, no made-up rate."""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal

from aurora.contracts import Row
from aurora.contracts.cost import FxRates, Revenues
from ingest.connector import Item
from ingest.demo.catalog import APP
from ingest.demo.world import DAY, Slice, World, floor

PEG = Decimal("3.6725")
# What an application earns on a day, in dirhams; the Sales systems earn by commissions.
EARNINGS = {
    "damac-hills-2-crm": 19050, "whatsapp-crm": 4950, "payment-system": 8500, "owner-portal": 5100, "booking-api": 7500,
    "property-manager-ios": 2700, "property-manager-android": 3050, "mobile-app-v2": 2150, "analytics-hub": 1200,
}  # fmt: skip
# What is earned by no application alone.
UNSHARED = 3900


def revenue_rows(world: World, span: Slice) -> Iterator[Item]:
    """The rate of each weekday that was completed in the slice, and what each month it touches has earned so far."""
    days = span.days()
    for day in days:
        if day.weekday() < 5:
            yield FxRates, {"base": "USD", "quote": "AED", "day": day.date(), "rate_price": PEG}
    for last in {(day.year, day.month): day for day in days}.values():
        yield from ((Revenues, _earned(world, app_id, last)) for app_id in (*EARNINGS, None))


def _earned(world: World, app_id: str | None, last: datetime) -> Row:
    """Revenue of the month up to its day `last`; the next day's row takes the place of this one."""
    name, month = app_id or "unshared", last.replace(day=1)
    first = max(month, floor(world.start, DAY))
    days = [first + number * DAY for number in range((last - first).days + 1)]
    usual = EARNINGS[app_id] if app_id else UNSHARED
    tens = sum(round(usual / 10 * world.between(0.7, 1.3, name, day, "revenue")) for day in days)
    return {
        "revenue_id": world.id(f"revenue/{name}/{month:%Y%m}"),
        "app_id": app_id,
        "product": APP[app_id].product if app_id else "Community fees",
        "month_on": month.date(),
        "revenue_amount": Decimal(tens * 10),
        "currency": "AED",
    }
