"""Finance in detail: unit costs, months beside each other, who owns what is charged, anomalies."""

from decimal import Decimal

import polars as pl

from aurora.insights.cost_words import sentence
from aurora.reports import cells, charts
from aurora.reports.document import Chart, Column, Table
from aurora.reports.measures import Compared, Measure
from aurora.reports.parts.spend import NOBODY, UNITS, Moved, Spent, cents
from aurora.reports.report import Asked
from aurora.words import money

MONTHS = f"{UNITS} and month_on <= $since::date order by month_on desc"
ANOMALIES = """
    from cost_anomalies_now
    where started_on < $until::date and (ended_on is null or ended_on >= $since::date)
    order by abs(impact_amount) desc nulls last, anomaly_id"""
LARGEST = 10


def unit_costs(asked: Asked) -> list[Compared]:
    """What a thousand requests, a deployment and a message cost."""
    months = {row["month_on"]: row for row in asked.rows(UNITS).iter_rows(named=True)} if asked.currency else {}
    now, before = months.get(asked.month.first, {}), months.get(asked.month.before.first, {})
    told = (("Cost of 1,000 requests", "per_1k_requests_cost"), ("Cost of a deployment", "per_deployment_cost"),
            ("Cost of a message", "per_message_cost"))  # fmt: skip
    return [
        Compared(Measure(label, cents(asked.currency), "down", "share", 0.0005), now.get(name), before.get(name))
        for label, name in told
    ]


def months(asked: Asked) -> Table:
    """Each month up to this one: charges, work, revenue and what of it technology took."""
    frame = asked.rows(MONTHS).head(13) if asked.currency else pl.DataFrame()
    rows = [
        [
            f"{row['month_on']:%b %Y}",
            *(
                cells.amount(row[name], row["currency"])
                for name in ("effective_cost", "labour_cost", "cost", "revenue_amount")
            ),
            cells.told(row["spend_ratio"], lambda value: f"{100 * value:.1f} %"),
            cents(row["currency"])(row["per_user_cost"]),
        ]
        for row in frame.iter_rows(named=True)
    ]
    columns = (
        Column("Month"), Column("Charges", True), Column("Development work", True, 1.3), Column("Together", True),
        Column("Revenue", True), Column("Spend of revenue", True, 1.2), Column("Of an active user", True, 1.2),
    )  # fmt: skip
    return Table(
        "Months", columns, rows, "Nothing is charged.", "A month whose bills begin or end within it holds less."
    )


def owners_chart(spent: Spent) -> tuple[Chart, ...]:
    """The dearest applications as bars."""
    dear = sorted(spent.moves("app"), key=lambda one: (-(one.now or Decimal(0)), one.name))[:LARGEST]
    known = [one for one in dear if one.now is not None]
    if not known:
        return ()
    frame = pl.DataFrame([_bar(one, spent.currency) for one in known])
    return (Chart("Dearest applications", charts.ranked(frame), "What each of the dearest applications cost"),)


def _bar(one: Moved, currency: str) -> dict[str, object]:
    return {"name": one.name, "value": float(one.now or 0), "said": money(one.now, currency)}


def unowned(spent: Spent) -> str:
    """What belongs to no application, in a sentence."""
    total, nobody = (
        spent.total().now,
        next((one.now for one in spent.moves("app") if one.name == NOBODY["untagged"]), None),
    )
    if not total or nobody is None:
        return "Every charge belongs to an application."
    part = 100 * float(nobody) / float(total)
    return f"{money(nobody, spent.currency)} of it, {part:.1f} %, belongs to no application."


def anomalies(asked: Asked) -> Table:
    """Days of unusual cost in the month, the dearest first."""
    rows = [
        [
            cells.day(row["started_on"]),
            sentence(row),
            cells.state(row["state"]),
            cells.amount(row["impact_amount"], row["currency"]),
        ]
        for row in asked.rows(ANOMALIES).iter_rows(named=True)
    ]
    columns = (
        Column("From", width=1.1),
        Column("What", width=6),
        Column("State", width=1.1),
        Column("Impact", True, 0.9),
    )
    return Table("Unusual costs", columns, rows, "No day of the month cost more or less than was expected.")
