"""Charts of a cost anomaly: its days with what was expected, and the waterfall of its parts. No Streamlit in here."""

from datetime import date
from typing import Any

import altair as alt
import polars as pl

from aurora.ui.charts import GRID, ON_EITHER

COST, BAND, ODD, MORE, LESS = "#0284C7", "#94A3B8", "#EF4444", "#EF4444", "#10B981"
Layers = alt.LayerChart | alt.FacetChart
PART_WORDS = {
    "price": "Price", "volume": "Volume", "new": "New", "gone": "Gone", "unexplained": "Unexplained",
}  # fmt: skip


def days(frame: pl.DataFrame, anomalous: set[date], currency: str) -> Layers:
    """Cost by day (columns of cost_series.band), the band in which nothing is odd, and the anomalous days marked."""
    told = frame.with_columns(
        pl.col("day").is_in(list(anomalous)).alias("is_odd"),
        pl.when(pl.col("is_estimated")).then(pl.lit("estimated")).otherwise(pl.lit("told")).alias("said"),
    )
    x = alt.X("day:T", title=None, axis=alt.Axis(grid=False, format="%d %b", tickCount=8))
    tips = [
        alt.Tooltip("day:T", format="%a %d %b"),
        alt.Tooltip("cost:Q", title=currency, format=",.2f"),
        alt.Tooltip("low:Q", title="Expected from", format=",.2f"),
        alt.Tooltip("high:Q", title="to", format=",.2f"),
        alt.Tooltip("said:N", title="Figures"),
    ]
    axis = alt.Axis(gridOpacity=GRID, tickCount=5)
    band = alt.Chart(told.drop_nulls(["low", "high"])).mark_area(opacity=0.25, color=BAND, interpolate="step").encode(
        x=x, y=alt.Y("low:Q", title=f"{currency} a day", axis=axis), y2="high:Q"
    )  # fmt: skip
    line = alt.Chart(told).mark_line(color=COST, strokeWidth=2).encode(x=x, y="cost:Q", tooltip=tips)
    odd = alt.Chart(told.filter(pl.col("is_odd"))).mark_point(
        color=ODD, shape="triangle-up", filled=True, size=80, opacity=1
    )
    drawn: Layers = alt.layer(band, line, odd.encode(x=x, y="cost:Q", tooltip=tips)).properties(height=260)
    return drawn


def waterfall(row: dict[str, Any]) -> Layers:
    """From what was expected to what it cost, over all its days: a bar each part that is not 0."""
    drawn_steps = steps(row)
    order = drawn_steps["step"].to_list()
    x = alt.X("step:N", sort=order, title=None, axis=alt.Axis(labelAngle=0, labelOverlap=False, ticks=False))
    base = alt.Chart(drawn_steps).encode(
        x=x,
        tooltip=[alt.Tooltip("step:N", title="Part"), alt.Tooltip("amount:Q", title=row["currency"], format=",.2f")],
    )
    bars = base.mark_bar(cornerRadius=2).encode(
        y=alt.Y("start:Q", title=row["currency"], axis=alt.Axis(gridOpacity=GRID, tickCount=5)),
        y2="end:Q",
        color=alt.Color("hue:N", scale=None),
    )
    words = base.mark_text(dy=-6, color=ON_EITHER).encode(y="top:Q", text=alt.Text("said:N"))
    drawn: Layers = alt.layer(bars, words).properties(height=260)
    return drawn


def steps(row: dict[str, Any]) -> pl.DataFrame:
    """The bars of the waterfall: what was expected, each part that is not 0, and what it cost."""
    count = row["day_count"] or 1
    expected, observed = (float(row[name] or 0) * count for name in ("expected_cost", "observed_cost"))
    rows: list[dict[str, Any]] = [_step("Expected", 0.0, expected, ON_EITHER, is_total=True)]
    at = expected
    for name, word in PART_WORDS.items():
        amount = float(row[f"{name}_amount"] or 0)
        if round(amount, 2):
            rows.append(_step(word, at, at + amount, MORE if amount > 0 else LESS))
            at += amount
    return pl.DataFrame([*rows, _step("Cost", 0.0, observed, COST, is_total=True)])


def _step(word: str, start: float, end: float, hue: str, *, is_total: bool = False) -> dict[str, Any]:
    amount = end - start
    said = f"{amount:,.0f}" if is_total else f"{amount:+,.0f}"
    return {
        "step": word,
        "start": start,
        "end": end,
        "amount": amount,
        "top": max(start, end),
        "said": said,
        "hue": hue,
    }
