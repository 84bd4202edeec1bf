"""What the page of store reviews says and draws: figures, themes, spikes in words, the list."""

from typing import Any

import polars as pl
import streamlit as st

from aurora.contracts import Row
from aurora.ui.review_text import paragraph, short, upright
from aurora.ui.tables import clicked, draw
from aurora.ui.words import NOTHING, count, delta, number, percent, plural, safe, span, spoken
from warehouse.review_words import themes

SPIKES_SHOWN = 5
PRAISE = "praise"
RULE = (
    "Themes are words of lists in English, German, French, Spanish and Arabic, whole words only; a review can speak of "
    "several. The mood is that of the stars: 4 or 5 positive, 1 or 2 negative; with 3 or none, good words less bad "
    "ones, each turned round after a negation. The list of words is warehouse/review_themes.toml."
)
SPIKE_RULE = (
    "A spike: days on which 1 and 2 stars are far above the median of the same weekday in the eight weeks before "
    "(Anscombe's score of 3 or more). What fits best lies near in time, goes with what the reviews speak of, and has "
    "evidence: a version that they name, a crash first seen in it, calls that failed. It is a hint, not a proof."
)
MOODS = {
    "positive": ("● Positive", "#047857"),
    "neutral": ("– Neutral", "#6B7280"),
    "negative": ("✕ Negative", "#B91C1C"),
}
STARS = {number: "★" * number + "☆" * (5 - number) for number in range(1, 6)}
TIES = {
    "release": "the release", "crash_group": "the crash", "incident": "the incident", "endpoint": "the endpoint",
    "deployment": "the deployment",
}  # fmt: skip


def theme_label(name: str) -> str:
    """'performance' -> 'Speed'."""
    return themes().get(name, spoken(name))


def figures(now: Row, before: Row) -> None:
    """Rating, reviews, low ratings, replies and their age, low ones without a reply; each against the span before."""
    total, then = now["review_count"], before["review_count"]
    cells: tuple[tuple[str, str, str | None, str, str], ...] = (
        ("Average rating", number(now["rating_avg"], "★", 2), delta(now["rating_avg"], before["rating_avg"], "", 2),
         "normal", "Mean of the stars of the reviews in the range; a store also counts stars without words."),
        ("Reviews", count(total), delta(total, then) if then else None, "off", "Written in the range."),
        ("1 or 2 stars", percent(_share(now, "low_count", "rated_count"), 1),
         delta(_share(now, "low_count", "rated_count"), _share(before, "low_count", "rated_count"), "pp", 1),
         "inverse", "Of reviews with stars."),
        ("Answered", percent(_share(now, "replied_count"), 1),
         delta(_share(now, "replied_count"), _share(before, "replied_count"), "pp", 1), "normal",
         "Of reviews written in the range; those of the last days may be answered yet."),
        ("Median time to answer", span(now["reply_age_s"]) if now["reply_age_s"] is not None else NOTHING, None, "off",
         "From review to reply, of reviews that were answered."),
        ("Low and unanswered", count(now["waiting_count"]),
         delta(now["waiting_count"], before["waiting_count"]) if then else None, "inverse",
         "Reviews with 1 or 2 stars that nobody has answered."),
    )  # fmt: skip
    with st.grid(columns=6, min_column_width=140):
        for label, value, change, color, why in cells:
            st.metric(
                label, value, change, border=True, height="stretch", help=why, delta_color=color,  # type: ignore[arg-type]
                delta_description="vs. before" if change else None,
            )  # fmt: skip


def _share(row: Row, part: str, whole: str = "review_count") -> float | None:
    return 100 * row[part] / row[whole] if row[whole] else None


def theme_table(frame: pl.DataFrame, examples: pl.DataFrame) -> None:
    """Each theme: how many reviews, of all, against the span before, its rating, its trend by day and an example."""
    said = {row["theme"]: upright(short(row["said"])) for row in examples.iter_rows(named=True)}
    shown = frame.with_columns(
        label=pl.col("theme").map_elements(theme_label, return_dtype=pl.String),
        example=pl.col("theme").map_elements(said.get, return_dtype=pl.String),
    )
    config = st.column_config
    columns = {
        "label": config.TextColumn("Theme", pinned=True, width=110),
        "review_count": config.NumberColumn("Reviews", format="localized", width=75),
        "share_pct": config.ProgressColumn("Of all", min_value=0, max_value=100, format="%.0f%%", width=90),
        "change_count": config.NumberColumn("Against before", format="%+d", width=95),
        "low_pct": config.NumberColumn("1 or 2 stars", format="%.0f%%", width=85),
        "rating_avg": config.NumberColumn("Rating", format="%.1f ★", width=70),
        "trend": config.BarChartColumn("By day", width=120),
        "example": config.TextColumn("Newest example", width="large"),
    }
    draw(frame, shown.select(list(columns)), f"{plural(frame.height, 'theme')}, most spoken of first", columns, most=99)


def spikes(found: pl.DataFrame, ties: pl.DataFrame) -> None:
    """Each spike in words, newest first, with what fits best and what else is near."""
    if not found.height:
        st.caption("No spike of low ratings in this range. " + SPIKE_RULE)
        return
    for spike in found.head(SPIKES_SHOWN).iter_rows(named=True):
        near = ties.filter(pl.col("spike_id") == spike["spike_id"]).sort("place").to_dicts()
        with st.container(border=True):
            st.markdown(f":red[:material/trending_up:] {spike_words(spike)}")
            st.markdown(tie_words(near))
    if found.height > SPIKES_SHOWN:
        st.caption(f"and {plural(found.height - SPIKES_SHOWN, 'more spike')}: see the rows behind this page.")
    st.caption(SPIKE_RULE)


def spike_words(spike: Row) -> str:
    """'**App**: 73 reviews with 1 or 2 stars from 18 Nov to 22 Nov, where 3 are usual. Most speak of ...'"""
    days = f"on {spike['started_on']:%-d %b}"
    if spike["ended_on"] > spike["started_on"]:
        days = f"from {spike['started_on']:%-d %b} to {spike['ended_on']:%-d %b}"
    low = plural(spike["low_count"], "review")
    usual = f"where {spike['usual_low_count']:.0f} would be usual"
    said = f"**{safe(spike['store_app'])}**: {low} with 1 or 2 stars {days}, {usual}."
    if spike["theme"]:
        said += f" {spike['theme_count']:,} speak of **{safe(theme_label(spike['theme']).lower())}**."
    if spike["version"]:
        told = spike["versioned_count"]
        said += f" {spike['version_count']:,} of {told:,} that tell a version are of **{safe(spike['version'])}**."
    return said


def tie_words(near: list[Row]) -> str:
    """What fits best with its reason, and the names of the rest."""
    if not near:
        return "No release, crash, incident, endpoint or deployment that Aurora knows of fits in time."
    best, *rest = near
    kind = TIES.get(best["kind"], "")
    when = f"{best['occurred_at']:%-d %b %H:%M} UTC"
    said = f"Fits best: {kind} **{safe(short(best['title'], 90))}** of {when}: {safe(best['reason'])}."
    if rest:
        others = "; ".join(f"{TIES.get(one['kind'], '')} {safe(short(one['title'], 60))}" for one in rest)
        said += f" Also near in time: {others}."
    return said


def table(frame: pl.DataFrame, key: str) -> Row | None:
    """The reviews, newest first; returns the one that was chosen."""
    text = pl.concat_str(pl.col("title"), pl.col("body"), separator=" — ", ignore_nulls=True)
    labels = themes()
    shown = frame.select(
        stars=pl.col("rating").replace_strict(STARS, default=None, return_dtype=pl.String),
        said=text.map_elements(upright, return_dtype=pl.String),
        mood=pl.col("sentiment").map_elements(lambda one: [MOODS[one][0]], return_dtype=pl.List(pl.String)),
        about=pl.col("themes").list.eval(pl.element().replace(labels)),
        app=pl.col("store_app"), version=pl.col("version").map_elements(upright, return_dtype=pl.String),
        country=pl.col("country"), language=pl.col("language"), created_at=pl.col("created_at"),
        replied_at=pl.col("replied_at"), reply=pl.col("reply_body").map_elements(upright, return_dtype=pl.String),
    )  # fmt: skip
    return clicked(frame, shown, key, f"{plural(frame.height, 'review')}, newest first", _columns(), placeholder="")


def _columns() -> dict[str, Any]:
    config = st.column_config
    signs, hues = zip(*MOODS.values(), strict=True)
    return {
        "stars": config.TextColumn("Stars", pinned=True, width=85),
        "said": config.TextColumn("Review", width=420),
        "mood": config.MultiselectColumn("Mood", options=list(signs), color=list(hues), width=105),
        "about": config.ListColumn("Themes", width=170),
        "app": config.TextColumn("Application", width=170),
        "version": config.TextColumn("Version", width=75),
        "country": config.TextColumn("Country", width=65),
        "language": config.TextColumn("Language", width=75),
        "created_at": config.DatetimeColumn("Written (UTC)", format="D MMM HH:mm", width=105),
        "replied_at": config.DatetimeColumn("Answered (UTC)", format="D MMM HH:mm", width=110),
        "reply": config.TextColumn("Reply", width=220),
    }


def one(review: Row) -> None:
    """A review whole, read from the side its script begins on, with its reply."""
    with st.container(border=True):
        stars = f"{review['rating']} ★" if review["rating"] else "no stars"
        told = [review["store_app"], review["version"], review["country"], review["language"], review["device_model"]]
        where = " · ".join(safe(one) for one in told if one)
        st.markdown(f"**{stars}** · {where} · {review['created_at']:%-d %b %Y %H:%M} UTC")
        for text in (review["title"], review["body"]):
            if text:
                st.html(paragraph(text))
        if review["replied_at"]:
            st.caption(f"Answered {review['replied_at']:%-d %b %Y %H:%M} UTC")
            if review["reply_body"]:
                st.html(paragraph(review["reply_body"]))
        else:
            st.caption("Not answered.")
