"""What the page of mobile releases says: the watch in figures, words and a table, adoption, old versions, builds."""

from typing import Any

import polars as pl
import streamlit as st

from aurora.contracts import Row
from aurora.ui import mobile_charts, tables
from aurora.ui.mobile import said
from aurora.ui.plots import plot
from aurora.ui.words import percent, plural, safe, spoken

RULE = (
    "A release is held against the version before it (one that was not halted), over the same days since release, 14 "
    "at most, and not judged below 1,000 sessions of each. Halt: twice as many sessions crash, beyond chance, or ANR "
    "is doubled and over 0.47 %. Hold: a quarter more crashes or ANR, starts 20 % slower, or rated 0.3 stars lower."
)
OLD_RULE = (
    "Force the update: halted, or its users crash 1.5 times as often as those of the newest version or beyond 1.09 %. "
    "Ask: three versions behind or more. Versions below 1 % of the last seven days are left out."
)
VERDICTS = {"Go on": "go_on", "Hold": "hold", "Halt": "halt", "Not yet": "not_yet"}
NO_HEALTH = (
    "No release can be judged",
    "Releases come from app_store_connect or google_play, their sessions from sentry or crashlytics.",
)
NO_ADOPTION = (
    "No version's use is known",
    "The app_store_connect, google_play, sentry or crashlytics connector brings sessions or devices by version.",
)
NO_OLD = ("No old version is in use", "Fewer than 1 % of the last seven days, or no connector tells use by version.")
NO_BUILDS = ("No build is known", "The app_store_connect or google_play connector brings uploaded builds.")


def figures(frame: pl.DataFrame, old: pl.DataFrame) -> None:
    """Releases on their way out, and what is said of each app's newest; versions to end."""
    newest = frame.filter(pl.col("place") == pl.col("place").min().over("listing_id"))
    verdicts = {word: newest.filter(pl.col("verdict") == word).height for word in VERDICTS.values()}
    with st.grid(columns=5, min_column_width=140):
        st.metric("On their way out", f"{frame.filter(pl.col('state') == 'rolling_out').height}", border=True)
        st.metric("Newest: go on", f"{verdicts['go_on']}", border=True)
        st.metric("Newest: hold or halt", f"{verdicts['hold'] + verdicts['halt']}", border=True)
        st.metric("Newest: not yet judged", f"{verdicts['not_yet']}", border=True)
        st.metric("Old versions to end", f"{old.filter(pl.col('verdict') == 'force').height}", border=True,
                  help="See the table of old versions below.")  # fmt: skip


def worst(frame: pl.DataFrame) -> str:
    """One sentence on the release that most needs a decision: on its way out first, then by verdict."""
    open_first = frame.sort(
        pl.col("state") != "rolling_out",
        pl.col("verdict").replace_strict({"halt": 0, "hold": 1, "not_yet": 2, "go_on": 3}),
        pl.col("released_at"), descending=[False, False, True],
    )  # fmt: skip
    row = open_first.row(0, named=True)
    part = f", out to {percent(100 * row['rollout_ratio'], 0)}" if row["state"] == "rolling_out" else ""
    name = f"**{safe(row['name'])} {safe(row['version'])}** ({spoken(row['platform'])}{part})"
    return f"{name}: {spoken(row['verdict']).lower()}; {safe('; '.join(row['reasons']))}."


def watch(frame: pl.DataFrame) -> Row | None:
    """The releases against the ones before; returns the one that was chosen."""
    config = st.column_config
    starts = {
        name: [said(value, unit) for value, unit in zip(frame[name], frame["start_unit"], strict=True)]
        for name in ("start_value", "base_start_value")
    }
    shown = frame.with_columns(
        *(pl.Series(name, values, pl.String) for name, values in starts.items()),
        pl.col("reasons").list.join("; "), pl.col("verdict").alias("result"),
    ).select(
        "name", "platform", "version", "result", "reasons", "state", "rollout_ratio", "released_at", "day_count",
        "session_count", "crash_free_pct", "base_crash_free_pct", "anr_pct", "base_anr_pct", "start_value",
        "base_start_value", "day_rating_avg", "base_day_rating_avg", "review_count", "base_review_count",
        "previous_version",
    )  # fmt: skip
    two = {name: config.NumberColumn(label, format="%.2f%%", width=95) for name, label in (
        ("crash_free_pct", "Crash-free"), ("base_crash_free_pct", "Crash-free before"), ("anr_pct", "ANR"),
        ("base_anr_pct", "ANR before"),
    )}  # fmt: skip
    own: dict[str, Any] = {
        "name": config.TextColumn("App", pinned=True, width=210),
        "reasons": config.TextColumn("Why", width=300),
    }
    chosen = tables.pick(
        shown.with_columns(row_number=pl.int_range(pl.len())), "releases", plural(frame.height, "release"), NO_HEALTH,
        row_number=None, **own, **two,
    )  # fmt: skip
    return frame.row(chosen["row_number"], named=True) if chosen else None


def adoption(frame: pl.DataFrame) -> None:
    """The curve of each version of one app."""
    if not frame.height:
        tables.plain(frame, "Adoption", or_else=NO_ADOPTION)
        return
    plot(mobile_charts.adoption(frame), frame, "Share of each version by days since release")
    basis = {"sessions": "sessions", "sdk_sessions": "sessions as the SDK counts them", "devices": "active devices"}
    st.caption(f"Share of {basis[frame['basis'][-1]]}; a version is adopted from 10% on, the dashed line.")


def old(frame: pl.DataFrame) -> None:
    """Old versions still in use, those to end first."""
    percents = {"crash_pct": "Users that crash", "newest_crash_pct": "Of the newest"}
    config = {name: st.column_config.NumberColumn(label, format="%.2f%%") for name, label in percents.items()}
    shown = frame.select(
        "name", "platform", "version", pl.col("verdict").alias("result"), "reason", "share_ratio", "counted_a_day",
        "behind_count", "crash_pct", "newest_crash_pct", "newest_version", "released_on", "age_days",
    )  # fmt: skip
    tables.plain(shown, "Old versions in use", 8, NO_OLD, **config)
    if frame.height:
        st.caption(OLD_RULE)
