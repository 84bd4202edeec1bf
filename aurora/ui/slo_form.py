"""Declaring an objective on a page: what it is, its SQL with a preview, its target; saved as a row of `slos`."""

import re
from datetime import timedelta
from typing import Any

import polars as pl
import streamlit as st

from aurora.errors import AuroraError
from aurora.ui.actions import save_objective
from aurora.ui.data import rows, utc_now
from aurora.ui.frame import in_dialog
from aurora.ui.words import number, safe
from warehouse.objectives import QUESTION, fault_of, tried

APPS = "select app_id from applications_now order by app_id"
VERSION = "select max(version) as version from slos where slo_id = $slo_id and source_instance = 'people'"
MEASURED_BY = """
    select measured_by(sql, 'good') as good_sql, measured_by(sql, 'total') as total_sql from questions_now
    where question_id = $id"""
KINDS = {
    "ratio": "good of all events",
    "threshold": "a value stays below a limit",
    "time_slice": "minutes that were good enough",
}
WINDOWS = ["30d", "28d", "7d", "calendar_month"]
TOTAL = "select started_at as ts, 1 as value from probe_results\nwhere started_at >= :since and started_at < :until"
NEW: dict[str, Any] = {
    "name": "", "kind": "ratio", "app_id": None, "good_sql": TOTAL + " and is_success", "total_sql": TOTAL,
    "threshold": None, "target_pct": 99.9, "window": "30d",
}  # fmt: skip


def edit(row: dict[str, Any] | None) -> None:
    """The form in a dialog; `row` is an objective that people declared."""
    in_dialog("Change this objective" if row else "Declare an objective", form, row)


def form(row: dict[str, Any] | None) -> None:
    """Ask for everything, show what the SQL gives, and save."""
    said = asked(row or NEW)
    if fault := fault_in(said):
        st.warning(safe(fault), icon=":material/warning:")
        return
    preview(said)
    with st.container(horizontal=True):
        if st.button("Save", type="primary", icon=":material/check:"):
            _save(said, row)
        if row and st.button("Remove it", icon=":material/delete:"):
            _save(said, row, is_deleted=True)


def asked(before: dict[str, Any]) -> dict[str, Any]:
    """What the visitor says."""
    name = st.text_input("Name", before["name"], max_chars=120, placeholder="Checkout answers within 300 ms")
    left, middle, right = st.columns(3)
    kinds, apps = list(KINDS), rows(APPS)["app_id"].to_list()
    kind = left.selectbox("Kind", kinds, index=kinds.index(before["kind"]), format_func=lambda one: KINDS[one])
    app = middle.selectbox(
        "Application", apps, index=apps.index(before["app_id"]) if before["app_id"] in apps else None,
        placeholder="Of none in particular",
    )  # fmt: skip
    window = right.selectbox("Window", WINDOWS, index=WINDOWS.index(before["window"]))
    good, total = sql_asked(before, kind)
    left, right = st.columns(2)
    target = left.number_input("Target, %", 0.001, 99.999, float(before["target_pct"]), step=0.1, format="%.3f")
    threshold = None
    if kind != "ratio":
        said = "Limit" if kind == "threshold" else "A minute is good from, %"
        threshold = right.number_input(said, value=before["threshold"], format="%.3f")
    return {
        "name": name.strip(), "kind": kind, "app_id": app, "window": window, "good_sql": (good or "").strip() or None,
        "total_sql": (total or "").strip() or None, "target_pct": target, "threshold": threshold,
    }  # fmt: skip


def sql_asked(before: dict[str, Any], kind: str) -> tuple[str | None, str | None]:
    """The SQL of good and of all events; an objective of a saved question keeps it, whatever it asks one day."""
    if question := before.get("question_id"):
        st.caption(f"Measured by the question {safe(question)}: change it on Questions.")
        return (f"{QUESTION}{question}",) * 2
    label = "Values (SQL of ts, value)" if kind == "threshold" else "Good events (SQL of ts, value)"
    good = st.text_area(label, before["good_sql"], height=110)
    if kind == "threshold":
        return good, None
    return good, st.text_area("All events (SQL of ts, value)", before["total_sql"], height=90)


def fault_in(said: dict[str, Any]) -> str | None:
    """What keeps the objective from being saved, as a sentence."""
    if not said["name"]:
        return "Write a name."
    if not said["good_sql"] or (said["kind"] != "threshold" and not said["total_sql"]):
        return "Write the SQL: one SELECT of ts and value over published tables."
    if said["kind"] != "ratio" and said["threshold"] is None:
        return "Write the limit."
    for sql in filter(None, resolved(said).values()):
        if fault := fault_of(sql):
            return f"The SQL cannot be taken: {fault}."
    return None


def resolved(said: dict[str, Any]) -> dict[str, str | None]:
    """good_sql and total_sql, those of a saved question as it stands."""
    told = {name: said[name] for name in ("good_sql", "total_sql")}
    if (good := told["good_sql"] or "").startswith(QUESTION):
        found = rows(MEASURED_BY, id=good.removeprefix(QUESTION))
        return found.row(0, named=True) if found.height else told
    return told


def preview(said: dict[str, Any]) -> None:
    """What the SQL gives for the last day."""
    until = utc_now().replace(second=0, microsecond=0)
    try:
        asked_sql = said | resolved(said)
        found = tried(rows, {"source": "people", "component_id": None} | asked_sql, until - timedelta(days=1), until)
    except AuroraError as error:
        st.error(f"The SQL fails: {safe(error)}", icon=":material/error:")
        st.stop()
    if not found.height:
        st.warning("The last day has no event. It can be saved, and stays without data until there is one.")
        return
    kept = found.select((100 * pl.col("good").sum() / pl.col("total").sum()).alias("kept"))["kept"][0]
    st.success(f"Last 24 h: {number(kept, '%', 3)} kept, in {found.height:,} minutes with data.")


def _save(said: dict[str, Any], row: dict[str, Any] | None, *, is_deleted: bool = False) -> None:
    slo_id = row["slo_id"] if row else re.sub(r"[^a-z0-9]+", "-", said["name"].lower()).strip("-")
    if not slo_id:
        st.error("Write a name with letters or digits.", icon=":material/error:")
        return
    known = rows(VERSION, slo_id=slo_id)["version"][0]
    if known and not row:
        st.error("There is an objective of that name already: change it, or choose another.", icon=":material/error:")
        return
    try:
        save_objective(said | {"slo_id": slo_id, "is_deleted": is_deleted}, known or 0)
    except AuroraError as error:
        st.error(f"This was not saved: {safe(error)}.", icon=":material/error:")
        return
    st.rerun()
