"""Where to begin on the SQL page: questions that are worth asking, and the tables that have something to say."""

import polars as pl
import streamlit as st

from aurora.ui import catalog, tables
from aurora.ui.data import rows
from aurora.ui.frame import demo_badge, empty
from aurora.ui.sql_examples import EXAMPLES, Example
from aurora.ui.sql_runs import Desk
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
    tables.draw(
        filled, shown, "Tables with rows", height=430, row_height=tables.CLOSE_ROW, key="sql-tables",
        config={
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
