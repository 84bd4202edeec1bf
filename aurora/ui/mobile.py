"""What the pages of mobile apps share, and what the first says: filters, figures, the table, vitals and limits."""

from typing import Any

import polars as pl
import streamlit as st

from aurora.contracts import Row
from aurora.ui import tables
from aurora.ui.words import NOTHING, count, number, percent, plural, safe, spoken

FILLED_BY = (
    "The app_store_connect, google_play or itunes connector brings store listings; then link each to its application "
    "on the Registry page."
)
NO_VITALS = ("No vital is known", "The google_play connector brings Play's vitals, app_store_connect those of Apple.")
NO_CAUSE = (
    "Nothing rose or fell in 90 days",
    "Ratings of the itunes or google_play connector and vitals are watched; sentry or crashlytics count crashes.",
)
RULE = (
    "Limits of Google Play: crashes seen by 1.09 % of the daily users or more (8 % of those of one phone model), ANR "
    "by 0.47 % (8 %), wake locks in 5 % of sessions; the mean of 28 days counts, weighted by users. Apple states none; "
    "400 ms to the first frame is its advice. The day is foretold by a robust line (Theil-Sen) over 28 days if they "
    "rise beyond chance, and only within 180 days."
)
FIT_RULE = (
    "Fit, 0 to 100: how close in days × how near (the app 1, what it calls 0.8, a step further 0.5) × how grave. "
    "It tells where to look first and proves nothing."
)
PLATFORMS = ["iOS", "Android"]
SEARCHED = ("name", "app_id", "bundle_id", "title", "location", "version")


def matching(frame: pl.DataFrame, platforms: list[str], text: str) -> pl.DataFrame:
    """The rows that the filters leave, in their order."""
    if platforms:
        frame = frame.filter(pl.col("platform").is_in([word.lower() for word in platforms]))
    if text:
        told = [name for name in SEARCHED if name in frame.columns]
        found = pl.concat_str(told, separator=" ", ignore_nulls=True)
        frame = frame.filter(found.str.to_lowercase().str.contains(text.lower(), literal=True))
    return frame


def names(apps: pl.DataFrame) -> dict[str, str]:
    """Listing -> name and platform, as a choice shows them: names come from outside, and labels may hold Markdown."""
    told = apps.select("listing_id", "name", "platform").rows()
    return {listing: titled(name, platform) for listing, name, platform in told}


def titled(name: str, platform: str) -> str:
    """The name of a listing with its platform, said once: some names tell it."""
    said = spoken(platform)
    return safe(name) if said.lower() in name.lower() else f"{safe(name)} ({said})"


def figures(frame: pl.DataFrame) -> None:
    """Apps, those over a limit or on the way there, crash-free sessions of all, devices in use."""
    judged = frame.filter(pl.col("vital_state") != "unknown")
    over, rising = (int(judged[name].sum()) for name in ("over_count", "rising_count"))
    known = frame.filter(pl.col("crash_free_pct").is_not_null())
    sessions = int(known["session_count"].sum())
    crash_free = float((known["crash_free_pct"] * known["session_count"]).sum()) / sessions if sessions else None
    devices = frame["active_device_count"].drop_nulls()
    with st.grid(columns=5, min_column_width=140):
        st.metric("Apps", f"{frame.height}", border=True)
        st.metric("Vitals over a limit", f"{over}" if judged.height else NOTHING, border=True,
                  help=f"Of {plural(judged.height, 'app')} with vitals; phone models count too.")  # fmt: skip
        st.metric("On the way to one", f"{rising}" if judged.height else NOTHING, border=True,
                  help="Vitals that reach a limit within 180 days at their present pace.")  # fmt: skip
        st.metric("Crash-free sessions", percent(crash_free), border=True,
                  help="Production sessions of the last 28 days told, all apps.")  # fmt: skip
        st.metric("Devices in use", count(int(devices.sum())) if devices.len() else NOTHING, border=True,
                  help="On the last day that each store told.")  # fmt: skip


def worst(frame: pl.DataFrame) -> str:
    """One sentence on the app at the top."""
    row = frame.row(0, named=True)
    name = f"**{titled(row['name'], row['platform'])}**"
    of_model = f" on {safe(row['device_model'])}" if row["device_model"] else ""
    what = f"{safe(spoken(row['vital'] or ''))}{of_model}"
    first = spoken(row["crossing_vital"] or "")
    later = f"{first} will reach its limit on {row['crosses_on']:%-d %B %Y}" if row["crosses_on"] else ""
    if row["vital_state"] == "over":
        also = f"; {later} at the present pace" if later else ""
        return f"{name} is over its limit: {what} at {number(row['used_pct'], '%')} of what the store allows{also}."
    if row["vital_state"] == "rising":
        return f"{name}: {later} at the present pace."
    if row["vital_state"] == "near":
        return f"No app is over a limit; {name} is nearest: {what} at {percent(row['used_pct'], 0)} of it."
    return "No app is over, near or on the way to a limit, of those whose store tells vitals."


def table(frame: pl.DataFrame) -> Row | None:
    """The apps, worst first; returns the one that was chosen."""
    config = st.column_config
    shown = frame.select(
        "name", "platform", pl.col("vital_state").alias("state"), "used_pct", "vital", "device_model", "crosses_on",
        "crossing_vital", "crash_free_pct", "rating_avg", "rating_count", "download_count", "active_device_count",
        "current_version", "rollout_ratio", "adoption_ratio", "last_released_at", "app_id", "told_on",
    )  # fmt: skip
    chosen = tables.pick(
        shown.with_columns(row_number=pl.int_range(pl.len())), "mobile-apps",
        f"{plural(frame.height, 'app')}, worst first",
        name=config.TextColumn("App", pinned=True, width=230),
        used_pct=config.ProgressColumn("Of its nearest limit", min_value=0, max_value=100, format="%.0f%%", width=130),
        crash_free_pct=config.NumberColumn("Crash-free", format="%.2f%%", width=90),
        rating_avg=config.NumberColumn("Rating", format="%.2f", width=70),
        row_number=None,
    )  # fmt: skip
    return frame.row(chosen["row_number"], named=True) if chosen else None


def said(value: float | None, unit: str | None) -> str | None:
    """A vital in its unit: '1.30%', '342 ms', '214 MiB'; None where it is not known."""
    if value is None:
        return None
    if unit == "ratio":
        return number(100 * value, "%", 2 if abs(value) >= 0.0005 else 4)
    return number(value / 1024**2, "MiB") if unit == "bytes" else number(value, "ms")


def vitals(frame: pl.DataFrame) -> None:
    """The vitals of one app, those that its store judges first, all together before phone models."""
    units = frame["unit"]
    columns = ("mean_7d", "mean_28d", "limit_value", "distance", "daily_change")
    told = {
        name: pl.Series(name, [said(value, unit) for value, unit in zip(frame[name], units, strict=True)], pl.String)
        for name in columns
    }
    model = pl.when(pl.col("device_model") == "").then(pl.lit("All")).otherwise(pl.col("device_model"))
    shown = frame.with_columns(*told.values(), model.alias("device_model")).select(
        "vital", "device_model", "state", "used_pct", "mean_28d", "mean_7d", "limit_value", "distance", "daily_change",
        "crosses_on", "day_count", "user_count", "told_on",
    )  # fmt: skip
    used = st.column_config.ProgressColumn("Of the limit", min_value=0, max_value=100, format="%.0f%%", width=120)
    tables.plain(shown, "Vitals against the limits of the store", 12, NO_VITALS, used_pct=used)


def causes(frame: pl.DataFrame) -> None:
    """What happened before ratings fell or crashes rose, by how well it fits."""
    words = {"text": "Sign", "title": "What happened"}
    config: dict[str, Any] = {name: st.column_config.TextColumn(said) for name, said in words.items()}
    shown = frame.select(
        "name", "day", "text", "fit_score", "cause_kind", "title", "happened_at", "days_between", "step_count"
    ).with_columns(pl.col("cause_kind").map_elements(spoken, return_dtype=pl.String))  # fmt: skip
    tables.plain(shown, "What happened before", 12, NO_CAUSE, **config)
    if frame.height:
        st.caption(FIT_RULE)
