"""Charts: frame -> altair chart. No Streamlit in here, so that reports draw the same ones."""

import altair as alt
import polars as pl

from aurora.words import STATUS

DEPLOYED = ["deployed", "failed", "rolled back"]
SHAPES = ["triangle-up", "cross", "diamond"]
HUES = ["#10B981", "#EF4444", "#F59E0B"]
DASHES = [[1, 0], [5, 3], [2, 2], [8, 2]]
GRID = 0.35
ON_EITHER = "#708096"  # text that is read on a light and on a dark page alike
FEW = 5
Chart = alt.Chart | alt.LayerChart | alt.FacetChart


def lines(
    frame: pl.DataFrame,
    measures: dict[str, str],
    unit: str,
    deployments: pl.DataFrame | None = None,
    height: int = 260,
) -> alt.LayerChart:
    """Measures (column -> name) over bucket_at, told apart by dash and colour, with deployment marks on top."""
    layers: list[alt.Chart] = [_series(frame, measures, unit)]
    if deployments is not None and deployments.height:
        layers += _deployment_marks(deployments)
    chart = alt.layer(*layers).resolve_scale(color="independent", shape="independent")
    sized: alt.LayerChart = chart.properties(height=height)
    return sized


def _series(frame: pl.DataFrame, measures: dict[str, str], unit: str) -> alt.Chart:
    names = list(measures.values())
    long = (
        frame.select("bucket_at", *measures)
        .rename(measures)
        .unpivot(index="bucket_at", on=names, variable_name="series", value_name="value")
    )
    axis = alt.Axis(grid=False, labelOverlap=True, tickCount=8, format=_format(frame))
    values = alt.Axis(gridOpacity=GRID, tickCount=5)
    legend = alt.Legend(title=None, orient="top", symbolType="stroke") if len(names) > 1 else None
    # A line through one point is no line: the first minutes of a new source are drawn as dots.
    line = alt.Chart(long).mark_line(
        strokeWidth=2, interpolate="monotone", invalid="break-paths-show-domains", point=frame.height <= FEW
    )
    drawn: alt.Chart = line.encode(
        x=alt.X("bucket_at:T", title=None, axis=axis),
        y=alt.Y("value:Q", title=unit, scale=alt.Scale(zero=False, nice=True), axis=values),
        color=alt.Color("series:N", sort=names, legend=legend),
        strokeDash=alt.StrokeDash("series:N", sort=names, legend=None, scale=alt.Scale(range=DASHES)),
        tooltip=[
            alt.Tooltip("bucket_at:T", title="UTC", format="%d %b %H:%M"),
            alt.Tooltip("series:N", title="Series"),
            alt.Tooltip("value:Q", title=unit, format=",.2f"),
        ],
    )
    return drawn


def _deployment_marks(deployments: pl.DataFrame) -> list[alt.Chart]:
    """A thin rule and a shape at the top for each deployment; `state` is one of DEPLOYED."""
    base = alt.Chart(deployments)
    rules = base.mark_rule(opacity=0.25, strokeWidth=1, color="#94A3B8").encode(x="at:T")
    marks = base.mark_point(size=55, filled=True, opacity=0.95).encode(
        x="at:T",
        y=alt.value(4),
        shape=alt.Shape("state:N", legend=None, scale=alt.Scale(domain=DEPLOYED, range=SHAPES)),
        color=alt.Color("state:N", legend=None, scale=alt.Scale(domain=DEPLOYED, range=HUES)),
        tooltip=[
            alt.Tooltip("at:T", title="UTC", format="%d %b %H:%M"),
            alt.Tooltip("title:N", title="Deployment"),
            alt.Tooltip("state:N", title="State"),
        ],
    )
    return [rules, marks]


def heat(frame: pl.DataFrame, height_per_row: int = 24) -> alt.Chart:
    """Availability per component (name) and bucket: one row each, worst first as the frame stands; grey is unknown."""
    names = frame["name"].unique(maintain_order=True).to_list()
    chart: alt.Chart = (
        alt.Chart(frame)
        .mark_rect(cornerRadius=2, stroke="transparent", strokeWidth=2)
        .encode(
            x=alt.X("bucket_at:O", title=None, axis=alt.Axis(labels=False, ticks=False, domain=False)),
            y=alt.Y(
                "name:N",
                title=None,
                sort=names,
                axis=alt.Axis(labelLimit=170, labelOverlap=False, ticks=False, domain=False),
            ),
            color=alt.Color(
                "worst_status:N",
                scale=alt.Scale(domain=list(STATUS), range=[mark.hue for mark in STATUS.values()]),
                legend=alt.Legend(title=None, orient="top", symbolType="square"),
            ),
            tooltip=[
                alt.Tooltip("name:N", title="Component"),
                alt.Tooltip("bucket_at:T", title="From (UTC)", format="%d %b %H:%M"),
                alt.Tooltip("worst_status:N", title="Worst status"),
            ],
        )
        .properties(height=max(1, len(names)) * height_per_row)
    )
    return chart


def phases(frame: pl.DataFrame, height: int = 220) -> alt.Chart:
    """Mean time of each probe phase per bucket, stacked."""
    order: list[str] = ["resolve", "connect", "tls", "processing", "transfer"]
    chart: alt.Chart = (
        alt.Chart(frame)
        .mark_area(opacity=0.75)
        .encode(
            x=alt.X("bucket_at:T", title=None, axis=alt.Axis(grid=False, format=_format(frame))),
            y=alt.Y("ms:Q", title="ms", stack="zero", axis=alt.Axis(gridOpacity=GRID, tickCount=5)),
            color=alt.Color("phase:N", sort=order, legend=alt.Legend(title=None, orient="top")),
            order=alt.Order("rank:Q"),
            tooltip=[
                alt.Tooltip("phase:N"),
                alt.Tooltip("ms:Q", format=",.1f"),
                alt.Tooltip("bucket_at:T", format="%d %b %H:%M"),
            ],
        )
        .properties(height=height)
    )
    return chart


def _format(frame: pl.DataFrame) -> str:
    """Hours within two days, days beyond."""
    if not frame.height:
        return "%H:%M"
    width = frame["bucket_at"].max() - frame["bucket_at"].min()  # type: ignore[operator]
    return "%H:%M" if getattr(width, "days", 0) < 2 else "%d %b"


def parts(frame: pl.DataFrame, height_per_part: int = 28) -> alt.LayerChart:
    """The parts of a score as bars from 0 to 100, score and lost points in columns beside; no data is a grey track."""
    score = pl.col("score").round(0).cast(pl.Int64, strict=False).cast(pl.String)
    lost = (
        pl.when(pl.col("lost_score") >= 0.05)
        .then(pl.format("−{}", pl.col("lost_score").round(1)))
        .otherwise(pl.lit(""))
    )
    band = pl.when(pl.col("score") >= 85).then(pl.lit("good")).when(pl.col("score") >= 60).then(pl.lit("fair"))
    shown = frame.select(
        "part", "score", "has_data", "lost_score", weight_pct=pl.col("weight_ratio") * 100, full=pl.lit(100.0),
        said=pl.when(pl.col("has_data")).then(score).otherwise(pl.lit("no data")), lost=lost,
        band=band.otherwise(pl.lit("poor")),
    )  # fmt: skip
    names = shown["part"].to_list()
    bands = alt.Scale(domain=["good", "fair", "poor"], range=["#10B981", "#F59E0B", "#EF4444"])
    axis = alt.Axis(ticks=False, domain=False, labelLimit=120)
    base = alt.Chart(shown).encode(y=alt.Y("part:N", title=None, sort=names, axis=axis))
    x = alt.X("score:Q", title=None, scale=alt.Scale(domain=[0, 122], nice=False), axis=None)
    track = base.mark_bar(height=10, cornerRadius=5, opacity=0.16, color="#94A3B8").encode(x=alt.X("full:Q", axis=None))
    tooltip = [
        alt.Tooltip("part:N", title="Part"),
        alt.Tooltip("score:Q", title="Score", format=".1f"),
        alt.Tooltip("weight_pct:Q", title="Weight %", format=".0f"),
        alt.Tooltip("lost_score:Q", title="Points lost", format=".1f"),
    ]
    bars = base.transform_filter("datum.has_data").mark_bar(height=10, cornerRadius=5).encode(
        x=x, color=alt.Color("band:N", legend=None, scale=bands), tooltip=tooltip
    )  # fmt: skip
    said = base.mark_text(align="left", fontSize=12, color=ON_EITHER).encode(x=alt.datum(102), text="said:N")
    taken = base.mark_text(align="right", fontSize=12, fontWeight="bold", color=ON_EITHER).encode(
        x=alt.datum(121), text="lost:N"
    )
    layers: list[alt.Chart] = [track, bars, said, taken]
    sized: alt.LayerChart = (
        alt.layer(*layers).resolve_scale(color="independent").properties(height=len(names) * height_per_part)
    )
    return sized


def score_days(frame: pl.DataFrame, height: int = 110) -> alt.Chart:
    """The score per day."""
    chart: alt.Chart = (
        alt.Chart(frame)
        .mark_line(strokeWidth=2, point=frame.height <= 31)
        .encode(
            x=alt.X("day:T", title=None, axis=alt.Axis(grid=False, format="%d %b", tickCount=6)),
            y=alt.Y("score:Q", title=None, scale=alt.Scale(domain=[0, 100]), axis=alt.Axis(tickCount=3)),
            tooltip=[alt.Tooltip("day:T", format="%d %b"), alt.Tooltip("score:Q", format=".1f")],
        )
        .properties(height=height)
    )
    return chart


def cost_days(frame: pl.DataFrame, height: int = 220) -> alt.Chart:
    """Effective cost per day, stacked by category."""
    chart: alt.Chart = (
        alt.Chart(frame.with_columns(pl.col("effective_cost").cast(pl.Float64)))
        .mark_bar()
        .encode(
            x=alt.X("day:T", title=None, axis=alt.Axis(grid=False, format="%d %b")),
            y=alt.Y("effective_cost:Q", title=str(frame["currency"][0]), axis=alt.Axis(gridOpacity=GRID, tickCount=5)),
            color=alt.Color("category:N", legend=alt.Legend(title=None, orient="top")),
            tooltip=[
                alt.Tooltip("day:T", format="%d %b"),
                alt.Tooltip("category:N"),
                alt.Tooltip("effective_cost:Q", format=",.2f"),
            ],
        )
        .properties(height=height)
    )
    return chart
