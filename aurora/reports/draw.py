"""Vega-Lite specifications become SVG, several at once, with the fonts that Aurora brings; nothing is fetched."""

from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path
from typing import Any

import vl_convert

from aurora.reports.document import Chart, Document, Pair
from aurora.settings import ROOT

FONTS = ROOT / "static" / "fonts"
AT_ONCE = 4


def charts_of(document: Document) -> list[Chart]:
    """Every chart of the document, in its order."""
    found: list[Chart] = []
    for section in document.sections:
        for block in section.blocks:
            if isinstance(block, Pair):
                found += [block.left, block.right]
            elif isinstance(block, Chart):
                found.append(block)
    return found


def drawn(document: Document) -> list[str]:
    """An SVG for each chart of `charts_of`."""
    _register(FONTS)
    charts = charts_of(document)
    if not charts:
        return []
    # The converter works outside of Python's lock, so that threads share its time between cores.
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="charts") as pool:
        return list(pool.map(_svg, [chart.spec for chart in charts]))


def _svg(spec: dict[str, Any]) -> str:
    return str(vl_convert.vegalite_to_svg(spec, allowed_base_urls=[]))


@lru_cache
def _register(folder: Path) -> None:
    vl_convert.register_font_directory(str(folder))
