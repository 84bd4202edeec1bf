"""Reports: a month as a document to print and send, for the owner and for each field, and what is sent by itself.

icon: description
order: 84
"""

import streamlit as st

from aurora.ui import reports
from aurora.ui.data import rows
from aurora.ui.export import behind
from aurora.ui.frame import freshness, page

RUNS = "from report_runs where report <> 'post_incident' order by started_at desc limit 500"


def body() -> None:
    """The choice, its pages, what there is, what was made and what is sent."""
    runs = rows(RUNS)
    with st.container(horizontal=True, vertical_alignment="bottom", key="filters"):
        name, month = reports.choice()
        reports.take(name, month)
    reports.failed(runs)
    reports.preview(name, month)
    st.subheader("Reports there are", anchor=False)
    reports.there_are(runs)
    st.subheader("What was made", anchor=False)
    reports.made(runs)
    st.subheader("What is sent by itself", anchor=False)
    reports.schedule()
    freshness()
    behind({"Runs": (RUNS, {})}, "reports")


with page("Reports", "A month in words, figures and tables, to print or to send."):
    body()
