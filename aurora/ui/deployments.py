"""What the pages of deployments draw: figures, a time line, the list, what is to come, and one deployment's signs."""

from typing import Any

import altair as alt
import polars as pl
import streamlit as st

from aurora.ui import tables
from aurora.ui.charts import GRID
from aurora.ui.frame import empty
from aurora.ui.words import NOTHING, marked, number, percent, plural, span

OUTCOMES = ["succeeded", "failed", "rolled back", "running"]
HUES = {"succeeded": "#10B981", "failed": "#EF4444", "rolled back": "#F59E0B", "running": "#0284C7"}
SHAPES = {"succeeded": "circle", "failed": "cross", "rolled back": "diamond", "running": "triangle-right"}
STAGES = ["production", "staging", "testing", "development", "unknown"]
TAGS = 3


def outcome() -> pl.Expr:
    """What became of a deployment, as one of OUTCOMES."""
    status = pl.col("status")
    return (
        pl.when(status == "success").then(pl.lit("succeeded")).when(status == "failed").then(pl.lit("failed"))
        .when(status == "rolled_back").then(pl.lit("rolled back")).otherwise(pl.lit("running"))
    )  # fmt: skip


def figures(frame: pl.DataFrame) -> None:
    """Deployments, success rate, failed ones and rollbacks of production, and how long they take."""
    counts = {word: frame.filter(outcome() == word).height for word in OUTCOMES}
    over = counts["succeeded"] + counts["failed"] + counts["rolled back"]
    took = frame["duration_s"].median() if frame.height else None
    with st.grid(columns=5, min_column_width=150):
        st.metric("Deployments", f"{frame.height}", border=True)
        st.metric("Success rate", percent(100 * counts["succeeded"] / over, 1) if over else NOTHING, border=True,
                  help="Of those that are over: not failed and not rolled back.")  # fmt: skip
        st.metric("Failed", f"{counts['failed']}", border=True)
        st.metric("Rolled back", f"{counts['rolled back']}", border=True)
        st.metric(
            "Takes, median", span(float(str(took))) if took is not None else NOTHING, border=True, height="stretch"
        )


def timeline(frame: pl.DataFrame) -> alt.Chart:
    """A mark per deployment, a row per stage; sign and colour say what became of it."""
    shown = frame.with_columns(outcome().alias("outcome")).select(
        "over_at", "env_tier", "outcome", "app_name", pl.coalesce("version", pl.col("sha").str.head(8)).alias("version")
    )
    words = [word for word in OUTCOMES if word in shown["outcome"]]
    stages = [stage for stage in STAGES if stage in shown["env_tier"]]
    chart: alt.Chart = (
        alt.Chart(shown)
        .mark_point(filled=True, size=70, opacity=0.8)
        .encode(
            x=alt.X("over_at:T", title=None, axis=alt.Axis(grid=False, tickCount=8)),
            y=alt.Y("env_tier:N", title=None, sort=stages, axis=alt.Axis(gridOpacity=GRID, grid=True, ticks=False)),
            color=alt.Color(
                "outcome:N",
                scale=alt.Scale(domain=words, range=[HUES[word] for word in words]),
                legend=alt.Legend(title=None, orient="top"),
            ),
            shape=alt.Shape(
                "outcome:N", legend=None, scale=alt.Scale(domain=words, range=[SHAPES[word] for word in words])
            ),
            tooltip=[
                alt.Tooltip("over_at:T", title="UTC", format="%d %b %H:%M"), "app_name:N", "version:N", "outcome:N"
            ],
        )
        .properties(height=90 + 34 * len(stages))
    )  # fmt: skip
    return chart


def tags(changes: list[str] | None) -> list[str]:
    """The first changes as tags, and '+4 more'."""
    told = [change[:40] for change in changes or []]
    return told if len(told) <= TAGS else [*told[:TAGS], f"+{len(told) - TAGS} more"]


def table(frame: pl.DataFrame, key: str) -> str | None:
    """The deployments, newest first; returns the one that was chosen."""
    marks = {word: marked(word) for word in frame["status"].unique()}
    shown = frame.select(
        "over_at", pl.col("app_name").fill_null("nobody's"),
        pl.coalesce("version", pl.col("sha").str.head(8)).alias("version"), "environment",
        pl.Series("status", [[marks[word][0]] for word in frame["status"]], pl.List(pl.String)),
        pl.when(pl.col("is_rollback")).then(pl.lit("rollback")).when(pl.col("is_hotfix")).then(pl.lit("hotfix")).alias("kind"),
        pl.Series("changes", [tags(one) for one in frame["changes"].to_list()], pl.List(pl.String)),
        pl.Series("took", [None if one is None else span(one) for one in frame["duration_s"]], pl.String),
        "actor", "rollback_plan", "source_instance",
    )  # fmt: skip
    name = f"{plural(frame.height, 'deployment')}, newest first"
    row = tables.clicked(frame, shown, key, name, _columns(dict(marks.values())))
    return str(row["deployment_id"]) if row else None


def _columns(states: dict[str, str]) -> dict[str, Any]:
    config = st.column_config
    return {
        "over_at": config.DatetimeColumn("When (UTC)", format="D MMM HH:mm", width=110),
        "app_name": config.TextColumn("Application", width=190),
        "version": config.TextColumn("Version", width=95),
        "environment": config.TextColumn("Environment", width=110),
        "status": config.MultiselectColumn("Status", options=list(states), color=list(states.values()), width=125),
        "kind": config.TextColumn("Kind", width=80),
        "changes": config.ListColumn("Changes", width=260),
        "took": config.TextColumn("Took", width=75),
        "actor": config.TextColumn("By", width=120),
        "rollback_plan": config.TextColumn("Rollback plan", width=200),
        "source_instance": config.TextColumn("Source", width=90),
    }


def upcoming(frame: pl.DataFrame) -> None:
    """What waits, is drafted, or has a date ahead."""
    tables.plain(
        frame, "Upcoming releases",
        or_else=("Nothing is announced", "Queued deployments, draft releases and next releases of projects show here."),
        due_at=st.column_config.DatetimeColumn("Due (UTC)", format="D MMM HH:mm"),
        kind=st.column_config.TextColumn("What"),
    )  # fmt: skip


def unmapped(frame: pl.DataFrame) -> None:
    """Environments whose stage no rule knows: their deployments are in no figure of production."""
    tables.plain(
        frame, "Environments without a stage",
        or_else=("Every environment has its stage", "production, staging, testing or development."),
    )  # fmt: skip


def change(before: float | None, after: float | None, unit: str, digits: int = 0) -> str:
    """'120 ms before, 180 ms after (+50%)', n/a where nothing was sampled."""
    said = f"{number(before, unit, digits)} before, {number(after, unit, digits)} after"
    return said if not before or after is None else f"{said} ({100 * (after / before - 1):+.0f}%)"


def effect(frame: pl.DataFrame) -> None:
    """The hour before against the hour after, for each component of its applications."""
    if not frame.height:
        empty(
            "Nothing was sampled around it", "No component of its application reported in the hours before and after."
        )
        return
    lines = [
        {
            "name": row["name"],
            "response": change(row["response_before_ms"], row["response_after_ms"], "ms"),
            "errors": change(row["errors_before_pct"], row["errors_after_pct"], "%", 2),
            "cpu": change(row["cpu_before_pct"], row["cpu_after_pct"], "%"),
            "down": span(row["down_after_s"]) if row["down_after_s"] else "",
        }
        for row in frame.iter_rows(named=True)
    ]
    text = st.column_config.TextColumn
    columns = {
        "name": text("Component", width=180), "response": text("Response", width=260),
        "errors": text("Errors", width=260), "cpu": text("CPU", width=230), "down": text("Down after", width=100),
    }  # fmt: skip
    tables.draw(frame, pl.DataFrame(lines), "Measures before and after", columns, most=8)
    st.caption("Means of the hour before and of the hour after.")
