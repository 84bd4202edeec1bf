"""Figures against the month before, and what changed most, in words; all of it pure, null is 'not told' and never 0."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from aurora.reports.document import NOT_TOLD, Figure, Said, Tone
from aurora.reports.month import Month
from aurora.words import count, number, percent, span

Value = float | Decimal | None
DAY_S = 86400


@dataclass(frozen=True)
class Measure:
    """What is measured, how it is said, which way is good, and how a change of it is told.

    `told`: points (of a percentage), share (in per cent of before) or count (so many more). A difference below
    `steady` is none. `is_of_full`: how far from 100 it is counts, not how high it stands.
    """

    label: str
    say: Callable[[Value], str]
    good: Literal["up", "down", "neither"] = "neither"
    told: Literal["points", "share", "count"] = "share"
    steady: float = 0.0
    is_of_full: bool = False


@dataclass(frozen=True)
class Compared:
    """A measure of the month and of the month before; None is not told."""

    measure: Measure
    now: Value
    before: Value

    @property
    def change(self) -> float | None:
        """How much more it is now."""
        return None if self.now is None or self.before is None else float(self.now) - float(self.before)

    @property
    def is_steady(self) -> bool:
        """Whether both are told and as good as the same."""
        return self.change is not None and abs(self.change) <= self.measure.steady

    @property
    def tone(self) -> Tone:
        """Whether it went the way that is good."""
        if self.change is None or self.is_steady or self.measure.good == "neither":
            return "plain"
        return "good" if (self.change > 0) == (self.measure.good == "up") else "bad"

    @property
    def size(self) -> float:
        """How large the change is beside what there was: what changes are ranked by."""
        if self.change is None or self.is_steady:
            return 0.0
        was = float(self.before or 0)
        was = 100 - was if self.measure.is_of_full else abs(was)
        return abs(self.change) / max(was, 1e-6) if was else 1.0


def figure(compared: Compared, month: Month, note: str = "") -> Figure:
    """The figure as it stands in a wall."""
    measure, now = compared.measure, compared.now
    value = NOT_TOLD if now is None else measure.say(now)
    return Figure(measure.label, value, difference(compared, month), compared.tone, note)


def difference(compared: Compared, month: Month) -> str:
    """'+0.02 points on September', 'as in September', 'September: not told'; nothing where the month is not told."""
    before = month.before.name
    if compared.now is None:
        return ""
    if compared.change is None:
        return f"{before}: {NOT_TOLD}"
    if compared.is_steady:
        return f"as in {before}"
    return f"{_amount(compared)} on {before}"


def _amount(compared: Compared) -> str:
    change, measure = compared.change or 0.0, compared.measure
    if measure.told == "points":
        digits = 2 if abs(change) < 1 else 1
        return f"{_signed(change, digits)} points"
    was = float(compared.before or 0)
    if measure.told == "count" or not was:
        return _signed(change, 0 if float(change).is_integer() else 1)
    return f"{_signed(100 * change / abs(was), 1)} %"


def _signed(value: float, digits: int) -> str:
    """With a true minus, as tall as the plus."""
    return f"{value:+,.{digits}f}".replace("-", "−")


def what_changed(all_compared: Iterable[Compared], month: Month, most: int = 3) -> tuple[Said, ...]:
    """The largest changes in words, the largest first."""
    told = [one for one in all_compared if one.change is not None]
    before = month.before.name
    if not told:
        return (Said(f"Nothing can be compared with {before}: of that month nothing is told."),)
    moved = sorted((one for one in told if one.size), key=lambda one: (-one.size, one.measure.label))[:most]
    if not moved:
        return (Said(f"Nothing changed that is worth a word: all figures stand as in {before}."),)
    first, *rest = moved
    said = [Said(f"What changed most: {_moved(first, is_first=True)}.", first.tone)]
    return (*said, *(Said(f"{_moved(one, is_first=False)}.", one.tone) for one in rest))


def _moved(one: Compared, is_first: bool) -> str:
    measure, label = one.measure, one.measure.label
    label = label[:1].lower() + label[1:] if is_first and label[1:2].islower() else label
    way = "rose" if (one.change or 0) > 0 else "fell"
    return f"{label} {way} from {measure.say(one.before)} to {measure.say(one.now)} ({_amount(one)})"


def pct(digits: int = 2) -> Callable[[Value], str]:
    """'99.98%', cut and not rounded."""
    return lambda value: NOT_TOLD if value is None else percent(float(value), digits)


def whole(unit: str = "") -> Callable[[Value], str]:
    """'1,234 ms'."""
    return lambda value: NOT_TOLD if value is None else number(float(value), unit)


def many(value: Value) -> str:
    """'12.4k'."""
    return NOT_TOLD if value is None else count(float(value))


def lasted(value: Value) -> str:
    """'45 s', '3 h', '2.1 days'."""
    if value is None:
        return NOT_TOLD
    return f"{float(value) / DAY_S:,.1f} days" if value >= 2 * DAY_S else span(float(value))
