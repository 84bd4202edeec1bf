"""Pull requests: where the time goes, part by part, and what waits."""

import altair as alt
import polars as pl
import streamlit as st

from aurora.contracts import Row
from aurora.insights.cycle import graded, next_step
from aurora.ui import tables
from aurora.ui.charts import GRID
from aurora.ui.frame import empty
from aurora.ui.plots import plot
from aurora.ui.words import NOTHING, number, plural, safe, span

PARTS = {"coding": "Coding", "pickup": "Pickup", "review": "Review", "deploy": "Deploy"}
STEPS = 3
HUES = ["#0284C7", "#F59E0B", "#8B5CF6", "#10B981"]


def stages(frame: pl.DataFrame) -> None:
    """Figures of the applications together as a range, and the parts of each as bars."""
    apps = frame.filter((pl.col("scope_type") == "app") & (pl.col("merged_count") > 0))
    if not apps.height:
        return
    with st.grid(columns=5, min_column_width=150):
        merged, shipped = int(apps["merged_count"].sum()), int(apps["deployed_count"].sum())
        st.metric("Merged", f"{merged}", border=True, help=f"{plural(apps.height, 'application')}; {shipped} deployed.")
        for name in ("pickup", "review", "deploy"):
            middle = apps[f"{name}_median_s"].median()
            st.metric(PARTS[name], NOTHING if middle is None else span(float(str(middle))), border=True,
                      help="Median of each application, of them the one in the middle.")  # fmt: skip
        p75 = apps["cycle_p75_s"].median()
        st.metric("Cycle, 75 %", NOTHING if p75 is None else span(float(str(p75))), border=True,
                  delta=None if p75 is None else graded(float(str(p75))), delta_color="off", delta_arrow="off",
                  help="Three of four pull requests are through by then. Graded by LinearB's benchmark.")  # fmt: skip
    st.markdown("  \n".join(filter(None, map(_step, apps.head(STEPS).iter_rows(named=True)))))
    plot(_bars(apps), apps, "Median hours of coding, pickup, review and deploy per application")
    st.caption(
        "Medians of each part by itself, the slowest application first; what is not deployed yet has no deploy part."
    )


def _step(row: Row) -> str | None:
    """'**Shop** is fair: 12 h less make it good; review is its longest part, 30 h.'"""
    found = next_step(row["cycle_p75_s"], {label: row[f"{name}_median_s"] for name, label in PARTS.items()})
    if found is None:
        return None
    told = f"**{safe(row['name'])}** {graded(row['cycle_p75_s'])}: {span(found.less_s)} less would be {found.grade}"
    return f"{told}; {found.part.lower()} is its longest part, {span(found.part_s)}."


def _bars(apps: pl.DataFrame) -> alt.Chart:
    columns = {f"{name}_median_s": label for name, label in PARTS.items()}
    long = (
        apps.select("name", *columns)
        .rename(columns)
        .unpivot(index="name", variable_name="part", value_name="seconds")
        .with_columns((pl.col("seconds") / 3600).alias("hours"))
        .drop_nulls("hours")
    )
    order = list(PARTS.values())
    chart: alt.Chart = (
        alt.Chart(long.with_columns(pl.col("part").replace_strict(order, list(range(4)), default=9).alias("rank")))
        .mark_bar(height=14)
        .encode(
            x=alt.X("hours:Q", title="hours", axis=alt.Axis(gridOpacity=GRID, tickCount=6)),
            y=alt.Y(
                "name:N",
                title=None,
                sort=apps["name"].to_list(),
                axis=alt.Axis(labelLimit=180, ticks=False, labelOverlap=False),
            ),
            color=alt.Color(
                "part:N",
                sort=order,
                scale=alt.Scale(domain=order, range=HUES),
                legend=alt.Legend(title=None, orient="top"),
            ),
            order=alt.Order("rank:Q"),
            tooltip=["name:N", "part:N", alt.Tooltip("hours:Q", format=",.1f")],
        )
        .properties(height=90 + apps.height * 24)
    )
    return chart


def waiting(frame: pl.DataFrame) -> None:
    """Open pull requests, stale ones first."""
    if not frame.height:
        empty("No pull request is open", "Or none is known: connect GitHub, GitLab or Bitbucket; see Sources.")
        return
    with st.grid(columns=4, min_column_width=150):
        st.metric("Open", f"{frame.height}", border=True)
        st.metric("Stale", f"{int(frame['is_stale'].sum())}", border=True, help="Untouched for a week, drafts aside.")
        unseen = frame.filter(pl.col("first_review_at").is_null() & ~pl.col("is_draft").fill_null(False)).height
        st.metric("Without a review", f"{unseen}", border=True)
        size = frame["size_lines"].median()
        st.metric("Size, median", NOTHING if size is None else f"{number(float(str(size)))} lines", border=True)
    tables.plain(
        frame, "Open pull requests, stale ones first", 14, title=st.column_config.TextColumn("What", width=330)
    )
