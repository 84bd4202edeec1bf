"""Objectives of the registry that say in SQL what is good. Pure.

An objective that is half right would tell the wrong budget, so one with a fault is left out.
"""

import re

from aurora.contracts import Row, Table
from aurora.contracts.operations import Slos
from ingest.registry.fields import Fields, Path
from ingest.registry.words import SLO, SLO_ELSEWHERE, SLO_KINDS, WINDOWS
from warehouse.objectives import fault_of

MAX_SQL = 20_000


def slo(fields: Fields, declared_in: str) -> list[tuple[type[Table], Row]]:
    """The row of one [[slo]], whose id has been looked at; nothing if a key of it is wrong or missing."""
    fields.only(SLO, elsewhere=SLO_ELSEWHERE)
    wrong: list[str] = []

    def tell(path: Path, message: str) -> None:
        wrong.append(message)
        fields.report(path, f"{message}; this objective was left out")

    row = _row(Fields(tell, fields.table, fields.path, fields.thing))
    return [] if wrong else [(Slos, row | {"declared_in": declared_in})]


def _row(said: Fields) -> Row:
    kind = said.word("kind", SLO_KINDS)[0]
    if "kind" not in said.table:
        said.tell("kind", f"it is missing: write {', '.join(SLO_KINDS)}")
    row = {
        "slo_id": said.table["id"],
        "name": said.text("name") or said.table["id"],
        "app_id": said.slug("app"),
        "component_id": said.text("component"),
        "kind": kind,
        "good_sql": _sql(said, "good"),
        "total_sql": _sql(said, "total"),
        "threshold": _number(said, "threshold", -1e15, 1e15, "a number"),
        "target_pct": _number(said, "target", 0, 100, "a percentage above 0 and below 100, such as 99.9"),
        "window": said.word("window", WINDOWS)[0] or "30d",
    }
    if "target" not in said.table:
        said.tell("target", "it is missing: write a percentage above 0 and below 100, such as 99.9")
    _fit(said, kind)
    return row


def _fit(said: Fields, kind: str | None) -> None:
    """List which keys the kind needs besides, and which it has no use for."""
    is_slice, is_threshold = kind == "time_slice", kind == "threshold"
    has = {name: name in said.table for name in ("good", "total", "threshold", "app", "component")}
    for name in ("good", "total"):
        is_measured = (is_slice or is_threshold) and not has["good"] and not has["total"]
        if not has[name] and not is_measured and not (is_threshold and name == "total"):
            said.tell(name, "it is missing: write one SELECT of ts and value")
    if (is_slice or is_threshold) and not any(has[name] for name in ("good", "total", "app", "component")):
        said.tell("good", "write one SELECT of ts and value, or the app or component whose health is meant")
    if is_threshold and has["total"]:
        said.tell("total", "a threshold counts the values of good: remove it")
    if is_threshold and not has["threshold"]:
        said.tell("threshold", "it is missing: write the highest value that is still good, such as 300")
    if kind == "ratio" and has["threshold"]:
        said.tell("threshold", "a ratio has none: remove it, or write kind threshold or time_slice")
    share = said.table.get("threshold")
    if is_slice and isinstance(share, int | float) and not 0 < share <= 100:
        said.tell("threshold", "write the good part in percent from which a minute is good, such as 95")


def _sql(said: Fields, name: str) -> str | None:
    sql = said.text(name, MAX_SQL)
    fault = None if sql is None else fault_of(sql) or _columns_fault(sql)
    if fault:
        said.tell(name, fault)
    return sql


def _columns_fault(sql: str) -> str | None:
    """A SELECT that names its columns has to name these two."""
    if "*" in sql or not re.search(r"\bselect\b", sql, re.IGNORECASE):
        return None
    absent = [name for name in ("ts", "value") if not re.search(rf"\b{name}\b", sql, re.IGNORECASE)]
    return f"it has no column {absent[0]}: select the instant as ts and the number as value" if absent else None


def _number(said: Fields, name: str, low: float, high: float, what: str) -> float | None:
    """A number between both, neither of them."""
    value = said.table.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not low < value < high:
        said.tell(name, f"write {what}")
        return None
    return float(value)
