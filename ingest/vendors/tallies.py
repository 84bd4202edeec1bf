"""Counts of errors and sessions by the columns that name them; several vendor groups that mean one row become one."""

from collections.abc import Iterable
from typing import Any

Row = dict[str, Any]


def tallied(rows: Iterable[Row], key: tuple[str, ...]) -> list[Row]:
    """One row per `key` in the order of first sight: counts of events and sessions added up.

    Users may be the same in two groups, so counts of users of joined groups are not known: null.
    """
    found: dict[tuple[Any, ...], Row] = {}
    for row in rows:
        mark = tuple(row[name] for name in key)
        found[mark] = _joined(found[mark], row) if mark in found else row
    return list(found.values())


def _joined(one: Row, other: Row) -> Row:
    return one | {name: _together(name, value, other.get(name)) for name, value in one.items() if _is_count(name)}


def _is_count(name: str) -> bool:
    return name.endswith("_count")


def _together(name: str, one: int | None, other: int | None) -> int | None:
    if "user" in name or one is None or other is None:
        return None
    return one + other
