"""Graph: what rests on what, applications, components and third parties, and what a failure of one takes along.

icon: hub
order: 34
"""

import polars as pl
import streamlit as st

from aurora.insights.graph import Direction, around, cycles, with_direct
from aurora.ui import graph, graph_parts, named, tables
from aurora.ui.data import rows
from aurora.ui.export import behind
from aurora.ui.frame import demo_badge, empty, freshness, page
from aurora.ui.words import TYPE_WORD, plural

NODES = "from graph_nodes order by status_rank, tier nulls last, name, node_id"
EDGES = "from graph_edges order by from_id, to_id, kind"
OFFERED = 3000
TYPES = {word: TYPE_WORD[word] for word in ("api", "database", "server", "cdn", "third_party", "unknown")}
Part = tuple[list[str], int]
WAYS: dict[str, Direction] = {"both ways": "both", "rests on it": "up", "it rests on": "down"}


def ask_node(nodes: pl.DataFrame) -> str | None:
    """The node in the URL, to be changed by a search over names."""
    chosen = st.query_params.get("node")
    said = {
        node: f"{name} · {'Application' if kind == 'app' else TYPE_WORD.get(type_, 'Unknown')} · {node}"
        for node, name, kind, type_ in nodes.select("node_id", "name", "node_type", "type").iter_rows()
    }
    offered = sorted(said, key=lambda node: said[node].lower())[:OFFERED]
    if chosen in said and chosen not in offered:
        offered.insert(0, chosen)
    # One widget for each node in the URL, so that a button or the browser's way back changes what it shows.
    key = f"node-{chosen}"
    st.selectbox(
        "Application, component or third party", offered, index=offered.index(chosen) if chosen in offered else None,
        format_func=lambda node: said[node], key=key, on_change=lambda: graph_parts.choose(st.session_state[key]),
        placeholder="Find an application, component or third party", label_visibility="collapsed", width=420,
    )  # fmt: skip
    return chosen


def room(number: int) -> int:
    """How many nodes are drawn: those that can be read, or more if the visitor wants them."""
    if number <= graph.READABLE:
        return number
    is_wide = st.toggle(f"Draw up to {graph.DRAWN}", key="wide", bind="query-params")
    return graph.DRAWN if is_wide else graph.READABLE


def focus(edges: pl.DataFrame, chosen: str) -> Part:
    """What is around the chosen node, nearest first, as much as is drawn; and how much it is."""
    hops = st.segmented_control(
        "Hops", ["1 hop", "2 hops", "3 hops"], default="2 hops", required=True, key="hops", bind="query-params",
        label_visibility="collapsed",
    )  # fmt: skip
    way = st.segmented_control(
        "Direction", list(WAYS), default="both ways", required=True, key="way", bind="query-params",
        label_visibility="collapsed",
    )  # fmt: skip
    st.button("All applications", icon=":material/close:", on_click=graph_parts.choose, args=(None,), type="tertiary")
    found = list(around(edges, chosen, int((hops or "2 hops")[0]), WAYS[way or "both ways"]))
    return found[: room(len(found))], len(found)


def overview(nodes: pl.DataFrame, edges: pl.DataFrame) -> Part:
    """The applications that the filters leave, worst first, each with what it rests on directly; and of how many."""
    apps = nodes.filter(pl.col("node_type") == "app")
    for name, label in (("team_id", "Team"), ("domain", "Domain")):
        options = sorted(apps[name].drop_nulls().unique().to_list())
        picked = st.multiselect(
            label, options, key=name, bind="query-params", placeholder=f"All {label.lower()}s",
            label_visibility="collapsed", width=190,
        )  # fmt: skip
        if picked:
            apps = apps.filter(pl.col(name).is_in(picked))
    if types := named.several("Type of what they rest on", TYPES, "type"):
        kept = nodes.filter(pl.col("type").is_in(types) | (pl.col("node_type") == "app"))["node_id"]
        edges = edges.filter(pl.col("to_id").is_in(kept.implode()))
    number = len(with_direct(edges, apps["node_id"]))
    return with_direct(edges, apps["node_id"], room(number))[: graph.DRAWN], number


def drawing(nodes: pl.DataFrame, edges: pl.DataFrame, wanted: list[str], number: int, chosen: str | None) -> None:
    """The graph of the wanted nodes with its legend; where they are not all, which they are and how to see others."""
    by = st.segmented_control(
        "Coloured by", graph.COLOURS, default=graph.HEALTH, required=True, key="colour", bind="query-params",
        label_visibility="collapsed",
    ) or graph.HEALTH  # fmt: skip
    shown = pl.DataFrame({"node_id": wanted}, schema={"node_id": pl.String}).join(
        nodes, on="node_id", maintain_order="left"
    )
    if not shown.height:
        empty("Nothing to draw", "No application is left: clear the filters above.")
        return
    if number > len(wanted):
        which = (
            "those nearest to the chosen one" if chosen else "the applications in the worst state and what they need"
        )
        wider = "" if len(wanted) > graph.READABLE else f", or draw up to {graph.DRAWN}"
        how = "Choose fewer hops or one direction" if chosen else "Choose a team, domain or type, a node"
        st.info(
            f"{len(wanted)} of {plural(number, 'node')} are drawn: {which}. {how}{wider} above. The table below lists "
            "every dependency.", icon=":material/filter_center_focus:",
        )  # fmt: skip
    graph_parts.draw(shown, edges, by, chosen)


with page("Graph", "Who rests on whom, and what a failure takes along."):
    nodes, edges = rows(NODES), rows(EDGES)
    if not nodes.height:
        empty(
            "No dependency is known", "Register applications, or configure a source that tells dependencies or traces."
        )
    else:
        graph_parts.figures(nodes, edges)
        with st.container(horizontal=True, vertical_alignment="center", key="filters"):
            chosen = ask_node(nodes)
            known = nodes.filter(pl.col("node_id") == (chosen or ""))
            wanted, number = focus(edges, str(chosen)) if known.height else overview(nodes, edges)
        if chosen and not known.height:
            st.info("The node of this address is not known, or nothing depends on it: all applications are shown.")
        drawing(nodes, edges, wanted, number, chosen if known.height else None)
        if known.height:
            graph_parts.fails(nodes, edges, str(chosen), known["name"][0])
        st.subheader("Dependencies", anchor=False)
        listed = graph_parts.listed(nodes, edges)
        tables.plain(
            listed,
            "Dependencies",
            12,
            ("No dependency is known", "See Sources: none tells dependencies yet."),
            who=graph_parts.name_column("Who", width=180),
            rests_on=graph_parts.name_column("Rests on", width=180),
        )
        graph_parts.circles(nodes, cycles(edges))
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            freshness()
            demo_badge(edges)
        behind({"Dependencies": (EDGES, {}), "Nodes": (NODES, {})}, "graph")
