"""The drawing of dependencies: nodes and edges -> a DOT text that Graphviz lays out in the browser, and its legend.

Names come from outside. They stand only inside quoted strings, where quoted() and label() make them inert; nodes are
called n0, n1 ... so that no name is ever an identifier.
"""

import unicodedata
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil
from typing import Any
from urllib.parse import quote

import polars as pl

from aurora.ui.words import NOTHING, STATUS, TYPE_WORD, money, plural

# Names can be read up to the first; more than the second is drawn for nobody.
READABLE = 60
DRAWN = 120
NAME_LENGTH = 30
HEALTH = "Health"
MEASURES = {"Open alerts": "open_alert_count", "Cost": "month_cost", "Vulnerabilities": "open_vulnerability_count"}
COLOURS = [HEALTH, *MEASURES]
# The part of a link() that a LinkColumn shows.
NAME_IN_LINK = "#(.*)$"
EVIDENCE = ("declared", "catalog", "trace", "inferred", "link")
LINES = {"declared": "solid", "catalog": "solid", "trace": "dashed", "inferred": "dotted", "link": "dotted"}
# What an application is made of, and the shape in which each is drawn.
SHAPES = {
    "app": "box",
    "third_party": "cds",
    "database": "cylinder",
    "api": "component",
    "server": "box3d",
    "cdn": "ellipse",
    "unknown": "note",
}
SHAPE_WORDS = {"app": "Application", "third_party": "Third party"} | {
    word: TYPE_WORD[word] for word in ("database", "api", "server", "cdn", "unknown")
}


@dataclass(frozen=True)
class Palette:
    """Colours of one theme: text, edges, what is not known, the chosen node, fills by status, and steps of a scale."""

    text: str
    edge: str
    nothing: str
    chosen: str
    fills: Mapping[str, str]
    steps: tuple[tuple[str, str], ...]


LIGHT = Palette(
    "#0F172A", "#94A3B8", "#F1F5F9", "#0369A1",
    {"healthy": "#ECFDF5", "degraded": "#FEF3C7", "down": "#FEE2E2", "maintenance": "#E2E8F0", "unknown": "#F8FAFC"},
    (("#E0F2FE", "#0F172A"), ("#BAE6FD", "#0F172A"), ("#38BDF8", "#0F172A"), ("#0369A1", "#FFFFFF")),
)  # fmt: skip
DARK = Palette(
    "#E2E8F0", "#64748B", "#131C2E", "#38BDF8",
    {"healthy": "#0A2E28", "degraded": "#3A2A0B", "down": "#45171D", "maintenance": "#273449", "unknown": "#131C2E"},
    (("#10263A", "#E2E8F0"), ("#0C4A6E", "#F1F5F9"), ("#0284C7", "#FFFFFF"), ("#7DD3FC", "#0B1120")),
)  # fmt: skip


@dataclass(frozen=True)
class Scale:
    """A measure in four steps: none, then three of about as many nodes each. Money is compared in one currency only."""

    name: str
    bounds: tuple[Any, ...]
    currency: str | None = None

    def step(self, row: Mapping[str, Any]) -> int | None:
        """The step of a node, None where it is not known or in another currency."""
        value = row[MEASURES[self.name]]
        if value is None or (self.name == "Cost" and row["currency"] != self.currency):
            return None
        return 0 if value <= 0 else 1 + min(bisect_left(self.bounds, value), len(self.bounds) - 1)

    def say(self, value: Any) -> str:
        """'3 alerts', '$1,240', 'n/a'."""
        if value is None:
            return NOTHING
        if self.name == "Cost":
            return money(value, self.currency)
        return plural(int(value), "alert" if self.name == "Open alerts" else "vulnerability").replace("ys", "ies")


def scale(nodes: pl.DataFrame, name: str) -> Scale:
    """The steps of that measure over these nodes."""
    known = nodes.filter(pl.col(MEASURES[name]).is_not_null())
    currency = None
    if name == "Cost" and known.height:
        currency = str(known["currency"].fill_null("?").value_counts(sort=True)["currency"][0])
        known = known.filter(pl.col("currency") == currency)
    values = sorted({value for value in known[MEASURES[name]].to_list() if value > 0})
    bounds = sorted({values[ceil(len(values) * part / 3) - 1] for part in (1, 2, 3)}) if values else []
    return Scale(name, tuple(bounds), currency)


def dot(nodes: pl.DataFrame, edges: pl.DataFrame, coloured_by: str, chosen: str | None, is_dark: bool) -> str:
    """The DOT text of these nodes and the edges among them, left to right: what rests on something is left of it."""
    palette = DARK if is_dark else LIGHT
    steps = scale(nodes, coloured_by) if coloured_by in MEASURES else None
    number = {node: place for place, node in enumerate(nodes["node_id"])}
    lines = [
        "digraph {",
        'rankdir=LR; bgcolor="transparent"; ranksep=0.75; nodesep=0.1; tooltip=" "; outputorder=edgesfirst;',
        f'node [fontname="Source Sans" fontsize=12 height=0.32 fontcolor="{palette.text}"];',
        f'edge [color="{palette.edge}" arrowsize=0.55 penwidth=0.9];',
    ]
    for place, row in enumerate(nodes.iter_rows(named=True)):
        looks = _looks(row, steps, row["node_id"] == chosen, palette)
        lines.append(f"n{place} [{_attributes(looks)}];")
    for edge in strongest(edges).iter_rows(named=True):
        if edge["from_id"] in number and edge["to_id"] in number:
            looks = {"style": LINES.get(edge["evidence"], "dotted"), "tooltip": label(edge["said"], 200)}
            lines.append(f"n{number[edge['from_id']]} -> n{number[edge['to_id']]} [{_attributes(looks)}];")
    return "\n".join([*lines, "}"])


def strongest(edges: pl.DataFrame) -> pl.DataFrame:
    """One edge for each pair, by its strongest evidence, with its kinds in words as `said`."""
    place = pl.col("evidence").replace_strict(EVIDENCE, list(range(len(EVIDENCE))), default=len(EVIDENCE))
    kinds = pl.col("kind").str.replace_all("_", " ").unique(maintain_order=True).str.join(", ")
    return (
        edges.sort(place, "kind")
        .group_by("from_id", "to_id", maintain_order=True)
        .agg(pl.col("evidence").first(), (kinds + " (" + pl.col("evidence").first() + ")").alias("said"))
    )


def _looks(row: Mapping[str, Any], steps: Scale | None, is_chosen: bool, palette: Palette) -> dict[str, str]:
    mark = STATUS.get(row["status"], STATUS["unknown"])
    said = steps.say(row[MEASURES[steps.name]]) if steps else ""
    if steps and steps.name == "Cost" and row["month_cost"] is not None:
        said = money(row["month_cost"], row["currency"])
    looks = {
        "label": label(row["name"] if steps else f"{mark.sign} {short(row['name'])}")
        + (f"\\n{label(said)}" if said else ""),
        "tooltip": label(
            f"{row['name']}: {said or mark.word}. {(row['status_reason'] or '') if not steps else ''}", 300
        ),
        "shape": SHAPES[shape_of(row)],
        "margin": "0.14,0.12" if row["node_type"] == "third_party" else "0.12,0.05",
        "URL": href(row["node_type"], row["node_id"]),
        "target": "_self",
    }
    style = ["filled"] + (["rounded"] if row["node_type"] == "app" else [])
    if steps is None:
        looks |= {"color": mark.hue, "fillcolor": palette.fills.get(row["status"], palette.fills["unknown"])}
        style += ["dashed"] if row["status"] == "unknown" else []
    elif (step := steps.step(row)) is None:
        looks |= {"color": palette.edge, "fillcolor": palette.nothing}
        style += ["dashed"]
    else:
        fill, text = palette.steps[step]
        looks |= {"color": palette.edge, "fillcolor": fill, "fontcolor": text}
    looks["style"] = ",".join(style)
    looks["penwidth"] = "2.6" if row["tier"] == 1 else "1.1"
    if is_chosen:
        looks |= {"color": palette.chosen, "penwidth": "4"}
    return looks


def shape_of(row: Mapping[str, Any]) -> str:
    """The word of SHAPES by which a node is drawn."""
    if row["node_type"] in ("app", "third_party"):
        return str(row["node_type"])
    return row["type"] if row["type"] in SHAPES else "unknown"


def href(node_type: str, node_id: str) -> str:
    """The page of an application or a component."""
    page = "application?app" if node_type == "app" else "component?component"
    return f"/{page}={quote(node_id, safe='')}"


def link(node_type: str, node_id: str, name: str) -> str:
    """The page with the name behind it, for a column that shows the latter: see NAME_IN_LINK."""
    return f"{href(node_type, node_id)}#{quote(name, safe='')}"


def short(name: str, length: int = NAME_LENGTH) -> str:
    """The name in at most that many characters."""
    return name if len(name) <= length else f"{name[: length - 1]}…"


def label(text: str, length: int = NAME_LENGTH + 2) -> str:
    """Text for an attribute that Graphviz reads as an escape string (label, tooltip): one line, nothing special."""
    plain = "".join(" " if unicodedata.category(char)[0] in "CZ" else char for char in text)
    # Graphviz takes \n, \N ... and &lt; for more than they are, so backslash and ampersand are doubled and spelled out.
    return short(" ".join(plain.split()), length).replace("&", "&amp;").replace("\\", "\\\\")


def quoted(text: str) -> str:
    """A DOT string. Backslashes must be doubled already; the only special character left is the quote."""
    return '"' + text.replace('"', '\\"') + '"'


def _attributes(values: Mapping[str, str]) -> str:
    return " ".join(f"{name}={quoted(value)}" for name, value in values.items())
