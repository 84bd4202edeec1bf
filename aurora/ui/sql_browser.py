"""The catalog beside the editor: find a table or column, read what it means, put its name into the question."""

import polars as pl
import streamlit as st

from aurora.ui import catalog
from aurora.ui.catalog import Entry
from aurora.ui.data import rows
from aurora.ui.frame import empty
from aurora.ui.sql_runs import Desk
from aurora.ui.tables import ROW
from aurora.ui.words import ago, plural, safe

HEIGHT = 318
OPEN_KEY = "sql-browser-open"
INSERTED_KEY = "sql-browser-inserted"
KIND_MARK = {"table": "▦", "mart": "◈", "mart with arguments": "ƒ"}
LANDED = "select count(*) as row_count, max({column}) as landed_at from {name}"
HELP = "▦ table as it landed · ◈ mart, worked out of tables · ƒ mart that takes arguments"


def browser(desk: Desk) -> None:
    """Draw the catalog, or the table that is open in it."""
    if st.session_state.pop(INSERTED_KEY, False):
        st.rerun()
    everything = catalog.entries()
    opened = everything.get(str(st.session_state.get(OPEN_KEY)))
    with st.container(border=True, height=HEIGHT + 46, key="sql-browser"):
        if opened:
            _entry(opened, desk)
        else:
            _found(everything)


def _found(everything: dict[str, Entry]) -> None:
    text = st.text_input(
        "Find a table or column", key="sql-find", placeholder="Find a table or column", icon=":material/search:",
        label_visibility="collapsed", persist_state="session",
    )  # fmt: skip
    found = catalog.found(text or "", everything)
    if not found:
        empty("Nothing is called so", "Try a part of a name, or of what it means.")
        return
    st.caption(f"{plural(len(found), 'table')} and marts" if not text else f"{len(found)} found", help=HELP)
    words = (text or "").lower().split()
    shown = pl.DataFrame(
        {
            "mark": [KIND_MARK[entry.kind] for entry in found],
            "name": [entry.name for entry in found],
            "why": [_matching(entry, words) for entry in found],
        }
    )
    config = st.column_config
    st.dataframe(
        shown, hide_index=True, row_height=ROW - 4, height=HEIGHT - 72, alt="Tables and marts", key="sql-found",
        column_config={
            "mark": config.TextColumn("", width=20),
            "name": config.ButtonColumn("Name", type="tertiary", alignment="left", width=185, key="sql-found-click",
                                        on_click=_open, args=(shown["name"].to_list(),)),
            "why": config.TextColumn("Columns that match" if words else "What it is", width=260),
        },
    )  # fmt: skip


def _open(names: list[str]) -> None:
    clicked = st.session_state.get("sql-found-click")
    if clicked and clicked["row"] < len(names):
        st.session_state[OPEN_KEY] = names[clicked["row"]]


def _matching(entry: Entry, words: list[str]) -> str:
    """The columns that the search found, else the sentence."""
    columns = [column.name for column in entry.columns if any(word in column.name.lower() for word in words)]
    return ", ".join(columns) or entry.about


def _entry(entry: Entry, desk: Desk) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        if st.button("", icon=":material/arrow_back:", help="All tables", key="sql-browser-back", type="tertiary"):
            st.session_state[OPEN_KEY] = None
            st.rerun()
        st.markdown(f"**{entry.name}**", width="stretch")
        if st.button("Insert", key="sql-browser-insert", help="Put its name where the cursor stands"):
            desk.draft.add(entry.call)
            st.rerun()
        if st.button("Sample", key="sql-browser-sample", help="A hundred of its rows, as a result"):
            desk.hand_over(f"from {entry.call} limit 100")
            st.rerun()
    st.caption(safe(f"{entry.about} {_size(entry)}"))
    columns = catalog.columns_of(entry)
    shown = pl.DataFrame(
        {"name": [one.name for one in columns], "kind": [one.kind.lower() for one in columns],
         "about": [one.about for one in columns]}
    )  # fmt: skip
    config = st.column_config
    st.dataframe(
        shown, hide_index=True, row_height=ROW - 4, height=HEIGHT - 118, alt=f"Columns of {entry.name}",
        key=f"sql-columns-{entry.name}",
        column_config={
            "name": config.ButtonColumn("Column", type="tertiary", alignment="left", key="sql-column-click",
                                        on_click=_insert, args=(shown["name"].to_list(), desk),
                                        help="A click puts the name where the cursor stands"),
            "kind": config.TextColumn("Type", width=80),
            "about": config.TextColumn("What it says", width=280),
        },
    )  # fmt: skip


def _insert(names: list[str], desk: Desk) -> None:
    clicked = st.session_state.get("sql-column-click")
    if clicked and clicked["row"] < len(names):
        desk.draft.add(names[clicked["row"]])
        st.session_state[INSERTED_KEY] = True


def _size(entry: Entry) -> str:
    """'1,204 rows, the newest landed 12 s ago.'"""
    if entry.takes:
        return f"It takes {', '.join(entry.takes)}."
    landed = next((one.name for one in entry.columns if one.name == "ingested_at"), None)
    told = rows(LANDED.format(name=entry.name, column=landed or "null")).row(0, named=True)
    newest = f", the newest landed {ago(told['landed_at'])}" if landed and told["landed_at"] else ""
    return f"{plural(told['row_count'], 'row')}{newest}."
