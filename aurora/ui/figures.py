"""The wall of figures of the Command Center, each with its trend and against the span before."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import polars as pl
import streamlit as st

from aurora.insights.costs import month_to_date
from aurora.insights.marks import counts_per_bucket
from aurora.ui.filters import Span
from aurora.ui.words import NOTHING, column, delta, money, number, percent, plural

BARS = 24


@dataclass(frozen=True)
class Measure:
    """A figure of the estate: its column, how it is said, and which way is good."""

    label: str
    name: str
    say: Callable[[float | None], str]
    unit: str
    digits: int
    good: Literal["up", "down"]
    help: str


MEASURES = (
    Measure("Availability", "availability_pct", percent, "pp", 2, "up", "Up time over observed time, all components."),
    Measure(
        "Response, p95", "response_time_p95_ms", lambda value: number(value, "ms"), "ms", 0, "down",
        "95th percentile of all samples of all components.",
    ),
    Measure(
        "Error rate", "error_rate_pct", lambda value: number(value, "%", 2), "pp", 2, "down",
        "Failed requests, each component weighted by its requests.",
    ),
)  # fmt: skip


def estate(series: pl.DataFrame, now: pl.DataFrame, before: pl.DataFrame) -> None:
    """Availability, response time and error rate of the span, with their trend."""
    for measure in MEASURES:
        value, then = _first(now, measure.name), _first(before, measure.name)
        change = delta(value, then, measure.unit, measure.digits)
        steady = value is None or then is None or abs(value - then) < 0.5 * 10**-measure.digits
        points = [point for point in column(series, measure.name) if point is not None]
        st.metric(
            measure.label, measure.say(value), change, border=True, height="stretch", help=measure.help,
            delta_color="off" if steady else ("normal" if measure.good == "up" else "inverse"),
            chart_data=points or None, chart_type="area", delta_description="vs. before" if change else None,
        )  # fmt: skip


def deployments(span: Span, now: pl.DataFrame, before: pl.DataFrame) -> None:
    """Production deployments that ended well, failed ones beside."""
    well, well_before = (frame.filter(frame["status"] == "success").height for frame in (now, before))
    failed = now.height - well
    change = f"{well - well_before:+d}" if now.height or before.height else None
    bars = counts_per_bucket(now["shipped_at"], span.since, span.until, BARS) if now.height else None
    st.metric(
        "Deployments", f"{well}", change, border=True, height="stretch",
        delta_color="off", chart_data=bars, chart_type="bar",
        delta_description=f"{failed} failed or undone" if change else None,
        help="Production deployments that ended well, in the range.",
    )  # fmt: skip


def open_alerts(span: Span, alerts: pl.DataFrame, incidents: pl.DataFrame, fired: pl.DataFrame) -> None:
    """What is open now, with the alerts of the span as bars."""
    critical = alerts.filter(alerts["severity"] == "critical").height
    bars = counts_per_bucket(fired["occurred_at"], span.since, span.until, BARS) if fired.height else None
    st.metric(
        "Open alerts", f"{alerts.height}", f"{critical} critical", border=True, height="stretch", delta_arrow="off",
        delta_color="inverse" if critical else "off", chart_data=bars, chart_type="bar",
        delta_description=plural(incidents.height, "incident"),
        help="Firing, pending or acknowledged now; the bars are alerts that fired in the range.",
    )  # fmt: skip


def spend(costs: pl.DataFrame) -> None:
    """Spend of the current month against the same days of the last one, in the currency that most of it is in."""
    told = month_to_date(costs)
    change = f"{told.change_pct:+.1f}%" if told.change_pct is not None else None
    st.metric(
        f"Tech spend, {told.month_on:%b}", money(told.spent, told.currency), change, border=True, height="stretch",
        delta_color="inverse", chart_type="area", chart_data=told.last_days,
        delta_description="vs. last month" if change else None,
        help="Effective cost of the month so far, against the same days of the month before.",
    )  # fmt: skip


def unknown(label: str, why: str) -> None:
    """A figure that no source tells: not none, but not known."""
    st.metric(label, NOTHING, border=True, height="stretch", help=why)


def _first(frame: pl.DataFrame, name: str) -> float | None:
    value = frame[name][0] if frame.height else None
    return float(value) if isinstance(value, int | float) else None
