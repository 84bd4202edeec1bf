"""One question, used as a rule (alert, scorecard, gate) or as the measure of an objective."""

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Literal

import polars as pl

from aurora.contracts import Row
from aurora.contracts.operations import Slos
from aurora.contracts.rules import Rules
from aurora.errors import AuroraError, QueryError
from aurora.explore import versions
from aurora.explore.questions import asked
from aurora.insights.gates import Verdict, gate
from aurora.insights.rules import scope_of
from warehouse.lake import Lake
from warehouse.objectives import QUESTION

Purpose = Literal["alert", "scorecard", "gate"]
Ask = Callable[[str, Row], pl.DataFrame]
GATES = "from rules_now where purpose = 'gate' and is_enabled order by rule_id"


def save_rule(lake: Lake, purpose: Purpose, question_id: str, said: Mapping[str, Any], changed_by: str) -> str:
    """Declare a rule over a question; returns its id. `said`: name, warn, critical, for_s, every_s, severity, scope.

    Raises QueryError for a rule without a name or a limit.
    """
    name = " ".join(str(said.get("name") or "").split())[:200]
    if not name:
        raise QueryError("write a name")
    if said.get("warn") is None and said.get("critical") is None:
        raise QueryError("write a limit: from which value on it warns, or is critical")
    own = {key: said.get(key) for key in ("warn", "critical", "for_s", "every_s", "severity")}
    row = own | {
        "purpose": purpose, "kind": "query", "name": name, "question_id": question_id, "is_enabled": True,
        "scope": json.dumps({key: value for key, value in (said.get("scope") or {}).items() if value is not None}),
        "declared_in": "Questions page", "changed_by": changed_by, "is_deleted": False,
    }  # fmt: skip
    return versions.write_new(lake, Rules, name, row)


def change_rule(lake: Lake, rule_id: str, changed_by: str, seen: int, **said: Any) -> None:
    """Write a version of a rule that differs in these fields. Raises LostRaceError if somebody changed it since."""
    known = versions.versions(lake, Rules, rule_id)
    if not known:
        raise QueryError(f"there is no rule {rule_id!r}")
    own = {name: value for name, value in known[-1].items() if name in Rules.own_columns()}
    versions.write(lake, Rules, own | said | {"changed_by": changed_by}, seen)


def save_objective(lake: Lake, question_id: str, said: Mapping[str, Any], changed_by: str) -> str:
    """Declare an objective whose good and total events the question tells. `said`: name, app_id, target_pct, window."""
    name = " ".join(str(said.get("name") or "").split())[:120]
    if not name:
        raise QueryError("write a name")
    measured = f"{QUESTION}{question_id}"
    row = dict.fromkeys(Slos.own_columns()) | {
        "name": name, "kind": "ratio", "app_id": said.get("app_id"), "target_pct": said["target_pct"],
        "window": said["window"], "good_sql": measured, "total_sql": measured, "declared_in": "Questions page",
        "changed_by": changed_by, "is_deleted": False,
    }  # fmt: skip
    return versions.write_new(lake, Slos, name, row)


def judged(ask: Ask, rules: list[Row], app_id: str, until: datetime) -> Verdict:
    """The verdict of gate rules (rows of rules_now) on an application; a question with :app is asked for it."""
    answers: dict[str, pl.DataFrame | str] = {}
    for rule in rules:
        try:
            own = scope_of(rule).get("parameters")
            answers[rule["rule_id"]] = ask(*asked(rule, {"app": app_id} | (own or {}), until))
        except AuroraError as error:
            answers[rule["rule_id"]] = f"It cannot be asked: {error}."
        except Exception as error:  # SQL of people may fail in any way; what cannot be asked holds
            answers[rule["rule_id"]] = (
                f"It cannot be asked: {str(error).splitlines()[0][:300] if str(error) else 'it broke'}"
            )
    return gate(rules, answers, app_id)
