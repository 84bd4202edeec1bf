"""Dashboards: answers of saved questions side by side, under one range and one application, to keep and to share.

icon: dashboard
order: 83
"""

import polars as pl
import streamlit as st

from aurora.contracts import Row
from aurora.explore.dashboards import RANGES, Dashboard, of_row
from aurora.ui import dashboard_edit, dashboard_forms, named
from aurora.ui.dashboard_grid import Asking, grid
from aurora.ui.data import rows
from aurora.ui.filters import Span, time_range
from aurora.ui.frame import demo_badge, empty, freshness, page
from aurora.ui.question_acts import boards_of_mine, questions_of_mine
from aurora.ui.question_answer import APPS

NONE = ("No dashboard yet", "Begin one here, or import one from a file; questions are put on it with two clicks.")


def filters(told: Dashboard) -> tuple[Span, str | None]:
    """What applies to every block, kept in the URL."""
    span = time_range(told.range, RANGES)
    apps = [str(app) for app in rows(APPS)["app_id"]]
    place = apps.index(told.app) if told.app in apps else None
    app = st.selectbox("Application", apps, index=place, placeholder="Every application", key="of-app", width=230,
                       label_visibility="collapsed", bind="query-params")  # fmt: skip
    return span, str(app) if app else None


def board(row: Row) -> None:
    """One dashboard as it stands, or to arrange."""
    told = dashboard_edit.draft(row) or of_row(row)
    with st.container(horizontal=True, vertical_alignment="center", key="filters"):
        span, app = filters(told)
        st.space("stretch")
        dashboard_forms.acts(row, told)
    asking = Asking({one["question_id"]: one for one in questions_of_mine()}, span, app)
    if dashboard_edit.draft(row):
        dashboard_edit.bar(row, told, asking)
        grid(told, asking, dashboard_edit.controls(row, told))
    elif told.block:
        grid(told, asking)
    else:
        empty("Nothing is on it yet", "Arrange adds questions and texts.")
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        freshness()
        demo_badge(pl.DataFrame({"source_instance": [row["source_instance"]]}))


with page("Dashboards"):
    boards = {row["dashboard_id"]: row for row in boards_of_mine()}
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute", key="boards"):
        if boards:
            if st.query_params.get("dashboard") not in boards:
                st.query_params["dashboard"] = next(iter(boards))
            titles = {name: row["title"] for name, row in boards.items()}
            named.one_or_none("Choose a dashboard", titles, "dashboard", 340)
        dashboard_forms.begin()
    if boards:
        board(boards[st.query_params["dashboard"]])
    else:
        empty(*NONE)
