"""Release gates: rules over answers, and whether an application may be released: go, hold or halt. Pure.

What cannot be known holds: unknown is not healthy.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import polars as pl

from aurora.contracts import Row
from aurora.insights.rules import RANK, findings, limits_of, sentence

Word = Literal["go", "hold", "halt"]
WORDS: tuple[Word, ...] = ("go", "hold", "halt")
OF_LEVEL: dict[str, Word] = {"critical": "halt", "warning": "hold", "unknown": "hold", "ok": "go"}
NO_RULE = "No release rule is declared: nothing speaks against it, and nothing was checked."


@dataclass(frozen=True)
class Reason:
    """What one rule says, and why."""

    rule_id: str
    name: str
    word: Word
    sentence: str


@dataclass(frozen=True)
class Verdict:
    """The worst word of all rules, and the reasons, worst first."""

    word: Word
    reasons: tuple[Reason, ...]


def gate(rules: Sequence[Row], answers: Mapping[str, pl.DataFrame | str], app_id: str) -> Verdict:
    """The verdict on an application; `answers`: rule_id -> its answer, or the sentence why there is none.

    Where an answer has app_id, the application's own rows count; if there are none, it is not known.
    """
    reasons = [_reason(rule, answers.get(rule["rule_id"], "It was not asked."), app_id) for rule in rules]
    reasons.sort(key=lambda one: (-WORDS.index(one.word), one.name))
    return Verdict(reasons[0].word if reasons else "go", tuple(reasons))


def _reason(rule: Row, answer: pl.DataFrame | str, app_id: str) -> Reason:
    word, said = _judged(rule, answer, app_id)
    return Reason(rule["rule_id"], rule["name"], word, said)


def _judged(rule: Row, answer: pl.DataFrame | str, app_id: str) -> tuple[Word, str]:
    if isinstance(answer, str):
        return "hold", answer
    try:
        limits = limits_of(rule)
        found = list(findings(_own(answer, app_id), limits).values())
    except ValueError as error:
        return "hold", f"It cannot be judged: {error}."
    if not found:
        return "hold", f"Its question says nothing of {app_id}."
    worst = min(found, key=lambda one: RANK.index(one.level))
    about = f"{worst.subject}: " if worst.subject and worst.subject != app_id else ""
    return OF_LEVEL[worst.level], about + (worst.message or sentence(worst, limits))


def _own(answer: pl.DataFrame, app_id: str) -> pl.DataFrame:
    return answer.filter(pl.col("app_id").cast(pl.String) == app_id) if "app_id" in answer.columns else answer
