"""What the page of API endpoints says and draws: filters, figures, the worst in a sentence, the table."""

from typing import Any

import polars as pl
import streamlit as st

from aurora.contracts import Row
from aurora.ui.tables import clicked
from aurora.ui.words import NOTHING, count, delta, number, percent, plural, safe

RULE = (
    "Worst first: endpoints of which 1% of calls or more fail, by that share; then the slowest. A mean over 200 ms is "
    "slow, over 500 ms is to be investigated. The 95th percentile is that of the worst interval: percentiles of "
    "intervals cannot be added up to one of the range."
)
VERDICTS = {
    "failing": ("✕ Failing", "#B91C1C"),
    "investigate": ("▲ Investigate", "#B45309"),
    "slow": ("▲ Slow", "#B45309"),
    "good": ("● Good", "#047857"),
    "unknown": ("? Unknown", "#6B7280"),
}
CHARTS = (
    ("Response", "ms", {"response_time_ms": "mean", "p95_ms_max": "95th percentile, worst interval"}),
    ("Calls and errors", "per bucket", {"call_count": "calls", "error_count": "errors"}),
)


def matching(frame: pl.DataFrame, apps: list[str], methods: list[str], text: str) -> pl.DataFrame:
    """The endpoints that the filters leave, in their order."""
    if apps:
        frame = frame.filter(pl.col("app_ids").list.eval(pl.element().is_in(apps)).list.any())
    if methods:
        frame = frame.filter(pl.col("method").is_in(methods))
    if text:
        found = pl.concat_str(["endpoint", "component", "component_id"], separator=" ", ignore_nulls=True)
        frame = frame.filter(found.str.to_lowercase().str.contains(text.lower(), literal=True))
    return frame


def success_pct(frame: pl.DataFrame) -> float | None:
    """Share of calls that succeed over all endpoints, of those whose outcome is known; None where none is."""
    known = frame.filter(pl.col("error_count").is_not_null())
    calls = int(known["known_call_count"].sum())
    return max(0.0, 100 * (1 - int(known["error_count"].sum()) / calls)) if calls else None


def figures(frame: pl.DataFrame) -> None:
    """Calls, success, slowest 95th percentile and failing endpoints, in one row."""
    failing = frame.filter(pl.col("verdict") == "failing").height
    judged = frame.filter(pl.col("success_pct").is_not_null()).height
    slowest: Any = frame["p95_ms_max"].max()
    with st.grid(columns=4, min_column_width=140):
        st.metric("Calls", count(int(frame["call_count"].sum())), border=True, help="All calls in the range.")
        st.metric("Success", percent(success_pct(frame)), border=True, help="Of calls whose outcome is known.")
        st.metric("Slowest p95", number(slowest, "ms"), border=True, help="Of the worst interval of any endpoint.")
        st.metric(
            "Endpoints failing", f"{failing}" if judged else NOTHING, border=True,
            help=f"1% of calls or more fail; of {plural(judged, 'endpoint')} whose outcome is known.",
        )  # fmt: skip


def worst(frame: pl.DataFrame) -> str:
    """One sentence on the endpoint at the top of the table."""
    row = frame.row(0, named=True)
    name = f"**{safe(row['method'].upper())} {safe(row['endpoint'])}** of {safe(row['component'])}"
    mean = number(row["response_time_ms"], "ms")
    if row["verdict"] == "failing":
        before = row["previous_success_pct"]
        then = f"; a week before {percent(before)} succeeded" if before is not None else ""
        return f"{name} is worst: {percent(row['success_pct'])} of {count(row['call_count'])} calls succeed{then}."
    if row["verdict"] in ("investigate", "slow"):
        return f"No endpoint is known to fail; {name} is slowest, {mean} on average."
    if row["verdict"] == "good" and row["response_time_ms"] is not None:
        return f"No endpoint is known to fail or be slow; the slowest is {name}, {mean} on average."
    return "No endpoint is known to fail or be slow, and not every one tells its outcome."


def table(frame: pl.DataFrame, key: str) -> Row | None:
    """The endpoints, worst first; returns the one that was chosen."""
    verdict = pl.col("verdict").map_elements(lambda word: [VERDICTS[word][0]], return_dtype=pl.List(pl.String))
    shown = frame.select(
        pl.col("endpoint"), pl.col("method").str.to_uppercase(), "component", verdict.alias("verdict"), "success_pct",
        "error_count", "call_count", "calls_per_minute", "response_time_ms", "trend", "p95_ms_max", "p99_ms_max",
        "response_change_pct", "success_change_points", "last_call_at",
    )  # fmt: skip
    return clicked(frame, shown, key, f"{plural(frame.height, 'endpoint')}, worst first", _columns())


def _columns() -> dict[str, Any]:
    config = st.column_config
    signs, hues = zip(*VERDICTS.values(), strict=True)
    return {
        "endpoint": config.TextColumn("Endpoint", pinned=True, width=210),
        "method": config.TextColumn("Method", width=70),
        "component": config.TextColumn("Component", width=140),
        "verdict": config.MultiselectColumn("Verdict", options=list(signs), color=list(hues), width=115),
        "success_pct": config.ProgressColumn("Success", min_value=0, max_value=100, format="%.2f%%", width=110),
        "error_count": config.NumberColumn("Errors", format="localized", width=70),
        "call_count": config.NumberColumn("Calls", format="localized", width=80),
        "calls_per_minute": config.NumberColumn("Calls a minute", format="%.1f", width=90),
        "response_time_ms": config.NumberColumn("Mean", format="%.0f ms", width=75),
        "trend": config.LineChartColumn("Trend of the mean", width=100),
        "p95_ms_max": config.NumberColumn("p95, worst interval", format="%.0f ms", width=100),
        "p99_ms_max": config.NumberColumn("p99, worst interval", format="%.0f ms", width=100),
        "response_change_pct": config.NumberColumn("Mean, against a week before", format="%+.0f%%", width=100),
        "success_change_points": config.NumberColumn("Success, points against it", format="%+.2f", width=100),
        "last_call_at": config.DatetimeColumn("Last call until (UTC)", format="D MMM HH:mm"),
    }


def compared(row: Row) -> None:
    """The figures of one endpoint, each against the same span a week before."""
    said = (
        ("Mean response", number(row["response_time_ms"], "ms"), "response_time_ms", "ms", 0, "inverse"),
        ("Success", percent(row["success_pct"]), "success_pct", "pp", 2, "normal"),
        ("Calls", count(row["call_count"]), "call_count", "", 0, "off"),
    )
    with st.grid(columns=3, min_column_width=140):
        for label, value, name, unit, digits, color in said:
            change = delta(row[name], row[f"previous_{name}"], unit, digits)
            st.metric(
                label, value, change, border=True, delta_color=color,  # type: ignore[arg-type]
                delta_description="against a week before" if change else "nothing known a week before",
            )  # fmt: skip
