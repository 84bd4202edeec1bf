"""Tables that several pages show: components with their status, measures and trend."""

from typing import Any

import polars as pl
import streamlit as st

from aurora.ui.words import STATUS, TYPE_WORD, pill, plural

ROW = 34


def components(frame: pl.DataFrame, uptime_label: str, key: str) -> str | None:
    """The table of the field: component, status, CPU, memory, response, uptime; returns the component clicked."""
    shown = frame.with_columns(
        pl.col("status").map_elements(lambda word: [pill(word)], return_dtype=pl.List(pl.String)).alias("state"),
        pl.col("type").replace_strict(TYPE_WORD, default="Unknown").alias("kind_word"),
    )
    event = st.dataframe(
        shown.select(
            "name", "state", "status_reason", "cpu_pct", "memory_pct", "response_time_ms", "trend", "uptime_pct",
            "error_rate_pct", "kind_word", "open_alert_count",
        ),
        key=key, on_select="rerun", selection_mode="single-row", hide_index=True, row_height=ROW, placeholder="n/a",
        height=min(max(frame.height, 1), 16) * ROW + 40,
        alt=f"{plural(frame.height, 'component')} with status and measures",
        column_config=_columns(uptime_label),
    )  # fmt: skip
    chosen = event["selection"]["rows"] if event else []
    return str(frame["component_id"][chosen[0]]) if chosen else None


def _columns(uptime_label: str) -> dict[str, Any]:
    config = st.column_config
    return {
        "name": config.TextColumn("Component", pinned=True, width="medium"),
        "state": config.MultiselectColumn(
            "Status",
            options=[pill(word) for word in STATUS],
            color=[mark.pill for mark in STATUS.values()],
            width="small",
        ),
        "status_reason": config.TextColumn("Why", width="medium"),
        "cpu_pct": config.ProgressColumn("CPU", min_value=0, max_value=100, format="%.0f%%", width="small"),
        "memory_pct": config.ProgressColumn("Memory", min_value=0, max_value=100, format="%.0f%%", width="small"),
        "response_time_ms": config.NumberColumn("Response", format="%.0f ms", width="small"),
        "trend": config.LineChartColumn("Response over range", width="small"),
        "uptime_pct": config.NumberColumn(uptime_label, format="%.2f%%", width="small"),
        "error_rate_pct": config.NumberColumn("Errors", format="%.2f%%", width="small"),
        "kind_word": config.TextColumn("Type", width="small"),
        "open_alert_count": config.NumberColumn("Alerts", width="small"),
    }


def plain(frame: pl.DataFrame, name: str, height_rows: int = 10, **columns: Any) -> None:
    """A table without selection; instants are shown to the second, UTC."""
    times = {
        column: st.column_config.DatetimeColumn(format="D MMM HH:mm:ss")
        for column, kind in frame.schema.items()
        if isinstance(kind, pl.Datetime)
    }
    st.dataframe(
        frame, hide_index=True, row_height=ROW, placeholder="n/a", alt=name, column_config=times | columns,
        height=min(max(frame.height, 1), height_rows) * ROW + 40,
    )  # fmt: skip
