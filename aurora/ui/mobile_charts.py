"""Charts of mobile apps: how versions spread, crashes and use by day, signs and causes on one axis."""

import altair as alt
import polars as pl

from aurora.ui.charts import DASHES, GRID

VERSIONS = 6
SIGN = [False, True]


def adoption(frame: pl.DataFrame, height: int = 260) -> alt.LayerChart:
    """The share of each version by days since its release, newest versions; the dashed line is "adopted"."""
    newest = (
        frame.group_by("version").agg(pl.col("released_on").max()).sort("released_on", descending=True).head(VERSIONS)
    )
    shown = frame.join(newest.select("version"), on="version").filter(pl.col("age_days") <= 60)
    names = newest["version"].to_list()
    lines = (
        alt.Chart(shown.with_columns(share_pct=100 * pl.col("share_ratio")))
        .mark_line(strokeWidth=2, point=alt.OverlayMarkDef(size=12))
        .encode(
            x=alt.X("age_days:Q", title="Days since release", axis=alt.Axis(grid=False, tickMinStep=1)),
            y=alt.Y("share_pct:Q", title="%", scale=alt.Scale(domain=[0, 100]), axis=alt.Axis(gridOpacity=GRID)),
            color=alt.Color("version:N", sort=names, legend=alt.Legend(title=None, orient="top")),
            strokeDash=alt.StrokeDash("version:N", sort=names, legend=None, scale=alt.Scale(range=DASHES)),
            tooltip=[
                alt.Tooltip("version:N", title="Version"),
                alt.Tooltip("age_days:Q", title="Days since release"),
                alt.Tooltip("share_pct:Q", title="Share %", format=".1f"),
                alt.Tooltip("day:T", title="Day", format="%d %b"),
            ],
        )
    )
    adopted = alt.Chart(pl.DataFrame({"share": [10.0]})).mark_rule(strokeDash=[4, 4], opacity=0.6).encode(y="share:Q")
    layers: list[alt.Chart] = [lines, adopted]
    sized: alt.LayerChart = alt.layer(*layers).resolve_scale(color="independent").properties(height=height)
    return sized


def by_day(frame: pl.DataFrame, value: str, title: str, height: int = 220) -> alt.Chart:
    """One measure of each app (name) by day."""
    chart: alt.Chart = (
        alt.Chart(frame)
        .mark_line(strokeWidth=2, point=frame.height <= 31, invalid="break-paths-show-domains")
        .encode(
            x=alt.X("day:T", title=None, axis=alt.Axis(grid=False, format="%d %b", labelOverlap=True)),
            y=alt.Y(f"{value}:Q", title=title, scale=alt.Scale(zero=False, nice=True), axis=alt.Axis(gridOpacity=GRID)),
            color=alt.Color("name:N", legend=alt.Legend(title=None, orient="top", labelLimit=260)),
            strokeDash=alt.StrokeDash("name:N", legend=None, scale=alt.Scale(range=DASHES)),
            tooltip=[
                alt.Tooltip("name:N", title="App"),
                alt.Tooltip("day:T", title="Day", format="%d %b"),
                alt.Tooltip(f"{value}:Q", title=title, format=",.2f"),
            ],
        )
        .properties(height=height)
    )
    return chart


def axis(frame: pl.DataFrame, height_per_row: int = 30) -> alt.Chart:
    """Signs and what happened (lane) as marks on one axis of time; the better a cause fits, the larger its mark."""
    lanes = frame["lane"].unique(maintain_order=True).to_list()
    chart: alt.Chart = (
        alt.Chart(frame)
        .mark_point(filled=True, opacity=0.85)
        .encode(
            x=alt.X("at:T", title=None, axis=alt.Axis(format="%d %b", gridOpacity=GRID, labelOverlap=True)),
            y=alt.Y("lane:N", title=None, sort=lanes, axis=alt.Axis(labelLimit=170, ticks=False, domain=False)),
            shape=alt.Shape("is_sign:N", legend=None, scale=alt.Scale(domain=SIGN, range=["circle", "diamond"])),
            color=alt.Color("is_sign:N", legend=None, scale=alt.Scale(domain=SIGN, range=["#3B82F6", "#EF4444"])),
            size=alt.Size("fit_score:Q", legend=None, scale=alt.Scale(domain=[0, 100], range=[25, 220])),
            tooltip=[
                alt.Tooltip("at:T", title="UTC", format="%d %b %H:%M"),
                alt.Tooltip("what:N", title="What"),
                alt.Tooltip("fit_score:Q", title="Fit", format=".0f"),
            ],
        )
        .properties(height=max(2, len(lanes)) * height_per_row)
    )
    return chart
