"""Dashboards of questions and texts on twelve columns: kept as versions, taken along and brought back as TOML."""

import json
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Literal

import tomli_w
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from aurora.contracts import Row
from aurora.contracts.platform import Dashboards
from aurora.errors import QueryError
from aurora.explore import questions, versions
from warehouse.lake import Lake
from warehouse.query import Warehouse

COLUMNS, MOST_BLOCKS, MOST_LETTERS = 12, 60, 1_000_000
RANGES = ("24h", "7d", "30d", "90d")
Title = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=questions.TITLE)]
Id = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Height = Literal["small", "medium", "large"]
Range = Literal["24h", "7d", "30d", "90d"]


class Frozen(BaseModel):
    """What is read from files and rows: unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Block(Frozen):
    """A question's answer, or a text in Markdown; `width` in columns of twelve."""

    question: Id | None = None
    text: Annotated[str, StringConstraints(min_length=1, max_length=5000)] | None = None
    title: Title | None = None
    width: int = Field(default=6, ge=2, le=COLUMNS)
    height: Height = "medium"

    @model_validator(mode="after")
    def _is_one(self) -> "Block":
        if (self.question is None) == (self.text is None):
            raise ValueError("write either question (the id of a saved one) or text")
        return self


class Dashboard(Frozen):
    """What stands on a dashboard, in reading order, and what its filters begin with."""

    title: Title
    block: tuple[Block, ...] = Field(default=(), max_length=MOST_BLOCKS)
    range: Range = "7d"
    app: Id | None = None


class Asked(Frozen):
    """A question that travels with a dashboard."""

    id: Id
    title: Title
    sql: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=questions.SQL)]
    parameters: dict[str, Any] = {}
    chart: dict[str, Any] = {}
    tags: tuple[str, ...] = ()


class Bundle(Dashboard):
    """A dashboard with its questions, as it is exported."""

    question: tuple[Asked, ...] = Field(default=(), max_length=MOST_BLOCKS)


def of_row(row: Row) -> Dashboard:
    """The dashboard of a row of dashboards_now. Raises QueryError if its layout cannot be read."""
    try:
        layout, filters = json.loads(row["layout"]), json.loads(row["filters"] or "{}")
        return Dashboard(title=row["title"], block=layout["blocks"], **filters)
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise QueryError(f"the layout of {row['dashboard_id']} cannot be read: {_first(error)}") from None


def save(
    lake: Lake,
    dashboard_id: str | None,
    dashboard: Dashboard,
    owner: str,
    is_shared: bool,
    changed_by: str,
    seen: int | None = None,
    *,
    is_retired: bool = False,
) -> str:
    """Write the next version of a dashboard, of a new one if `dashboard_id` is None; returns its id.

    `seen` is the written_version that the visitor saw. Raises LostRaceError if somebody changed it since.
    """
    blocks = [block.model_dump(exclude_none=True) for block in dashboard.block]
    row = {
        "title": dashboard.title, "layout": json.dumps({"blocks": blocks}, ensure_ascii=False), "owner": owner,
        "filters": json.dumps({"range": dashboard.range, "app": dashboard.app}), "is_shared": is_shared,
        "is_deleted": is_retired, "changed_by": changed_by,
    }  # fmt: skip
    if dashboard_id is None:
        return versions.write_new(lake, Dashboards, dashboard.title, row)
    versions.write(lake, Dashboards, row | {"dashboard_id": dashboard_id}, seen)
    return dashboard_id


def as_toml(dashboard: Dashboard, asked: Sequence[Row]) -> str:
    """The dashboard with its questions (rows of questions_now) as a file that `read_toml` takes."""
    wanted = {block.question for block in dashboard.block}
    told = dashboard.model_dump(exclude_none=True)
    told |= {"question": [_told(row) for row in asked if row["question_id"] in wanted]}
    return tomli_w.dumps(told, multiline_strings=True)


def printed(warehouse: Warehouse, dashboard_id: str) -> str:
    """`as_toml` of a dashboard that is there. Raises QueryError with those that are, if it is not."""
    boards = {row["dashboard_id"]: row for row in warehouse.rows("from dashboards_now order by 1").to_dicts()}
    if dashboard_id not in boards:
        raise QueryError(f"there is no dashboard {dashboard_id!r}: there are {', '.join(boards) or 'none'}")
    return as_toml(of_row(boards[dashboard_id]), warehouse.rows("from questions_now order by 1").to_dicts())


def _told(row: Row) -> dict[str, Any]:
    own = {"id": row["question_id"], "title": row["title"], "sql": row["sql"], "tags": row["tags"] or []}
    return own | {name: _object(row[name]) for name in ("parameters", "chart")}


def _object(text: str | None) -> dict[str, Any]:
    """A JSON object without its nulls, which TOML does not know."""
    told = json.loads(text or "{}")
    return {name: value for name, value in told.items() if value is not None}


def read_toml(text: str) -> Bundle:
    """A dashboard with its questions. Raises QueryError with what is wrong, and where."""
    if len(text) > MOST_LETTERS:
        raise QueryError(f"the file is too long: at most {MOST_LETTERS:,} letters")
    try:
        return Bundle.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise QueryError(f"this is not TOML: {error}") from None
    except RecursionError:
        raise QueryError("this is nested too deeply to be a dashboard") from None
    except ValidationError as error:
        raise QueryError(_first(error)) from None


def bring_in(lake: Lake, bundle: Bundle, known: Mapping[str, str], owner: str, is_shared: bool = False) -> str:
    """Save a dashboard, and those of its questions that `known` (question_id -> SQL) has not; returns its id."""
    ids: dict[str, str] = {}
    for one in bundle.question:
        is_known = known.get(one.id) == one.sql
        ids[one.id] = one.id if is_known else questions.save(
            lake, None, one.title, one.sql, one.parameters, one.chart, one.tags, owner, is_shared
        )  # fmt: skip
    blocks = [
        block.model_copy(update={"question": ids.get(block.question or "", block.question)}) for block in bundle.block
    ]
    dashboard = Dashboard(title=bundle.title, block=tuple(blocks), range=bundle.range, app=bundle.app)
    return save(lake, None, dashboard, owner, is_shared, owner)


def rows_of(blocks: Sequence[Block]) -> Iterator[list[tuple[int, Block]]]:
    """The blocks with their places, a list for each row that they fill: twelve columns at most."""
    row: list[tuple[int, Block]] = []
    for place, block in enumerate(blocks):
        if row and sum(one.width for _, one in row) + block.width > COLUMNS:
            yield row
            row = []
        row.append((place, block))
    if row:
        yield row


def moved(dashboard: Dashboard, place: int, by: int) -> Dashboard:
    """The dashboard with the block of that place `by` places further on, or back."""
    blocks = list(dashboard.block)
    blocks.insert(min(max(place + by, 0), len(blocks) - 1), blocks.pop(place))
    return dashboard.model_copy(update={"block": tuple(blocks)})


def changed(dashboard: Dashboard, place: int, block: Block | None) -> Dashboard:
    """The dashboard with another block in that place; None takes it off, a place beyond the last adds one."""
    blocks = [*dashboard.block[:place], *([block] if block else []), *dashboard.block[place + 1 :]]
    return dashboard.model_copy(update={"block": tuple(blocks)})


def _first(error: Exception) -> str:
    if not isinstance(error, ValidationError):
        return str(error)[:200]
    first = error.errors(include_url=False, include_input=False)[0]
    place = ", ".join(f"number {part + 1}" if isinstance(part, int) else str(part) for part in first["loc"])
    return f"{place or 'the file'}: {first['msg'].removeprefix('Value error, ')}"
