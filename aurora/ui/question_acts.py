"""What people do with questions, dashboards and rules on pages; each is seen as soon as it is done."""

from collections.abc import Mapping, Sequence
from typing import Any

from aurora.contracts import Row
from aurora.explore import dashboards, questions, uses
from aurora.explore.dashboards import Bundle, Dashboard
from aurora.ui.data import lake, rows, settings
from aurora.ui.session import actor
from warehouse.record import make_visible

QUESTIONS = "from questions_now where is_shared or owner = $me order by lower(title), question_id"
BOARDS = "from dashboards_now where is_shared or owner = $me order by lower(title), dashboard_id"


def change_question(question: Row, **said: Any) -> None:
    """Change fields of a question as the visitor saw it. Raises LostRaceError if somebody was quicker."""
    questions.change(lake(), question["question_id"], actor(), question["written_version"], **said)
    _visible()


def retire_question(question: Row) -> None:
    """Take a question out of every list. Raises LostRaceError if somebody changed it since."""
    questions.retire(lake(), question["question_id"], actor(), question["written_version"])
    _visible()


def restore_question(question_id: str, number: int, seen: int) -> None:
    """Let an earlier version stand again. Raises LostRaceError if somebody changed it since."""
    questions.restore(lake(), question_id, number, actor(), seen)
    _visible()


def save_board(board: Dashboard, row: Row | None, *, is_shared: bool | None = None, is_retired: bool = False) -> str:
    """Save a dashboard, a new one without `row`; returns its id. Raises LostRaceError if somebody changed it since."""
    shared = is_shared if is_shared is not None else bool(row and row["is_shared"])
    own = (row["dashboard_id"], row["owner"], row["written_version"]) if row else (None, actor(), 0)
    name = dashboards.save(lake(), own[0], board, own[1], shared, actor(), own[2], is_retired=is_retired)
    _visible()
    return name


def bring_in(bundle: Bundle) -> str:
    """Save a dashboard of a file with the questions that are not there yet; returns its id."""
    known = rows("select question_id, sql from questions_now")
    name = dashboards.bring_in(lake(), bundle, dict(known.iter_rows()), actor())
    _visible()
    return name


def use_as_rule(purpose: uses.Purpose, question_id: str, said: Mapping[str, Any]) -> str:
    """Declare a rule over a question; returns its id."""
    name = uses.save_rule(lake(), purpose, question_id, said, actor())
    _visible()
    return name


def use_as_objective(question_id: str, said: Mapping[str, Any]) -> str:
    """Declare an objective that a question measures; returns its id."""
    name = uses.save_objective(lake(), question_id, said, actor())
    _visible()
    return name


def end_rule(rule_id: str, seen: int) -> None:
    """Delete a rule; its alerts end. Raises LostRaceError if somebody changed it since."""
    uses.change_rule(lake(), rule_id, actor(), seen, is_deleted=True)
    _visible()


def questions_of_mine() -> list[Row]:
    """The questions that this visitor may see."""
    return rows(QUESTIONS, me=actor()).to_dicts()


def boards_of_mine() -> list[Row]:
    """The dashboards that this visitor may see."""
    return rows(BOARDS, me=actor()).to_dicts()


def tags_of(found: Sequence[Row]) -> list[str]:
    """Every tag of these questions."""
    return sorted({tag for row in found for tag in row["tags"] or []})


def _visible() -> None:
    make_visible(settings().data, lake())
