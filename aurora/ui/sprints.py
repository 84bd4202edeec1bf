"""What the page of sprints draws: velocity with forecast, the list, one sprint's burn-down and team."""

from typing import Any

import altair as alt
import polars as pl
import streamlit as st

from aurora.contracts import Row
from aurora.ui import tables
from aurora.ui.charts import GRID, ON_EITHER
from aurora.ui.plots import plot
from aurora.ui.words import NOTHING, marked, number, percent, plural, safe, spoken

TREND = {"rising": "▲ rising", "falling": "▼ falling", "stable": "● stable", "unknown": "? too few sprints"}
PACE = {"on_track": ("● On track", "#047857"), "behind": ("▲ Behind", "#B45309"), "unknown": ("? Not known", "#6B7280")}
METHODS = {
    "changelog": "from the changes of its items", "api_history": "as its source keeps them",
    "current_membership": "of the items that are in it now",
}  # fmt: skip
CARDS = 8


def forecasts(frame: pl.DataFrame) -> None:
    """A card per project: points a sprint, their trend, and when what is planned will be done."""
    if not frame.height:
        return
    with st.grid(columns=3, min_column_width=290):
        for row in frame.head(CARDS).iter_rows(named=True):
            st.metric(
                safe(row["name"] or row["project_id"]), f"{number(row['velocity_points'], '', 1)} points a sprint",
                TREND[row["trend"]], delta_color="off", delta_arrow="off", border=True, height="stretch",
                delta_description=_done(row),
                help=f"Mean of the last {plural(row['sprint_count'], 'closed sprint')}, "
                f"{percent(row['kept_pct'], 0)} of what was committed; within 5 % is stable.",
            )  # fmt: skip


def _done(row: Row) -> str:
    if not row["left_points"] or row["forecast_on"] is None:
        return "nothing sized is planned"
    first, last = row["forecast_first_on"], row["forecast_last_on"]
    between = f" ({first:%d %b} to {last:%d %b})" if first and last else ""
    return f"{number(row['left_points'])} left: {row['forecast_on']:%d %b}{between}"


def table(frame: pl.DataFrame, key: str) -> str | None:
    """The sprints, active ones first; returns the one that was chosen."""
    states = {word: marked(word) for word in frame["state"].unique()}
    shown = frame.select(
        "project", "name", pl.Series("state", [[states[word][0]] for word in frame["state"]], pl.List(pl.String)),
        pl.Series("pace", [[PACE[word][0]] if word in PACE else [] for word in frame["pace"]], pl.List(pl.String)),
        "progress_pct", "elapsed_pct", "committed_points", "added_points", "removed_points", "total_points",
        "completed_points", "starts_at", "ends_at", "goal",
    )  # fmt: skip
    name = f"{plural(frame.height, 'sprint')}, active ones first"
    row = tables.clicked(frame, shown, key, name, _columns(dict(states.values())), most=10)
    return str(row["sprint_id"]) if row else None


def _columns(states: dict[str, str]) -> dict[str, Any]:
    config = st.column_config
    points = {
        "committed": "Committed",
        "added": "Added",
        "removed": "Removed",
        "total": "Total",
        "completed": "Completed",
    }
    return {f"{name}_points": config.NumberColumn(label, format="%.4g", width=90) for name, label in points.items()} | {
        "project": config.TextColumn("Project", pinned=True, width=170),
        "name": config.TextColumn("Sprint", width=150),
        "state": config.MultiselectColumn("State", options=list(states), color=list(states.values()), width=100),
        "pace": config.MultiselectColumn(
            "Pace", options=[word for word, _ in PACE.values()], color=[hue for _, hue in PACE.values()], width=105
        ),
        "progress_pct": config.ProgressColumn("Done", min_value=0, max_value=100, format="%.0f%%", width=100),
        "elapsed_pct": config.ProgressColumn("Days gone", min_value=0, max_value=100, format="%.0f%%", width=100),
        "starts_at": config.DatetimeColumn("From (UTC)", format="D MMM", width=90),
        "ends_at": config.DatetimeColumn("To (UTC)", format="D MMM", width=90),
        "goal": config.TextColumn("Goal", width=260),
    }


def heading(row: Row) -> None:
    """Name, dates, goal and how its points are known."""
    st.subheader(safe(f"{row['project'] or ''}: {row['name']}".removeprefix(": ")), anchor=False)
    dates = [f"{at:%d %b %Y}" for at in (row["starts_at"], row["ends_at"]) if at]
    method = METHODS.get(row["points_method"] or "", "")
    st.caption(
        " · ".join(filter(None, (" to ".join(dates), safe(row["goal"] or ""), f"points {method}" if method else "")))
    )


def burn_down(days: pl.DataFrame, row: Row) -> None:
    """Points left at the end of each day beside an even burn, and the scope."""
    st.markdown("**Points left**")
    if not days.height:
        st.caption("Nothing tells how its items moved.")
        return
    start, end = days["day"][0], row["ends_at"].date() if row["ends_at"] else days["day"][-1]
    first = float(days["scope_points"][0])
    even = pl.DataFrame({"day": [start, end], "series": ["even burn"] * 2, "points": [first, 0.0]})
    told = days.select("day", pl.col("left_points").alias("left"), pl.col("scope_points").alias("scope")).unpivot(
        index="day", variable_name="series", value_name="points"
    )
    long = pl.concat([told.with_columns(pl.col("points").cast(pl.Float64)), even], how="diagonal")
    names, hues = ["left", "scope", "even burn"], ["#0284C7", "#8B5CF6", ON_EITHER]
    chart = (
        alt.Chart(long)
        .mark_line(strokeWidth=2, point=True)
        .encode(
            x=alt.X("day:T", title=None, axis=alt.Axis(grid=False, format="%d %b", tickCount=7)),
            y=alt.Y("points:Q", title="points", axis=alt.Axis(gridOpacity=GRID, tickCount=5)),
            color=alt.Color(
                "series:N", scale=alt.Scale(domain=names, range=hues),
                legend=alt.Legend(title=None, orient="top", symbolType="stroke"),
            ),
            strokeDash=alt.StrokeDash(
                "series:N", legend=None, scale=alt.Scale(domain=names, range=[[1, 0], [2, 2], [5, 4]])
            ),
            tooltip=[alt.Tooltip("day:T", format="%d %b"), "series:N", alt.Tooltip("points:Q", format=".1f")],
        )
        .properties(height=240)
    )  # fmt: skip
    plot(chart, days, f"Points left of {row['name']} by day")


def team(frame: pl.DataFrame) -> None:
    """Who is in it, by role."""
    st.markdown("**Team**")
    if not frame.height:
        st.caption("Nobody has said who is in it.")
    for role in frame["role"].unique(maintain_order=True):
        names = frame.filter(pl.col("role") == role)["name"].to_list()
        st.markdown(f"{spoken(role)}  \n{safe(', '.join(names)) or NOTHING}")
