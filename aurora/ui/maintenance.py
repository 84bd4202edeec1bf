"""Announcing maintenance: a dialog, and the list of what was announced here, to change, end or withdraw."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import streamlit as st

from aurora.contracts import Row
from aurora.errors import AuroraError
from aurora.insights.status import LONGEST_TITLE, moment, refusal
from aurora.ui.actions import end_announcement, save_announcement, withdraw_announcement
from aurora.ui.data import rows, utc_now
from aurora.ui.frame import in_dialog
from aurora.ui.words import safe

WINDOWS = """
    from maintenance_now where ends_at >= utc_now() - interval 14 day order by starts_at, maintenance_id"""
TARGETS = """
    select 'Application' as kind, app_id as id, name from applications_now where coalesce(lifecycle, '') <> 'retired'
    union all
    select 'Component' as kind, component_id as id, name from components
    where same_as is null and coalesce(lifecycle, '') <> 'terminated'
    order by kind, name, id"""
OURS = "people"


def ask() -> None:
    """The button that opens the dialog."""
    if st.button("Announce maintenance", icon=":material/campaign:", key="announce"):
        edit(None)


def edit(window: Row | None) -> None:
    """The form in a dialog; `window` stays as it was when the dialog opened, so that a race can be seen."""
    in_dialog("Change this announcement" if window else "Announce maintenance", form, window)


def form(window: Row | None) -> None:
    """Ask for title, what it is about, start, end and whether it is public, and write them."""
    st.caption("Announced maintenance is no outage: it counts in no uptime. All times are UTC.")
    targets = {f"{kind}:{id}": f"{kind} {name}" for kind, id, name in rows(TARGETS).iter_rows()}
    before = window or _blank()
    title = st.text_input(
        "Title", before["title"], max_chars=LONGEST_TITLE, placeholder="Move to the new database",
        help="If it is public, everybody reads it: name no host, address or person.",
    )  # fmt: skip
    stands = _target(before)
    about = st.selectbox(
        "About", list(targets), index=list(targets).index(stands) if stands in targets else None,
        format_func=lambda one: targets[one], placeholder="Choose an application or a component",
    )  # fmt: skip
    with st.container(horizontal=True):
        starts_at = st.datetime_input("Starts (UTC)", before["starts_at"], format="YYYY-MM-DD")
        ends_at = st.datetime_input("Ends (UTC)", before["ends_at"], format="YYYY-MM-DD")
    is_public = st.toggle("Public: stands on this page and in its feeds", before["is_public"])
    if st.button("Save" if window else "Announce", type="primary", icon=":material/check:"):
        if problem := refusal(title, about, starts_at, ends_at):
            st.error(f"{problem}.", icon=":material/error:")
            return
        times = {"starts_at": starts_at, "ends_at": ends_at}
        said = {"title": title.strip(), "is_public": is_public} | times | _about(str(about))
        attempt(lambda: save_announcement(said, window))


def attempt(act: Callable[[], None]) -> None:
    """Do it and draw the page again; a refusal is a sentence."""
    try:
        act()
    except AuroraError as error:
        st.error(f"This was not saved: {safe(error)}.", icon=":material/error:")
        return
    st.rerun()


def _blank() -> Row:
    """An announcement for the next full hour, an hour long."""
    start = utc_now().replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    times = {"starts_at": start, "ends_at": start + timedelta(hours=1)}
    return {"title": "", "app_id": None, "component_id": None, "is_public": True} | times


def _target(window: Row) -> str:
    return f"Component:{window['component_id']}" if window["component_id"] else f"Application:{window['app_id']}"


def _about(chosen: str) -> dict[str, Any]:
    kind, _, name = chosen.partition(":")
    is_app = kind == "Application"
    return {"app_id": name if is_app else None, "component_id": None if is_app else name}


def listed() -> None:
    """A fold with every announcement of the last 14 days, under way and to come, and what can be done about it."""
    fold = st.expander(
        "Announcements to change, end or withdraw", icon=":material/build:", key="announcements", on_change="rerun"
    )
    if not fold.open:
        return
    with fold:
        windows = rows(WINDOWS)
        if not windows.height:
            st.caption("None was announced in the last 14 days, and none is to come.")
        for window in windows.iter_rows(named=True):
            _one(window, utc_now())


def _one(window: Row, now: datetime) -> None:
    key, reach = window["maintenance_id"], "public" if window["is_public"] else "not public"
    span = f"{moment(window['starts_at'])} to {moment(window['ends_at'])} UTC"
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.markdown(
            f"**{safe(window['title'])}**  \n{safe(window['component_id'] or window['app_id'] or 'no application')} · "
            f"{span} · {reach} · by {safe(window['changed_by'])}"
        )
        if window["source"] != OURS:
            st.caption(f"Comes from {safe(window['source_instance'])}: change it there.", width="content")
            return
        if st.button("Change", icon=":material/edit:", key=f"change-{key}"):
            edit(window)
        is_under_way = window["starts_at"] <= now < window["ends_at"]
        if is_under_way and st.button("End now", icon=":material/stop_circle:", key=f"end-{key}"):
            attempt(lambda: end_announcement(window))
        if st.button("Withdraw", icon=":material/delete:", key=f"withdraw-{key}", help="As if it had never been."):
            attempt(lambda: withdraw_announcement(window))
