"""The one place where charts are put on a page."""

import polars as pl
import streamlit as st

from aurora.ui.charts import Chart
from aurora.ui.drawn import note


def plot(chart: Chart, frame: pl.DataFrame, name: str, /, key: str | None = None) -> None:
    """Draw the chart of these rows under a name that says what it shows; the export menu offers both."""
    note(name, frame, chart)
    st.altair_chart(chart, alt=name, key=key)
