"""Saved questions: a title, SQL with parameters and how its answer is drawn, kept as versions.

parameters: name -> the value to begin with (`{"app": "owner-portal"}`); since and until need none.
chart: None for a table, else `{"kind": a word of aurora.explore.charts.KINDS, "x": column, "y": [columns]}` and perhaps
`"color": column`.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from aurora.contracts import Row
from aurora.contracts.platform import Questions
from aurora.errors import QueryError
from aurora.explore import versions
from aurora.explore.parameters import bound, names
from warehouse.lake import Lake
from warehouse.objectives import fault_of

TITLE, SQL, TAG, TAGS, JSON = 200, 100_000, 40, 20, 20_000
DAY = timedelta(days=1)


def save(
    lake: Lake,
    question_id: str | None,
    title: str,
    sql: str,
    parameters: Mapping[str, Any],
    chart: Mapping[str, Any] | None,
    tags: Sequence[str],
    owner: str,
    is_shared: bool,
    *,
    changed_by: str | None = None,
    seen: int | None = None,
) -> str:
    """Write the next version of a question, of a new one if `question_id` is None; returns its id.

    `seen` is the written_version that the visitor saw; None takes the newest. `make_visible` publishes it. Raises
    QueryError for what cannot be saved, as a sentence, and LostRaceError if somebody changed it since.
    """
    said = {
        "title": _title(title), "sql": _sql(sql), "parameters": _json(parameters, "parameters"),
        "chart": _json(chart, "chart") if chart else None, "tags": _tags(tags), "owner": owner, "is_shared": is_shared,
    }  # fmt: skip
    row = _own(said, changed_by or owner)
    if question_id is None:
        return versions.write_new(lake, Questions, row["title"], row)
    versions.write(lake, Questions, row | {"question_id": question_id}, seen)
    return question_id


def change(lake: Lake, question_id: str, changed_by: str, seen: int | None = None, /, **said: Any) -> None:
    """Write a version that differs from the newest in these fields. Raises as `save`, QueryError for an unknown id."""
    newest = _newest(lake, question_id)
    checks = {"title": _title, "sql": _sql, "tags": _tags}
    told = {name: checks[name](value) if name in checks else value for name, value in said.items()}
    row = _own(newest | {"is_deleted": False} | told, changed_by)
    versions.write(lake, Questions, row | {"question_id": question_id}, seen)


def retire(lake: Lake, question_id: str, changed_by: str, seen: int | None = None) -> None:
    """Take a question out of every list; its versions stay. Raises as `change`."""
    change(lake, question_id, changed_by, seen, is_deleted=True)


def restore(lake: Lake, question_id: str, number: int, changed_by: str, seen: int | None = None) -> None:
    """Let an earlier version (its number of `question_versions`) stand again, as a new one. Raises as `change`."""
    known = versions.versions(lake, Questions, question_id)
    if not 1 <= number <= len(known):
        raise QueryError(f"{question_id} has no version {number}: it has {len(known)}")
    own = {name: known[number - 1][name] for name in ("title", "sql", "parameters", "chart", "tags")}
    change(lake, question_id, changed_by, seen, **own)


def _own(said: Row, changed_by: str) -> Row:
    own = {name: said[name] for name in ("title", "sql", "parameters", "chart", "tags", "owner", "is_shared")}
    return own | {"is_deleted": said.get("is_deleted", False), "changed_by": changed_by}


def _newest(lake: Lake, question_id: str) -> Row:
    known = versions.versions(lake, Questions, question_id)
    if not known:
        raise QueryError(f"no question is saved as {question_id!r}: see Questions for those there are")
    return known[-1]


def _title(title: str) -> str:
    said = " ".join(title.split())
    if not said or len(said) > TITLE:
        raise QueryError(f"write a title of 1 to {TITLE} letters")
    return said


def _sql(sql: str) -> str:
    said = sql.strip()
    if not said or len(said) > SQL:
        raise QueryError(f"write SQL of 1 to {SQL:,} letters")
    if fault := fault_of(bound(said, dict.fromkeys(names(said)))[0]):
        raise QueryError(f"this cannot be kept as a question: {fault}")
    return said


def _tags(tags: Sequence[str]) -> list[str]:
    said = sorted({" ".join(tag.split()).lower() for tag in tags} - {""})
    if len(said) > TAGS or any(len(tag) > TAG for tag in said):
        raise QueryError(f"write at most {TAGS} tags of at most {TAG} letters")
    return said


def _json(told: Mapping[str, Any], what: str) -> str:
    try:
        said = json.dumps(dict(told), ensure_ascii=False, default=str, sort_keys=True, allow_nan=False)
    except (ValueError, RecursionError) as error:
        raise QueryError(f"the {what} cannot be kept as JSON: {error}") from None
    if len(said) > JSON:
        raise QueryError(f"the {what} are too long: at most {JSON:,} letters")
    return said


def asked(row: Row, values: Mapping[str, Any] | None, until: datetime, span: timedelta = DAY) -> tuple[str, Row]:
    """SQL and parameters of a question (columns sql and parameters): its own values, over them those given.

    since and until are the span before `until` (UTC), app is null, where nothing else is given. Raises QueryError for a
    question that is retired, and for a parameter without a value.
    """
    if not row["sql"]:
        raise QueryError("its question is retired, or was never saved: choose another, or restore it")
    told = {"since": until - span, "until": until, "app": None} | initial(row) | dict(values or {})
    return bound(row["sql"], told)


def initial(row: Row) -> dict[str, Any]:
    """The values that a question begins with."""
    return _object(row.get("parameters"))


def chart_of(row: Row) -> dict[str, Any]:
    """How a question is drawn; {} for a table."""
    return _object(row.get("chart"))


def _object(text: str | None) -> dict[str, Any]:
    try:
        told = json.loads(text or "{}")
    except (ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}
