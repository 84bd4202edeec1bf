"""What a page has drawn so far: each table and chart with its rows and the query behind them, for the export menu."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import polars as pl

from aurora.ui.charts import Chart
from aurora.ui.data import Asked, remembering

Picture = Chart | str
Query = tuple[str, dict[str, Any]]


@dataclass(frozen=True)
class Drawn:
    """A table, or a chart (a graph in DOT), under the name that screen readers say.

    `query` is None where no one query answers its rows.
    """

    name: str
    frame: pl.DataFrame
    chart: Picture | None
    query: Query | None


@dataclass(frozen=True)
class _Run:
    drawn: list[Drawn]
    asked: list[Asked]


_run: ContextVar[_Run | None] = ContextVar("run", default=None)


@contextmanager
def collecting() -> Iterator[list[Drawn]]:
    """The list that fills while the page is drawn inside."""
    with remembering() as asked:
        run = _Run([], asked)
        before = _run.set(run)
        try:
            yield run.drawn
        finally:
            _run.reset(before)


def note(name: str, frame: pl.DataFrame, chart: Picture | None = None) -> None:
    """Keep what is being drawn; outside of a page, as in a dialog that redraws itself, nothing is kept."""
    if run := _run.get():
        run.drawn.append(Drawn(name, frame, chart, query_of(frame, run.asked)))


def query_of(frame: pl.DataFrame, asked: list[Asked]) -> Query | None:
    """The query whose answer these rows are, or are taken from: most of its columns, and its first row among them."""
    for one in reversed(asked):
        if one.frame is frame:
            return one.sql, one.params
    columns = set(frame.columns)
    alike = [(len(columns & set(one.frame.columns)), place) for place, one in enumerate(asked)]
    for shared, place in sorted(alike, reverse=True):
        if shared * 2 >= frame.width and _holds_first_row(asked[place].frame, frame):
            return asked[place].sql, asked[place].params
    return None


def _holds_first_row(answer: pl.DataFrame, frame: pl.DataFrame) -> bool:
    kinds = answer.schema
    whole = {name: kind for name, kind in frame.schema.items() if not (kind.is_nested() or kind.is_float())}
    same = [name for name, kind in whole.items() if kinds.get(name) == kind]
    if not same or not frame.height:
        return bool(same) and not answer.height
    return not answer.filter(pl.col(name).eq_missing(pl.lit(frame[name][0], kinds[name])) for name in same).is_empty()
