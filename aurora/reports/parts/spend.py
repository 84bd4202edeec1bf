"""What technology cost: the month against the one before, what moved, budgets, savings, and what a unit costs."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

import polars as pl

from aurora.contracts import Row
from aurora.reports import cells, charts
from aurora.reports.document import NOT_TOLD, Cell, Chart, Column, Note, Said, Table
from aurora.reports.measures import Compared, Measure, Value, pct
from aurora.reports.month import Month
from aurora.reports.report import Asked
from aurora.words import money

BETWEEN = "from cost_between($currency, $since, $until)"
DAYS = """
    select s.day, coalesce(a.name, s.series_id) as name, s.daily_cost + s.once_cost as value
    from cost_spend_in($currency) s left join applications_now a on s.kind = 'app' and a.app_id = s.series_id
    where s.kind = $kind and s.currency = $currency and s.day >= $since and s.day < $until order by s.day, name"""
UNITS = "from unit_costs_company($currency, true) where currency = $currency"
MOST_OF_A_MONTH = 0.9
NOBODY: dict[str, str] = {"untagged": "Belongs to nobody", "no team": "Without a team"}
WORDS = {"service": "service", "app": "application", "team": "team"}


@dataclass(frozen=True)
class Moved:
    """What a service, application or team cost in the month and in the one before; None is nothing charged."""

    name: str
    now: Decimal | None
    before: Decimal | None

    @property
    def change(self) -> Decimal:
        """How much more it cost."""
        return (self.now or Decimal(0)) - (self.before or Decimal(0))


@dataclass(frozen=True)
class Spent:
    """Costs of the month and of the one before, in one currency; `before` is empty where too little is charged."""

    now: pl.DataFrame
    before: pl.DataFrame
    apart: pl.DataFrame
    currency: str

    def total(self) -> Compared:
        """What all of it cost."""
        return Compared(spend_measure(self.currency), *(_total(frame) for frame in (self.now, self.before)))

    def moves(self, kind: str) -> list[Moved]:
        """Each of that kind, the largest change first."""
        now, before = (
            dict(_of(frame, kind).select("series_id", "cost").iter_rows()) for frame in (self.now, self.before)
        )
        names: dict[str, str] = dict(
            _of(pl.concat([self.before, self.now]), kind).select("series_id", "name").iter_rows()
        )
        found = [Moved(NOBODY.get(one, names[one]), now.get(one), before.get(one)) for one in sorted(names)]
        return sorted(found, key=lambda one: -abs(one.change))


def spend_measure(currency: str) -> Measure:
    """Money, less of it being better."""
    return Measure("Technology spend", say_money(currency), "down", "share", 1)


def say_money(currency: str | None) -> Callable[[Value], str]:
    """How an amount of that currency is said."""
    return lambda value: NOT_TOLD if value is None else money(Decimal(value), currency)


def spent(asked: Asked) -> Spent | None:
    """The costs, None where nothing is charged in the month."""
    if asked.currency is None:
        return None
    now, before = asked.rows(BETWEEN), asked.rows(BETWEEN, **asked.month.before.window)
    mine = pl.col("currency") == asked.currency
    if not now.filter(mine, pl.col("kind") == "total").height:
        return None
    whole = is_covered(before.filter(mine), asked.month.before)
    return Spent(
        now.filter(mine),
        before.filter(mine) if whole else before.clear(),
        now.filter(~mine, pl.col("kind") == "total"),
        asked.currency,
    )


def is_covered(frame: pl.DataFrame, month: Month) -> bool:
    """Whether enough days of the month are charged to compare with it."""
    days = frame.filter(pl.col("kind") == "total")["day_count"].sum()
    return days >= MOST_OF_A_MONTH * (month.until - month.since).days


def movers(spent: Spent, month: Month, kind: str, most: int = 3) -> tuple[Said, ...]:
    """The largest changes in words; what is below 1 % of the month is none."""
    total = spent.total()
    if total.before is None:
        return (Said(f"The bills of {month.before.name} are not told, so nothing can be compared with it."),)
    least = abs(Decimal(total.now or 0)) / 100
    moves = spent.moves(kind)
    moved = [one for one in moves if abs(one.change) > least][:most]
    if not moved:
        told = f"No {WORDS[kind]} moved by more than 1 % of the month"
        return (
            Said(f"{told}; most did this one: {_said(moves[0], month, spent.currency).text}" if moves else f"{told}."),
        )
    return tuple(_said(one, month, spent.currency) for one in moved)


def _said(one: Moved, month: Month, currency: str) -> Said:
    amount = money(abs(one.change), currency)
    if one.before is None:
        return Said(f"{one.name} is new: {amount}.", "plain")
    if one.now is None:
        return Said(f"{one.name} is gone: {amount} less than in {month.before.name}.", "good")
    way = "more" if one.change > 0 else "less"
    share = f" ({100 * float(one.change / one.before):+.0f} %)".replace("-", "−") if one.before else ""
    return Said(
        f"{one.name} cost {amount} {way} than in {month.before.name}{share}.", "bad" if one.change > 0 else "good"
    )


def units(asked: Asked) -> list[Compared]:
    """Cloud, work, revenue and spend of revenue of the company."""
    months = {row["month_on"]: row for row in asked.rows(UNITS).iter_rows(named=True)} if asked.currency else {}
    now, before = months.get(asked.month.first, {}), months.get(asked.month.before.first, {})
    say = say_money(asked.currency)
    measures = (
        (Measure("Development work", say, "neither", "share", 1), "labour_cost"),
        (Measure("Revenue", say, "up", "share", 1), "revenue_amount"),
        (Measure("Spend of revenue", share, "down", "points", 0.05), "spend_ratio"),
        (Measure("Cost of an active user", cents(asked.currency), "down", "share", 0.005), "per_user_cost"),
    )
    return [Compared(measure, _as_pct(now, name), _as_pct(before, name)) for measure, name in measures]


def share(value: Value) -> str:
    """'64.7%'."""
    return pct(1)(value)


def cents(currency: str | None) -> Callable[[Value], str]:
    """Small amounts with their cents."""
    sign = money(Decimal(0), currency).removesuffix("0")
    return lambda value: NOT_TOLD if value is None else f"{sign}{Decimal(value):,.2f}"


def _as_pct(row: Row, name: str) -> Value:
    value: Value = row.get(name)
    return float(value) * 100 if value is not None and name.endswith("_ratio") else value


def daily(asked: Asked, kind: str = "service") -> tuple[Chart, ...]:
    """Spend by day, the largest apart; nothing without charges."""
    frame = asked.rows(DAYS, kind=kind) if asked.currency else pl.DataFrame()
    if not frame.height:
        return ()
    spec = charts.stacked(frame, f"{asked.currency} a day")
    told = f"Effective cost of each day of {asked.month.title} by {WORDS[kind]}"
    return (Chart(f"Spend by day and {WORDS[kind]}", spec, told),)


def total_chart(asked: Asked) -> tuple[Chart, ...]:
    """Spend by day, half as wide; nothing without charges."""
    frame = asked.rows(DAYS, kind="total") if asked.currency else pl.DataFrame()
    if not frame.height:
        return ()
    spec = charts.stacked(frame, f"{asked.currency} a day", width=charts.HALF, height=charts.LOW)
    return (Chart("Spend by day", spec, f"Effective cost of each day of {asked.month.title}"),)


def table(spent: Spent, kind: str, title: str, month: Month, most: int | None = None) -> Table:
    """Each of that kind with both months, dearest first."""
    moves = sorted(spent.moves(kind), key=lambda one: (-(one.now or Decimal(0)), one.name))
    rows = [_row(one, spent.currency) for one in moves[:most]]
    columns = (
        Column(title.rstrip("s"), width=3), Column(month.name, True), Column(month.before.name, True),
        Column("Change", True), Column("Change, share", True),
    )  # fmt: skip
    left = len(moves) - len(rows)
    return Table(title, columns, rows, "Nothing was charged.", f"{left} more cost less each." if left else "")


def _row(one: Moved, currency: str) -> list[str | Cell]:
    none = cells.NONE
    change = f"{'+' if one.change > 0 else '−' if one.change < 0 else ''}{money(abs(one.change), currency)}"
    part = (
        f"{100 * float(one.change / one.before):+.1f} %".replace("-", "−")
        if one.before and one.now is not None
        else none
    )
    return [one.name, none if one.now is None else money(one.now, currency),
            none if one.before is None else money(one.before, currency), change, part]  # fmt: skip


def _of(frame: pl.DataFrame, kind: str) -> pl.DataFrame:
    return frame.filter(pl.col("kind") == kind)


def _total(frame: pl.DataFrame) -> Decimal | None:
    found = _of(frame, "total")["cost"].to_list()
    return sum(found, Decimal(0)) if found else None


def apart(spent: Spent) -> tuple[Note, ...]:
    """What is in no sum for want of a rate."""
    told = ", ".join(cells.amount(row["cost"], row["currency"]) for row in spent.apart.iter_rows(named=True))
    return (Note(f"Without a rate to {spent.currency}, and in no sum here: {told}."),) if told else ()
