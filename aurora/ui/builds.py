"""CI runs and tests: figures with their days, failing and slow cases, coverage over time."""

import altair as alt
import polars as pl
import streamlit as st

from aurora.ui import charts, tables
from aurora.ui.charts import GRID
from aurora.ui.frame import empty
from aurora.ui.plots import plot
from aurora.ui.words import NOTHING, number, percent, span


def figures(pipelines: pl.DataFrame, days: pl.DataFrame) -> None:
    """Success over all runs that ended well or badly, time, wait and flaky commits, each with its days."""
    good, bad = (int(pipelines[name].sum()) for name in ("good_count", "failed_count"))
    took, wait = (days[name].median() for name in ("duration_median_s", "queued_median_s"))
    failed = days["failed_count"].to_list()
    with st.grid(columns=5, min_column_width=150):
        st.metric("Runs", f"{int(pipelines['run_count'].sum())}", border=True, height="stretch",
                  chart_data=days["run_count"].to_list(), chart_type="bar")  # fmt: skip
        st.metric("Success rate", percent(100 * good / (good + bad), 1) if good + bad else NOTHING, border=True,
                  height="stretch", chart_data=failed, chart_type="bar",
                  help="Of runs that succeeded or failed; cancelled ones are in neither. Bars: failures.")  # fmt: skip
        for label, value, name in (
            ("Takes, median", took, "duration_median_s"),
            ("Waits, median", wait, "queued_median_s"),
        ):
            said = NOTHING if value is None else span(float(str(value)))
            st.metric(label, said, border=True, height="stretch", chart_data=_known(days, name), chart_type="line")
        st.metric("Flaky commits", f"{int(pipelines['flaky_commit_count'].sum())}", border=True, height="stretch",
                  help="Commits on which a run of one pipeline both failed and succeeded.")  # fmt: skip


def _known(days: pl.DataFrame, name: str) -> list[float] | None:
    found = days[name].drop_nulls().to_list()
    return found if len(found) > 1 else None


def tests(runs: pl.DataFrame, cases: pl.DataFrame, coverage: pl.DataFrame, flaky: pl.DataFrame) -> None:
    """Coverage, tests that a change does not explain, cases that fail or are slow, and the runs."""
    if not runs.height and not coverage.height:
        empty(
            "No test report in this range",
            "`aurora import report.xml --app shop` takes JUnit, Cobertura, LCOV and JaCoCo.",
        )
        return
    if coverage.height:
        st.subheader("Coverage of lines", anchor=False)
        plot(covered(coverage), coverage, "Coverage of lines over time")
        newest = coverage.sort("day").unique("app_name", keep="last").sort("coverage_pct", nulls_last=True)
        tables.plain(newest, "Code quality, newest of each application", 8)
    if runs.height:
        failed = int(runs["failure_count"].sum()) + int(runs["error_count"].sum())
        st.caption(f"{number(float(runs['test_count'].sum()))} tests in {runs.height} runs, {failed} failed.")
        st.subheader("Flaky tests, last 30 days", anchor=False)
        said = ("No test is flaky", "None failed and passed on one commit, or passed only when it was tried again.")
        tables.plain(flaky, "Flaky tests", 8, or_else=said)
        st.subheader("Failing and slow cases", anchor=False)
        tables.plain(cases, "Cases", 10, or_else=("No case failed or was slow", "Reports list those only."))
        st.subheader("Runs", anchor=False)
        tables.plain(runs, "Test runs", 8)


def covered(frame: pl.DataFrame) -> alt.Chart:
    """Share of covered lines per day, a line for each application."""
    chart: alt.Chart = (
        alt.Chart(frame.drop_nulls("coverage_pct"))
        .mark_line(strokeWidth=2, point=frame.height <= charts.FEW * 4)
        .encode(
            x=alt.X("day:T", title=None, axis=alt.Axis(grid=False, tickCount=8)),
            y=alt.Y(
                "coverage_pct:Q", title="%", scale=alt.Scale(zero=False), axis=alt.Axis(gridOpacity=GRID, tickCount=5)
            ),
            color=alt.Color("app_name:N", legend=alt.Legend(title=None, orient="top")),
            tooltip=[
                "app_name:N",
                alt.Tooltip("day:T", format="%d %b"),
                alt.Tooltip("coverage_pct:Q", format=".1f"),
            ],
        )
        .properties(height=220)
    )
    return chart
