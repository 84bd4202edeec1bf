"""What was asked before: found again, opened or run again; and two results that are kept, told apart row by row."""

import json
from datetime import date, timedelta
from typing import Any

import polars as pl
import streamlit as st

from aurora.contracts import Row
from aurora.errors import AuroraError
from aurora.explore.history import History, difference
from aurora.ui.columns import dressed
from aurora.ui.data import lake, rows, settings
from aurora.ui.frame import empty
from aurora.ui.session import actor
from aurora.ui.sql_editor.layout import named
from aurora.ui.sql_runs import Desk, Run
from aurora.ui.tables import clicked

SHOWN = 300
COLUMNS = ["started_at", "sql", "status", "row_count", "duration_ms", "result_hash", "error", "parameters"]
MINE = f"select {', '.join(COLUMNS)} from query_runs where actor = $me order by started_at desc limit {SHOWN}"
A_DAY = timedelta(days=1)


@st.cache_resource
def _history(folder: str) -> History:
    return History(lake())


def history() -> History:
    """The history of this data folder, shared by all sessions."""
    return _history(str(settings().lake))


def past(desk: Desk) -> None:
    """Draw this visitor's questions, newest first, and what can be done with the one that is chosen."""
    everything = _mine()
    if not everything.height:
        empty("Nothing was asked yet", "Each question that you run stands here, with how long it took.")
        return
    shown, config = dressed(everything.select("started_at", "status", "sql", "outcome", "row_count", "duration_ms"), {})
    config |= {
        "sql": st.column_config.TextColumn("Question", width=430),
        "outcome": st.column_config.TextColumn("Result", width=190),
        "duration_ms": st.column_config.NumberColumn("Took", format="%.0f ms", width=80),
        "row_count": st.column_config.NumberColumn("Rows", format="localized", width=70),
    }
    chosen = clicked(everything, shown, f"sql-past-{desk.turn}", "Questions asked", config, most=9, placeholder="")
    if chosen:
        _chosen(desk, chosen)
    else:
        st.caption("Choose a question to open it, or to run it again.")


def _mine() -> pl.DataFrame:
    """Newest first; `outcome` says whether the answer was the same as that of the same question before."""
    written = rows(MINE, me=actor())
    waiting = history().pending().filter(pl.col("actor") == actor()).select(COLUMNS)
    both = pl.concat([waiting, written], how="vertical_relaxed").sort("started_at", descending=True).head(SHOWN)
    before = pl.col("result_hash").shift(-1).over("sql", "parameters")
    same = pl.when(before.is_null()).then(pl.lit("")).when(before == pl.col("result_hash")).then(pl.lit("as before"))
    return both.with_columns(outcome=pl.coalesce("error", same.otherwise(pl.lit("other than before"))))


def _chosen(desk: Desk, row: Row) -> None:
    given = values_of(row)
    sql = named(row["sql"], tuple(given))
    with st.container(horizontal=True, gap="small"):
        st.button("Run again", icon=":material/replay:", key="sql-past-run", on_click=desk.hand_over,
                  args=(sql, {name: value for name, value in given.items() if value is not None}))  # fmt: skip
        st.button("Open", icon=":material/edit:", key="sql-past-open", on_click=_open, args=(desk, sql, given))
    st.code(sql, language="sql", wrap_lines=True)


def _open(desk: Desk, sql: str, given: dict[str, Any]) -> None:
    desk.hand_over(sql, {name: value for name, value in given.items() if value is not None}, is_run=False)


def values_of(row: Row) -> dict[str, str | None]:
    """The values of a run's parameters as an address holds them: the end of a day as the day itself."""
    told = json.loads(row["parameters"] or "{}")
    return {name: None if value is None else _said(name, str(value)) for name, value in told.items()}


def _said(name: str, value: str) -> str:
    if not name.endswith(("until", "to")):
        return value
    try:
        return (date.fromisoformat(value[:10]) - A_DAY).isoformat()
    except ValueError:
        return value


def changes(desk: Desk, run: Run) -> None:
    """What changed from another result to this one."""
    others = {one.number: one for one in desk.runs if one is not run and one.has_rows}
    if not others:
        empty("No other result to compare with", "Run it again, or another question with the same columns.")
        return
    alike = [number for number, one in others.items() if one.sql == run.sql and number < run.number]
    after = run.result().frame
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        number = st.selectbox(
            "Compared with", list(others), index=list(others).index((alike or list(others))[-1]), width=260,
            format_func=lambda one: others[one].label, key=f"sql-changes-of-{run.number}",
        )  # fmt: skip
        before = others[number].result().frame
        key = st.multiselect(
            "Rows are the same by", after.columns, default=_key(before, after), width=380,
            key=f"sql-changes-by-{run.number}-{number}", help="Without a column whole rows are compared",
        )  # fmt: skip
    try:
        told = difference(before, after, key)
    except AuroraError as error:
        st.error(str(error), icon=":material/error:")
        return
    _told(told, f"sql-changes-{run.number}")


def _told(told: pl.DataFrame, key: str) -> None:
    from aurora.ui.sql_results import grid

    if not told.height:
        st.success("Nothing changed: both have the same rows.", icon=":material/check_circle:")
        return
    counts = {word: told.filter(pl.col("change") == word).height for word in ("added", "removed", "changed")}
    st.markdown(" · ".join(f"**{n:,}** {word}" for word, n in counts.items() if n))
    grid(told, key)


def _key(before: pl.DataFrame, after: pl.DataFrame) -> list[str]:
    """The first column by which each row of both can be known."""
    both = [name for name in after.columns if name in before.columns and not after.schema[name].is_nested()]
    return next(([name] for name in both if all(one[name].is_unique().all() for one in (before, after))), [])
