"""Sprints of Jira's boards, with points out of the history that has landed."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import polars as pl

from aurora.contracts import Row
from aurora.contracts.delivery import Projects, Sprints
from aurora.errors import SourceError
from ingest.connector import Item, Json, Run
from ingest.vendors.jira_api import Api, instant
from ingest.vendors.landed_histories import histories
from ingest.vendors.sprint_points import History, planned_points, sprint_points

STATES = {"future": "future", "active": "active", "closed": "closed"}
SETTLED = timedelta(days=30)  # a sprint that closed longer ago is not worked out again
PLANNED_AHEAD = timedelta(days=30)  # how long before its start a sprint may have been filled


def sprint_items(run: Run[Any], api: Api, read_from: datetime) -> Iterator[Item]:
    """Rows of all sprints, with points of those that the history since `read_from` covers."""
    try:
        yield from _sprint_items(run, api, read_from)
    except SourceError as error:
        if error.error_class not in ("permission", "not_found"):
            raise
        run.warn(f"sprints could not be read ({error}); without Jira Software write boards = false")


def _sprint_items(run: Run[Any], api: Api, read_from: datetime) -> Iterator[Item]:
    told: dict[str, Json] = {}
    rows: dict[str, Row] = {}
    settled = _settled(run)
    for board in _boards(run, api):
        sprints = list(_sprints_of(api, board))
        project_id = _project_id(run, api, board) if sprints else None
        if sprints and project_id is None:
            project_id = run.id(f"board:{board['id']}")
            yield Projects, board_row(run, api.base, board)
        for sprint in sprints:
            sprint_id = run.id(sprint["id"])
            # a board also shows sprints of others, whose items its filter finds
            if sprint_id not in rows or sprint.get("originBoardId") == board["id"]:
                told[sprint_id], rows[sprint_id] = sprint, sprint_row(run, board, sprint, str(project_id))
    known = histories(run, [sprint_id for sprint_id in rows if sprint_id not in settled])
    for sprint_id, items in known.items():
        yield Sprints, rows[sprint_id] | points_of(run, told[sprint_id], rows[sprint_id], items, read_from)


def _settled(run: Run[Any]) -> set[str]:
    """Sprints that are over and whose points have landed: they are told no other way any more."""
    is_over = (pl.col("completed_at") < run.now - SETTLED) & (pl.col("points_method") == "changelog")
    return set(run.landed(Sprints).filter(is_over)["sprint_id"])


def _boards(run: Run[Any], api: Api) -> Iterator[Json]:
    """The boards of the wanted projects, each once; those of Kanban have no sprints."""
    seen: set[int] = set()
    for project in run.options.projects or (None,):
        asked = {"projectKeyOrId": project} if project else {}
        for board in api.values("rest/agile/1.0/board", asked):
            if board["id"] not in seen and board.get("type") != "kanban":
                yield board
            seen.add(board["id"])


def _sprints_of(api: Api, board: Json) -> Iterator[Json]:
    """The sprints of a board; a team-managed board whose sprints are switched off answers with 400."""
    try:
        yield from api.values(f"rest/agile/1.0/board/{int(board['id'])}/sprint", {"state": "active,closed,future"})
    except SourceError as error:
        if error.error_class != "bad_query":
            raise


def _project_id(run: Run[Any], api: Api, board: Json) -> str | None:
    """The project of a board: Cloud tells it with the board, Data Center has to be asked; None if it has none."""
    found = (board.get("location") or {}).get("projectId")
    if found is None and not api.is_cloud:
        found = next((one["id"] for one in api.values(f"rest/agile/1.0/board/{int(board['id'])}/project")), None)
    return run.id(found) if found is not None else None


def board_row(run: Run[Any], base: str, board: Json) -> Row:
    """A board that belongs to no project, as what owns its sprints."""
    return {
        "project_id": run.id(f"board:{board['id']}"),
        "name": board.get("name") or f"board {board['id']}",
        "kind": "planning",
        "url": f"{base}/secure/RapidBoard.jspa?rapidView={board['id']}",
        "first_seen_at": run.now,
    }


def sprint_row(run: Run[Any], board: Json, sprint: Json, project_id: str) -> Row:
    """A sprint without its points."""
    name = sprint.get("name") or f"sprint {sprint['id']}"
    number = re.search(r"(\d{1,9})\s*$", name)
    return {
        "sprint_id": run.id(sprint["id"]),
        "project_id": project_id,
        "board_id": run.id(board["id"]),
        "board_name": board.get("name") or None,
        "name": name,
        "number": int(number[1]) if number else None,
        "goal": sprint.get("goal") or None,
        "state": run.word(STATES, sprint.get("state")),
        "first_seen_at": run.now,
        "starts_at": instant(sprint.get("startDate")),
        "ends_at": instant(sprint.get("endDate")),
        "completed_at": instant(sprint.get("completeDate")),
    }


def points_of(run: Run[Any], sprint: Json, row: Row, items: list[History], read_from: datetime) -> Row:
    """The points of a sprint, and how they were found; none where the history does not reach back far enough."""
    if row["state"] == "future":
        return {"total_points": planned_points(row["sprint_id"], items), "points_method": "current_membership"}
    start = instant(sprint.get("activatedDate")) or row["starts_at"]
    if start is None or start < read_from + PLANNED_AHEAD:
        return {}
    end = row["completed_at"] or (row["ends_at"] if row["state"] == "closed" else None) or run.now
    return sprint_points(row["sprint_id"], start, end, items) | {"points_method": "changelog"}
