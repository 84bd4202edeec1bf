"""What the Infrastructure page shows: its figures, and a table with a way to the component's page."""

from typing import Any

import polars as pl
import streamlit as st

from aurora.ui import tables
from aurora.ui.data import rows
from aurora.ui.frame import demo_badge, freshness
from aurora.ui.headings import heading
from aurora.ui.words import percent, safe

TOTALS = "from infrastructure_totals"
BARS = {"cpu_pct", "memory_pct", "disk_pct", "used_pct", "cpu_limit_pct", "memory_limit_pct"}
COMPONENT = "pages/operate/component.py"
LABELS = {"used_pct": "In use", "cpu_limit_pct": "CPU of limit", "memory_limit_pct": "Memory of limit"}


def figures() -> None:
    """Servers in trouble, the fullest disk, the database nearest its limit, third parties in trouble."""
    now = rows(TOTALS).row(0, named=True)
    with st.grid(columns=4, min_column_width=170):
        unknown = now["server_unknown_count"]
        _figure("Servers down", str(now["server_down_count"]), f"{unknown} unknown" if unknown else None)
        _figure("Fullest disk", percent(now["disk_pct"], 1), now["disk_component"])
        _figure("Database nearest its limit", percent(now["used_pct"], 1), now["database"])
        unknown = now["third_party_unknown_count"]
        _figure("Third parties with trouble", str(now["trouble_count"]), f"{unknown} unknown" if unknown else None)


def _figure(label: str, value: str, told: str | None) -> None:
    said = safe(told) if told else None
    st.metric(label, value, said, delta_color="off", delta_arrow="off", border=True, height="stretch")


def bars(frame: pl.DataFrame) -> dict[str, Any]:
    """Settings of the columns that are drawn as bars from 0 to 100 %; null stays n/a."""
    return {
        name: st.column_config.ProgressColumn(
            LABELS.get(name, heading(name)), min_value=0, max_value=100, format="%.0f%%", width=105
        )
        for name in frame.columns
        if name in BARS
    }


def worst_first(name: str, sql: str, or_else: tuple[str, str]) -> None:
    """A table of the query with status and bars, worst first as it comes; a click leads to the component's page."""
    frame = rows(sql)
    key = name.lower().replace(" ", "-")
    chosen = tables.pick(frame, f"{key}-table", f"{name}, worst first", or_else, **bars(frame))
    if chosen:
        st.switch_page(COMPONENT, query_params={"component": chosen["component_id"]})
    if frame.height:
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            freshness()
            demo_badge(frame)
