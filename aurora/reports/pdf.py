"""A document as PDF, or as pictures of its pages: typst, handed the document as data and never as markup."""

import json
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC
from pathlib import Path
from typing import Any

import typst

from aurora.errors import ReportError
from aurora.fonts import folders
from aurora.reports.document import SIGNS, Chart, Document, Figures, Note, Pair, Section, Table, Words
from aurora.reports.draw import drawn

TEMPLATE = Path(__file__).parent / "templates" / "report.typ"
# No emoji font is asked for: marks are text, and a colour font would swell the file.
PREVIEW_PPI = 110.0


def pdf(document: Document) -> bytes:
    """The PDF; the same document gives the same bytes. Raises ReportError."""
    made = _set(document, lambda told: typst.compile(format="pdf", timestamp=document.at.replace(tzinfo=UTC), **told))
    return made if isinstance(made, bytes) else made[0]


def pages(document: Document) -> list[bytes]:
    """A PNG for each page. Raises ReportError."""
    made = _set(document, lambda told: typst.compile(format="png", ppi=PREVIEW_PPI, **told))
    return [made] if isinstance(made, bytes) else made


def _set(document: Document, compiled: Callable[[dict[str, Any]], Any]) -> Any:
    told = {"document": json.dumps(as_data(document, drawn(document)), ensure_ascii=False)}
    try:
        return compiled(
            {"input": str(TEMPLATE), "sys_inputs": told, "font_paths": [str(folder) for folder in folders()]}
        )
    except typst.TypstError as error:
        raise ReportError(f"{document.title}: the page setter refused it: {str(error).splitlines()[0]}") from error


def as_data(document: Document, svgs: list[str]) -> dict[str, Any]:
    """The document in JSON's types; charts as SVG text, in the order of the document."""
    waiting = iter(svgs)
    logo = document.logo
    return {
        "title": document.title, "about": document.about, "period": document.period, "company": document.company,
        "accent": document.accent, "footer": document.footer, "signs": SIGNS,
        "at": [document.at.year, document.at.month, document.at.day, document.at.hour, document.at.minute],
        "logo": {"content": list(logo.content), "format": logo.format} if logo else None,
        "sections": [_section(section, waiting) for section in document.sections],
    }  # fmt: skip


def _section(section: Section, waiting: Any) -> dict[str, Any]:
    blocks = [_block(block, waiting) for block in section.blocks]
    return {"title": section.title, "lead": section.lead, "on_new_page": section.on_new_page, "blocks": blocks}


def _block(block: Any, waiting: Any) -> dict[str, Any]:
    if isinstance(block, Chart):
        return {"kind": "chart"} | _chart(block, waiting)
    if isinstance(block, Pair):
        return {"kind": "pair", "charts": [_chart(one, waiting) for one in (block.left, block.right)]}
    if isinstance(block, Table):
        rows = [[cell if isinstance(cell, str) else asdict(cell) for cell in row] for row in block.rows]
        return {"kind": "table"} | asdict(block) | {"rows": rows}
    kinds: dict[type, str] = {Figures: "figures", Words: "words", Note: "note"}
    return {"kind": kinds[type(block)]} | asdict(block)


def _chart(chart: Chart, waiting: Any) -> dict[str, Any]:
    return {"title": chart.title, "alt": chart.alt, "svg": next(waiting)}
