"""The blocks of the Command Center: banner, attention, ledger."""

import polars as pl
import streamlit as st

from aurora.insights.attention import Attention
from aurora.ui import tables, words
from aurora.ui.columns import dressed
from aurora.ui.frame import empty
from aurora.ui.words import ago, plural, safe

COMPONENT = "pages/operate/component.py"
HEALTH = "pages/operate/system_health.py"
SHOWN = 8
LEDGER_ROWS = 200
LEDGER_SHOWN = 12


def banner(components: pl.DataFrame, incidents: pl.DataFrame) -> None:
    """One line in red, only while something is down."""
    down = components.filter(components["status"] == "down")
    if not down.height:
        return
    degraded = components.filter(components["status"] == "degraded").height
    text = f"**{plural(down.height, 'component')} down**"
    text += f", {degraded} degraded. " if degraded else ". "
    worst = down.row(0, named=True)
    text += f"{safe(worst['name'])}: {safe(worst['status_reason'] or 'down')}."
    if incidents.height:
        incident = incidents.row(0, named=True)
        text += f" Incident open since {incident['started_at']:%H:%M} UTC: {safe(incident['title'])}."
    st.error(text, icon=":material/error:")


def attention_list(items: list[Attention], is_watched: bool) -> None:
    """What to look at first; each opens its component. How many more there are is said."""
    if not items and not is_watched:
        st.caption("No component is known, so nothing can be said.")
        return
    if not items:
        st.markdown(":green[:material/check_circle: Nothing is down, degraded or silent.]")
        return
    for item in items[:SHOWN]:
        color = words.SEVERITY_COLOR.get(item.severity, "gray")
        icon = {"red": "error", "orange": "warning"}.get(color, "help")
        label = f":{color}[:material/{icon}:] {safe(item.title)}"
        with st.container(gap=None):
            if item.component_id:
                st.page_link(COMPONENT, label=label, query_params={"component": item.component_id})
            else:
                st.markdown(label)
            st.caption(f"{safe(item.detail)} · {ago(item.since)}")
    if len(items) > SHOWN:
        st.page_link(HEALTH, label=f"and {len(items) - SHOWN} more", icon=":material/more_horiz:")


def ledger(frame: pl.DataFrame) -> None:
    """The newest changes on one axis."""
    if not frame.height:
        empty("Nothing changed", "No deployment, release, alert, incident or edit in this range.")
        return
    named = frame.with_columns(pl.coalesce("app_name", "app_id").alias("app"))
    shown, config = dressed(
        named.select("occurred_at", "kind", "app", "title", "state", "actor").head(LEDGER_ROWS),
        {"title": st.column_config.TextColumn("What", width="large")},
    )
    tables.draw(frame, shown, "Changes, newest first", config, most=LEDGER_SHOWN, key="ledger", placeholder="–")
    if frame.height > LEDGER_ROWS:
        st.caption(
            f"The newest {LEDGER_ROWS} of {frame.height:,}; all of them stand below, in the rows behind this page."
        )
