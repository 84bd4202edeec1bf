"""Datadog's estimated costs: month-to-date totals become what each day cost; asks nothing itself."""

import json
from datetime import date, datetime
from decimal import Decimal
from itertools import groupby
from typing import Any

from aurora.contracts import Row
from ingest.connector import Json, Run

Charge = tuple[str, str, str]  # organisation, product, kind of charge
TOTAL = "total"  # repeats the other kinds of charge


def totals(entries: list[Json]) -> dict[Charge, dict[date, Decimal]]:
    """Month-to-date cost in USD by charge and day; a charge that is listed twice is added up."""
    found: dict[Charge, dict[date, Decimal]] = {}
    for entry in entries:
        told = entry["attributes"]
        day = datetime.fromisoformat(told["date"]).date()
        for charge in told.get("charges") or []:
            kind, cost = charge.get("charge_type") or "unknown", charge.get("cost")
            if kind != TOTAL and cost is not None:
                days = found.setdefault((told["public_id"], charge["product_name"], kind), {})
                days[day] = days.get(day, Decimal(0)) + Decimal(str(cost))
    return found


def daily(days: dict[date, Decimal]) -> dict[date, Decimal]:
    """What each listed day added to its month; a month begins at nothing."""
    found: dict[date, Decimal] = {}
    for _, listed in groupby(sorted(days), key=lambda day: (day.year, day.month)):
        before = Decimal(0)
        for day in listed:
            found[day], before = days[day] - before, days[day]
    return found


def month_before(day: date) -> date:
    """The first day of the month before; Datadog tells this month and that."""
    return date(day.year - (day.month == 1), (day.month - 2) % 12 + 1, 1)


def cost_rows(run: Run[Any], entries: list[Json]) -> list[Row]:
    """Rows of cost_days, all estimated: Datadog bills later."""
    names = {entry["attributes"]["public_id"]: entry["attributes"].get("org_name") for entry in entries}
    return [
        {
            "cost_day_id": run.id(f"{day.isoformat()}/{organisation}/{product}/{kind}"),
            "day": day,
            "provider": "Datadog",
            "account_id": organisation,
            "service": product,
            "category": "usage",
            "billed_cost": cost,
            "effective_cost": cost,
            "currency": "USD",
            "is_estimated": True,
            "tags": json.dumps({"charge_type": kind, "org_name": names[organisation]}, sort_keys=True),
        }
        for (organisation, product, kind), days in totals(entries).items()
        for day, cost in daily(days).items()
    ]
