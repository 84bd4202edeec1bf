"""The blocks of the Command Center: banner, attention, application cards, ledger."""

from datetime import datetime
from html import escape
from typing import Any

import polars as pl
import streamlit as st

from aurora.insights.attention import Attention
from aurora.ui import words
from aurora.ui.frame import empty
from aurora.ui.words import ago, count, money, number, percent, plural, safe

COMPONENT = "pages/operate/component.py"
HEALTH = "pages/operate/system_health.py"
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


def attention_list(items: list[Attention]) -> None:
    """What to look at first; each opens its component."""
    if not items:
        st.markdown(":green[:material/check_circle: Nothing is down, degraded or silent.]")
        return
    for item in items:
        color = words.SEVERITY_COLOR.get(item.severity, "gray")
        icon = {"red": "error", "orange": "warning"}.get(color, "help")
        label = f":{color}[:material/{icon}:] {safe(item.title)}"
        with st.container(gap=None):
            if item.component_id:
                st.page_link(COMPONENT, label=label, query_params={"component": item.component_id})
            else:
                st.markdown(label)
            st.caption(f"{safe(item.detail)} · {ago(item.since)}")


def applications(frame: pl.DataFrame) -> None:
    """One card per application, worst first."""
    with st.grid(columns=4, min_column_width=230):
        for row in frame.iter_rows(named=True):
            with st.container(border=True, gap="small", height="stretch"):
                _card(row)


def _card(row: dict[str, Any]) -> None:
    mark = words.STATUS[row["status"]]
    st.page_link(
        HEALTH, label=f"**{safe(row['name'])}**", icon=f":material/{mark.icon}:", query_params={"app": row["app_id"]}
    )
    facts = [
        ("Uptime 30 d", percent(row["uptime_30d_pct"])),
        ("Response", number(row["response_time_ms"], "ms")),
        ("Users", count(row["active_users"])),
        ("Cost this month", money(row["month_cost"], row["currency"])),
        ("Last deployed", _deployed(row["last_deployed_at"], row["last_version"])),
        ("Open alerts", count(row["open_alert_count"])),
    ]
    pairs = "".join(f"<dt>{escape(name)}</dt><dd>{escape(said)}</dd>" for name, said in facts if said != words.NOTHING)
    kind = f"{words.TYPE_WORD.get(row['type'], row['type'])} · {row['team_id'] or 'no team'}"
    st.html(
        f'<div class="aurora-card"><p><b style="color: {words.on_page(mark)}">{mark.sign} {mark.word}</b>'
        f"<span>{escape(row['status_reason'] or '')}</span></p><dl>{pairs}</dl><small>{escape(kind)}</small></div>"
    )


def _deployed(at: datetime | None, version: str | None) -> str:
    if at is None:
        return words.NOTHING
    return f"{ago(at)}{f', {version}' if version else ''}"


def ledger(frame: pl.DataFrame) -> None:
    """The newest changes on one axis."""
    if not frame.height:
        empty("Nothing changed", "No deployment, release, alert, incident or edit in this range.")
        return
    shown = frame.with_columns(
        pl.col("kind").str.to_titlecase(),
        pl.coalesce("app_name", "app_id", pl.lit("")).alias("app"),
        pl.col("state").str.replace_all("_", " ").fill_null(""),
        pl.col("actor").fill_null(""),
    ).select("occurred_at", "kind", "app", "title", "state", "actor")
    st.dataframe(
        shown.head(200), hide_index=True, row_height=34, height=min(shown.height, LEDGER_SHOWN) * 34 + 38,
        alt="Changes, newest first", key="ledger",
        column_config={
            "occurred_at": st.column_config.DatetimeColumn("When (UTC)", format="D MMM HH:mm", width="small"),
            "kind": st.column_config.TextColumn("Kind", width="small"),
            "app": st.column_config.TextColumn("Application"),
            "title": st.column_config.TextColumn("What", width="large"),
            "state": st.column_config.TextColumn("State", width="small"),
            "actor": st.column_config.TextColumn("By"),
        },
    )  # fmt: skip
