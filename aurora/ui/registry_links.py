"""What belongs to an application, on pages: links as they stand, suggestions to decide, one to add by hand."""

from collections.abc import Callable
from typing import Any

import polars as pl
import streamlit as st

from aurora.contracts import Row
from aurora.contracts.columns import words_of
from aurora.contracts.estate import AppLinks
from aurora.errors import AuroraError
from aurora.ui import tables
from aurora.ui.actions import decide_link, take_back_link
from aurora.ui.data import rows
from aurora.ui.words import percent, safe

LINKS_OF = """
    select kind, stated_as, native_id, path_prefix, state, method, is_found, share_ratio, said_by,
           declared_in, updated_at
    from link_statements where app_id = $id order by state, kind, native_id"""
SUGGESTED = """
    select app_id, kind, native_id, name, source_instance, confidence_ratio, shared_words from link_suggestions
    where app_id = $id order by confidence_ratio desc"""
KINDS = list(words_of(AppLinks.columns()["kind"]))


def attempt(act: Callable[[], None], done: str) -> None:
    """Do what the visitor asked, and say what became of it; a refusal is a sentence."""
    try:
        act()
    except (AuroraError, ValueError) as error:
        st.error(safe(error), icon=":material/error:")
    else:
        st.toast(done, icon=":material/check:")
        st.rerun()


def links(app_id: str) -> None:
    """Links as they stand, suggestions to confirm or reject, and one to add by hand."""
    stands = rows(LINKS_OF, id=app_id)
    suggestions(rows(SUGGESTED, id=app_id))
    chosen = tables.pick(
        stands, "links", "Links of this application",
        or_else=("Nothing is linked to it", "Link its repository, components and cost: no figure reaches it else."),
    )  # fmt: skip
    if chosen:
        rejects = chosen["state"] == "confirmed"
        label = f"{safe(chosen['native_id'])} {'does not belong' if rejects else 'belongs'} to it"
        if st.button(label, icon=":material/link_off:" if rejects else ":material/link:", key="unlink"):
            attempt(lambda: turn_link(app_id, chosen), f"Recorded: {label}")
    with st.form("add-link", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
        kind = st.selectbox("Kind", KINDS, width=180)
        native_id = st.text_input("Id, name or address", placeholder="prod-prometheus:node-1, org/repo, tag:app=shop")
        if st.form_submit_button("Link", icon=":material/add_link:") and native_id.strip():
            attempt(
                lambda: decide_link(app_id, kind, native_id.strip(), "confirmed"), "Recorded: see below if it was found"
            )


def turn_link(app_id: str, link: Row) -> None:
    """Reject a confirmed link, or take the rejection of one back."""
    if link["state"] == "confirmed":
        decide_link(app_id, link["kind"], link["native_id"], "rejected", link["path_prefix"])
    else:
        take_back_link(app_id, link["kind"], link["native_id"], link["path_prefix"])


def suggestions(frame: pl.DataFrame, limit: int = 12) -> None:
    """What may belong to an application by its name: one click each way."""
    for one in frame.head(limit).iter_rows(named=True):
        key = f"{one['app_id']}-{one['kind']}-{one['native_id']}"
        with st.container(border=True, horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            st.markdown(
                f":material/lightbulb: {one['kind'].replace('_', ' ')} **{safe(one['name'])}** may belong to "
                f"**{safe(one['app_id'])}**: {percent(100 * one['confidence_ratio'], 0)} alike "
                f"({safe(', '.join(one['shared_words']))})",
                width="stretch",
            )
            for state, label, icon in (("confirmed", "It does", "check"), ("rejected", "It does not", "close")):
                if st.button(label, icon=f":material/{icon}:", key=f"{state}-{key}"):
                    decide(one, state)
    if frame.height > limit:
        st.caption(f"{frame.height - limit} more suggestions follow once these are decided.")


def decide(one: Row, state: Any) -> None:
    """Record the answer to a suggestion."""
    said = "belongs to" if state == "confirmed" else "does not belong to"
    done = f"{one['name']} {said} {one['app_id']}"
    attempt(lambda: decide_link(one["app_id"], one["kind"], one["native_id"], state), safe(done))
