"""A result of the SQL page: its rows, its chart, its columns in figures, and all of it to take along."""

from typing import Any

import polars as pl
import streamlit as st

from aurora.errors import AuroraError, CancelledError, RefusedError
from aurora.explore.ask import Answer
from aurora.explore.plan import Plan
from aurora.ui import sql_chart, sql_plan
from aurora.ui.frame import demo_badge, empty
from aurora.ui.sql_download import downloads
from aurora.ui.sql_runs import Run
from aurora.ui.tables import ROW
from aurora.ui.words import plural

VIEWS = ("Table", "Chart", "Columns")
TALL, SHORT = 16, 3


def result(run: Run) -> None:
    """Draw a run: that it is under way, what went wrong, or its rows and chart."""
    if run.is_running:
        _running(run)
        return
    try:
        answer = run.result()
    except CancelledError:
        empty("Stopped", "You stopped it before it had an answer. Run it again, or ask for less.")
    except AuroraError as error:
        _wrong(run, error)
    else:
        if isinstance(answer, Plan):
            sql_plan.draw(answer)
        else:
            _answer(run, answer)


def _running(run: Run) -> None:
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.markdown(f":material/hourglass_top: Running for {run.age_s:.0f} s", width="stretch")
        if st.button("Cancel", icon=":material/stop_circle:", key=f"sql-cancel-{run.number}"):
            run.handle.cancel()


def _wrong(run: Run, error: AuroraError) -> None:
    """The sentence first, then what the engine said with the place that it points at."""
    first, _, rest = str(error).partition("\n")
    icon = ":material/block:" if isinstance(error, RefusedError) else ":material/error:"
    st.error(_plain(first), icon=icon)
    if rest.strip():
        st.code(rest.strip("\n"), language=None)


def _plain(text: str) -> str:
    return text.replace("`", "'").replace("[", r"\[").replace("$", r"\$").replace(":", r"\:").replace("*", r"\*")


def _answer(run: Run, answer: Answer) -> None:
    frame = answer.frame
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        view = st.segmented_control(
            "View", VIEWS, default=VIEWS[run.is_charted], required=True, key=f"sql-view-{run.number}",
            label_visibility="collapsed",
        )  # fmt: skip
        with st.container(horizontal=True, vertical_alignment="center", width="content", gap="small"):
            demo_badge(frame)
            st.caption(_size(answer))
            downloads(run)
    run.is_charted = view == "Chart"
    if not frame.width or not frame.height:
        empty("No rows", "The question is right, but nothing fits it. Look at its conditions and its dates.")
    elif view == "Chart":
        sql_chart.draw(run, frame)
    elif view == "Columns":
        _columns(run, frame)
    else:
        grid(frame, f"sql-grid-{run.number}")


def _size(answer: Answer) -> str:
    took = f"{answer.duration_ms:,.0f} ms" if answer.duration_ms < 10_000 else f"{answer.duration_ms / 1000:,.1f} s"
    if answer.is_capped:
        return f"First {plural(answer.frame.height, 'row')} · a download has all of them · {took}"
    return f"{plural(answer.frame.height, 'row')} · {took}"


def grid(frame: pl.DataFrame, key: str) -> None:
    """The rows as they are, under the names that the question gives them."""
    st.dataframe(
        shown(frame), hide_index=True, row_height=ROW - 4, placeholder="null", key=key, alt="Rows of the answer",
        height=min(max(frame.height, SHORT), TALL) * (ROW - 4) + 40,
        column_config={name: _config(name, kind) for name, kind in frame.schema.items()}, lazy=False,
    )  # fmt: skip


def shown(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with what the browser has no type for made into one that it has: wide integers, decimals, nests."""
    wide = pl.selectors.by_dtype(pl.Int128) | pl.selectors.decimal()
    nested = pl.selectors.struct() | pl.selectors.binary() | pl.selectors.object()
    return frame.with_columns(wide.cast(pl.Float64), nested.map_elements(str, return_dtype=pl.String))


def _config(name: str, kind: pl.DataType) -> Any:
    config = st.column_config
    if isinstance(kind, pl.Datetime):
        return config.DatetimeColumn(name, format="YYYY-MM-DD HH:mm:ss")
    if isinstance(kind, pl.Date):
        return config.DateColumn(name, format="YYYY-MM-DD")
    if kind.is_integer():
        return config.NumberColumn(name, format="plain")
    return config.Column(name)


def _columns(run: Run, frame: pl.DataFrame) -> None:
    """Each column in figures: how much is null, how many values, from which to which, the most frequent."""
    st.caption("Of the rows shown" if run.result().is_capped else "Of all rows")
    st.dataframe(
        profile(frame), hide_index=True, row_height=ROW - 4, placeholder="", key=f"sql-columns-of-{run.number}",
        height=min(frame.width, TALL) * (ROW - 4) + 40, alt="The columns in figures",
        column_config={
            "column": st.column_config.TextColumn("Column", pinned=True),
            "type": st.column_config.TextColumn("Type", width=110),
            "null_pct": st.column_config.ProgressColumn("Null", min_value=0, max_value=100, format="%.0f%%", width=110),
            "values": st.column_config.NumberColumn("Different", format="localized", width=90),
            "lowest": st.column_config.TextColumn("Lowest"),
            "highest": st.column_config.TextColumn("Highest"),
            "mean": st.column_config.NumberColumn("Mean", format="%.4g", width=100),
            "most": st.column_config.TextColumn("Most frequent", width="large"),
        },
    )  # fmt: skip


def profile(frame: pl.DataFrame) -> pl.DataFrame:
    """One row for each column of a frame that has rows: null share, distinct values, range, mean, most frequent."""
    return pl.DataFrame([_figures(series, frame.height) for series in shown(frame).iter_columns()], orient="row")


def _figures(series: pl.Series, height: int) -> dict[str, Any]:
    told = series.drop_nulls()
    plain = told.cast(pl.String) if not isinstance(told.dtype, pl.List) else told.list.len().cast(pl.String)
    ordered = (
        told if isinstance(told.dtype, pl.String) or told.dtype.is_numeric() or told.dtype.is_temporal() else plain
    )
    top = plain.value_counts(sort=True).row(0) if plain.len() else None
    return {
        "column": series.name,
        "type": str(series.dtype).partition("(")[0].lower(),
        "null_pct": 100.0 * series.null_count() / height,
        "values": plain.n_unique(),
        "lowest": str(ordered.min()) if told.len() else None,
        "highest": str(ordered.max()) if told.len() else None,
        "mean": float(told.mean()) if told.dtype.is_numeric() and told.len() else None,  # type: ignore[arg-type]
        "most": f"{top[0][:80]}  ({top[1]:,} times)" if top and top[1] > 1 else None,
    }
