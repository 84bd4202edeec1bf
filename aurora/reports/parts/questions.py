"""Saved questions that aurora.toml puts into a report: each with its chart and its rows; one that fails says why."""

from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from aurora.errors import AuroraError
from aurora.explore.block import ReportBlock, block
from aurora.reports import charts
from aurora.reports.document import NOT_TOLD, Block, Chart, Column, Said, Section, Table, Words
from aurora.reports.month import Month

MOST_ROWS, MOST_COLUMNS = 40, 8


def section(published: Path, ids: tuple[str, ...], month: Month) -> tuple[Section, ...]:
    """A section with the answers over the month; nothing without questions."""
    if not ids:
        return ()
    blocks = [part for one in ids for part in _blocks(published, one, month)]
    return (Section("Questions of ours", tuple(blocks), on_new_page=True),)


def _blocks(published: Path, question_id: str, month: Month) -> tuple[Block, ...]:
    try:
        found = block(published, question_id, month.until, month.until - month.since)
    except AuroraError as error:
        return (Words((Said(f"{question_id}: {' '.join(str(error).split())}.", "bad"),)),)
    return (*_chart(found), _table(found))


def _chart(found: ReportBlock) -> tuple[Chart, ...]:
    if found.chart is None:
        return ()
    return (Chart(found.title, charts.fitted(found.chart), f"{found.title}, as a chart"),)


def _table(found: ReportBlock) -> Table:
    shown = found.frame.select(found.frame.columns[:MOST_COLUMNS])
    columns = tuple(
        Column(name.replace("_", " ").capitalize(), kind.is_numeric(), 1.0 if kind.is_numeric() else 1.6)
        for name, kind in shown.schema.items()
    )
    rows = [[_said(value) for value in row] for row in shown.head(MOST_ROWS).iter_rows()]
    left = f"The first {MOST_ROWS} rows of {shown.height:,}." if shown.height > MOST_ROWS else ""
    return Table("" if found.chart is not None else found.title, columns, rows, f"{found.title}: no rows.", left)


def _said(value: Any) -> str:
    if value is None:
        return NOT_TOLD
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Decimal | float):
        return f"{value:,.2f}"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, datetime):
        return f"{value:%d %b %Y %H:%M}"
    return f"{value:%d %b %Y}" if isinstance(value, date) else str(value)
