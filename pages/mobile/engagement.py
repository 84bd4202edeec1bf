"""Engagement: sessions, how long they last, who uses which version where, and which features.

icon: touch_app
order: 59
"""

import polars as pl
import streamlit as st

from aurora.ui import mobile, mobile_charts, named
from aurora.ui.data import rows, together
from aurora.ui.export import behind
from aurora.ui.filters import LONG, time_range
from aurora.ui.frame import demo_badge, empty, freshness, page
from aurora.ui.plots import plot
from aurora.ui.tables import plain
from aurora.ui.words import NOTHING, count, delta, number

APPS = """
    select listing_id, name, platform, source_instance from mobile_apps_now
    order by listing_id not in (select listing_id from engagement_days), name, platform"""
DAYS = """
    select d.*, l.name from engagement_days d join mobile_apps_now l on l.listing_id = d.listing_id
    where d.listing_id = $listing_id and d.day >= $since::date order by d.day"""
BEFORE = """
    from engagement_days where listing_id = $listing_id and day >= $since::date and day < $until::date order by day"""
CUTS = """
    from engagement_cuts where listing_id = $listing_id
    order by cut, session_count desc nulls last, active_device_count desc nulls last"""
FEATURES = "from feature_use_now where listing_id = $listing_id order by use_count desc"
NO_USE = (
    "No use of this app is known",
    "The app_store_connect connector brings sessions by version and country, sentry those of releases.",
)
NO_FEATURES = (
    "No use of features is known",
    "Import mobile_engagement_daily rows with feature_uses from your analytics.",
)
MEASURES = {"Sessions": "session_count", "Session length, s": "mean_session_s", "Devices": "device_count"}


def body() -> None:
    """The choice of an app, its figures, its days, versions, countries and features."""
    apps = rows(APPS)
    if not apps.height:
        empty("No store listing is known", mobile.FILLED_BY)
        return
    names = mobile.names(apps)
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute", key="filters"):
        listing = {"listing_id": named.one("App", names, "listing")}
        chosen = time_range("30d", LONG)
    of_days, of_before = listing | {"since": chosen.since}, listing | chosen.before.window
    days, before, cuts, features = together((DAYS, of_days), (BEFORE, of_before), (CUTS, listing), (FEATURES, listing))
    if not days.height and not cuts.height:
        empty(*NO_USE)
        return
    figures(days, before)
    drawn(days)
    parts(cuts, features)
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        freshness()
        demo_badge(apps)
    behind(
        {"Days": (DAYS, of_days), "Versions and countries": (CUTS, listing), "Features": (FEATURES, listing)},
        "engagement",
    )


def summed(days: pl.DataFrame) -> tuple[int | None, float | None, float | None]:
    """Sessions, their mean length in seconds (weighted by them), devices a day; None where nothing is told."""
    told = days.filter(pl.col("session_count").is_not_null())
    timed = told.filter(pl.col("mean_session_s").is_not_null())
    count_of_timed = int(timed["session_count"].sum())
    total_s = float((timed["mean_session_s"] * timed["session_count"]).sum())
    length = total_s / count_of_timed if count_of_timed else None
    devices = days["device_count"].drop_nulls()
    return (
        int(told["session_count"].sum()) if told.height else None,
        length,
        float(devices.sum()) / devices.len() if devices.len() else None,
    )


def figures(days: pl.DataFrame, before: pl.DataFrame) -> None:
    """Sessions, their length, devices a day and sessions of a device, against the span before."""
    (sessions, length, devices), (sessions_then, length_then, devices_then) = summed(days), summed(before)
    if before.height < days.height:
        sessions_then = None  # a span of which some days are not known is no measure of a sum
    each = sessions / (devices * days.height) if sessions is not None and devices else None
    said = (
        ("Sessions", count(sessions), delta(sessions, sessions_then)),
        ("Session length", number(length, "s"), delta(length, length_then, "s")),
        ("Devices a day", count(devices), delta(devices, devices_then)),
        ("Sessions of a device a day", NOTHING if each is None else f"{each:.1f}", None),
    )
    with st.grid(columns=4, min_column_width=150):
        for label, value, change in said:
            st.metric(label, value, change, border=True, delta_description="vs. before" if change else None)


def drawn(days: pl.DataFrame) -> None:
    """One measure by day."""
    wanted = st.segmented_control(
        "Measure", list(MEASURES), default="Sessions", required=True, key="measure", bind="query-params",
        label_visibility="collapsed",
    )  # fmt: skip
    name = MEASURES[wanted or "Sessions"]
    if days.height and days[name].is_not_null().any():
        plot(mobile_charts.by_day(days, name, wanted or "Sessions"), days, f"{wanted} by day")
    else:
        empty("Nothing of it is told in this range", "Choose a longer range or another measure.")


def parts(cuts: pl.DataFrame, features: pl.DataFrame) -> None:
    """Versions, countries and features over the 28 days last told."""
    config = {
        "active_device_count": st.column_config.NumberColumn("Installed on", format="localized"),
        "devices_per_day": st.column_config.NumberColumn("Devices a day", format="localized"),
        "share_ratio": st.column_config.NumberColumn("Share", format="percent"),
    }
    for place, title in zip(st.columns(2, gap="medium"), ("Version", "Country"), strict=True):
        of_cut = cuts.filter(pl.col("cut") == title.lower()).select(
            "part",
            "share_ratio",
            "session_count",
            "mean_session_s",
            pl.col("devices_per_day").round(0),
            "active_device_count",
        )
        with place:
            st.markdown(f"**By {title.lower()}, 28 days**")
            own = config | {"part": st.column_config.TextColumn(title)}
            plain(of_cut, f"Use by {title.lower()}", 8, (f"No {title.lower()} is told", NO_USE[1]), **own)
    st.markdown("**Features, 28 days**")
    shown = features.select("feature", "use_count", "uses_per_100", "change_pct")
    change = st.column_config.NumberColumn("Against the 28 days before", format="%+.1f%%")
    plain(shown, "Use of features", 10, NO_FEATURES, change_pct=change)


with page("Engagement"):
    body()
