"""Objectives: error budget, burn rate, time to exhaustion, and when a burn is worth an alert. Pure.

Source: Google SRE Workbook, chapter 5 (multi-window, multi-burn-rate alerts). Ratios are between 0 and 1, a budget that
is overspent is below 0, and what was not measured is None: absent is never an error ratio of 0.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

MIN_EVENTS, MIN_FAILURES = 30, 3
WARN_BUDGET, CRITICAL_BUDGET = 0.01, 0.05
# Points come each minute, are evaluated in the next and published after that.
PATIENCE = timedelta(minutes=5)
BASE_DAYS = 28  # the windows below are for four weeks or more; a shorter period shrinks them with it
HOUR = timedelta(hours=1)
Verdict = Literal["ok", "firing", "insufficient_traffic", "no_data"]


@dataclass(frozen=True)
class BurnRule:
    """Which part of the budget may go in the long window; the short one says that it still goes on."""

    name: str
    severity: Literal["critical", "warning"]
    budget_ratio: float
    long: timedelta
    short: timedelta


RULES = (
    BurnRule("page_quick", "critical", 0.02, HOUR, HOUR / 12),
    BurnRule("page_slow", "critical", 0.05, 6 * HOUR, HOUR / 2),
    BurnRule("ticket_quick", "warning", 0.10, 24 * HOUR, 2 * HOUR),
    BurnRule("ticket_slow", "warning", 0.10, 72 * HOUR, 6 * HOUR),
)


@dataclass(frozen=True)
class Tally:
    """Good and all events of a window; None where nothing was measured."""

    good: float | None
    total: float | None

    @property
    def bad(self) -> float | None:
        """Events that failed, None where nothing was measured."""
        return None if self.good is None or self.total is None else self.total - self.good

    @property
    def error_ratio(self) -> float | None:
        """Failed part of all events; None without events."""
        return None if self.bad is None or not self.total else self.bad / self.total


def error_budget(target_pct: float) -> float:
    """The part of events that may fail. Raises ValueError unless 0 < target < 100."""
    if not 0 < target_pct < 100:
        raise ValueError(f"the target is {target_pct:g} %: write one above 0 and below 100")
    return (100 - target_pct) / 100


def burn_rate(tally: Tally, target_pct: float) -> float | None:
    """How many times as fast as allowed the budget goes; 1 spends it exactly in the period."""
    ratio = tally.error_ratio
    return None if ratio is None else ratio / error_budget(target_pct)


def budget_used(burn: float | None, span: timedelta, period: timedelta) -> float | None:
    """The part of the period's budget that a burn rate spends in `span`; above 1 it is overspent."""
    return None if burn is None else burn * (span / period)


def budget_left(burn: float | None, span: timedelta, period: timedelta) -> float | None:
    """What is left of the budget after `span` of the period; below 0 if overspent."""
    used = budget_used(burn, span, period)
    return None if used is None else 1 - used


def time_to_exhaustion(left: float | None, burn: float | None, period: timedelta) -> timedelta | None:
    """How long the budget lasts at this burn rate; zero if it is spent, None if unknown or nothing burns."""
    if left is not None and left <= 0:
        return timedelta(0)
    return None if left is None or not burn else period * left / burn


def span_of(window: str, at: datetime) -> tuple[datetime, timedelta]:
    """Where the window that holds `at` (UTC) begins, and the length of its whole period."""
    if window == "calendar_month":
        first = at.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        return first, (first + timedelta(days=32)).replace(day=1) - first
    period = timedelta(days=int(window.removesuffix("d")))
    return at - period, period


def scaled(rule: BurnRule, period: timedelta) -> BurnRule:
    """The rule with its windows shrunk for a period shorter than four weeks."""
    scale = min(1.0, period / timedelta(days=BASE_DAYS))
    return BurnRule(rule.name, rule.severity, rule.budget_ratio, rule.long * scale, rule.short * scale)


def factor(rule: BurnRule, period: timedelta) -> float:
    """The burn rate that spends the rule's part of the budget in its long window."""
    return rule.budget_ratio * (period / rule.long)


def verdict(rule: BurnRule, period: timedelta, target_pct: float, long: Tally, short: Tally) -> Verdict:
    """Whether both windows burn faster than the (scaled) rule's factor; a page also needs enough traffic.

    A window without data says nothing: neither that a burn began, nor that it is over.
    """
    slow, quick = burn_rate(long, target_pct), burn_rate(short, target_pct)
    if slow is None or quick is None:
        return "no_data"
    limit = factor(rule, period)
    if slow <= limit or quick <= limit:
        return "ok"
    if rule.severity == "critical" and not has_traffic(long):
        return "insufficient_traffic"
    return "firing"


def has_traffic(tally: Tally) -> bool:
    """Whether a window holds events and failures enough to wake somebody."""
    return (tally.total or 0) >= MIN_EVENTS and (tally.bad or 0) >= MIN_FAILURES


def missing_data(
    age: timedelta | None, target_pct: float, period: timedelta, interval: timedelta = timedelta(minutes=1)
) -> Literal["ok", "warning", "critical"]:
    """What silence is worth: a warning once a full outage would have burnt 1 % of the budget, critical at 5 %.

    `interval` is the usual time between points: what is not older than a few of them is not late, however tight the
    target. Never is critical.
    """
    if age is None:
        return "critical"
    outage = budget_used(1 / error_budget(target_pct), age, period) or 0.0
    if outage >= CRITICAL_BUDGET and age >= 2 * _patience(interval):
        return "critical"
    return "warning" if outage >= WARN_BUDGET and age >= _patience(interval) else "ok"


def _patience(interval: timedelta) -> timedelta:
    return max(PATIENCE, 3 * interval)


def summed(points: Sequence[tuple[datetime, float | None, float | None]], since: datetime, until: datetime) -> Tally:
    """The events of (start, good, total) points that start in [since, until); points without data count for nothing."""
    found = [(g, t) for at, g, t in points if since <= at < until and g is not None and t is not None]
    return Tally(sum(g for g, _ in found), sum(t for _, t in found)) if found else Tally(None, None)
