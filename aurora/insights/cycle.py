"""Cycle time of pull requests: how it is graded, and which part to shorten by how much. Pure.

Source: LinearB's benchmark of 2026 over 8.1 million pull requests, 75th percentiles: below 25 h elite, 72 h good, 161 h
fair. Durations are seconds.
"""

from collections.abc import Mapping
from dataclasses import dataclass

HOUR = 3_600.0
CUTS = ((25 * HOUR, "elite"), (72 * HOUR, "good"), (161 * HOUR, "fair"))


@dataclass(frozen=True)
class Step:
    """To be graded `grade`, the cycle has to be `less_s` shorter; `part` is the longest one, of `part_s`."""

    grade: str
    less_s: float
    part: str
    part_s: float


def graded(cycle_s: float) -> str:
    """'good' of 60 hours."""
    return next((word for limit, word in CUTS if cycle_s < limit), "needs focus")


def next_step(cycle_s: float | None, parts: Mapping[str, float | None]) -> Step | None:
    """What the next better grade takes; None at the top, or where nothing is known."""
    known = {name: value for name, value in parts.items() if value}
    if cycle_s is None or not known or cycle_s < CUTS[0][0]:
        return None
    limit, grade = [cut for cut in CUTS if cut[0] <= cycle_s][-1]
    part = max(known, key=lambda name: known[name])
    return Step(grade, cycle_s - limit, part, known[part])
