"""A report of the demo estate as PDF, beside typst on an empty page and the converter on one chart."""

from collections.abc import Iterator
from functools import partial

import altair as alt
import polars as pl
import typst
import vl_convert

from aurora.bench.demo import DAYS, land_demo, settings_in
from aurora.bench.frame import Bench, Figure, Goal, benchmark
from aurora.bench.measure import quickest, seconds
from aurora.reports.document import Document
from aurora.reports.draw import drawn
from aurora.reports.month import Month, last_full
from aurora.reports.pdf import pdf
from aurora.reports.report import as_of, build
from aurora.settings import Settings
from warehouse.lake import Lake
from warehouse.publish import publish
from warehouse.query import Warehouse

TIMES = 3


@benchmark
def report(bench: Bench) -> Iterator[Figure]:
    """Seconds of the executive report: asked, drawn and set; and what each of the three takes."""
    settings = settings_in(bench.folder)
    land_demo(settings, bench.size(DAYS, 70))
    publish(Lake(settings.lake), settings.data)
    month = last_full(as_of(Warehouse(settings.published)))
    first: list[Document] = []
    yield Figure("executive report, first of a process", seconds(lambda: first.append(_made(settings, month))), "s")
    asked, charts, whole, page, chart = quickest(
        TIMES, partial(build, "executive", settings, month), partial(drawn, first[0]), partial(_made, settings, month),
        _empty_page, _one_chart,
    )  # fmt: skip
    yield Figure("executive report as PDF / typst on an empty page", whole, "s", page, Goal("value", "<=", 2.0))
    yield Figure("executive report, questions and words / typst on an empty page", asked, "s", page)
    yield Figure("executive report, charts as SVG / one chart", charts, "s", chart)


def _made(settings: Settings, month: Month) -> Document:
    document = build("executive", settings, month)
    pdf(document)
    return document


def _empty_page() -> None:
    typst.compile(b"", format="pdf")


def _one_chart() -> None:
    frame = pl.DataFrame({"x": list(range(31)), "y": [float(value % 7) for value in range(31)]})
    vl_convert.vegalite_to_svg(alt.Chart(frame).mark_line().encode(x="x", y="y").to_dict(), allowed_base_urls=[])
