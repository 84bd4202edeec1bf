"""A document as one HTML file: no script, nothing fetched, light and dark, printable; everything told is escaped."""

import base64
from collections.abc import Iterator
from html import escape
from pathlib import Path

from aurora.reports.document import (
    SIGNS,
    Cell,
    Chart,
    Column,
    Document,
    Figure,
    Figures,
    Logo,
    Note,
    Pair,
    Section,
    Table,
    Words,
)
from aurora.reports.draw import drawn

STYLE = Path(__file__).parent / "templates" / "report.css"
KINDS = {"svg": "image/svg+xml", "png": "image/png", "jpg": "image/jpeg"}
# A browser that honours this runs no script and fetches nothing, whatever a name in the data tries.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


def html(document: Document) -> bytes:
    """The file; the same document gives the same bytes."""
    charts = iter(drawn(document))
    body = "\n".join([_head(document), *(_section(one, charts) for one in document.sections), _foot(document)])
    style = f":root {{ --accent-light: {document.accent}; --accent-dark: {_lighter(document.accent)}; "
    style += f"--accent: var(--accent-light); }}\n{STYLE.read_text(encoding='utf-8')}"
    title = escape(f"{document.title}, {document.period}")
    page = f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{escape(POLICY)}"><title>{title}</title>
<style>{style}</style></head>
<body><main>
{body}
</main></body></html>
"""
    return page.encode()


def _head(document: Document) -> str:
    name = escape(document.company or "Aurora")
    brand = f'{_logo(document.logo, name)}<bdi>{name}</bdi><span class="period">{escape(document.period)}</span>'
    return (
        f'<header><div class="brand">{brand}</div><h1>{escape(document.title)}</h1>'
        f'<div class="about">{escape(document.about)}</div></header>'
    )


def _logo(logo: Logo | None, name: str) -> str:
    if logo is None:
        return ""
    # As a picture and not as part of the page: nothing in an SVG runs or loads there.
    return f'<img alt="{name}" src="data:{KINDS[logo.format]};base64,{base64.b64encode(logo.content).decode()}">'


def _foot(document: Document) -> str:
    return f"<footer>{escape(document.footer)}</footer>"


def _section(section: Section, charts: Iterator[str]) -> str:
    lead = f'<p class="lead">{escape(section.lead)}</p>' if section.lead else ""
    blocks = "\n".join(_block(block, charts) for block in section.blocks)
    return f"<section><h2>{escape(section.title)}</h2>{lead}\n{blocks}</section>"


def _block(block: object, charts: Iterator[str]) -> str:
    if isinstance(block, Figures):
        return f'<div class="figures">{"".join(map(_figure, block.figures))}</div>'
    if isinstance(block, Words):
        said = "".join(
            f'<li><span class="{one.tone}">{SIGNS[one.tone]}</span><bdi>{escape(one.text)}</bdi></li>'
            for one in block.sentences
        )
        return f'{_title(block.title)}<ul class="words">{said}</ul>'
    if isinstance(block, Chart):
        return f'<div class="charts">{_chart(block, charts)}</div>'
    if isinstance(block, Pair):
        return f'<div class="charts pair">{_chart(block.left, charts)}{_chart(block.right, charts)}</div>'
    if isinstance(block, Table):
        return _table(block)
    return f'<p class="note">{escape(block.text)}</p>' if isinstance(block, Note) else ""


def _figure(one: Figure) -> str:
    sign = "" if one.tone == "plain" else f"{SIGNS[one.tone]} "
    change = f'<div class="change {one.tone}">{sign}{escape(one.change)}</div>' if one.change else ""
    note = f'<div class="about">{escape(one.note)}</div>' if one.note else ""
    told = f'<div class="label">{escape(one.label)}</div><div class="value">{escape(one.value)}</div>'
    return f'<div class="figure">{told}{change}{note}</div>'


def _chart(chart: Chart, charts: Iterator[str]) -> str:
    # The converter escapes all that it draws as text.
    svg = next(charts).replace("<svg ", f'<svg role="img" aria-label="{escape(chart.alt)}" ', 1)
    return f"<figure><figcaption>{escape(chart.title)}</figcaption>{svg}</figure>"


def _table(table: Table) -> str:
    if not table.rows:
        return f'{_title(table.title)}<div class="nothing">{escape(table.nothing)}</div>'
    head = "".join(f"<th{_side(column)} scope=col>{escape(column.heading)}</th>" for column in table.columns)
    rows = "".join(
        f"<tr>{''.join(map(_cell, row, table.columns))}</tr>" for row in table.rows
    )  # fmt: skip
    note = f'<p class="note">{escape(table.note)}</p>' if table.note else ""
    drawn_table = f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>'
    return f"{_title(table.title)}{drawn_table}{note}"


def _cell(value: str | Cell, column: Column) -> str:
    said = escape(value) if isinstance(value, str) else f'<span class="{value.tone}">{escape(value.text)}</span>'
    return f"<td{_side(column)}><bdi>{said}</bdi></td>"


def _side(column: Column) -> str:
    return ' class="number"' if column.is_number else ""


def _title(title: str) -> str:
    return f"<h3>{escape(title)}</h3>" if title else ""


def _lighter(accent: str) -> str:
    """The accent for a dark page: half of the way to white."""
    parts = [int(accent[place : place + 2], 16) for place in (1, 3, 5)]
    return "#" + "".join(f"{(part + 255) // 2:02X}" for part in parts)
