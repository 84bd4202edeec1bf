"""The blocks of the status page: one sentence, applications with their bars, notices, history."""

from datetime import timedelta
from html import escape

import polars as pl
import streamlit as st

from aurora.contracts import Row
from aurora.insights.status import Day, bars, details, headline, overall
from aurora.ui.availability import DAYS, cells, legend, summary
from aurora.ui.data import utc_now
from aurora.ui.words import STATUS, on_page, percent, plural

HISTORY_DAYS = 14


def banner(listed: pl.DataFrame, notices: pl.DataFrame) -> None:
    """The state of everything in one big sentence, worst first."""
    incidents = notices.filter(pl.col("is_open") & (pl.col("kind") == "incident")).height
    told = overall(listed["status"].to_list(), incidents)
    mark = STATUS[told.status]
    st.html(
        f'<div class="aurora-state" role="status" style="--hue: {mark.hue}"><b style="color: {on_page(mark)}" '
        f'aria-hidden="true">{mark.sign}</b><div><strong>{escape(told.sentence)}</strong>'
        f"<small>{plural(listed.height, 'application')} · as of {utc_now():%d %b %Y, %H:%M} UTC</small></div></div>"
    )


def applications(listed: pl.DataFrame, days: pl.DataFrame) -> None:
    """Each application with its status now, a bar per day and the uptime of 90 days, worst first."""
    today = utc_now().date()
    by_app = days.partition_by("app_id", as_dict=True)
    nothing = days.clear()
    parts = [_application(row, bars(by_app.get((row["app_id"],), nothing), today, DAYS)) for row in _each(listed)]
    st.html(f'<div class="aurora-card aurora-status">{"".join(parts)}{legend()}</div>')


def _each(frame: pl.DataFrame) -> list[Row]:
    return list(frame.iter_rows(named=True))


def _application(row: Row, days: list[Day]) -> str:
    mark, name = STATUS[row["status"]], escape(row["name"])
    known = row["coverage_90d_pct"] is not None
    cover = f"{percent(row['coverage_90d_pct'], 0)} observed" if known else "nothing observed"
    told = "uptime not known" if row["uptime_90d_pct"] is None else f"{percent(row['uptime_90d_pct'])} in 90 days"
    return (
        f'<section><header><b>{name}</b><span style="color: {on_page(mark)}">{mark.sign} {mark.word}</span></header>'
        f'<div class="aurora-bars" role="group" aria-label="{escape(summary(row["name"], days))}">{cells(days)}</div>'
        f'<footer><span class="aurora-wide">90 days ago</span><span class="aurora-narrow">30 days ago</span>'
        f"<span>{told}, {cover}</span><span>Today</span></footer></section>"
    )


def listed_notices(notices: pl.DataFrame, none: str) -> None:
    """Notices with where they stand; `none` is said where there is none."""
    if not notices.height:
        st.caption(none)
        return
    st.html(f'<div class="aurora-card aurora-notices">{"".join(map(_notice, _each(notices)))}</div>')


def _notice(row: Row) -> str:
    mark = STATUS[_look(row)]
    return (
        f'<article style="--hue: {mark.hue}"><b><span style="color: {on_page(mark)}" aria-hidden="true">{mark.sign}'
        f"</span> {escape(headline(row))}</b><p>{escape(details(row))}</p></article>"
    )


def _look(row: Row) -> str:
    """As which status a notice is drawn."""
    if row["kind"] == "maintenance":
        return "maintenance"
    if not row["is_open"]:
        return "healthy" if row["state"] == "resolved" else "unknown"
    return "down" if row["severity"] == "critical" and row["state"] != "mitigated" else "degraded"


def history(notices: pl.DataFrame) -> None:
    """What was in the last 14 days, by the day on which it began, newest first."""
    since = utc_now() - timedelta(days=HISTORY_DAYS)
    past = notices.filter((pl.col("starts_at") >= since) & ~pl.col("is_open") & (pl.col("state") != "cancelled"))
    if not past.height:
        st.caption(f"No incident and no maintenance ended in the last {HISTORY_DAYS} days.")
        return
    for (day,), told in past.group_by(pl.col("starts_at").dt.date(), maintain_order=True):
        st.markdown(f"**{day:%A, %d %b %Y}**")
        listed_notices(told, "")


def feeds() -> None:
    """Where the same can be followed."""
    st.html(
        '<div class="aurora-card">Follow incidents and maintenance: <a href="/status.rss">RSS</a> · '
        '<a href="/status.json">JSON Feed</a></div>'
    )
