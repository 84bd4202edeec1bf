"""How the answer to a question is drawn: frame and a chart's words -> altair chart. No Streamlit in here."""

from collections.abc import Callable, Mapping
from typing import Any, Literal

import altair as alt
import polars as pl

KINDS = ("table", "number", "line", "area", "bar", "point")
MOST_ROWS, MOST_BARS, MOST_SERIES, FEW = 5_000, 40, 8, 40
GRID = 0.35
DASHES = [[1, 0], [6, 3], [2, 2]]
BAR_LEAST, BAR_MOST = 20, 44
BAND = alt.Scale(paddingInner=0.3, paddingOuter=0.15)
AXIS, LEGEND, MOST_ON_TOP = 52, 30, 4
Chart = alt.Chart


def suggested(frame: pl.DataFrame) -> dict[str, Any]:
    """The chart that fits an answer: lines over time, bars over words, a number alone, else a table."""
    numbers = [name for name, kind in frame.schema.items() if kind.is_numeric()]
    times = [name for name, kind in frame.schema.items() if kind.is_temporal()]
    words = [name for name, kind in frame.schema.items() if kind == pl.String]
    if frame.height == 1 and len(numbers) == 1 and not times:
        return {"kind": "number", "y": numbers}
    if times and numbers and frame.height > 1:
        by = {"color": words[0]} if words and 1 < frame[words[0]].n_unique() <= MOST_SERIES else {}
        return {"kind": "line", "x": times[0], "y": numbers[:1] if by else numbers[:4]} | by
    if words and numbers and 1 < frame.height <= MOST_BARS and frame[words[0]].n_unique() == frame.height:
        return {"kind": "bar", "x": words[0], "y": numbers[:1]}
    return {"kind": "table"}


def drawn(
    frame: pl.DataFrame, chart: Mapping[str, Any] | None, height: int = 260, named: Callable[[str], str] = str
) -> Chart | None:
    """The chart of an answer; None where it is a table or a number, or its columns are not (all) in the answer.

    `named` says what a column is called on axes. Columns are renamed before they are drawn: a name is never read as
    Vega's shorthand.
    """
    told = dict(chart or {})
    kind, x, color = told.get("kind"), told.get("x"), told.get("color")
    ys = [name for name in told.get("y") or () if isinstance(name, str) and is_number(frame, name)]
    if kind not in KINDS[2:] or not isinstance(x, str) or x not in frame.columns or not ys or not frame.height:
        return None
    color = color if isinstance(color, str) and color in frame.columns and color != x else None
    currencies = currencies_of(frame, ys[0])
    if len(currencies) > 1 and color is None:
        color = "currency"  # what is not one money is not one series
    long = _long(frame.head(MOST_ROWS), x, ys, color, named)
    said = [named(ys[0]), *(currencies if len(currencies) == 1 else [])]
    title = ", ".join(said) if len(ys) == 1 else None
    if kind == "bar" and not long.schema["x"].is_temporal() and not long.schema["x"].is_numeric():
        return _bars(long, title, height)
    return _over(long, str(kind), title, height, named(x))


def currencies_of(frame: pl.DataFrame, name: str) -> list[str]:
    """The currencies of a column of money; none for another column, or where the answer does not tell."""
    is_money = name == "cost" or name.endswith(("_cost", "_amount", "_price"))
    if not is_money or "currency" not in frame.columns:
        return []
    return [str(one) for one in frame["currency"].drop_nulls().unique().sort()]


def is_number(frame: pl.DataFrame, name: str) -> bool:
    """Whether the answer has a column of that name, and it holds numbers."""
    return name in frame.columns and frame.schema[name].is_numeric()


def _long(frame: pl.DataFrame, x: str, ys: list[str], color: str | None, named: Callable[[str], str]) -> pl.DataFrame:
    """One row per x and series: x, value, series."""
    across = pl.col(x) if frame.schema[x].is_temporal() or frame.schema[x].is_numeric() else pl.col(x).cast(pl.String)
    parts = [
        frame.select(
            x=across,
            value=pl.col(y).cast(pl.Float64),
            series=pl.col(color).cast(pl.String).fill_null("none") if color else pl.lit(named(y)),
        )
        for y in (ys[:1] if color else ys)
    ]
    long = pl.concat(parts)
    kept = long["series"].unique(maintain_order=True).head(MOST_SERIES)
    return long.filter(pl.col("series").is_in(kept.implode()))


def _encoded(series: int, x_title: str, y_title: str | None, is_time: bool, symbol: str = "square") -> dict[str, Any]:
    tips = [
        alt.Tooltip("x", title=x_title, type="temporal", format="%d %b %Y %H:%M") if is_time
        else alt.Tooltip("x", title=x_title, type="nominal"),
        *([alt.Tooltip("series", title="Series", type="nominal")] if series > 1 else []),
        alt.Tooltip("value", title=y_title or "Value", type="quantitative", format=",.4~f"),
    ]  # fmt: skip
    where: Literal["right", "top"] = "right" if series > MOST_ON_TOP else "top"
    legend = alt.Legend(title=None, orient=where, symbolType=symbol, labelLimit=130)
    by = {"color": alt.Color("series", type="nominal", sort=None, legend=legend)} if series > 1 else {}
    return {"tooltip": tips} | by


def _over(long: pl.DataFrame, kind: str, title: str | None, height: int, x_title: str) -> Chart:
    """Lines, areas, bars or points over a time or a number."""
    is_time = long.schema["x"].is_temporal()
    base = alt.Chart(long)
    marks = {
        "line": lambda: base.mark_line(strokeWidth=2, interpolate="monotone", point=long.height <= FEW),
        "area": lambda: base.mark_area(opacity=0.55, line=True),
        "bar": lambda: base.mark_bar(cornerRadiusEnd=2),
        "point": lambda: base.mark_circle(size=60, opacity=0.7),
    }
    axis = alt.Axis(grid=False, labelOverlap=True, tickCount=7)
    x = alt.X("x", type=_type(long), title=None if is_time else x_title, axis=axis, sort=None)
    zero = alt.Scale(zero=kind in ("area", "bar"), nice=True)
    y = alt.Y("value", type="quantitative", title=title, scale=zero, axis=alt.Axis(gridOpacity=GRID, tickCount=5))
    encoded = _encoded(long["series"].n_unique(), x_title, title, is_time, "stroke" if kind == "line" else "circle")
    if kind == "line":
        encoded["strokeDash"] = alt.StrokeDash("series:N", sort=None, legend=None, scale=alt.Scale(range=DASHES))
    drawn: Chart = marks[kind]().encode(x=x, y=y, **encoded).properties(height=height)
    return drawn


def _type(long: pl.DataFrame) -> Literal["temporal", "quantitative", "nominal"]:
    kind = long.schema["x"]
    return "temporal" if kind.is_temporal() else "quantitative" if kind.is_numeric() else "nominal"


def _bars(long: pl.DataFrame, title: str | None, height: int) -> Chart:
    """A bar for each word, in the order of the answer, lying so that the words can be read; as many as fit."""
    series = long["series"].n_unique()
    around = AXIS + (LEGEND if 1 < series <= MOST_ON_TOP else 0)
    names = long["x"].unique(maintain_order=True)
    fit = min(MOST_BARS, max(3, (height - around) // BAR_LEAST))
    if len(names) > fit:
        title = f"{title or 'Value'} · first {fit} of {len(names)}"
    shown = long.filter(pl.col("x").is_in(names.head(fit).implode()))
    axis = alt.Axis(ticks=False, domain=False, labelLimit=190, labelOverlap=False)
    drawn: Chart = (
        alt.Chart(shown)
        .mark_bar(cornerRadiusEnd=3)
        .encode(
            y=alt.Y("x", type="nominal", title=None, sort=names.head(fit).to_list(), axis=axis, scale=BAND),
            x=alt.X("value", type="quantitative", title=title, axis=alt.Axis(gridOpacity=GRID, tickCount=5)),
            **_encoded(series, "Of", title, is_time=False),
        )
        .properties(height=min(height, min(len(names), fit) * BAR_MOST + around))
    )
    return drawn
