"""Series of daily costs from rows of cost_series_days, and which of their days are complete enough to be judged."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

import polars as pl

from aurora.insights.cost_anomalies import WINDOW_DAYS, Series, judge

JUDGED_DAYS = 60
# Before them, days are judged without telling, so that what was odd is no history.
SINCE_DAYS = JUDGED_DAYS + WINDOW_DAYS
READ_DAYS = SINCE_DAYS + WINDOW_DAYS
SERIES = """
    select series_id, kind, name, provider, app_id, currency, day, effective_cost, is_estimated, source_instances
    from cost_series_days where day >= $since and day <= $until"""
BAND = {"day": pl.Date, "cost": pl.Float64, "low": pl.Float64, "high": pl.Float64, "is_estimated": pl.Boolean}
REGULAR, LOOKED_BACK = 7, 14


@dataclass(frozen=True)
class About:
    """What a series is of: a service of a provider, an account, or an application, in one currency."""

    series_id: str
    kind: str
    name: str
    provider: str | None
    app_id: str | None
    currency: str


def judged(rows: pl.DataFrame, today: date) -> dict[About, Series]:
    """Every series of the rows (the columns of SERIES), its days up to yesterday (UTC) judged."""
    told = _told(rows)
    since = today - timedelta(days=SINCE_DAYS)
    found = {}
    for group in rows.sort("series_id", "day").partition_by("series_id", maintain_order=True):
        first = group.row(0, named=True)
        about = About(*(first[name] for name in ("series_id", "kind", "name", "provider", "app_id", "currency")))
        found[about] = judge(_series(group, told, today), since)
    return found


def _told(rows: pl.DataFrame) -> dict[str, set[int]]:
    """Source -> days of which it told a charge, as ordinals."""
    days = rows.select("day", pl.col("source_instances").alias("source")).explode("source").unique().drop_nulls()
    found: dict[str, set[int]] = {}
    for day, source in days.iter_rows():
        found.setdefault(source, set()).add(day.toordinal())
    return found


def _series(group: pl.DataFrame, told: dict[str, set[int]], today: date) -> Series:
    costs: dict[int, Decimal] = {}
    sources: dict[int, list[str]] = {}
    estimated = set()
    wanted = group.select("day", "effective_cost", "is_estimated", "source_instances")
    for day, cost, is_estimated, names in wanted.iter_rows():
        number = day.toordinal()
        sources[number] = names
        if cost is not None:
            costs[number] = cost
        if is_estimated or cost is None:
            estimated.add(number)
    told_by = {name for names in sources.values() for name in names}
    newest = {name: max(told[name]) for name in told_by}
    complete = {
        day for day in costs
        if day < today.toordinal() and day not in estimated
        and all(day in told[name] and day < newest[name] for name in _regular(sources, told_by, day))
    }  # fmt: skip
    return Series(costs, complete)


def _regular(sources: dict[int, list[str]], told_by: set[str], day: int) -> Iterable[str]:
    """The sources whose charges the day should have: those it has, and those of most of the two weeks before.

    A day on which one of them has told nothing at all, or no later day yet, is not known.
    """
    counts: dict[str, int] = dict.fromkeys(sources[day], REGULAR)
    if len(counts) == len(told_by):
        return counts
    for before in range(day - LOOKED_BACK, day):
        for name in sources.get(before, ()):
            counts[name] = counts.get(name, 0) + 1
    return [name for name, count in counts.items() if count >= REGULAR]


def band(rows: pl.DataFrame, since: date) -> pl.DataFrame:
    """Days of one series from `since` on, in order: cost, and where it can be told what was expected, low and high.

    Amounts are floats, to be drawn; whether a day is complete does not count.
    """
    known = rows.drop_nulls("effective_cost").sort("day").select("day", "effective_cost", "is_estimated")
    costs = {day.toordinal(): cost for day, cost, _ in known.iter_rows()}
    if not costs:
        return pl.DataFrame(schema=BAND)
    told = judge(Series(costs, set(costs)), since, in_full=True).judged
    ends = {one.day: (one.low, one.high) for one in told}
    drawn = [
        (day, float(cost), *ends.get(day, (None, None)), is_estimated)
        for day, cost, is_estimated in known.iter_rows() if day >= since
    ]  # fmt: skip
    return pl.DataFrame(drawn, schema=BAND, orient="row")
