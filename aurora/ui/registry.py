"""The registry on pages: fields of an application with who says so, edits, confirmations, conflicts, links, history."""

import re
from collections.abc import Callable
from typing import Any

import polars as pl
import streamlit as st

from aurora.contracts import Row
from aurora.contracts.columns import words_of
from aurora.contracts.estate import AppLinks
from aurora.errors import AuroraError
from aurora.insights.fields import FIELDS, shown, typed
from aurora.ui import tables
from aurora.ui.actions import LinkState, change_fields, decide_link
from aurora.ui.data import rows
from aurora.ui.words import ago, percent, safe
from warehouse.record import Change

FIELDS_OF = "from application_fields where app_id = $id"
LINKS_OF = """
    select kind, stated_as, native_id, path_prefix, state, method, is_found, share_ratio, said_by,
           declared_in, updated_at
    from link_statements where app_id = $id order by state, kind, native_id"""
SUGGESTED = """
    select app_id, kind, native_id, name, source_instance, confidence_ratio, shared_words from link_suggestions
    where app_id = $id order by confidence_ratio desc"""
HISTORY = """
    select changed_at, field, action, before, after, changed_by, reason from edits
    where entity_type = 'app' and entity_id = $id order by changed_at desc limit 300"""
ORIGIN = {"edit": "edited here", "file": "file", "catalog": "catalog", "source": "source", "nobody": "nobody"}
Seen = dict[str, str | None]
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


def save(app_id: str, changes: list[Change], seen: Seen, reason: str = "") -> None:
    """Record the changes; raises LostRaceError if the visitor decided over what no longer stands."""
    change_fields(app_id, changes, reason, {change.field: seen.get(change.field) for change in changes})


def last_shown(app_id: str, fields: pl.DataFrame) -> Seen:
    """Field -> the edit that stood last when the visitor was shown the page, before this click drew it anew."""
    stands: Seen = dict(fields.select("field", "last_edit_id").iter_rows())
    shown_before: Seen = st.session_state.get(f"shown-{app_id}", stands)
    st.session_state[f"shown-{app_id}"] = stands
    return shown_before


def registry(row: Row) -> None:
    """The Registry tab: conflicts, fields, links, history."""
    app_id = row["app_id"]
    fields = rows(FIELDS_OF, id=app_id)
    seen = last_shown(app_id, fields)
    for conflict in fields.filter(pl.col("is_conflict")).iter_rows(named=True):
        resolve(conflict, seen)
    left, right = st.columns([3, 2], gap="medium")
    with left:
        st.subheader("Fields", anchor=False)
        chosen = field_table(fields)
        if chosen and st.button(f"Confirm {len(chosen)} as they stand", icon=":material/verified:", key="confirm"):
            attempt(lambda: save(app_id, [Change(name, action="confirm") for name in chosen], seen), "Confirmed")
    with right:
        st.subheader("Edit a field", anchor=False)
        edit(app_id, {one["field"]: one for one in fields.iter_rows(named=True)}, seen)
    st.subheader("What belongs to it", anchor=False)
    links(app_id)
    st.subheader("History of edits", anchor=False)
    tables.plain(rows(HISTORY, id=app_id), "Edits", 8, or_else=("No edit", "Everything stands as it was declared."))


def resolve(conflict: Row, seen: Seen) -> None:
    """One conflict with its two ways out."""
    field = FIELDS[conflict["field"]]
    ours, theirs = shown(field, conflict["value"]), shown(field, conflict["declared_value"])
    with st.container(border=True, horizontal=True, vertical_alignment="center", key=f"conflict-{field.name}"):
        st.markdown(
            f":orange[:material/warning:] **{field.label}**: {safe(conflict['said_by'])} set it to **{safe(ours)}**, "
            f"since then {safe(conflict['declared_in'] or 'its source')} says **{safe(theirs)}**."
        )
        keep = Change(field.name, conflict["value"], conflict["declared_value"])
        back = Change(field.name, None, conflict["value"], "revert")
        if st.button("Keep ours", key=f"keep-{field.name}"):
            attempt(lambda: save(conflict["app_id"], [keep], seen), "Kept")
        if st.button("Take theirs", key=f"take-{field.name}"):
            attempt(lambda: save(conflict["app_id"], [back], seen), "Taken")


def field_table(fields: pl.DataFrame) -> list[str]:
    """Every field with value, origin and confirmation; returns the fields that are ticked."""
    order = {name: place for place, name in enumerate(FIELDS)}
    frame = fields.sort(pl.col("field").replace_strict(order, default=99, return_dtype=pl.Int64))
    shows = [
        {
            "field": FIELDS[one["field"]].label,
            "value": shown(FIELDS[one["field"]], one["value"]) or None,
            "says": ORIGIN[one["origin"]] + (f": {where}" if (where := _where(one)) else ""),
            "confirmed": f"{one['confirmed_by']}, {ago(one['confirmed_at'])}" if one["confirmed_at"] else None,
            "state": "▲ due" if one["is_due"] else "",
        }
        for one in frame.iter_rows(named=True)
    ]
    config = st.column_config
    event = st.dataframe(
        pl.DataFrame(shows, infer_schema_length=None), key="fields", on_select="rerun", selection_mode="multi-row",
        hide_index=True, row_height=tables.ROW, placeholder="–", height=15 * tables.ROW + 40,
        alt="Fields of the registry",
        column_config={
            "field": config.TextColumn("Field", pinned=True, width=100),
            "value": config.TextColumn("Value", width=190),
            "says": config.TextColumn("Says", width=140),
            "confirmed": config.TextColumn("Last confirmed", width=130),
            "state": config.TextColumn("", width=55),
        },
    )  # fmt: skip
    chosen = event["selection"]["rows"] if event else []
    return [str(frame["field"][place]) for place in chosen]


def _where(field: Row) -> str | None:
    """Who or what says so: the person, the file with its line, or the source."""
    said: str | None = field["declared_in"] if field["origin"] in ("file", "catalog") else None
    return said or field["said_by"]


def edit(app_id: str, now: dict[str, Row], seen: Seen) -> None:
    """Set one field, with the reason; or return it to what files and sources say."""
    name = st.selectbox("Field", list(FIELDS), format_func=lambda one: FIELDS[one].label, key="edit-field")
    field, stands = FIELDS[name], now[name]
    current = shown(field, stands["value"])
    with st.form(f"edit-{name}", border=False):
        if field.kind == "word":
            options = ["", *(word for word in field.words if word != "unknown")]
            text = st.selectbox("Value", options, index=options.index(current) if current in options else 0)
        elif field.kind == "map" or name == "description":
            text = st.text_area("Value", current, help=field.help or None)
        else:
            text = st.text_input("Value", current, help=field.help or None)
        reason = st.text_input("Reason", placeholder="why, for those who ask later")
        saved = st.form_submit_button("Save", type="primary", icon=":material/save:")
    if saved:
        attempt(lambda: save(app_id, [Change(name, typed(field, text or ""), stands["value"])], seen, reason), "Saved")
    if stands["origin"] == "edit":
        back = Change(name, None, stands["value"], "revert")
        if st.button("Return to what is declared", icon=":material/undo:", key="revert"):
            attempt(lambda: save(app_id, [back], seen), "Returned")


def links(app_id: str) -> None:
    """Links as they stand, suggestions to confirm or reject, and one to add by hand."""
    stands = rows(LINKS_OF, id=app_id)
    suggestions(rows(SUGGESTED, id=app_id))
    chosen = tables.pick(
        stands, "links", "Links of this application",
        or_else=("Nothing is linked to it", "Link its repository, components and cost: no figure reaches it else."),
        share_ratio=st.column_config.NumberColumn("Share", format="%.2f"),
    )  # fmt: skip
    if chosen:
        state: LinkState = "rejected" if chosen["state"] == "confirmed" else "confirmed"
        said = "does not belong to it" if state == "rejected" else "belongs to it"
        if st.button(f"{safe(chosen['native_id'])} {said}", icon=":material/link_off:", key="unlink"):
            attempt(
                lambda: decide_link(app_id, chosen["kind"], chosen["native_id"], state, chosen["path_prefix"]),
                "Recorded",
            )
    with st.form("add-link", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
        kind = st.selectbox("Kind", KINDS, width=180)
        native_id = st.text_input("Id, name or address", placeholder="prod-prometheus:node-1, org/repo, tag:app=shop")
        if st.form_submit_button("Link", icon=":material/add_link:") and native_id.strip():
            attempt(lambda: decide_link(app_id, kind, native_id.strip(), "confirmed"), "Linked")


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
    attempt(lambda: decide_link(one["app_id"], one["kind"], one["native_id"], state), "Recorded")


def add_application() -> None:
    """A fold to register an application by hand; it exists once it has a name."""
    with st.expander("Add an application", icon=":material/add:"), st.form("add-application", border=False):
        with st.container(horizontal=True, vertical_alignment="bottom"):
            app_id = st.text_input("Id", placeholder="owner-portal", help="lower-case letters, digits and hyphens")
            name = st.text_input("Name", placeholder="Owner Portal")
            kind = st.selectbox("Type", [word for word in FIELDS["type"].words if word != "unknown"])
            team = st.text_input("Team")
        if st.form_submit_button("Add", type="primary", icon=":material/add:"):
            attempt(lambda: added(app_id.strip(), {"name": name, "type": kind, "team_id": team}), "Added")


def added(app_id: str, told: dict[str, str]) -> None:
    """Record a new application. Raises ValueError for an id that is none or is taken, and for no name."""
    if not re.fullmatch(r"[a-z0-9](-?[a-z0-9])*", app_id):
        raise ValueError("Id: use lower-case letters, digits and hyphens, such as owner-portal")
    if not told["name"].strip():
        raise ValueError("Name: write how people call it")
    if rows("select 1 from applications_now where app_id = $id", id=app_id).height:
        raise ValueError(f"Id: {app_id} is registered already: open it instead")
    changes = [Change(field, typed(FIELDS[field], text)) for field, text in told.items() if text.strip()]
    change_fields(app_id, changes, "added by hand", {})
