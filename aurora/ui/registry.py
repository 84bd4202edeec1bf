"""The registry on pages: fields of an application with who says so, edits, confirmations, conflicts, links, history."""

import re

import polars as pl
import streamlit as st

from aurora.contracts import Row
from aurora.errors import AuroraError
from aurora.insights.fields import FIELDS, shown, typed
from aurora.ui import tables
from aurora.ui.actions import change_fields
from aurora.ui.data import rows
from aurora.ui.registry_links import attempt, links
from aurora.ui.words import ago, safe
from warehouse.record import Change

FIELDS_OF = "from application_fields where app_id = $id"
HISTORY = """
    select changed_at, field, action, before, after, changed_by, reason from edits
    where entity_type = 'app' and entity_id = $id order by changed_at desc limit 300"""
ORIGIN = {"edit": "edited here", "file": "file", "catalog": "catalog", "source": "source", "nobody": "nobody"}
Seen = dict[str, str | None]
APPLICATION = "pages/estate/application.py"


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
    if row["source"] == "people":
        remove(app_id, fields, seen)
    st.subheader("What belongs to it", anchor=False)
    links(app_id)
    st.subheader("History of edits", anchor=False)
    tables.plain(rows(HISTORY, id=app_id), "Edits", 8, or_else=("No edit", "Everything stands as it was declared."))


def remove(app_id: str, fields: pl.DataFrame, seen: Seen) -> None:
    """Take an application out that nothing but edits made here declares: all of them are taken back."""
    edited = fields.filter(pl.col("origin") == "edit")
    st.caption("No file or source declares this application: it stands here because somebody wrote it down.")
    if st.button("Remove from the register", icon=":material/delete:", key="remove"):
        changes = [Change(name, None, value, "revert") for name, value in edited.select("field", "value").iter_rows()]
        attempt(lambda: save(app_id, changes, seen, "removed from the register"), "Removed")


def resolve(conflict: Row, seen: Seen, app: str = "") -> None:
    """One conflict with its two ways out; `app` is named where conflicts of several stand together."""
    field, key = FIELDS[conflict["field"]], f"{conflict['app_id']}-{conflict['field']}"
    ours, theirs = shown(field, conflict["value"]), shown(field, conflict["declared_value"])
    with st.container(border=True, horizontal=True, vertical_alignment="center", key=f"conflict-{key}"):
        st.markdown(
            f":orange[:material/warning:] {safe(app)} **{field.label}**: {safe(conflict['said_by'])} set it to "
            f"**{safe(ours)}**, "
            f"since then {safe(conflict['declared_in'] or 'its source')} says **{safe(theirs)}**."
        )
        keep = Change(field.name, conflict["value"], conflict["declared_value"])
        back = Change(field.name, None, conflict["value"], "revert")
        if st.button("Keep ours", key=f"keep-{key}"):
            attempt(lambda: save(conflict["app_id"], [keep], seen), "Kept")
        if st.button("Take theirs", key=f"take-{key}"):
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
            "confirmed": _confirmed(one),
            "state": "▲ due" if one["is_due"] else "",
        }
        for one in frame.iter_rows(named=True)
    ]
    config = st.column_config
    columns = {
        "field": config.TextColumn("Field", pinned=True, width=100),
        "value": config.TextColumn("Value", width=190),
        "says": config.TextColumn("Says", width=140),
        "confirmed": config.TextColumn("Last confirmed", width=130),
        "state": config.TextColumn("", width=55),
    }
    lines = pl.DataFrame(shows, infer_schema_length=None)
    selection = tables.draw(
        frame, lines, "Fields of the registry", columns, most=15, key="fields", choose="multi-row", placeholder="–"
    )
    chosen = selection["rows"] if selection else []
    return [str(frame["field"][place]) for place in chosen]


def _confirmed(field: Row) -> str | None:
    """Who stood by it last, and when; what a file or source says is declared, not confirmed."""
    if field["confirmed_at"] is None:
        return None
    by_hand = field["origin"] == "edit" or field["confirmed_by"] != field["said_by"]
    return f"{field['confirmed_by'] if by_hand else 'declared'}, {ago(field['confirmed_at'])}"


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


def add_application() -> None:
    """A fold to register an application by hand; it exists once it has a name."""
    with st.expander("Add an application", icon=":material/add:"), st.form("add-application", border=False):
        with st.container(horizontal=True, vertical_alignment="bottom"):
            app_id = st.text_input("Id", placeholder="owner-portal", help="lower-case letters, digits and hyphens")
            name = st.text_input("Name", placeholder="Owner Portal")
            kind = st.selectbox("Type", [word for word in FIELDS["type"].words if word != "unknown"])
            team = st.text_input("Team")
        is_sent = st.form_submit_button("Add", type="primary", icon=":material/add:")
    if is_sent:
        try:
            added(app_id.strip(), {"name": name, "type": kind, "team_id": team})
        except (AuroraError, ValueError) as error:
            st.error(safe(error), icon=":material/error:")
        else:
            st.switch_page(APPLICATION, query_params={"app": app_id.strip()})


def added(app_id: str, told: dict[str, str]) -> None:
    """Record a new application. Raises ValueError for an id that is none or is taken, and for no name."""
    if not re.fullmatch(r"[a-z0-9](-?[a-z0-9])*", app_id) or app_id == "untagged":
        raise ValueError("Id: use lower-case letters, digits and hyphens, such as owner-portal")
    if not told["name"].strip():
        raise ValueError("Name: write how people call it")
    if rows("select 1 from applications_now where app_id = $id", id=app_id).height:
        raise ValueError(f"Id: {app_id} is registered already: open it instead")
    changes = [Change(field, typed(FIELDS[field], text)) for field, text in told.items() if text.strip()]
    change_fields(app_id, changes, "added by hand", {})
