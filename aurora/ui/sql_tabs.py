"""The lower half of the SQL page: the results that are kept, what was asked before, and where to begin."""

import streamlit as st

from aurora.ui.sql_history import past
from aurora.ui.sql_results import result
from aurora.ui.sql_runs import Desk, Run
from aurora.ui.sql_start import start

START, HISTORY = "Start", "History"


def tabs(desk: Desk) -> None:
    """Draw the row of results and the one that is looked at; once one is there, the page is drawn anew."""
    now, before = {run.number for run in desk.running}, st.session_state.get("sql-was-running", set())
    st.session_state["sql-was-running"] = now
    if before - now or desk.handed_over:
        st.rerun()
    chosen = _chosen(desk)
    if isinstance(chosen, Run):
        result(desk, chosen)
    elif chosen == HISTORY:
        past(desk)
    else:
        start(desk)


def _chosen(desk: Desk) -> Run | str:
    """The result that is looked at."""
    labels = {run.number: run.label for run in desk.runs}
    options = [START, HISTORY, *(run.number for run in desk.runs)]
    # A widget of its own for each set of results: what the browser still says of the old one is not heard.
    key = _key(desk)
    chosen = desk.open if desk.open in labels else HISTORY if desk.is_past else START
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="sql-tabs"):
        st.segmented_control(
            "Results", options, default=chosen, required=True, key=key,
            label_visibility="collapsed", format_func=lambda one: labels.get(one, str(one)), on_change=_look,
            args=(desk, key),
        )  # fmt: skip
        if desk.looked_at:
            _own(desk, desk.looked_at)
    return desk.looked_at or (HISTORY if desk.is_past else START)


def _key(desk: Desk) -> str:
    return f"sql-tab-{desk.turn}"


def _look(desk: Desk, key: str) -> None:
    if key != _key(desk):  # a control that is drawn no more may still be told of late
        return
    chosen = st.session_state.get(key)
    desk.open, desk.is_past = chosen if isinstance(chosen, int) else None, chosen == HISTORY


def _own(desk: Desk, run: Run) -> None:
    """What can be done with one result: name it, close it."""
    with st.popover("", icon=":material/edit:", key=f"sql-name-{run.number}", type="tertiary", help="Name this result"):
        name = st.text_input("Name", value=run.title, key=f"sql-title-{run.number}", max_chars=40)
        if name and name != run.title:
            run.title = name
            st.rerun(scope="fragment")
        st.code(run.sql, language="sql")
    if st.button("", icon=":material/close:", key=f"sql-close-{run.number}", type="tertiary", help="Close this result"):
        desk.close(run)
        st.rerun()
