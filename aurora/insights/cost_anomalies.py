"""Cost anomalies: days on which a service, an account or an application cost other than expected, and spans of them.

What a day should cost, from its normal days within the eight weeks before (anomalous days are no history, and firsts of
months, which carry the charges of months, neither):
    usual   the median of its weekday;
    grown   the median of its weekday, each value carried on by the usual weekly change, the median of y[d] - y[d-7];
    in the place of `grown`, while the weekday was seen fewer than four times, the median of four weeks.
The nearest value between them is expected: growth is allowed for, never demanded. On the first of a month, what earlier
firsts cost beyond their usual is allowed too; until one is known, it is not judged.
    spread = max(1.4826 MAD, sd / 4) of the weekly changes, each / sqrt(2); at least 5 % of `usual`, and 0.50
    score  = (cost - expected) / spread. A day is anomalous beyond 3.5 (Iglewicz and Hoaglin, How to Detect and
             Handle Outliers, 1993); a span lasts while its days stay beyond 2 the same way.
After four weeks a new level is the usual one. Scores are floats; amounts that are told are worked out in Decimal.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import TypeVar

N = TypeVar("N", float, Decimal)
ALERT_Z, RETURN_Z = 3.5, 2.0
HISTORY_DAYS, WINDOW_DAYS, RECENT_DAYS, NEW_LEVEL_DAYS = 10, 56, 28, 28
WEEK, SAME_DAYS, ENOUGH_CHANGES, FIRSTS, REFERENCES = 7, 4, 5, 6, 4
FLOOR_SHARE, FLOOR_AMOUNT = 0.05, 0.5
MAD = 1.4826
EXACT = Decimal(1).scaleb(-18)


@dataclass(frozen=True)
class Usual:
    """What is expected of a day: the ends of what is allowed, how far days stray, and days to compare it with."""

    low: float
    high: float
    spread: float
    references: tuple[int, ...]


@dataclass(frozen=True)
class Judged:
    """A day that was judged: its cost, what was expected, the band outside which it is anomalous, and its score."""

    day: date
    cost: Decimal
    expected: Decimal
    low: float
    high: float
    score: float
    references: tuple[date, ...]


@dataclass
class Span:
    """Anomalous days of one series in a row; `ended`: the first day that was as expected again, None while it lasts."""

    days: list[Judged]
    ended: date | None = None

    @property
    def first(self) -> date:
        """The day on which it began."""
        return self.days[0].day

    @property
    def impact(self) -> Decimal:
        """What its days cost beyond what was expected; below 0 for a drop."""
        return sum((one.cost - one.expected for one in self.days), Decimal(0))


@dataclass
class Series:
    """What one series cost by day (ordinals), which of the days are complete, and what was found in them."""

    costs: dict[int, Decimal]
    complete: set[int]
    judged: list[Judged] = field(default_factory=list)
    spans: list[Span] = field(default_factory=list)


def judge(series: Series, since: date, *, in_full: bool = False) -> Series:
    """The series, its complete days from `since` on judged in order, with the spans of those that are anomalous.

    Days that are plainly usual are not worked out, and not in `judged`, unless `in_full`.
    """
    days = sorted(series.complete & series.costs.keys())
    history = _history(series, (one for one in days if one < since.toordinal()))
    firsts: dict[int, float] = {}
    for day in (one for one in days if one >= since.toordinal()):
        span = series.spans[-1] if series.spans and series.spans[-1].ended is None else None
        if span and day - span.first.toordinal() >= NEW_LEVEL_DAYS:
            span.ended = date.fromordinal(day)
            history = _history(series, (one for one in days if span and span.first.toordinal() <= one < day))
            span = None
        if not in_full and span is None and _is_plain(history, day, cost := float(series.costs[day])):
            history[day] = cost
            continue
        near = {one: history[one] for one in range(day - WINDOW_DAYS, day) if one in history}
        one = _judged(series, near, firsts, day)
        if one:
            series.judged.append(one)
            if _belongs(one, span):
                _take(series, span, one)
                continue
            if span:
                span.ended = one.day
        elif span:
            continue
        _remember(series, day, near, history, firsts)
    return series


def _history(series: Series, days: Iterable[int]) -> dict[int, float]:
    return {one: float(series.costs[one]) for one in days if not is_first(one)}


def _is_plain(history: Mapping[int, float], day: int, cost: float) -> bool:
    """Whether the day lies so near the median of its weekday that its score is below 2 whatever the spread."""
    weekday = [history[one] for one in _same(history, day)] if not is_first(day) else []
    return bool(weekday) and abs(cost - median(weekday)) <= RETURN_Z * _floor(median(weekday))


def _remember(
    series: Series, day: int, near: Mapping[int, float], history: dict[int, float], firsts: dict[int, float]
) -> None:
    """A normal day is history from now on; of a first of a month, what it cost beyond its usual."""
    cost = float(series.costs[day])
    if not is_first(day):
        history[day] = cost
    elif told := usual(near, day):
        firsts[day] = cost - _nearest(cost, told.low, told.high)


def _belongs(one: Judged, span: Span | None) -> bool:
    """Whether the day is anomalous: beyond the lower limit if it goes on as the span before it."""
    goes_on = span is not None and (span.impact > 0) == (one.score > 0)
    return abs(one.score) > (RETURN_Z if goes_on else ALERT_Z)


def _take(series: Series, span: Span | None, one: Judged) -> None:
    """Add the day to the span that lasts, or begin one: a rise that turns into a drop is another span."""
    if span and (span.impact > 0) == (one.score > 0):
        span.days.append(one)
    else:
        if span:
            span.ended = one.day
        series.spans.append(Span([one]))


def _judged(series: Series, near: Mapping[int, float], firsts: Mapping[int, float], day: int) -> Judged | None:
    told = usual(near, day, firsts)
    if told is None:
        return None
    cost = series.costs[day]
    score = (float(cost) - _nearest(float(cost), told.low, told.high)) / told.spread
    low, high = allowed({one: series.costs[one] for one in near}, day) if abs(score) > RETURN_Z else (cost, cost)
    if is_first(day):
        beyond = Decimal(str(median(_newest(firsts))))
        low, high = min(low, low + beyond), max(high, high + beyond)
    return Judged(
        day=date.fromordinal(day),
        cost=cost,
        expected=_nearest(cost, low, high).quantize(EXACT),
        low=told.low - ALERT_Z * told.spread,
        high=told.high + ALERT_Z * told.spread,
        score=score,
        references=tuple(date.fromordinal(one) for one in told.references),
    )


def usual(near: Mapping[int, float], day: int, firsts: Mapping[int, float] | None = None) -> Usual | None:
    """What is expected of a day, None where nothing can be; days are ordinals.

    `near`: the normal days of the eight weeks before. `firsts`: what earlier firsts of months cost beyond their usual;
    None asks for a first as for any other day.
    """
    if len(near) < HISTORY_DAYS:
        return None
    low, high = allowed(near, day)
    same = _same(near, day)
    spread = max(_strayed(near), _floor(median([near[one] for one in same] or near.values())))
    references = same[:REFERENCES] or sorted(near)[-REFERENCES:]
    if firsts is not None and is_first(day):
        if not firsts:
            return None
        middle = median(_newest(firsts))
        spread = max(spread, MAD * median(abs(one - middle) for one in _newest(firsts)))
        low, high = min(low, low + middle), max(high, high + middle)
        references = sorted(firsts)[-REFERENCES:]
    return Usual(low, high, spread, tuple(references))


def allowed(near: Mapping[int, N], day: int) -> tuple[N, N]:
    """The least and the most that the normal days before (not empty) make one expect of a day, without firsts."""
    same, ends = _same(near, day), list[N]()
    weekday: list[N] = [near[one] for one in same]
    if len(same) < SAME_DAYS:
        recent = [cost for one, cost in near.items() if one >= day - RECENT_DAYS] or list(near.values())
        ends = [median(recent), median(weekday or recent)]
    else:
        change = median(_changes(near) or [weekday[0] - weekday[0]])
        ends = [median(weekday), median([near[one] + change * ((day - one) // WEEK) for one in same])]
    return min(ends), max(ends)


def is_first(day: int) -> bool:
    """Whether the day (an ordinal) is the first of a month."""
    return date.fromordinal(day).day == 1


def _floor(level: float) -> float:
    return max(FLOOR_SHARE * abs(level), FLOOR_AMOUNT)


def _strayed(near: Mapping[int, float]) -> float:
    """How far days stray from what they should cost; by the days themselves while few weeks can be compared."""
    changes = _changes(near)
    values, scale = (changes, math.sqrt(2)) if len(changes) >= ENOUGH_CHANGES else (list(near.values()), 1.0)
    middle, mean = median(values), math.fsum(values) / len(values)
    deviation = math.sqrt(math.fsum((one - mean) ** 2 for one in values) / (len(values) - 1))
    return max(MAD * median(abs(one - middle) for one in values), deviation / 4) / scale


def _changes(near: Mapping[int, N]) -> list[N]:
    return [cost - near[one - WEEK] for one, cost in near.items() if one - WEEK in near]


def _same(near: Mapping[int, N], day: int) -> list[int]:
    """The days of the same weekday, newest first."""
    return [one for one in range(day - WEEK, day - WINDOW_DAYS - 1, -WEEK) if one in near]


def median(values: Iterable[N]) -> N:
    """The middle value, or the mean of the two in the middle; of Decimals a Decimal. Raises IndexError for none."""
    found = sorted(values)
    half = len(found) // 2
    return found[half] if len(found) % 2 else (found[half - 1] + found[half]) / 2


def _newest(firsts: Mapping[int, float]) -> list[float]:
    return [cost for _, cost in sorted(firsts.items())[-FIRSTS:]]


def _nearest(cost: N, low: N, high: N) -> N:
    return min(max(cost, low), high)
