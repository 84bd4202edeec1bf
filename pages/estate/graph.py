"""Graph: what rests on what, applications, components and third parties, and what a failure of one takes along.

icon: hub
order: 34
"""

import polars as pl
import streamlit as st

from aurora.insights.graph import Direction, around, cycles, with_direct
from aurora.ui import graph, graph_parts, tables
from aurora.ui.data import rows
from aurora.ui.export import behind, download
from aurora.ui.filters import pills
from aurora.ui.frame import demo_badge, empty, freshness, page
from aurora.ui.words import TYPE_WORD, plural

NODES = "from graph_nodes order by status_rank, tier nulls last, name, node_id"
EDGES = "from graph_edges order by from_id, to_id, kind"
OFFERED = 3000
TYPES = ["api", "database", "server", "cdn", "third_party", "unknown"]
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


def focus(nodes: pl.DataFrame, edges: pl.DataFrame, chosen: str) -> list[str]:
    """What is around the chosen node, nearest first."""
    hops = st.segmented_control(
        "Hops", ["1 hop", "2 hops", "3 hops"], default="2 hops", required=True, key="hops", bind="query-params",
        label_visibility="collapsed",
    )  # fmt: skip
    way = st.segmented_control(
        "Direction", list(WAYS), default="both ways", required=True, key="way", bind="query-params",
        label_visibility="collapsed",
    )  # fmt: skip
    st.button("All applications", icon=":material/close:", on_click=graph_parts.choose, args=(None,), type="tertiary")
    return list(around(edges, chosen, int((hops or "2 hops")[0]), WAYS[way or "both ways"]))


def overview(nodes: pl.DataFrame, edges: pl.DataFrame) -> list[str]:
    """The applications that the filters leave, worst first, each with what it rests on directly."""
    apps = nodes.filter(pl.col("node_type") == "app")
    for name, label in (("team_id", "Team"), ("domain", "Domain")):
        options = sorted(apps[name].drop_nulls().unique().to_list())
        picked = st.multiselect(
            label, options, key=name, bind="query-params", placeholder=f"All {label.lower()}s",
            label_visibility="collapsed", width=190,
        )  # fmt: skip
        if picked:
            apps = apps.filter(pl.col(name).is_in(picked))
    types = pills("Type of what they rest on", TYPES, "type")
    kept = set(nodes.filter(pl.col("type").is_in(types) | (pl.col("node_type") == "app"))["node_id"]) if types else None
    return [node for node in with_direct(edges, apps["node_id"]) if kept is None or node in kept]


def drawing(nodes: pl.DataFrame, edges: pl.DataFrame, wanted: list[str], chosen: str | None) -> None:
    """The graph of the wanted nodes, as many as can be read, with its legend."""
    by = st.segmented_control(
        "Coloured by", graph.COLOURS, default=graph.HEALTH, required=True, key="colour", bind="query-params",
        label_visibility="collapsed",
    ) or graph.HEALTH  # fmt: skip
    shown = pl.DataFrame({"node_id": wanted[: graph.DRAWN]}, schema={"node_id": pl.String}).join(
        nodes, on="node_id", maintain_order="left"
    )
    if not shown.height:
        empty("Nothing to draw", "No application is left: clear the filters above.")
        return
    graph_parts.draw(shown, edges, by, chosen)
    if (left_out := len(wanted) - shown.height) > 0:
        st.warning(
            f"{plural(left_out, 'node')} of {len(wanted):,} left out: narrow by team, domain or type, or choose one "
            "node and fewer hops. The table below lists every dependency.", icon=":material/filter_alt:",
        )  # fmt: skip


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
            wanted = focus(nodes, edges, str(chosen)) if known.height else overview(nodes, edges)
        if chosen and not known.height:
            st.info("The node of this address is not known, or nothing depends on it: all applications are shown.")
        drawing(nodes, edges, wanted, chosen)
        if known.height:
            graph_parts.fails(nodes, edges, str(chosen), known["name"][0])
        st.subheader("Dependencies", anchor=False)
        listed = graph_parts.listed(nodes, edges)
        tables.plain(
            listed, "Dependencies", 12, ("No dependency is known", "See Sources: none tells dependencies yet.")
        )
        graph_parts.circles(nodes, cycles(edges))
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            freshness()
            demo_badge(edges)
            download(edges, "dependencies", "edges-csv")
        behind({"Dependencies": (EDGES, {}), "Nodes": (NODES, {})}, "graph")
