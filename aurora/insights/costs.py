"""Judgements about money; all sums are Decimal."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import polars as pl


@dataclass(frozen=True)
class MonthToDate:
    """Spend of a month so far, in one currency; change_pct against the same days of the month before."""

    month_on: date
    currency: str
    spent: Decimal
    change_pct: float | None
    last_days: list[float]


def month_to_date(costs: pl.DataFrame) -> MonthToDate:
    """From rows of day, currency, cost (not empty): the month of the last day, in the most frequent currency."""
    currency = str(costs["currency"].mode().sort()[0])
    mine = costs.filter(costs["currency"] == currency).sort("day")
    last: date = mine["day"].to_list()[-1]
    month_on = last.replace(day=1)
    previous_on = (month_on.replace(year=month_on.year - 1, month=12)) if month_on.month == 1 else month_on.replace(
        month=month_on.month - 1
    )  # fmt: skip
    spent = _sum(mine, month_on, last)
    before = _sum(mine, previous_on, _same_day(previous_on, last, month_on))
    change = float(100 * (spent - before) / before) if before else None
    return MonthToDate(month_on, currency, spent, change, [float(value) for value in mine["cost"].tail(30)])


def _same_day(previous_on: date, last: date, month_on: date) -> date:
    """The previous month's day with the number of `last`, its own last day if it is shorter."""
    return min(date.fromordinal(previous_on.toordinal() + last.day - 1), date.fromordinal(month_on.toordinal() - 1))


def _sum(costs: pl.DataFrame, since: date, until: date) -> Decimal:
    values = costs.filter(pl.col("day").is_between(since, until))["cost"].to_list()
    return sum(values, Decimal(0))
