"""The one place where tables are put on a page, and those that several pages show."""

from datetime import datetime
from typing import Any, Literal

import polars as pl
import streamlit as st

from aurora.contracts import Row
from aurora.ui.columns import dressed
from aurora.ui.data import utc_now
from aurora.ui.drawn import note
from aurora.ui.frame import empty
from aurora.ui.words import STATUS, TYPE_WORD, ago, pill, plural, span

ROW = 34
CLOSE_ROW = 30  # where there are many, as in answers to questions
HEAD = 40
SOON_S = 5
SOURCE_WORD = {
    "success": "● Good",
    "partial": "▲ Partial",
    "failed": "✕ Failing",
    "skipped": "? Skipped",
    "idle": "▲ Idle",
    "late": "▲ Late",
    "new": "? Not run",
}
SOURCE_HUE = ["#047857", "#B45309", "#B91C1C", "#6B7280", "#B45309", "#B45309", "#6B7280"]


def components(frame: pl.DataFrame, uptime_label: str, key: str) -> str | None:
    """The table of the field: component, status, alerts, measures, trend, uptime; returns the component clicked."""
    shown = frame.with_columns(
        pl.col("status").map_elements(lambda word: [pill(word)], return_dtype=pl.List(pl.String)).alias("state"),
        pl.col("status_reason").fill_null(""),
        pl.col("type").replace_strict(TYPE_WORD, default="Unknown").alias("kind_word"),
    )
    shown = shown.select(
        "name", "state", "status_reason", "open_alert_count", "cpu_pct", "memory_pct", "disk_pct",
        "network_latency_ms", "response_time_ms", "trend", "uptime_pct", "error_rate_pct", "kind_word",
    )  # fmt: skip
    name = f"{plural(frame.height, 'component')} with status and measures"
    row = clicked(frame, shown, key, name, _columns(uptime_label), most=16)
    return str(row["component_id"]) if row else None


def draw(
    frame: pl.DataFrame,
    shown: pl.DataFrame,
    name: str,
    config: dict[str, Any],
    *,
    most: int = 10,
    height: int | None = None,
    row_height: int = ROW,
    key: str | None = None,
    choose: Literal["single-row", "multi-row", "single-cell"] | None = None,
    placeholder: str = "n/a",
) -> Any:
    """Draw `shown`, `most` rows of it at once, under a name that says what it shows; what was chosen, None if nothing.

    `frame` is what stands behind it, with its raw columns: the export menu offers that. `height` in pixels goes before
    `most`.
    """
    note(name, frame)
    event: Any = st.dataframe(
        shown, key=key, on_select="rerun" if choose else "ignore", selection_mode=choose or "multi-row",
        hide_index=True, row_height=row_height, placeholder=placeholder, alt=name, column_config=config,
        height=height or min(max(shown.height, 1), most) * row_height + HEAD,
    )  # fmt: skip
    return event["selection"] if choose and event else None


def clicked(
    frame: pl.DataFrame,
    shown: pl.DataFrame,
    key: str,
    name: str,
    config: dict[str, Any],
    most: int = 14,
    placeholder: str = "n/a",
) -> Row | None:
    """Draw `shown`, a line for each row of `frame`; the row that was clicked.

    A click outlives the rows it was made on, so one beyond the last is none.
    """
    selection = draw(
        frame, shown, name, config, most=most, key=key, choose="single-row", placeholder=placeholder
    )  # fmt: skip
    chosen = selection["rows"] if selection else []
    return frame.row(chosen[0], named=True) if chosen and chosen[0] < frame.height else None


def _columns(uptime_label: str) -> dict[str, Any]:
    config = st.column_config
    return {
        "name": config.TextColumn("Component", pinned=True, width=170),
        "state": config.MultiselectColumn(
            "Status",
            options=[pill(word) for word in STATUS],
            color=[mark.pill for mark in STATUS.values()],
            width=130,
        ),
        "status_reason": config.TextColumn("Why", width=210),
        "open_alert_count": config.NumberColumn("Alerts", width=60),
        **{
            f"{name}_pct": config.ProgressColumn(label, min_value=0, max_value=100, format="%.0f%%", width=88)
            for name, label in (("cpu", "CPU"), ("memory", "Memory"), ("disk", "Disk"))
        },
        "network_latency_ms": config.NumberColumn("Network", format="%.0f ms", width=75, help="Latency of the network"),
        "response_time_ms": config.NumberColumn("Response", format="%.0f ms", width="small"),
        "trend": config.LineChartColumn("Trend", width=90),
        "uptime_pct": config.NumberColumn(uptime_label, format="%.2f%%", width="small"),
        "error_rate_pct": config.NumberColumn("Errors", format="%.2f%%", width="small"),
        "kind_word": config.TextColumn("Type", width="small"),
    }


def sources(frame: pl.DataFrame) -> str | None:
    """Every source and stream with its state; returns the source clicked."""
    next_run = pl.when(pl.col("is_running")).then(pl.lit("running")).otherwise(
        pl.col("next_run_at").map_elements(_awaited, return_dtype=pl.String)
    )  # fmt: skip
    shown = frame.select(
        "source_instance", "stream",
        pl.col("state").map_elements(lambda word: [SOURCE_WORD.get(word, word)], return_dtype=pl.List(pl.String)),
        pl.col("last_good_at").map_elements(ago, return_dtype=pl.String).fill_null("never"),
        next_run.fill_null("not planned").alias("next_run"),
        pl.col("every_s").map_elements(span, return_dtype=pl.String).fill_null(""),
        "row_count_24h", "quarantined_count_24h", "failed_count_24h", "error", "connector",
    )  # fmt: skip
    name = "Every source and stream with its freshness"
    row = clicked(frame, shown, "sources", name, _source_columns(), most=18, placeholder="")
    return str(row["source_instance"]) if row else None


def _awaited(next_run_at: datetime) -> str:
    """'in 12 s', 'now'; a run that should have begun is overdue."""
    wait_s = (next_run_at - utc_now()).total_seconds()
    if wait_s > SOON_S:
        return ago(next_run_at)
    return "now" if wait_s >= -SOON_S else "overdue"


def _source_columns() -> dict[str, Any]:
    config = st.column_config
    return {
        "source_instance": config.TextColumn("Source", pinned=True),
        "stream": config.TextColumn("Stream", width=100),
        "state": config.MultiselectColumn("State", options=list(SOURCE_WORD.values()), color=SOURCE_HUE, width=90),
        "last_good_at": config.TextColumn("Last good run", width=105),
        "next_run": config.TextColumn("Next run", width=90),
        "every_s": config.TextColumn("Every", width=70),
        "row_count_24h": config.NumberColumn("Rows 24 h", format="localized", width=90),
        "quarantined_count_24h": config.NumberColumn("Refused", format="localized", width=80),
        "failed_count_24h": config.NumberColumn("Failed runs", width=90),
        "error": config.TextColumn("What is wrong, and what to do", width="large"),
        "connector": config.TextColumn("Connector", width=100),
    }


def plain(
    frame: pl.DataFrame,
    name: str,
    /,
    height_rows: int = 10,
    or_else: tuple[str, str] = ("No rows", "Nothing of this kind in this range."),
    **columns: Any,
) -> None:
    """A table without selection, its columns as aurora.ui.columns says; without rows the empty state of `or_else`."""
    if not frame.height:
        empty(*or_else)
        return
    shown, config = dressed(frame, columns)
    draw(frame, shown, name, config, most=height_rows)


def pick(
    frame: pl.DataFrame,
    key: str,
    name: str,
    /,
    or_else: tuple[str, str] = ("No rows", "Nothing of this kind."),
    **columns: Any,
) -> Row | None:
    """A table of which one row can be chosen; returns that row."""
    if not frame.height:
        empty(*or_else)
        return None
    shown, config = dressed(frame, columns)
    return clicked(frame, shown, key, name, config, most=10)
