"""Availability by day: bars and a calendar with a colour, a shape and words per day; and outages as a list."""

from datetime import timedelta
from html import escape

import polars as pl
import streamlit as st

from aurora.insights.probes import phase_means
from aurora.insights.status import Day, bars
from aurora.ui import charts, tables
from aurora.ui.data import rows, utc_now
from aurora.ui.filters import Span
from aurora.ui.frame import empty
from aurora.ui.plots import plot
from aurora.ui.words import NOTHING, STATUS, percent, plural
from aurora.ui.words import span as spoken_span

DAYS = 90
CALENDAR_DAYS = 91
DAYS_OF = "from component_days(since := $since, until := $until) where component_id = $id order by day"
DOWNTIMES = """
    from component_downtimes(since := $since, until := $until) where component_id = $id order by started_at desc"""
NONE_DOWN = (
    "It was never down in this range",
    "As far as it was observed: see the calendar.",
)
WINDOWS = ("24h", "7d", "30d", "90d")
OBSERVED = "Observed {} of the time. Maintenance and what is not known are in no denominator; degraded counts as up."


def uptimes(found: pl.DataFrame) -> None:
    """A figure per window (24 h to 90 days) of one component or application, with how much of it was observed."""
    windows = {row["time_window"]: row for row in found.iter_rows(named=True)}
    for window in WINDOWS:
        pct, cover = (windows.get(window, {}).get(name) for name in ("uptime_pct", "coverage_pct"))
        observed = NOTHING if cover is None else percent(cover, 0)
        st.metric(f"Uptime {window}", percent(pct), border=True, help=OBSERVED.format(observed))


def said(day: Day) -> str:
    """'12 Nov 2026: down, uptime 99.20%, 4% not known'."""
    parts = [STATUS[day.status].word.lower() if day.unknown_pct < 100 else "no data"]
    if day.uptime_pct is not None:
        parts.append(f"uptime {percent(day.uptime_pct)}")
    if 1 <= day.unknown_pct < 100:
        parts.append(f"{percent(day.unknown_pct, 0)} not known")
    return f"{day.day:%d %b %Y}: {', '.join(parts)}"


def cells(days: list[Day]) -> str:
    """A mark per day; its words are what a pointer shows and a screen reader says."""
    return "".join(f'<i class="aurora-{day.status}" role="img" aria-label="{escape(said(day))}"></i>' for day in days)


def summary(name: str, days: list[Day]) -> str:
    """'Payment System, last 90 days: 86 healthy, 4 down', for those who do not see the bars."""
    counts = {word: sum(day.status == word for day in days) for word in STATUS}
    told = ", ".join(f"{count} {STATUS[word].word.lower()}" for word, count in counts.items() if count)
    return f"{name}, last {plural(len(days), 'day')}: {told}"


def legend() -> str:
    """What each mark stands for."""
    words = {"healthy": "Healthy", "degraded": "Degraded", "down": "Down"}
    words |= {"maintenance": "Maintenance", "unknown": "No data, or less than half of the day"}
    marks = "".join(f'<span><i class="aurora-{status}"></i>{word}</span>' for status, word in words.items())
    return f'<div class="aurora-legend">{marks}</div>'


def calendar_days(component_id: str) -> dict[str, object]:
    """The parameters of DAYS_OF: thirteen weeks up to the end of today."""
    until = utc_now().replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    return {"id": component_id, "since": until - timedelta(days=CALENDAR_DAYS), "until": until}


def calendar(component_id: str, name: str) -> None:
    """Thirteen weeks of one component, a column per week."""
    days = bars(rows(DAYS_OF, **calendar_days(component_id)), utc_now().date(), CALENDAR_DAYS)
    gap = "<b></b>" * days[0].day.weekday()
    names = "".join(f"<small>{word}</small>" for word in ("Mon", "", "Wed", "", "Fri", "", "Sun"))
    st.html(
        f'<div class="aurora-card"><div class="aurora-calendar" role="group" '
        f'aria-label="{escape(summary(name, days))}">{names}{gap}{cells(days)}</div>{legend()}</div>'
    )


def downtimes(component_id: str, span: Span) -> None:
    """The outages of one component in the range, newest first."""
    found = rows(DOWNTIMES, id=component_id, **span.window)
    tables.plain(
        found.select("started_at", "ended_at", "duration_s", "is_open", "reason"),
        "Outages", or_else=NONE_DOWN, reason=st.column_config.TextColumn("Why", width="large"),
    )  # fmt: skip


def probed(probes: pl.DataFrame, span: Span) -> None:
    """Probes of the range: their phases, how long the certificate is valid, the rows."""
    if not probes.height:
        empty("No probe in this range", "Add its address to an http_probe source in aurora.toml.")
        return
    means = phase_means(probes, span.bucket_s)
    plot(charts.phases(means), means, "Mean time of each probe phase")
    certificates = probes["cert_not_after_at"].drop_nulls()
    if certificates.len():
        left_s = (certificates[0] - span.until).total_seconds()
        st.caption(f"Certificate valid for {spoken_span(left_s) if left_s > 0 else 'no longer'}.")
    tables.plain(probes, "Probes")
