"""Scorecard rules that people made of saved questions, among those of scorecards.toml. Pure."""

from collections.abc import Sequence

from aurora.contracts import Row
from aurora.insights.rules import limits_of, scope_of
from aurora.insights.scorecards import LEVELS, Limited, Rule, Scorecard


def with_rules(scorecards: tuple[Scorecard, ...], rules: Sequence[Row]) -> tuple[Scorecard, ...]:
    """The scorecards with the rules that people made of questions: rows of rules_now, whose scope says where.

    A rule without limits, without a question, or of a scorecard that is not there, is left out.
    """
    added: dict[str, list[Rule]] = {}
    for row in rules:
        scope, limited = scope_of(row), row["question_id"] and (row["warn"], row["critical"]) != (None, None)
        if limited and scope.get("level") in LEVELS:
            rule = Limited.model_construct(
                id=f"rule-{row['rule_id']}", level=scope["level"], title=row["name"], question=row["question_id"],
                help=f"Bring the answer of {row['question_title'] or row['question_id']} within its limit.",
                limits=limits_of(row), sql=None,
            )  # fmt: skip
            added.setdefault(str(scope.get("scorecard")), []).append(rule)
    return tuple(card.model_copy(update={"rule": (*card.rule, *added.get(card.id, ()))}) for card in scorecards)
