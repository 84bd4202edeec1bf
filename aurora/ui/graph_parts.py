"""What stands around the drawing of the Graph page: figures, legend, what rests on a node, the edges in words."""

import zlib
from collections.abc import Iterable
from html import escape
from typing import Any
from urllib.parse import quote

import polars as pl
import streamlit as st

from aurora.insights.graph import impact, resting
from aurora.ui import graph, tables
from aurora.ui.drawn import note
from aurora.ui.words import NOTHING, STATUS, count, money, pill, plural, safe

MOST = 6
SAID = 8
ENDS = ("from", "to")
NODE_WORDS = {"app": "Application", "component": "Component", "third_party": "Third party"}
# The drawing keeps its size, so that names can be read, and is moved within its frame where it is wider.
STYLE = """<style>
.st-key-drawing [data-testid="stFullScreenFrame"], .st-key-drawing .stElementContainer { max-width: 100%; }
.st-key-drawing .stGraphVizChart { max-width: 100%; overflow-x: auto; scrollbar-width: thin; }
.aurora-sideways { display: none; margin: .2rem 0 0; font-size: .86rem; opacity: .75; }
@media (max-width: 900px) { .aurora-sideways { display: block; }
  .st-key-drawing .stGraphVizChart { box-shadow: inset -14px 0 12px -12px rgba(100, 116, 139, .55); } }
.st-key-drawing .stGraphVizChart svg { zoom: .8; max-width: max(100%, 1000px); height: auto;
  display: block; margin: 0 auto; }
.aurora-legend { display: flex; flex-wrap: wrap; gap: .2rem 1rem; margin: 0 0 .3rem; font-size: .86rem; }
.aurora-legend b { width: 4rem; font-weight: 600; opacity: .62; }
.aurora-legend span { display: inline-flex; align-items: center; gap: .35rem; white-space: nowrap; }
</style>"""
SIDEWAYS = '<p class="aurora-sideways">↔ Swipe the drawing sideways: it is wider than its frame.</p>'
SHAPE_PATHS = {
    "app": '<rect x="2" y="2" width="20" height="10" rx="3"/>',
    "third_party": '<path d="M2 3H15V1L22 7L15 13V11H2Z"/>',
    "database": '<path d="M4 3V11C4 13.5 20 13.5 20 11V3M4 3C4 .5 20 .5 20 3S4 5.5 4 3"/>',
    "api": '<path d="M4 2H22V12H4ZM1 4H7V6H1ZM1 8H7V10H1Z"/>',
    "server": '<path d="M2 4H18V13H2ZM2 4L6 1H22L18 4M22 1V10L18 13"/>',
    "cdn": '<ellipse cx="12" cy="7" rx="10" ry="5.5"/>',
    "unknown": '<path d="M2 2H18L22 6V12H2ZM18 2V6H22"/>',
}


def figures(nodes: pl.DataFrame, edges: pl.DataFrame) -> None:
    """How much there is of each, and the components on which most applications rest, each a button that shows it."""
    kinds = nodes["node_type"].value_counts()
    counts = dict(kinds.iter_rows())
    with st.grid(columns=4, min_column_width=150):
        st.metric("Applications", f"{counts.get('app', 0):,}", border=True)
        st.metric("Components", f"{counts.get('component', 0):,}", border=True, help="Those that a dependency names.")
        st.metric("Third parties", f"{counts.get('third_party', 0):,}", border=True)
        st.metric(
            "Dependencies",
            f"{edges.height:,}",
            border=True,
            help="Told within two days of its source's last word; what files declare, by their last good run.",
        )
    apps = nodes.filter(pl.col("node_type") == "app")["node_id"].to_list()
    names = dict(nodes.filter(pl.col("node_type") != "app").select("node_id", "name").iter_rows())
    most = [(node, number) for node, number in resting(edges, apps).items() if node in names][:MOST]
    if not most:
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown("**Single points**", width="content", help="How many applications rest on it, also through others.")
        for node, number in most:
            text = f"{safe(names[node])} · {number}"
            st.button(text, key=f"most-{node}", on_click=choose, args=(node,), icon=":material/center_focus_strong:")


def choose(node: str | None) -> None:
    """Keep the chosen node in the URL; None is all applications."""
    if node is None:
        st.query_params.pop("node", None)
    else:
        st.query_params["node"] = node


def draw(nodes: pl.DataFrame, edges: pl.DataFrame, coloured_by: str, chosen: str | None) -> None:
    """The drawing with its legend, in the colours of the visitor's theme."""
    is_dark = st.context.theme.type == "dark"
    alt = f"{plural(nodes.height, 'node')} and what rests on what among them, coloured by {coloured_by.lower()}"
    with st.container(border=True, key="drawing"):
        st.html(STYLE + legend(nodes, coloured_by, is_dark) + SIDEWAYS)
        light = graph.dot(nodes, edges, coloured_by, chosen, is_dark=False)
        drawn = graph.dot(nodes, edges, coloured_by, chosen, is_dark) if is_dark else light
        among = pl.all_horizontal(pl.col("from_id", "to_id").is_in(nodes["node_id"].implode()))
        note(alt, edges.filter(among), light)
        # The browser cannot turn one drawing into another: each has a container of its own, and so is mounted anew.
        with st.container(key=f"dot-{zlib.crc32(drawn.encode()):08x}"):
            st.graphviz_chart(drawn, width="content", alt=alt)


def listed(nodes: pl.DataFrame, edges: pl.DataFrame) -> pl.DataFrame:
    """The edges as people read them: links with names for ids, words for types."""
    named = nodes.select(
        "node_id", linked(),
        pl.col("node_type").replace_strict(NODE_WORDS, default="Unknown").alias("type_word"),
    )  # fmt: skip
    ends = [named.rename({column: f"{end}_{column.removeprefix('node_')}" for column in named.columns}) for end in ENDS]
    return (
        edges.join(ends[0], on="from_id", how="left", maintain_order="left")
        .join(ends[1], on="to_id", how="left", maintain_order="left")
        .select(
            pl.col("from_name").alias("who"), pl.col("from_type_word").alias("is"),
            pl.col("kind").str.replace_all("_", " ").alias("how"), pl.col("to_name").alias("rests_on"),
            pl.col("to_type_word").alias("which_is"), "evidence", "calls_per_minute", "last_seen_at",
            pl.col("source_instance").alias("source"),
        )
    )  # fmt: skip


def linked(node_type: pl.Expr | str = "node_type", node_id: str = "node_id") -> pl.Expr:
    """The page of each node, with the name that name_column() shows of it, as `name`."""
    parts = pl.struct("name", node_type=node_type, node_id=node_id)
    return parts.map_elements(lambda node: graph.link(**node), return_dtype=pl.String).alias("name")


def name_column(label: str, **options: Any) -> Any:
    """A column of links, each shown by the name in it."""
    return st.column_config.LinkColumn(label, display_text=graph.NAME_IN_LINK, alignment="left", **options)


def legend(nodes: pl.DataFrame, coloured_by: str, is_dark: bool) -> str:
    """HTML that tells colours, shapes and lines in words."""
    palette = graph.DARK if is_dark else graph.LIGHT
    parts = [*_colour_words(nodes, coloured_by, palette)]
    words = {graph.shape_of(row) for row in nodes.iter_rows(named=True)}
    shapes = [_item(SHAPE_PATHS[word], graph.SHAPE_WORDS[word], palette.edge) for word in graph.SHAPES if word in words]
    lines = [
        _item(f'<path d="M1 7H23" {dash}/>', word, palette.edge)
        for word, dash in (
            ("declared", ""),
            ("seen in traces", 'stroke-dasharray="5 3"'),
            ("inferred or linked", 'stroke-dasharray="1.5 3"'),
        )
    ]
    thick = _item('<rect x="2" y="2" width="20" height="10" rx="3" stroke-width="2.6"/>', "Tier 1", palette.edge)
    rows = (("Colour", parts), ("Shape", [*shapes, thick]), ("Line", lines))
    return "".join(f'<p class="aurora-legend"><b>{name}</b>{"".join(items)}</p>' for name, items in rows)


def _colour_words(nodes: pl.DataFrame, coloured_by: str, palette: graph.Palette) -> Iterable[str]:
    box = '<rect x="2" y="2" width="20" height="10" rx="3" {}/>'
    nothing = _item(box.format(f'fill="{palette.nothing}" stroke-dasharray="3 2"'), NOTHING, palette.edge)
    if coloured_by not in graph.MEASURES:
        for status, mark in STATUS.items():
            dash = 'stroke-dasharray="3 2"' if status == "unknown" else ""
            fill = palette.fills[status]
            yield _item(box.format(f'fill="{fill}" {dash}'), f"{mark.sign} {mark.word}", mark.hue)
        return
    steps = graph.scale(nodes, coloured_by)
    say = (lambda value: money(value, steps.currency)) if coloured_by == "Cost" else count
    for (fill, _), word in zip(palette.steps, ["none", *(f"up to {say(b)}" for b in steps.bounds)], strict=False):
        yield _item(box.format(f'fill="{fill}"'), word, palette.edge)
    yield nothing


def _item(shape: str, word: str, line: str) -> str:
    size = 'xmlns="http://www.w3.org/2000/svg" width="24" height="14"'
    drawn = quote(f'<svg {size} fill="none" stroke="{line}" stroke-width="1.2">{shape}</svg>')
    return f'<span><img alt="" src="data:image/svg+xml,{drawn}">{escape(word)}</span>'


def fails(nodes: pl.DataFrame, edges: pl.DataFrame, chosen: str, name: str) -> None:
    """Everything that rests on the chosen node, nearest first, applications before components."""
    reached = impact(edges, chosen)
    found = pl.DataFrame(
        {"node_id": list(reached), "hops": list(reached.values())}, schema_overrides={"node_id": pl.String}
    )
    found = found.join(nodes, on="node_id").sort(pl.col("node_type") != "app", "hops", "tier", "name", nulls_last=True)
    apps = found.filter(pl.col("node_type") == "app").height
    st.subheader(f"If {safe(name)} fails, these rest on it", anchor=False)
    st.caption(
        f"{plural(apps, 'application')} and {plural(found.height - apps, 'component')}, directly or through others."
    )
    shown = found.select(
        linked().alias("node"), pl.col("node_type").replace_strict(NODE_WORDS, default="Unknown").alias("is"),
        "hops", "tier",
        pl.col("team_id").alias("team"), pl.col("status").map_elements(pill, return_dtype=pl.String),
        pl.col("status_reason").fill_null("").alias("why"),
    )  # fmt: skip
    tables.plain(
        shown, "What rests on it", or_else=("Nothing rests on it", "No dependency leads to it."),
        node=name_column("Name", pinned=True, width=200),
    )  # fmt: skip


def circles(nodes: pl.DataFrame, found: list[list[str]]) -> None:
    """The largest group of nodes that all rest on each other, if there is one."""
    if not found:
        return
    names = dict(nodes.select("node_id", "name").iter_rows())
    said = ", ".join(safe(names.get(node, node)) for node in found[0][:SAID])
    more = f" and {len(found[0]) - SAID:,} more" if len(found[0]) > SAID else ""
    st.caption(f":material/cycle: {plural(len(found), 'circle')} of dependencies; the largest: {said}{more}.")
