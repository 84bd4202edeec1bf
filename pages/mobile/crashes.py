"""Crashes: crashes, hangs and errors of mobile apps, what is new or came back, and crash-free sessions by day.

icon: emergency_home
order: 58
"""

from typing import Any

import polars as pl
import streamlit as st

from aurora.ui import mobile, mobile_charts
from aurora.ui.data import rows
from aurora.ui.export import behind
from aurora.ui.filters import pills, search
from aurora.ui.frame import demo_badge, empty, freshness, page
from aurora.ui.plots import plot
from aurora.ui.tables import plain
from aurora.ui.words import NOTHING, count, percent, plural, safe, spoken

GROUPS = """
    from mobile_crashes
    order by array_position(['regressed', 'rising', 'new', 'steady', 'quiet', 'ignored', 'resolved'], trend),
             array_position(['crash', 'anr', 'non_fatal', 'error'], kind), user_count desc nulls last"""
DAYS = """
    select l.name || if(l.platform = 'ios', ' (iOS)', ' (Android)') as name, l.platform, h.day, h.listing_id,
           sum(h.session_count)::bigint as session_count, sum(h.crashed_session_count)::bigint as crashed_session_count,
           100 * (1 - sum(h.crashed_session_count) / nullif(sum(h.session_count), 0)) as crash_free_pct
    from mobile_health_days h join mobile_apps_now l on l.listing_id = h.listing_id
    where h.day > utc_now()::date - 90 and h.session_count is not null and h.crashed_session_count is not null
    group by all order by h.day, name"""
KINDS = {"Crashes": "crash", "ANR and hangs": "anr", "Non-fatal": "non_fatal", "Errors": "error"}
TRENDS = {"Came back": "regressed", "Rising": "rising", "New": "new", "Steady": "steady", "Quiet": "quiet",
          "Ignored": "ignored", "Resolved": "resolved"}  # fmt: skip
FILLED_BY = (
    "No crash is known",
    "The crashlytics or sentry connector brings groups of crashes; google_play those of Android.",
)
RULE = (
    "Came back and rising: as the tracker says. New: first seen within seven days. Quiet: not seen for 14 days. "
    "Trackers tell totals since a group began, so events a day are the mean of its life."
)


def body() -> None:
    """Filters, figures, the worst, the groups, and crash-free sessions by day."""
    with st.container(horizontal=True, vertical_alignment="center", key="filters"):
        platforms = pills("Platform", mobile.PLATFORMS, "platform")
        kinds, trends = pills("Kind", list(KINDS), "kind"), pills("Trend", list(TRENDS), "trend")
        text = search("Find a crash, a place or an app")
    everything, days = rows(GROUPS), rows(DAYS)
    if not everything.height and not days.height:
        empty(*FILLED_BY)
        return
    shown = mobile.matching(everything, platforms, text)
    for chosen, words, name in ((kinds, KINDS, "kind"), (trends, TRENDS, "trend")):
        if chosen:
            shown = shown.filter(pl.col(name).is_in([words[word] for word in chosen]))
    days = mobile.matching(days, platforms, "")
    figures(shown, days)
    groups(everything, shown)
    st.subheader("Crash-free sessions by day", anchor=False)
    if days.height:
        plot(mobile_charts.by_day(days, "crash_free_pct", "Crash-free, %"), days, "Crash-free sessions by day")
    else:
        empty("No session is known", "The sentry or crashlytics connector counts the sessions of each release.")
    behind({"Groups": (GROUPS, {}), "Days": (DAYS, {})}, "crashes")


def figures(shown: pl.DataFrame, days: pl.DataFrame) -> None:
    """Crash-free sessions of the last told 28 days, and groups by how they move."""
    recent = days.filter(pl.col("day") > pl.col("day").max().over("listing_id") - pl.duration(days=28))
    sessions = int(recent["session_count"].sum())
    crash_free = 100 * (1 - int(recent["crashed_session_count"].sum()) / sessions) if sessions else None
    trends = {word: shown.filter(pl.col("trend") == word).height for word in TRENDS.values()}
    with st.grid(columns=5, min_column_width=140):
        st.metric("Crash-free sessions", percent(crash_free), border=True, help="The last 28 days told, all apps.")
        st.metric("Open groups", f"{shown.height - trends['resolved'] - trends['ignored']}", border=True)
        st.metric("New", f"{trends['new']}", border=True, help="First seen within seven days.")
        st.metric("Came back", f"{trends['regressed']}", border=True)
        st.metric("Rising", f"{trends['rising']}", border=True)


def groups(everything: pl.DataFrame, shown: pl.DataFrame) -> None:
    """The worst group in a sentence, and all of them."""
    if not shown.height:
        empty(*(("No crash matches", "Clear a filter above.") if everything.height else FILLED_BY))
        return
    row = shown.row(0, named=True)
    people = f"{count(row['user_count'])} users" if row["user_count"] is not None else f"{NOTHING} users"
    where, app = row["location"] or "an unknown place", row["name"] or "an app"
    last = row["last_version"] or "an unknown version"
    st.markdown(
        f"**{safe(row['title'])}** in {safe(where)} of {safe(app)}: {spoken(row['trend']).lower()}, {people}, "
        f"last in {safe(last)}."
    )
    table = shown.select(
        "title", pl.col("trend").alias("state"), "kind", "name", "platform", "user_count", "event_count",
        "events_per_day", "share_pct", "location", "first_version", "last_version", "is_in_newest", "first_seen_at",
        "last_seen_at", "url", "source_instance",
    )  # fmt: skip
    config: dict[str, Any] = {
        "title": st.column_config.TextColumn("Crash", pinned=True, width=230),
        "name": st.column_config.TextColumn("App"),
        "events_per_day": st.column_config.NumberColumn("Events a day", format="%.1f"),
    }
    plain(table, plural(shown.height, "group"), 14, **config)
    st.caption(RULE)
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        freshness()
        demo_badge(shown)


with page("Crashes"):
    body()
