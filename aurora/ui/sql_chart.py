"""The chart of a result: one that fits is suggested; its kind and columns can be chosen otherwise."""

from typing import Any

import polars as pl
import streamlit as st

from aurora.explore.charts import drawn, suggested
from aurora.ui.frame import empty
from aurora.ui.sql_runs import Run

KINDS = {"Line": "line", "Area": "area", "Bar": "bar", "Scatter": "point", "Number": "number"}
MOST_GROUPS = 12
NUMBER_WIDTH = 220


def fitting(frame: pl.DataFrame) -> dict[str, Any]:
    """The chart that fits: as elsewhere in Aurora, and besides points for two numbers, figures for a row of them."""
    told = suggested(frame)
    if told["kind"] != "table":
        return told
    numbers = _numbers(frame)
    words = [name for name, kind in frame.schema.items() if kind == pl.String]
    if frame.height == 1 and numbers:
        return {"kind": "number", "y": numbers[:6]}
    if words and numbers:
        return {"kind": "bar", "x": words[0], "y": numbers[:1]}
    if len(numbers) > 1:
        return {"kind": "point", "x": numbers[0], "y": numbers[1:2]}
    return told


def draw(run: Run, frame: pl.DataFrame) -> None:
    """The chart of a run with the fields that change it; what is chosen is kept with the run."""
    numbers = _numbers(frame)
    if not numbers:
        empty("No column of numbers", "A chart draws numbers: count or sum something, or cast a column.")
        return
    chart = _chosen(run, frame, numbers, run.chart or fitting(frame))
    run.chart = chart
    if chart["kind"] == "number":
        _figures(frame, chart["y"])
        return
    picture = drawn(frame, chart, height=400)
    if picture is None:
        empty("Nothing to draw", "Choose a column across and one of numbers up.")
        return
    with st.container(border=True):
        st.altair_chart(picture, width="stretch", key=f"sql-picture-{run.number}")


def _chosen(run: Run, frame: pl.DataFrame, numbers: list[str], first: dict[str, Any]) -> dict[str, Any]:
    key = f"sql-chart-{run.number}"
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        words = list(KINDS)
        begun = next((word for word, kind in KINDS.items() if kind == first["kind"]), words[2])
        kind = KINDS[st.segmented_control("Kind", words, default=begun, required=True, key=f"{key}-kind") or begun]
        told: dict[str, Any] = {"kind": kind}
        if kind != "number":
            names = frame.columns
            place = names.index(first["x"]) if first.get("x") in names else 0
            told["x"] = st.selectbox("Across", names, index=place, key=f"{key}-x", width=190)
        y = [name for name in first.get("y", []) if name in numbers] or numbers[:1]
        told["y"] = st.multiselect("Up", numbers, default=y, key=f"{key}-y", width=260) or y
        groups = _groups(frame)
        if kind != "number" and groups:
            by = groups.index(first["color"]) if first.get("color") in groups else None
            color = st.selectbox("Colour", groups, index=by, key=f"{key}-color", width=190, placeholder="none")
            told |= {"color": color} if color else {}
    return told


def _figures(frame: pl.DataFrame, names: list[str]) -> None:
    """The numbers of the first row, large."""
    with st.grid(columns=min(len(names), 4) + 1, min_column_width=NUMBER_WIDTH):
        for name in names:
            value = frame[name][0]
            st.metric(name, "null" if value is None else f"{value:,}" if isinstance(value, int) else f"{value:,.4g}",
                      border=True)  # fmt: skip


def _numbers(frame: pl.DataFrame) -> list[str]:
    return [name for name, kind in frame.schema.items() if kind.is_numeric()]


def _groups(frame: pl.DataFrame) -> list[str]:
    """Columns of few words, by which lines can be told apart."""
    words = [name for name, kind in frame.schema.items() if kind == pl.String or kind == pl.Boolean]
    return [name for name in words if 1 < frame[name].n_unique() <= MOST_GROUPS]
