"""Vega-Lite specifications become SVG, several at once, with the fonts that Aurora brings; nothing is fetched."""

import re
from concurrent.futures import ThreadPoolExecutor

from aurora import pictures
from aurora.reports.document import Chart, Document, Pair

AT_ONCE = 4
ID = re.compile(r' id="([^"]*)"')
REFERENCE = re.compile(r'( id="|url\(#)([^")]*)("|\))')


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
    charts = charts_of(document)
    if not charts:
        return []
    # The converter works outside of Python's lock, so that threads share its time between cores.
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="charts") as pool:
        made = pool.map(pictures.svg, [chart.spec for chart in charts])
        return [_named(svg, number) for number, svg in enumerate(made)]


def _named(svg: str, number: int) -> str:
    """The converter counts ids through its life: in a page each chart has its own, the same each time."""
    known: dict[str, str] = {}
    for name in ID.findall(svg):
        known.setdefault(name, f"chart{number}-{len(known)}")
    return REFERENCE.sub(lambda one: f"{one[1]}{known[one[2]]}{one[3]}" if one[2] in known else one[0], svg)
