"""Status page: how every application is, in words for everybody; what is announced and what was.

icon: campaign
order: 26
"""

from datetime import timedelta

import polars as pl
import streamlit as st

from aurora.ui import maintenance, status
from aurora.ui.availability import DAYS
from aurora.ui.data import rows, utc_now
from aurora.ui.export import behind
from aurora.ui.frame import demo_badge, empty, told

APPS = "from status_apps order by status_rank, name"
BARS = "from status_days(since := $since, until := $until) where app_id in (select app_id from status_listed)"
NOTICES = "from status_notices order by starts_at desc, notice_id"


def asked() -> dict[str, object]:
    """The days of the bars, until the end of today."""
    until = utc_now().replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    return {"since": until - timedelta(days=DAYS), "until": until}


def body() -> None:
    """All that everybody may read; it follows the world."""
    listed, notices = rows(APPS), rows(NOTICES)
    if not listed.height:
        empty("No application is known", "Applications come from the registry: add one on the Registry page.")
    else:
        status.banner(listed, notices)
    incidents = notices.filter(pl.col("is_open") & (pl.col("kind") == "incident"))
    planned = notices.filter(pl.col("is_open") & (pl.col("kind") == "maintenance")).sort("starts_at")
    left, right = st.columns(2, gap="medium")
    with left:
        st.subheader("Open incidents", anchor=False)
        status.listed_notices(incidents, "No open incident is known.")
    with right:
        st.subheader("Announced maintenance", anchor=False)
        status.listed_notices(planned, "No maintenance is announced.")
    if listed.height:
        st.subheader("Applications", anchor=False)
        status.applications(listed, rows(BARS, **asked()))
    st.subheader("Last 14 days", anchor=False)
    status.history(notices)
    demo_badge(pl.concat([listed.select("source_instance"), notices.select("source_instance")]))


head = st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center", key="head")
head.title("Status", anchor=False, width="content")
with told():
    body()
    with head:
        maintenance.ask()
    status.feeds()
    maintenance.listed()
    behind({"Applications": (APPS, {}), "Days": (BARS, asked()), "Notices": (NOTICES, {})}, "status")
