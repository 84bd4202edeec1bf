"""Advice on cost: what rules found becomes pieces of advice, guarded, each coin counted once. Pure; money is Decimal.

A finding is a row of a model `savings_<rule>`, with its rule. Of several about one thing in one currency the best
counts: what was accepted, then what nothing blocks, then the larger saving weighed by confidence; the others are its
alternatives. Advice on something wider (a cluster, a service) counts for what narrower advice within it leaves.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import groupby
from typing import Any

from aurora.contracts import Row

CENT = Decimal("0.01")
MONTH_DAYS = Decimal("30.4")  # 365 / 12
# A saving that moved by less is the same advice: figures of each day differ a little.
MOVED = Decimal("0.1")
COMES_BACK_AT = 2
HIGH, MEDIUM = 1000, 100
WIDTH = {"cluster": 1, "service": 2}


@dataclass(frozen=True)
class Candidate:
    """A finding with its id, what blocks it, and what it counts for beside the others."""

    advice_id: str
    row: Row
    blocked_by: str | None = None
    alternative_to: str | None = None
    alternatives: tuple[str, ...] = ()
    counted: Decimal = Decimal(0)

    @property
    def subject(self) -> tuple[str, str]:
        """What it speaks of, and in which currency."""
        return self.row["subject_id"], self.row["currency"]

    @property
    def saving(self) -> Decimal:
        """The saving a month, in cents."""
        return Decimal(self.row["saving_amount"]).quantize(CENT)

    @property
    def width(self) -> int:
        """How wide its subject is: 0 a resource, 1 a cluster, 2 a service."""
        return WIDTH.get(self.row["subject_id"].partition(":")[0], 0)


def candidates(found: Iterable[Row], known: dict[str, Row], guards: Iterable[Row]) -> list[Candidate]:
    """What may be advised, each coin once; accepted advice takes part, since its coin is spoken for."""
    reasons: dict[tuple[str, str], list[str]] = {}
    for guard in guards:
        reasons.setdefault((guard["subject_type"], guard["subject_id"]), []).append(guard["reason"])
    made = [_candidate(row, known, reasons) for row in found if (row["saving_amount"] or 0) >= CENT]
    accepted = {
        (row["subject_id"], row["currency"]): row
        for row in known.values()
        if row["state"] == "accepted" and row["subject_id"]
    }
    kept = [one for one in made if not _is_decided(one, known)]
    return _nested(list(_ranked(kept, accepted)), accepted.values())


def _candidate(row: Row, known: dict[str, Row], reasons: dict[tuple[str, str], list[str]]) -> Candidate:
    """Its id goes on after a round that is done: what comes up again on the same thing is new advice."""
    base = advice_id = f"{row['rule']}:{row['currency']}:{row['subject_id']}"
    number = 1
    while advice_id in known and known[advice_id]["state"] == "done":
        number += 1
        advice_id = f"{base}#{number}"
    about = [("component", row["component_id"]), ("app", row["app_id"]), tuple(row["subject_id"].split(":", 1))]
    told = sorted({reason for key in about for reason in reasons.get((key[0], key[1] or ""), [])})
    return Candidate(advice_id, row, "; ".join(told) or None if row["is_guarded"] else None)


def _is_decided(one: Candidate, known: dict[str, Row]) -> bool:
    """Whether people accepted it, or dismissed it and its saving has not doubled since."""
    before = known.get(one.advice_id)
    if before is None or before["is_deleted"] or before["state"] == "open":
        return False
    return before["state"] == "accepted" or one.saving < COMES_BACK_AT * (before["saving_amount"] or 0)


def _ranked(found: list[Candidate], accepted: dict[tuple[str, str], Row]) -> Iterator[Candidate]:
    """All of them, the best of each subject first and the others as alternatives to it."""
    for subject, group in groupby(sorted(found, key=lambda one: (one.subject, *_rank(one))), lambda one: one.subject):
        best, *others = group
        if head := accepted.get(subject):
            yield from (replace(one, alternative_to=head["advice_id"]) for one in (best, *others))
            continue
        names = tuple(one.advice_id for one in others)
        yield replace(best, alternatives=names, counted=best.saving)
        yield from (replace(one, alternative_to=best.advice_id) for one in others)


def _rank(one: Candidate) -> tuple[Any, ...]:
    weighed = one.saving * Decimal(str(one.row["confidence_ratio"]))
    return one.blocked_by is not None, -weighed, one.row["rule"]


def _nested(found: list[Candidate], accepted: Iterable[Row]) -> list[Candidate]:
    """Take from what is wide the part that narrower advice counts already, narrow things first.

    A commitment saves a part of a cost, so of a cost that goes away only that part; what is idle in a cluster goes
    whole.
    """
    taken: dict[tuple[str, str], Decimal] = {}
    for row in accepted:
        _take(taken, json.loads(row["evidence"]).get("within"), row["currency"], row["saving_amount"] or Decimal(0))
    done = []
    for one in sorted(found, key=lambda one: one.width):
        if one.width and not one.alternative_to:
            part = Decimal(1) if one.width == 1 else one.saving / max(CENT, Decimal(one.row["base_cost"]))
            less = (part * taken.get(one.subject, Decimal(0))).quantize(CENT)
            one = replace(one, counted=max(Decimal(0), one.saving - less))
        if not one.blocked_by:
            _take(taken, one.row["within"], one.row["currency"], one.counted)
        done.append(one)
    return done


def _take(taken: dict[tuple[str, str], Decimal], within: list[str] | None, currency: str, amount: Decimal) -> None:
    for wide in within or []:
        taken[wide, currency] = taken.get((wide, currency), Decimal(0)) + amount


def changes(found: list[Candidate], known: dict[str, Row], rules: set[str]) -> Iterator[Row]:
    """The versions to write: advice that is new, changed, back, or withdrawn; `rules` are those that answered.

    What is as it was is not written again, and what people accepted or dismissed stays as they left it.
    """
    named = {one.advice_id for one in found}
    for one in found:
        before = known.get(one.advice_id)
        row = version_of(one)
        if before is None:
            yield row | {"reason": None}
        elif before["is_deleted"]:
            yield row | {"reason": "it is so again"}
        elif before["state"] == "dismissed":
            yield row | {"reason": "the saving has doubled since it was dismissed"}
        elif is_changed(row, before):
            yield row | {"reason": "its figures, what blocks it or its alternatives have changed"}
    for advice_id, before in known.items():
        is_ours = before["rule"] in rules and before["subject_id"] is not None
        if is_ours and before["state"] == "open" and not before["is_deleted"] and advice_id not in named:
            yield before | {"is_deleted": True, "reason": "what it rests on is no longer so"}


def version_of(one: Candidate) -> Row:
    """The row of `advice` that says it, all but version and time."""
    row = one.row
    evidence = json.loads(row["evidence"]) | {
        "subject": row["subject_id"], "provider": row["provider"], "within": row["within"],
        "base_cost": str(Decimal(row["base_cost"]).quantize(CENT)), "counted_amount": str(one.counted),
        "alternative_to": one.alternative_to, "alternatives": list(one.alternatives),
    }  # fmt: skip
    copied = (
        "rule",
        "app_id",
        "component_id",
        "message",
        "suggestion",
        "confidence_ratio",
        "risk",
        "effort",
        "currency",
    )
    priority = "high" if one.saving >= HIGH else "medium" if one.saving >= MEDIUM else "low"
    return {name: row[name] for name in copied} | {
        "advice_id": one.advice_id, "type": "cost", "priority": priority, "evidence": json.dumps(evidence),
        "expected_gain": f"{one.saving:,.2f} {row['currency']} a month", "saving_amount": one.saving,
        "blocked_by": one.blocked_by, "state": "open", "is_deleted": False,
    }  # fmt: skip


def is_changed(row: Row, before: Row) -> bool:
    """Whether people would want to know: a saving that moved by a tenth, or anything that is no figure."""
    told = json.loads(row["evidence"])
    if any(row[name] != before[name] for name in ("blocked_by", "risk", "effort", "app_id", "component_id")):
        return True
    if told["alternative_to"] != before["alternative_to"]:
        return True
    old = before["saving_amount"] or Decimal(0)
    moved = abs(row["saving_amount"] - old), abs(Decimal(told["counted_amount"]) - (before["counted_amount"] or old))
    return bool(max(moved) >= MOVED * old)


def realised(before_cost: Decimal, before_days: int, after_cost: Decimal, after_days: int) -> Decimal:
    """What came of accepted advice, a month: mean daily effective cost before minus after, times 30.4 days (365 / 12).

    Assumes that nothing else changed what the thing cost; where it costs more than before, it is negative.
    """
    return ((before_cost / before_days - after_cost / after_days) * MONTH_DAYS).quantize(CENT)
