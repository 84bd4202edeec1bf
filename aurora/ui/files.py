"""Tables and charts as files, made without a browser and without the internet. No Streamlit in here."""

import io
import tomllib
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import altair as alt
import polars as pl

from aurora import pictures
from aurora.fonts import FAMILIES
from aurora.settings import ROOT
from aurora.ui.charts import Chart
from warehouse.text import as_csv

WIDTH, SCALE = 880, 2
FONT = ", ".join((*FAMILIES, "sans-serif"))
MOMENT = "%Y-%m-%dT%H:%M:%S.%3f"


def csv(frame: pl.DataFrame) -> bytes:
    """The frame as CSV that a spreadsheet opens without running any cell; instants in ISO 8601 UTC."""
    return as_csv(frame, for_spreadsheets=True)


def parquet(frame: pl.DataFrame, about: Mapping[str, str]) -> bytes:
    """The frame as Parquet, instants with the zone UTC; `about` stands in the metadata of the file."""
    instants = [name for name, kind in frame.schema.items() if isinstance(kind, pl.Datetime) and kind.time_zone is None]
    told = io.BytesIO()
    zoned = frame.with_columns(pl.col(instants).dt.replace_time_zone("UTC"))
    zoned.write_parquet(told, metadata=dict(about))
    return told.getvalue()


def png(chart: Chart, title: str, footnote: str) -> bytes:
    """The chart on white with its title above and the footnote below, two pixels for each point."""
    return pictures.png(_spec(chart, title, footnote), SCALE, _look())


def svg(chart: Chart, title: str, footnote: str) -> bytes:
    """The same as a vector drawing, UTF-8."""
    return pictures.svg(_spec(chart, title, footnote), _look()).encode()


def _spec(chart: Chart, title: str, footnote: str) -> dict[str, Any]:
    """Two frames around the chart, since one has room for a single title."""
    inner = _inline(chart).properties(width=WIDTH).to_dict()
    said = {"text": footnote, "orient": "bottom", "anchor": "start", "fontSize": 10, "fontWeight": 400, "offset": 14}
    whole = {name: inner.pop(name) for name in ("$schema", "datasets") if name in inner}
    inner.pop("config", None)
    return whole | {
        "title": title,
        "hconcat": [inner | {"title": said | {"color": _theme()["light"]["grayTextColor"]}}],
    }


def _inline(chart: Any) -> Any:
    """The chart with its rows as values: Altair's own way there is a switch that all threads share, and stops at 5,000.

    Instants stand without a zone, so that they are read and shown alike wherever the server stands.
    """
    chart = chart.copy(deep=False)
    if isinstance(chart.data, pl.DataFrame):
        chart.data = alt.InlineData(values=_values(chart.data))
    if isinstance(chart, alt.LayerChart):
        chart.layer = [_inline(layer) for layer in chart.layer]
    return chart


def _values(frame: pl.DataFrame) -> list[dict[str, Any]]:
    told = []
    for name, kind in frame.schema.items():
        one = pl.col(name)
        if isinstance(kind, pl.Date | pl.Datetime):
            one = one.cast(pl.Datetime("us")).dt.strftime(MOMENT)
        elif kind.is_decimal() or kind.is_float():
            one = one.cast(pl.Float64).fill_nan(None)
        told.append(one)
    return frame.select(told).to_dicts()


@lru_cache(maxsize=1)
def _theme() -> dict[str, Any]:
    told: dict[str, Any] = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8"))["theme"]
    return told


@lru_cache(maxsize=1)
def _look() -> dict[str, Any]:
    """The light theme of the pages, in Vega's words."""
    light = _theme()["light"]
    text, grey, line = light["textColor"], light["grayTextColor"], light["borderColor"]
    words = {"labelFont": FONT, "titleFont": FONT, "labelColor": grey, "titleColor": grey, "labelFontSize": 12}
    return {
        "background": "#FFFFFF", "font": FONT, "padding": 20, "view": {"stroke": "transparent"},
        "range": {"category": light["chartCategoricalColors"]},
        "title": {"font": FONT, "fontSize": 16, "fontWeight": 600, "color": text, "anchor": "start", "offset": 14},
        "axis": words | {"titleFontWeight": 400, "gridColor": line, "domainColor": line, "tickColor": line},
        "legend": words | {"symbolSize": 90},
        "text": {"font": FONT},
    }  # fmt: skip
