"""Money beside the bill: subscriptions by day, hours of development by day, and the budgets of applications."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from aurora.contracts import Row
from ingest.demo.catalog import APPS, App
from ingest.demo.names import project_id
from ingest.demo.world import Slice, World

CENT = Decimal("0.01")
RATE = Decimal("55.00")
# What its budget is, in parts of an application's usual month: these two are exceeded.
TIGHT = {"whatsapp-crm": 0.85, "analytics-hub": 0.7}
NO_BUDGET = ("admin-console", "lead-scoring", "document-service")


@dataclass(frozen=True)
class Subscription:
    """A provider that tells its costs by day only; `shares` says which application carries which part."""

    provider: str
    service: str
    account: str
    monthly_usd: float
    unit: str
    mark: str
    shares: tuple[tuple[str, float], ...]


SUBSCRIPTIONS = (
    Subscription(
        "Twilio",
        "Verify",
        "twilio-horizon",
        410,
        "verifications",
        "account:twilio-horizon",
        (("identity-service", 1.0),),
    ),
    Subscription(
        "MongoDB Atlas",
        "Atlas Backup",
        "atlas-horizon",
        340,
        "GB",
        "account:atlas-horizon",
        (("damac-hills-2-crm", 0.6), ("whatsapp-crm", 0.4)),
    ),
    Subscription(
        "Sentry",
        "Error Monitoring",
        "sentry-horizon",
        290,
        "events",
        "service:Error Monitoring",
        (("property-manager-ios", 0.3), ("property-manager-android", 0.4), ("mobile-app-v2", 0.3)),
    ),
)


def cost_day_rows(world: World, span: Slice) -> Iterator[Row]:
    """What the subscriptions cost on each day that was completed in the slice; none of it stands in the bill."""
    for day in span.days():
        for one in SUBSCRIPTIONS:
            level = world.between(0.9, 1.1, one.account, day) * (0.8 if day.weekday() >= 5 else 1.08)
            cost = _cents(one.monthly_usd / 30.4 * level)
            yield {
                "cost_day_id": world.id(f"{one.account}/{day:%Y%m%d}"),
                "day": day.date(),
                "provider": one.provider,
                "account_id": one.account,
                "service": one.service,
                "category": "usage",
                "billed_cost": cost,
                "effective_cost": cost,
                "currency": "USD",
                "usage_quantity": round(one.monthly_usd * level * 3.2, 1),
                "usage_unit": one.unit,
                "is_estimated": False,
                "tags": json.dumps({"environment": "production"}),
            }


def work_hours_rows(world: World, span: Slice) -> Iterator[Row]:
    """Hours of development work by application on the weekdays that were completed in the slice."""
    for day in span.days():
        if day.weekday() < 5:
            yield from (_work_row(world, app, day) for app in APPS)


def _work_row(world: World, app: App, day: datetime) -> Row:
    usual = {1: 26.0, 2: 15.0}.get(app.tier, 7.0)
    return {
        "work_hours_id": world.id(f"hours/{app.app_id}/{day:%Y%m%d}"),
        "app_id": app.app_id,
        "project_id": project_id(world, app.product),
        "day": day.date(),
        "hours": round(usual * world.between(0.6, 1.4, app.app_id, day, "hours") * 4) / 4,
        "rate_amount": RATE,
        "currency": "USD",
        "method": "work_items",
    }


def budget_rows(world: World) -> Iterator[Row]:
    """Monthly budgets: most somewhat above what an application usually costs, two below it."""
    for app in APPS:
        if app.app_id in NO_BUDGET:
            continue
        room = TIGHT.get(app.app_id) or world.between(1.2, 1.4, app.app_id, "budget")
        yield {
            "budget_id": f"{app.app_id}-monthly",
            "name": f"{app.name}, monthly",
            "scope": json.dumps({"app": app.app_id}),
            "app_id": app.app_id,
            "team_id": app.team,
            "period": "month",
            "starts_on": world.start.date().replace(day=1),
            "limit_amount": Decimal(round(app.monthly_usd * room / 50) * 50),
            "currency": "USD",
            "version": 1,
            "changed_by": "demo",
            "changed_at": world.start,
            "is_deleted": False,
        }


def _cents(amount: float) -> Decimal:
    return (Decimal(round(amount * 100)) * CENT).quantize(CENT)
