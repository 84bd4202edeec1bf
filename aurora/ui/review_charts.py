"""Charts of store reviews: frame -> altair chart. No Streamlit in here, so that reports draw the same ones."""

import altair as alt
import polars as pl

GRID = 0.35
BANDS = {"1 or 2 stars": "#EF4444", "3 stars": "#F59E0B", "4 or 5 stars": "#10B981", "no stars": "#9CA3AF"}


def days(frame: pl.DataFrame, height: int = 180) -> alt.Chart:
    """Reviews per day, stacked by stars (columns day, band, review_count)."""
    scale = alt.Scale(domain=list(BANDS), range=list(BANDS.values()))
    chart: alt.Chart = (
        alt.Chart(frame)
        .mark_bar()
        .encode(
            x=alt.X("day:T", title=None, axis=alt.Axis(grid=False, format="%d %b", tickCount=8)),
            y=alt.Y("review_count:Q", title="reviews", axis=alt.Axis(gridOpacity=GRID, tickCount=4)),
            color=alt.Color("band:N", scale=scale, legend=alt.Legend(title=None, orient="top")),
            order=alt.Order("rank:Q"),
            tooltip=[
                alt.Tooltip("day:T", title="UTC", format="%d %b"),
                alt.Tooltip("band:N", title="Stars"),
                alt.Tooltip("review_count:Q", title="Reviews", format=",.0f"),
            ],
        )
        .properties(height=height)
    )
    return chart
