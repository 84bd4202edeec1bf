"""Where to begin on the SQL page: questions that are worth asking, and the tables that have something to say."""

import polars as pl
import streamlit as st

from aurora.ui import catalog
from aurora.ui.data import rows
from aurora.ui.frame import demo_badge, empty, freshness
from aurora.ui.sql_examples import EXAMPLES, Example
from aurora.ui.sql_runs import Desk
from aurora.ui.tables import ROW
from aurora.ui.words import ago, plural

SOURCES = "select distinct source_instance from source_freshness"


def start(desk: Desk) -> None:
    """Draw the examples, and every table with rows."""
    sizes = catalog.sizes()
    filled = sizes.filter(sizes["row_count"] > 0)
    if not filled.height:
        empty("No table has a row yet", "Sources fill them: see Sources for what runs, or `aurora import` a file.")
        return
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.markdown("**Begin with a question**", width="content")
        with st.container(horizontal=True, vertical_alignment="center", width="content"):
            freshness()
            demo_badge(rows(SOURCES))
    with st.grid(columns=3, min_column_width=250):
        for place, example in enumerate(EXAMPLES):
            _card(desk, place, example)
    entries = catalog.entries()
    shown = filled.select(
        "name", filled["name"].map_elements(lambda name: entries[name].about, return_dtype=pl.String).alias("about"),
        "row_count", filled["ingested_at"].map_elements(ago, return_dtype=pl.String).alias("newest"),
    )  # fmt: skip
    st.markdown(f"**Or with one of {plural(filled.height, 'table')} that have rows**")
    config = st.column_config
    st.dataframe(
        shown, hide_index=True, row_height=ROW - 4, height=430, alt="Tables with rows", key="sql-tables",
        column_config={
            "name": config.ButtonColumn("Table", type="tertiary", alignment="left", width=210, key="sql-table-click",
                                        on_click=_sample, args=(shown["name"].to_list(), desk),
                                        help="A click shows a hundred of its rows"),
            "about": config.TextColumn("What it has", width=520),
            "row_count": config.NumberColumn("Rows", format="localized", width=90),
            "newest": config.TextColumn("Newest landed", width=120),
        },
    )  # fmt: skip


def _card(desk: Desk, place: int, example: Example) -> None:
    with st.container(border=True, gap="small", height="stretch"):
        st.markdown(f":material/{example.icon}: **{example.title}**")
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            st.caption(example.shows, width="content")
            st.button("Ask", key=f"sql-example-{place}", type="tertiary", icon=":material/play_arrow:",
                      on_click=desk.hand_over, args=(example.sql,))  # fmt: skip


def _sample(names: list[str], desk: Desk) -> None:
    clicked = st.session_state.get("sql-table-click")
    if clicked and clicked["row"] < len(names):
        desk.hand_over(f"from {names[clicked['row']]} limit 100")
