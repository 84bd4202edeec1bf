"""Rules over answers: each row's value against warn and critical, and what that does to alerts. Pure.

An answer has `value`, and perhaps app_id, component_id, subject and message; without `value` its only number is it.
A null value is unknown: it neither opens nor ends anything.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

import polars as pl

from aurora.contracts import Row

Level = Literal["critical", "warning", "unknown", "ok"]
RANK: tuple[Level, ...] = ("critical", "warning", "unknown", "ok")
SEVERITIES = ("critical", "warning", "info")
LASTING = ("pending", "firing")
SAID = 300


@dataclass(frozen=True)
class Limits:
    """From which value on a rule warns and is critical (or, `below`, down to which); at least one of them."""

    warn: float | None
    critical: float | None
    below: bool = False

    def level(self, value: float | None) -> Level:
        """What a value is worth; null is unknown."""
        if value is None:
            return "unknown"
        if self._crossed(value, self.critical):
            return "critical"
        return "warning" if self._crossed(value, self.warn) else "ok"

    def limit(self, level: Level) -> float | None:
        """The limit that a level speaks of; for an ok one the nearest."""
        first, second = (self.critical, self.warn) if level == "critical" else (self.warn, self.critical)
        return second if first is None else first

    def _crossed(self, value: float, limit: float | None) -> bool:
        return limit is not None and (value <= limit if self.below else value >= limit)


@dataclass(frozen=True)
class Finding:
    """What a rule says of one subject."""

    subject: str
    level: Level
    value: float | None
    app_id: str | None = None
    component_id: str | None = None
    message: str | None = None


def limits_of(rule: Row) -> Limits:
    """The limits of a row of rules. Raises ValueError if it has none."""
    warn, critical = rule["warn"], rule["critical"]
    if warn is None and critical is None:
        raise ValueError("the rule has no limit: write warn or critical")
    falls = warn is not None and critical is not None and critical < warn
    return Limits(warn, critical, falls or scope_of(rule).get("direction") == "below")


def scope_of(rule: Row) -> dict[str, Any]:
    """The JSON object of a rule's scope, {} for anything else."""
    try:
        told = json.loads(rule.get("scope") or "{}")
    except (ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}


def findings(answer: pl.DataFrame, limits: Limits) -> dict[str, Finding]:
    """Subject -> its worst row. Raises ValueError if the answer has no value to judge."""
    values = _values(answer)
    found: dict[str, Finding] = {}
    for value, row in zip(values, answer.iter_rows(named=True), strict=True):
        one = _finding(value, row, limits)
        before = found.get(one.subject)
        if before is None or RANK.index(one.level) < RANK.index(before.level):
            found[one.subject] = one
    return found


def _values(answer: pl.DataFrame) -> list[float | None]:
    numbers = [name for name, kind in answer.schema.items() if kind.is_numeric() or kind == pl.Boolean]
    name = "value" if "value" in answer.columns else numbers[0] if len(numbers) == 1 else None
    if name is None:
        raise ValueError("the answer has no column value")
    kind = answer.schema[name]
    if not (kind.is_numeric() or kind in (pl.Boolean, pl.Null)):
        raise ValueError(f"the answer's column {name} holds no numbers")
    values = answer[name].cast(pl.Float64)
    return [value if value is not None and abs(value) < float("inf") else None for value in values]


def _finding(value: float | None, row: Row, limits: Limits) -> Finding:
    app, component, subject, message = (
        _word(row.get(name)) for name in ("app_id", "component_id", "subject", "message")
    )
    return Finding(subject or component or app or "", limits.level(value), value, app, component, message)


def _word(value: object) -> str | None:
    return str(value)[:SAID] if value not in (None, "") else None


def alert_changes(rule: Row, answer: pl.DataFrame, lasting: Iterable[Row], at: datetime) -> Iterator[Row]:
    """Rows of alerts that open, become graver or less, fire after `for_s`, or end; `lasting` are this rule's alerts.

    What is no longer in the answer is over. Raises ValueError if the answer cannot be judged: nothing changes then.
    """
    limits = limits_of(rule)
    found, known = findings(answer, limits), {row["fingerprint"]: row for row in lasting}
    for one in found.values():
        before = known.pop(fingerprint(rule["rule_id"], one.subject), None)
        if one.level in ("critical", "warning"):
            yield from _lasts(rule, one, limits, before, at)
        elif one.level == "ok" and before:
            yield ended(before, at)
    for before in known.values():
        yield ended(before, at, is_inferred=True)


def fingerprint(rule_id: str, subject: str) -> str:
    """What makes two alerts of a rule the same."""
    return f"rule:{rule_id}:{subject}"


def ended(before: Row, at: datetime, *, is_inferred: bool = False) -> Row:
    """The alert as it is over."""
    return before | {"state": "resolved", "ended_at": at, "last_seen_at": at, "updated_at": at,
                     "is_end_inferred": is_inferred}  # fmt: skip


def _lasts(rule: Row, one: Finding, limits: Limits, before: Row | None, at: datetime) -> Iterator[Row]:
    severity = _capped(one.level, rule["severity"])
    started = before["started_at"] if before else at
    is_due = at - started >= timedelta(seconds=rule["for_s"] or 0)
    state = "firing" if is_due or (before and before["state"] == "firing") else "pending"
    if before and (before["state"], before["severity"]) == (state, severity):
        return
    name = fingerprint(rule["rule_id"], one.subject)
    fired = before["fired_at"] if before and before["fired_at"] else at if state == "firing" else None
    yield {
        "alert_id": f"aurora:{name}:{started:%Y%m%dT%H%M%S}", "fingerprint": name, "rule_id": rule["rule_id"],
        "app_id": one.app_id or scope_of(rule).get("app_id"), "component_id": one.component_id, "severity": severity,
        "state": state, "title": _title(rule, one), "message": one.message or sentence(one, limits),
        "value": one.value, "threshold": limits.limit(one.level), "started_at": started, "fired_at": fired,
        "last_seen_at": at, "updated_at": at,
        "labels": json.dumps({"rule": rule["rule_id"], "question": rule["question_id"]}),
    }  # fmt: skip


def _capped(level: Level, gravest: str | None) -> str:
    """The level as a severity, never graver than the rule may be."""
    return max(level, gravest or level, key=SEVERITIES.index)


def _title(rule: Row, one: Finding) -> str:
    return f"{rule['name']}: {one.subject}" if one.subject else str(rule["name"])


def sentence(one: Finding, limits: Limits) -> str:
    """'7 is at or above 5.', for people."""
    if one.value is None:
        return "The answer has no value: it is not known."
    side = "below" if limits.below else "above"
    if one.level == "ok":
        return f"{one.value:,.6g} is not at or {side} {limits.limit(one.level):,.6g}."
    return f"{one.value:,.6g} is at or {side} {limits.limit(one.level):,.6g}."


def of_rule(alerts: Iterable[Row]) -> Mapping[str, list[Row]]:
    """Alerts of query rules by their rule_id."""
    told: dict[str, list[Row]] = {}
    for row in alerts:
        told.setdefault(row["rule_id"], []).append(row)
    return told
