"""Cells of tables: null is 'not told', states have a sign beside their colour."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any, TypeVar

from aurora.reports import measures
from aurora.reports.document import NOT_TOLD, Cell, Tone
from aurora.words import AMBER, GREEN, RED, count, marked, money, number, percent

T = TypeVar("T")
TONE_OF: dict[str, Tone] = {RED: "bad", AMBER: "warn", GREEN: "good"}
NONE = "–"


def told(value: T | None, say: Callable[[T], str]) -> str:
    """The value as it is said, 'not told' for null."""
    return NOT_TOLD if value is None else say(value)


def pct(value: float | None, digits: int = 2) -> str:
    """'99.98%'."""
    return told(value, lambda known: percent(known, digits))


def whole(value: float | None, unit: str = "") -> str:
    """'1,234 ms'."""
    return told(value, lambda known: number(known, unit))


def many(value: float | None) -> str:
    """'12.4k'."""
    return told(value, count)


def lasted(seconds: float | None) -> str:
    """'75 min', '2.1 days'."""
    return measures.lasted(seconds)


def amount(value: Decimal | None, currency: str | None) -> str:
    """'$12,340'."""
    return told(value, lambda known: money(known, currency))


def day(value: date | None) -> str:
    """'4 Nov 2026'; a dash for none."""
    return NONE if value is None else f"{value.day}\u00a0{value:%b\u00a0%Y}"


def state(word: str | None) -> str | Cell:
    """A closed word with its sign: '✕ Critical'."""
    if word is None:
        return NOT_TOLD
    said, hue = marked(word)
    return Cell(said, TONE_OF.get(hue, "plain"))


def judged(text: str, tone: Tone) -> Cell:
    """A text with a sign for its tone."""
    sign = {"good": "● ", "warn": "▲ ", "bad": "✕ ", "plain": ""}[tone]
    return Cell(f"{sign}{text}", tone)


def or_none(value: Any) -> str:
    """A text, a dash for none."""
    return NONE if value in (None, "", []) else str(value)
