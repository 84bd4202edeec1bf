"""What applications share on the bill, who shares it out and how, and one machine that nobody knows."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from aurora.contracts import Row
from ingest.demo.world import DAY, World

PROVIDER = "Amazon Web Services"
CENT = Decimal("0.01")


@dataclass(frozen=True)
class Shared:
    """A charge a day that no application owns."""

    service: str
    category: str
    usd: float
    tags: tuple[tuple[str, str], ...] = ()


CHARGES = (
    Shared("Enterprise Support", "Management and Governance", 38.0),
    Shared("Network Firewall", "Networking", 17.0, (("shared", "network"),)),
    Shared("Workspaces", "Compute", 5.5, (("env", "sandbox"),)),
)
SPLITS = (
    ("support", "Support, by what each one costs", ["service:Enterprise Support"], "proportional", None),
    ("network", "Firewall, by active users", ["tag:shared=network"], "usage", "active_users"),
)


def shared_lines(world: World, day: datetime, month: datetime) -> Iterator[Row]:
    """The lines of a day."""
    for one in CHARGES:
        cost = (Decimal(round(one.usd * world.between(0.97, 1.03, one.service, day) * 100)) * CENT).quantize(CENT)
        yield _line(world, one, day, month, cost)


def _line(world: World, one: Shared, day: datetime, month: datetime, cost: Decimal) -> Row:
    return {
        **dict.fromkeys(("BilledCost", "EffectiveCost", "ContractedCost", "ListCost"), cost),
        "BillingAccountId": "amazon-web-services",
        "BillingCurrency": "USD",
        "BillingPeriodStart": month,
        "BillingPeriodEnd": (month + timedelta(days=32)).replace(day=1),
        "ChargeCategory": "Usage",
        "ChargeDescription": one.service,
        "ChargeFrequency": "Usage-Based",
        "ChargePeriodStart": day,
        "ChargePeriodEnd": day + DAY,
        **dict.fromkeys(("InvoiceIssuerName", "ProviderName", "PublisherName"), PROVIDER),
        "PricingCategory": "Standard",
        "ServiceCategory": one.category,
        "ServiceName": one.service,
        "SubAccountId": "horizon-shared",
        "SubAccountName": "Shared services",
        "Tags": json.dumps(dict(one.tags)) if one.tags else None,
        "x_RowId": world.id(f"{day:%Y%m%d}/shared/{one.service}"),
        "x_SourceExport": world.id("bill"),
        "x_FocusVersion": "1.2",
    }


def split_rows(world: World) -> Iterator[Row]:
    """Who shares what, as costs.toml would say it."""
    for split_id, name, marks, method, usage in SPLITS:
        yield {
            "split_id": split_id, "name": name, "marks": marks, "method": method, "usage": usage,
            "updated_at": world.start,
        }  # fmt: skip


def company_budgets(world: World) -> Iterator[Row]:
    """What the company may spend on technology, and on its databases."""
    limits = (("all-technology", "All technology", None, 56_000), ("databases", "Databases", "Atlas Cluster", 3_300))
    for budget_id, name, service, limit in limits:
        yield {
            "budget_id": budget_id, "name": name, "scope": json.dumps({"service": service}) if service else None,
            "period": "month", "starts_on": world.start.date().replace(day=1), "limit_amount": Decimal(limit),
            "currency": "USD", "version": 1, "changed_by": "demo", "changed_at": world.start, "is_deleted": False,
        }  # fmt: skip
