"""Charts of reports: frame -> Vega-Lite specification, for white paper; told apart by more than colour."""

from datetime import date, timedelta
from typing import Any

import altair as alt
import polars as pl

from aurora.fonts import FAMILIES

WIDTH, HALF, LOW = 700, 326, 136
INK, QUIET, LINE = "#334155", "#64748B", "#E2E8F0"
SERIES = ["#0369A1", "#7C3AED", "#0D9488", "#DB2777", "#4F46E5", "#94A3B8"]
DASHES = [[1, 0], [5, 3], [2, 2], [8, 2, 2, 2], [1, 3], [12, 3]]
OUTCOMES = {"arrived": "#94A3B8", "failed": "#B91C1C"}
BANDS = {"critical": "#7F1D1D", "high": "#DC2626", "medium": "#F59E0B", "low": "#94A3B8"}
ROOM = 36  # letters of a legend that stand beside each other above half a width
LARGEST, OTHERS = 5, "Everything else"
FONT = ", ".join(FAMILIES)
CONFIG: dict[str, Any] = {
    "font": FONT, "background": "transparent", "view": {"stroke": None},
    "axis": {
        "labelColor": QUIET, "titleColor": QUIET, "labelFontSize": 10.5, "titleFontSize": 10.5, "titleFontWeight": 400,
        "domain": False, "tickColor": LINE, "gridColor": LINE, "titlePadding": 8,
    },
    "legend": {
        "labelColor": INK, "labelFontSize": 11, "orient": "top", "title": None, "symbolSize": 90, "labelLimit": 200,
        "columnPadding": 16,
    },
}  # fmt: skip


def _finished(chart: Any, width: int, height: int) -> dict[str, Any]:
    sized = chart.properties(width=width, height=height, autosize=alt.AutoSizeParams(type="fit", contains="padding"))
    spec: dict[str, Any] = sized.to_dict()
    return spec | {"config": CONFIG}


def fitted(chart: Any) -> dict[str, Any]:
    """A chart that somebody else made, in the width and the letters of a report."""
    return _finished(chart, WIDTH, 220)


def _day_axis(frame: pl.DataFrame) -> alt.Axis:
    """A label for each week from the first day on."""
    days: list[date] = sorted(set(frame["day"].to_list()))
    weeks = [days[0] + timedelta(days=number) for number in range(0, (days[-1] - days[0]).days + 1, 7)]
    marks = [alt.DateTime(year=day.year, month=day.month, date=day.day) for day in weeks]
    return alt.Axis(grid=False, format="%-d %b", values=marks, labelFlush=False, labelOverlap=True)


def _values(name: str, title: str, zero: bool, form: str = ",~f") -> alt.Y:
    axis = alt.Axis(tickCount=4, format=form)
    return alt.Y(f"{name}:Q", title=title, axis=axis, scale=alt.Scale(zero=zero, nice=True))


def lines(
    frame: pl.DataFrame, names: dict[str, str], unit: str, *, width: int = WIDTH, height: int = 190, form: str = ",~f"
) -> dict[str, Any]:
    """Measures (column -> name) over `day`, told apart by dash and colour; what is not told is a gap."""
    long = frame.select("day", *names).rename(names).unpivot(index="day", variable_name="name", value_name="value")
    order = list(names.values())
    columns = 1 if width < WIDTH and sum(map(len, order)) > ROOM else len(order)
    legend = alt.Legend(symbolType="stroke", symbolSize=300, columns=columns) if len(order) > 1 else None
    drawn = (
        alt.Chart(long)
        .mark_line(strokeWidth=2.2, invalid="break-paths-show-domains", point=frame.height <= 3)
        .encode(
            x=alt.X("day:T", title=None, axis=_day_axis(long)),
            y=_values("value", unit, zero=False, form=form),
            color=alt.Color("name:N", sort=order, legend=legend, scale=alt.Scale(domain=order, range=SERIES)),
            strokeDash=alt.StrokeDash("name:N", sort=order, legend=legend, scale=alt.Scale(domain=order, range=DASHES)),
        )
    )
    return _finished(drawn, width, height)


def stacked(frame: pl.DataFrame, unit: str, *, width: int = WIDTH, height: int = 200) -> dict[str, Any]:
    """Bars of each day (columns day, name, value), the largest names apart and the others together."""
    totals = frame.group_by("name").agg(pl.col("value").sum()).sort("value", "name", descending=[True, False])
    largest = totals["name"].head(LARGEST).to_list()
    order = [*largest, OTHERS] if totals.height > len(largest) else largest
    named = pl.when(pl.col("name").is_in(largest)).then(pl.col("name")).otherwise(pl.lit(OTHERS))
    daily = frame.group_by("day", named.alias("name")).agg(pl.col("value").sum().cast(pl.Float64)).sort("day", "name")
    rank = pl.col("name").replace_strict({name: place for place, name in enumerate(order)}, return_dtype=pl.Int64)
    hues = [*SERIES[: len(order) - 1], SERIES[-1]] if OTHERS in order else SERIES[: len(order)]
    return _bars(daily.with_columns(rank.alias("rank")), order, hues, unit, width, height)


def counted(
    frame: pl.DataFrame, hues: dict[str, str], unit: str, *, width: int = WIDTH, height: int = 150
) -> dict[str, Any]:
    """Bars of each day (columns day, name, value) in the colours of a closed set of names, from the bottom up."""
    order = [name for name in hues if name in set(frame["name"])]
    rank = pl.col("name").replace_strict({name: place for place, name in enumerate(order)}, return_dtype=pl.Int64)
    return _bars(frame.with_columns(rank.alias("rank")), order, [hues[name] for name in order], unit, width, height)


def _bars(frame: pl.DataFrame, order: list[str], hues: list[str], unit: str, width: int, height: int) -> dict[str, Any]:
    color = alt.Color(
        "name:N", sort=order, scale=alt.Scale(domain=order, range=hues),
        legend=alt.Legend(symbolType="square", columns=3 if width > HALF else 2) if len(order) > 1 else None,
    )  # fmt: skip
    drawn = (
        alt.Chart(frame)
        .mark_bar(stroke="white", strokeWidth=0.5)
        .encode(
            x=alt.X("yearmonthdate(day):T", title=None, axis=_day_axis(frame), bandPosition=0.5),
            y=alt.Y("value:Q", title=unit, axis=alt.Axis(tickCount=4, format=",~f"), stack="zero"),
            color=color,
            order=alt.Order("rank:Q"),
        )
    )
    return _finished(drawn, width, height)


def ranked(
    frame: pl.DataFrame, *, hue: str = SERIES[0], width: int = WIDTH, row: int = 24, limit: float | None = None
) -> dict[str, Any]:
    """A bar for each row (columns name, value, said), as they stand, with what is said at its end."""
    shown = frame.with_columns(pl.col("value").cast(pl.Float64))
    names = shown["name"].to_list()
    axis = alt.Axis(ticks=False, labelLimit=170, labelColor=INK, labelPadding=8)
    base = alt.Chart(shown).encode(y=alt.Y("name:N", sort=names, title=None, axis=axis))
    top = max([*shown["value"].drop_nulls().to_list(), limit or 0.0, 1e-9])
    scale = alt.Scale(domain=[min(0.0, *shown["value"].drop_nulls().to_list(), 0.0), top * 1.22], nice=False)
    x = alt.X("value:Q", title=None, axis=None, scale=scale)
    bars = base.mark_bar(color=hue, cornerRadiusEnd=2, height=row * 0.55).encode(x=x)
    said = base.mark_text(align="left", dx=6, color=INK, fontSize=12).encode(x=x, text="said:N")
    layers: list[alt.Chart] = [bars, said]
    if limit is not None:
        rule = alt.Chart(pl.DataFrame({"value": [limit]})).mark_rule(color=QUIET, strokeDash=[4, 3]).encode(x=x)
        layers.append(rule)
    return _finished(alt.layer(*layers), width, max(1, len(names)) * row + 8)
