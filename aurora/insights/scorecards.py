"""Scorecards: rules as SQL in a TOML file, and what they say of each application, team or domain on a day.

A subject that a rule does not answer for is not checked: neither passed nor failed.
"""

import re
import tomllib
from collections import Counter
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Annotated, Literal

import polars as pl
from pydantic import AfterValidator, Field, ValidationError, model_validator

from aurora.contracts import COMMON
from aurora.contracts.estate import ScorecardResults
from aurora.errors import SettingsError
from aurora.insights.rules import Limits, findings, sentence
from aurora.settings import Frozen, Slug

Level = Literal["basic", "bronze", "silver", "gold"]
Ask = Callable[[str], pl.DataFrame]
LEVELS: tuple[Level, ...] = ("basic", "bronze", "silver", "gold")
COLUMNS = {name: kind for name, kind in ScorecardResults.dtypes().items() if name not in COMMON}
DETAIL_LENGTH = 300
UNNAMED = "no data that would answer this"
_OPAQUE = r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|\$\$.*?\$\$|--[^\n]*|/\*.*?\*/"
_APPS = (
    "select app_id as subject_id from applications_now where coalesce(lifecycle, 'active') <> 'retired' and ({applies})"
)
_TEAMS = """
    select distinct team_id as subject_id from (
      from teams union all by name
      select distinct {column} as team_id, '{kind}' as kind from applications_now
      where coalesce(lifecycle, 'active') <> 'retired')
    where kind = '{kind}' and team_id is not null and ({applies})"""
SUBJECTS = {
    "app": _APPS,
    "team": _TEAMS.replace("{column}", "team_id").replace("{kind}", "team"),
    "domain": _TEAMS.replace("{column}", "domain").replace("{kind}", "domain"),
}


def _one_question(sql: str) -> str:
    bare = re.sub(_OPAQUE, " ", sql, flags=re.DOTALL).strip().removesuffix(";").strip()
    if ";" in bare or not re.match(r"(select|from|with)\b", bare, re.IGNORECASE):
        raise ValueError("write one question that starts with SELECT, FROM or WITH")
    return sql.strip().removesuffix(";")


def _said(text: str) -> str:
    if not text.strip():
        raise ValueError("it is empty: write something")
    return text.strip()


Words = Annotated[str, AfterValidator(_said)]
Question = Annotated[str, AfterValidator(_one_question)]


class Rule(Frozen):
    """One expectation: the level it belongs to, what to do to pass, and the SQL or the saved question that answers."""

    id: Slug
    level: Level
    title: Words
    help: Words
    sql: Question | None = None
    question: Slug | None = None

    @model_validator(mode="after")
    def _one_answer(self) -> "Rule":
        if (self.sql is None) == (self.question is None):
            raise ValueError("write either sql or question (the id of a saved question)")
        return self


class Limited(Rule):
    """A rule that people made of a question: it passes while its value keeps within limits."""

    limits: Limits


class Scorecard(Frozen):
    """A standard: its subjects and its rules. `applies` narrows the subjects, as a condition in SQL."""

    id: Slug
    name: Words
    description: Words
    subject: Literal["app", "team", "domain"] = "app"
    applies: Words = "true"
    rule: tuple[Rule, ...] = Field(min_length=1)

    def rule_id(self, rule: Rule) -> str:
        """'<scorecard>/<rule>', as the results name it."""
        return f"{self.id}/{rule.id}"

    def rules(self) -> dict[str, Rule]:
        """rule_id -> rule, lowest level first."""
        ordered = sorted(self.rule, key=lambda rule: LEVELS.index(rule.level))
        return {self.rule_id(rule): rule for rule in ordered}


class _File(Frozen):
    scorecard: tuple[Scorecard, ...] = ()


def load_scorecards(path: Path) -> tuple[Scorecard, ...]:
    """The scorecards of a file. Raises SettingsError with file, scorecard, rule and key."""
    try:
        told = tomllib.loads(path.read_text(encoding="utf-8"))
        found = _File.model_validate(told).scorecard
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: this cannot be read as UTF-8 text: {error}") from error
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path}: this is not TOML: {error}") from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        fault = first["msg"].removeprefix("Value error, ")
        raise SettingsError(f"{path}: {_place(told, first['loc'])}: {fault}") from error
    _refuse_doubles(path, [f"scorecard {card.id!r}" for card in found])
    _refuse_doubles(path, [f"scorecard {card.id!r}, rule {rule.id!r}" for card in found for rule in card.rule])
    return found


def _refuse_doubles(path: Path, names: list[str]) -> None:
    name, times = Counter(names).most_common(1)[0] if names else ("", 0)
    if times > 1:
        raise SettingsError(f"{path}: {name}: id: there are {times} of this id: give each its own")


def _place(told: object, loc: tuple[int | str, ...]) -> str:
    """('scorecard', 0, 'rule', 2, 'level') -> 'scorecard 'x', rule 'y', level'."""
    words: list[str] = []
    for part in loc:
        told = told[part] if _has(told, part) else None  # type: ignore[index]
        if isinstance(part, str):
            words.append(part)
        else:
            name = told.get("id") if isinstance(told, dict) else None
            words[-1] += f" {name!r}" if name else f" number {part + 1}"
    return ", ".join(words)


def _has(told: object, part: int | str) -> bool:
    return part in told if isinstance(told, dict) else isinstance(told, list) and isinstance(part, int)


def _no_question(question_id: str) -> pl.DataFrame:
    raise ValueError(f"no question is saved as {question_id!r}")


def results(scorecards: tuple[Scorecard, ...], ask: Ask, day: date, ask_question: Ask = _no_question) -> pl.DataFrame:
    """What every rule says of every subject: the own columns of scorecard_results. `ask_question` takes a question_id.

    A rule whose SQL breaks leaves its subjects not checked, with the first line of the error.
    """
    found = [_of_card(card, ask, ask_question, day) for card in scorecards]
    return pl.concat([pl.DataFrame(schema=COLUMNS), *found])


def _of_card(card: Scorecard, ask: Ask, ask_question: Ask, day: date) -> pl.DataFrame:
    fault = None
    try:
        subjects = ask(SUBJECTS[card.subject].format(applies=card.applies))
    except Exception as error:  # whatever the condition raises, the subjects are shown with it
        subjects = ask(SUBJECTS[card.subject].format(applies="true"))
        fault = f"applies: {_first_line(error)}"
    # An id that nobody can name is no subject.
    subjects = subjects.select(pl.col("subject_id").cast(pl.String)).filter(pl.col("subject_id").str.len_chars() > 0)
    parts = [_of_rule(card, rule, subjects, lambda one: _asked(one, ask, ask_question), fault) for rule in card.rule]
    frame = pl.concat(parts).with_columns(
        scorecard=pl.lit(card.id), subject_type=pl.lit(card.subject), day=pl.lit(day, pl.Date)
    )
    return frame.select(*COLUMNS)


def _of_rule(
    card: Scorecard, rule: Rule, subjects: pl.DataFrame, answers: Callable[[Rule], pl.DataFrame], fault: str | None
) -> pl.DataFrame:
    answer = pl.DataFrame(schema={"subject_id": pl.String, "result": pl.String, "detail": pl.String})
    try:
        answer = answer if fault else _judged(answers(rule))
    except Exception as error:  # one rule that breaks must not take the others with it
        fault = _first_line(error)
    return subjects.join(answer, on="subject_id", how="left", maintain_order="left").select(
        "subject_id",
        pl.col("result").fill_null("not_checked"),
        pl.when(pl.col("result").is_null()).then(pl.lit(fault or UNNAMED)).otherwise("detail").alias("detail"),
        rule_id=pl.lit(card.rule_id(rule)),
        level=pl.lit(rule.level),
    )


def _asked(rule: Rule, ask: Ask, ask_question: Ask) -> pl.DataFrame:
    """The answer to a rule, with subject_id; of a rule with limits also passed and detail."""
    if rule.sql is not None:
        return ask(rule.sql)
    answer = ask_question(str(rule.question))
    named = next((name for name in ("subject_id", "app_id", "team_id", "domain") if name in answer.columns), None)
    if named is None:
        raise ValueError("the question's answer has no column subject_id, app_id, team_id or domain")
    answer = answer.rename({named: "subject_id"})
    return _limited(answer, rule.limits) if isinstance(rule, Limited) else answer


def _limited(answer: pl.DataFrame, limits: Limits) -> pl.DataFrame:
    named = answer.with_columns(pl.col("subject_id").cast(pl.String).alias("subject")).drop("message", strict=False)
    told = [
        (one.subject, None if one.level == "unknown" else one.level == "ok", sentence(one, limits))
        for one in findings(named, limits).values()
    ]
    schema = {"subject_id": pl.String, "passed": pl.Boolean, "detail": pl.String}
    return pl.DataFrame(told, schema=schema, orient="row")


def _judged(answer: pl.DataFrame) -> pl.DataFrame:
    """subject_id, result, detail, one row per subject: a fail wins over not checked, that over a pass."""
    missing = {"subject_id", "passed"} - set(answer.columns)
    if missing:
        raise ValueError(f"the rule's SQL gives no column {' and no column '.join(sorted(missing))}")
    if answer.schema["passed"] not in (pl.Boolean, pl.Null):
        raise ValueError("the rule's column passed is not true or false")
    detail = pl.col("detail") if "detail" in answer.columns else pl.lit(None)
    said = answer.select(
        pl.col("subject_id").cast(pl.String),
        pl.col("passed").cast(pl.Int8).replace_strict({0: 0, 1: 2}, default=1).fill_null(1).alias("rank"),
        detail.cast(pl.String).str.slice(0, DETAIL_LENGTH).replace("", None).alias("detail"),
    )
    first = said.sort("rank", "detail", nulls_last=True).unique("subject_id", keep="first", maintain_order=True)
    word = pl.col("rank").replace_strict({0: "fail", 1: "not_checked", 2: "pass"}, return_dtype=pl.String)
    return first.select("subject_id", word.alias("result"), "detail")


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:DETAIL_LENGTH]
