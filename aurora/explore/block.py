"""A saved question as a part of a report: its title, its rows and its chart."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import altair as alt
import polars as pl

from aurora.errors import QueryError
from aurora.explore.ask import ask
from aurora.explore.charts import drawn
from aurora.explore.questions import DAY, asked, chart_of
from warehouse.query import Warehouse

ONE = "from questions_now where question_id = $id"


@dataclass(frozen=True)
class ReportBlock:
    """What a report shows of a question; no chart where it is a table or a figure."""

    title: str
    frame: pl.DataFrame
    chart: alt.Chart | None
    is_capped: bool


def block(
    published: Path,
    question_id: str,
    until: datetime,
    span: timedelta = DAY,
    values: Mapping[str, Any] | None = None,
) -> ReportBlock:
    """The question's answer over the span before `until` (UTC). Raises QueryError for an unknown question, as `ask`."""
    found = Warehouse(published).rows(ONE, {"id": question_id}).to_dicts()
    if not found:
        raise QueryError(f"no question is saved as {question_id!r}: see Questions for those there are")
    told = ask(published, *asked(found[0], values, until, span), actor="reports")
    return ReportBlock(found[0]["title"], told.frame, drawn(told.frame, chart_of(found[0])), told.is_capped)
