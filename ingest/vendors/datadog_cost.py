"""Datadog's costs: month-to-date estimates become what each day cost, and add up to what a closed month is billed.

API: https://docs.datadoghq.com/api/latest/usage-metering/ (estimated cost, historical cost). Asks nothing itself.
"""

import json
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import groupby
from typing import Any

from aurora.contracts import Row
from ingest.connector import Json, Run

Charge = tuple[str, str, str]  # organisation, product, kind of charge
Totals = dict[Charge, dict[date, Decimal]]
TOTAL = "total"  # repeats the other kinds of charge
DECIMALS = 12  # costs come in floating point: what is later is noise


def totals(entries: list[Json]) -> Totals:
    """Month-to-date cost in USD by charge and day; a charge that is listed twice is added up."""
    found: Totals = {}
    for entry in entries:
        told = entry["attributes"]
        day = datetime.fromisoformat(told["date"]).date()
        for charge in told.get("charges") or []:
            kind, cost = charge.get("charge_type") or "unknown", charge.get("cost")
            if kind != TOTAL and cost is not None:
                days = found.setdefault((told["public_id"], charge["product_name"], kind), {})
                days[day] = days.get(day, Decimal(0)) + Decimal(repr(round(cost, DECIMALS)))
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


def questions(today: date) -> list[tuple[str, dict[str, object]]]:
    """What is asked, path and parameters: estimates by day of this month and the last, and the bill of the last."""
    month = month_before(today)
    days: dict[str, object] = {"view": "sub-org", "start_date": month, "end_date": today}
    bill: dict[str, object] = {"view": "sub-org", "start_month": f"{month:%Y-%m}", "end_month": f"{month:%Y-%m}"}
    return [("api/v2/usage/estimated_cost", days), ("api/v2/usage/historical_cost", bill)]


def cost_rows(run: Run[Any], estimated: list[Json], final: list[Json]) -> list[Row]:
    """Rows of cost_days. Days of a month that `final` has for their organisation are no estimates any more, and what
    they lack or have too much stands as an adjustment on the month's last day."""
    names = {one["attributes"]["public_id"]: one["attributes"].get("org_name") for one in [*final, *estimated]}
    charges = {charge: daily(days) for charge, days in totals(estimated).items()}
    billed = totals(final)
    rows = []
    for charge in sorted({*charges, *billed}):
        days = charges.get(charge, {})
        closed = closed_months(charge[0], charges, billed)
        told = {day: (cost, day.replace(day=1) not in closed) for day, cost in days.items()}
        rows += [_row(run, charge, day, cost, names, is_open) for day, (cost, is_open) in told.items()]
        for month in sorted(closed):
            estimate = sum((cost for day, cost in days.items() if day.replace(day=1) == month), Decimal(0))
            lacking = billed.get(charge, {}).get(month, Decimal(0)) - estimate
            if lacking:
                rows.append(_row(run, charge, _last_day(month), lacking, names, is_open=False, adjusts=True))
    return rows


def closed_months(organisation: str, charges: Totals, billed: Totals) -> set[date]:
    """Months of an organisation that are billed, and of which days are told too: without them it would count twice."""
    told = {day.replace(day=1) for charge, days in charges.items() if charge[0] == organisation for day in days}
    return told & {month for charge, months in billed.items() if charge[0] == organisation for month in months}


def _row(
    run: Run[Any],
    charge: Charge,
    day: date,
    cost: Decimal,
    names: dict[str, str | None],
    is_open: bool,
    adjusts: bool = False,
) -> Row:
    organisation, product, kind = charge
    native = f"{day.isoformat()}/{organisation}/{product}/{kind}"
    return {
        "cost_day_id": run.id(f"{native}/adjustment" if adjusts else native),
        "day": day,
        "provider": "Datadog",
        "account_id": organisation,
        "service": product,
        "category": "adjustment" if adjusts else "usage",
        "billed_cost": cost,
        "effective_cost": cost,
        "currency": "USD",
        "is_estimated": is_open,
        "tags": json.dumps({"charge_type": kind, "org_name": names[organisation]}, sort_keys=True),
    }


def _last_day(month: date) -> date:
    return (month + timedelta(days=31)).replace(day=1) - timedelta(days=1)
