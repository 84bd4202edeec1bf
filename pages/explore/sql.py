"""SQL: ask anything of everything that Aurora knows, see it as a table or a chart, and take it along.

icon: terminal
order: 81
"""

import streamlit as st

from aurora.ui import catalog, sql_ask, sql_browser, sql_tabs
from aurora.ui.frame import page, still, told
from aurora.ui.sql_runs import desk

POLL = "500ms"


@st.fragment
def question() -> None:
    """What is asked."""
    with told():
        sql_ask.ask_for(desk())


@st.fragment
def beside() -> None:
    """What can be asked."""
    with told():
        sql_browser.browser(desk())


def results() -> None:
    """What was answered."""
    with told():
        sql_tabs.tabs(desk())


with page("SQL"):
    catalog.entries()  # what cannot be read is told once, for the whole page
    still()
    sql_ask.arrive(desk())
    left, right = st.columns([7, 3], gap="medium")
    with left:
        question()
    with right:
        beside()
    st.fragment(run_every=POLL if desk().running else None)(results)()
