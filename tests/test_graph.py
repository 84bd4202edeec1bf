"""The dependency graph: its marts on small estates by hand, walks over it, and a drawing that no name can break."""

import re
import time
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest

from aurora.contracts import Row
from aurora.contracts.cost import FocusCost
from aurora.contracts.estate import Applications, AppLinks, ComponentEdges, Components
from aurora.contracts.operations import Alerts, ComponentHealth
from aurora.contracts.platform import SyncRuns
from aurora.contracts.security import Findings, Scans
from aurora.doctor import check_model
from aurora.insights.graph import around, cycles, impact, resting, with_direct
from aurora.ui import graph, graph_parts
from tests.conftest import Published
from tests.frames import DAY, HOUR, MINUTE, NOW, ROOT, component, health, link, put, row
from tests.test_pages import sentences, shown
from warehouse.lake import Lake
from warehouse.publish import publish


def edge(origin: str, target: str, kind: str = "calls", **values: Any) -> Row:
    """One edge between components, seen in traces an hour ago; an end without a colon is an application."""
    ends = {"from_id": origin, "from_type": _type(origin), "to_id": target, "to_type": _type(target), "kind": kind}
    return ends | {"evidence": "trace", "first_seen_at": NOW - 9 * DAY, "last_seen_at": NOW - HOUR} | values


def _type(node: str) -> str:
    return "component" if ":" in node else "app"


def app(app_id: str, **values: Any) -> Row:
    return row(Applications, app_id=app_id, name=app_id.title(), updated_at=NOW) | values


def told(published: Published, columns: str, mart: str) -> list[tuple[Any, ...]]:
    warehouse = published()
    assert check_model(warehouse, mart) == []
    return list(warehouse.rows(f"select {columns} from {mart} order by all").iter_rows())


def test_twins_are_folded_and_edges_to_oneself_dropped(lake: Lake, published: Published) -> None:
    """b2 is b: a->b (trace, 5 a minute) and a->b2 (declared, 7) are one edge, declared, 7; b2->b is of b to itself."""
    put(lake, Components, [component("s:a"), component("s:b"), component("s:b2", same_as="s:b")])
    edges = [edge("s:a", "s:b", calls_per_minute=5.0, last_seen_at=NOW - 2 * HOUR)]
    edges += [edge("s:a", "s:b2", evidence="declared", calls_per_minute=7.0), edge("s:b2", "s:b"), edge("s:a", "s:a")]
    put(lake, ComponentEdges, edges)
    columns = "from_id, to_id, kind, evidence, calls_per_minute, last_seen_at, source_instance"
    seen = (NOW - HOUR).replace(tzinfo=None)
    assert told(published, columns, "graph_edges") == [("s:a", "s:b", "calls", "declared", 7.0, seen, "t1")]


def test_an_edge_its_source_tells_no_longer_is_gone(lake: Lake, published: Published) -> None:
    """The newest word of `live` is an hour old: 2 days before it still holds, a second more does not. All of `quiet`
    is 30 days old and stays: it is the source that stopped. A clock that runs a year ahead ages nothing."""
    newest = NOW - HOUR
    live = [edge("s:a", "s:b"), edge("s:a", "s:c", last_seen_at=newest - 2 * DAY)]
    live += [edge("s:a", "s:d", last_seen_at=newest - 2 * DAY - MINUTE / 60)]
    put(lake, ComponentEdges, live, "live")
    put(lake, ComponentEdges, [edge("q:a", "q:b", last_seen_at=NOW - 30 * DAY)], "quiet")
    ahead = [edge("w:a", "w:b", last_seen_at=NOW + 365 * DAY), edge("w:a", "w:c", last_seen_at=NOW - DAY)]
    put(lake, ComponentEdges, ahead, "wrong-clock")
    found = [("q:a", "q:b"), ("s:a", "s:b"), ("s:a", "s:c"), ("w:a", "w:b"), ("w:a", "w:c")]
    assert told(published, "from_id, to_id", "graph_edges") == found


def run(number: int, at: datetime, status: str = "success") -> Row:
    return row(SyncRuns, number, sync_run_id=f"{number}", started_at=at, finished_at=at, status=status)


def test_what_files_no_longer_declare_is_gone_two_hours_later(lake: Lake, published: Published) -> None:
    """The last good run of `files` is of 11:00, a failed one of 11:30 says nothing: what was told at 9:00 holds still,
    a second before no longer, by a catalog neither; what traces saw at 8:00 holds for two days. Of `hands` no run is
    known, of `broken` no good one: what each declared a day and a half before its newest word holds."""
    put(lake, SyncRuns, [run(1, NOW - 9 * HOUR), run(2, NOW - HOUR, "partial"), run(3, NOW - HOUR / 2, "failed")],
        "files")  # fmt: skip
    put(lake, SyncRuns, [run(4, NOW - MINUTE, "failed"), run(5, NOW - MINUTE, "skipped")], "broken")
    limit, files = NOW - 3 * HOUR, {"evidence": "declared"}
    told_by_files = [edge("f:a", "f:now", **files), edge("f:a", "f:b", last_seen_at=limit, **files)]
    told_by_files += [edge("f:a", "f:c", last_seen_at=limit - MINUTE / 60, **files)]
    told_by_files += [edge("f:a", "f:d", evidence="catalog", last_seen_at=limit - MINUTE / 60)]
    told_by_files += [edge("f:a", "f:e", last_seen_at=NOW - 4 * HOUR)]
    put(lake, ComponentEdges, told_by_files, "files")
    for source in ("hands", "broken"):
        old = edge(f"{source}:a", f"{source}:b", last_seen_at=NOW - HOUR - 36 * HOUR, **files)
        put(lake, ComponentEdges, [old, edge(f"{source}:a", f"{source}:c", **files)], source)
    assert told(published, "to_id", "graph_edges") == [
        ("broken:b",), ("broken:c",), ("f:b",), ("f:e",), ("f:now",), ("hands:b",), ("hands:c",),
    ]  # fmt: skip


def test_an_application_has_the_alerts_of_its_components(lake: Lake, published: Published) -> None:
    """Shop: one by its name, one of its part, one of the part's twin are 3; the resolved one is not. Blog shares the
    part, of which it has 2; what names shop is not blog's."""
    put(lake, Applications, [app("shop"), app("blog"), app("wiki")])
    put(lake, Components, [component("s:a"), component("s:a2", same_as="s:a")])
    put(lake, AppLinks, [link(name, "component", "s:a") for name in ("shop", "blog")])
    named: list[Row] = [{"app_id": "shop", "component_id": None}, {"component_id": "s:a"}, {"component_id": "s:a2"}]
    alerts = [row(Alerts, n, alert_id=str(n), state="firing", started_at=NOW) | one for n, one in enumerate(named)]
    over = row(Alerts, 9, alert_id="9", state="resolved", started_at=NOW - HOUR, component_id="s:a")
    put(lake, Alerts, [*alerts, over])
    apps = [found for found in told(published, "node_type, name, open_alert_count", "graph_nodes") if found[0] == "app"]
    assert apps == [("app", "Blog", 2), ("app", "Shop", 3), ("app", "Wiki", 0)]


def test_every_edge_reads_from_rests_on_to_and_links_are_the_weakest_evidence(lake: Lake, published: Published) -> None:
    """A part turns to what it is part of, an API to who provides it; the catalog's word beats the link to s:a."""
    put(lake, Applications, [app("shop"), app("old", lifecycle="retired")])
    put(lake, Components, [component(f"s:{name}") for name in ("a", "b", "api")])
    put(lake, AppLinks, [link("shop", "component", f"s:{name}") for name in "ab"] + [link("old", "component", "s:a")])
    edges = [edge("s:a", "shop", "part_of"), edge("s:b", "s:api", "provides_api"), edge("old", "s:b", "depends_on")]
    put(lake, ComponentEdges, [*edges, edge("shop", "s:a", "depends_on", evidence="catalog"), edge("s:a", "old")])
    assert told(published, "from_id, from_type, to_id, kind, evidence", "graph_edges") == [
        ("s:api", "component", "s:b", "provided_by", "trace"),
        ("shop", "app", "s:a", "consists_of", "trace"),
        ("shop", "app", "s:a", "depends_on", "catalog"),
        ("shop", "app", "s:b", "depends_on", "link"),
    ]


def test_nodes_with_status_alerts_and_what_only_an_edge_names(lake: Lake, published: Published) -> None:
    """Shop is as bad as its worst component, pay (third party, down); nobody linked anything to blog."""
    put(lake, Applications, [app("shop", tier=1, team_id="web"), app("blog"), app("old", lifecycle="retired")])
    parts = [component("s:db", type="database"), component("s:pay", name="Pay", type="third_party")]
    put(lake, Components, [*parts, component("s:alone"), component("s:off", lifecycle="terminated")])
    put(lake, AppLinks, [link("shop", "component", name) for name in ("s:db", "s:pay")])
    put(lake, ComponentEdges, [edge("s:db", "s:ghost"), edge("s:db", "s:off")])
    samples = [health("s:db", NOW - 2 * MINUTE, status="healthy")]
    put(lake, ComponentHealth, [*samples, health("s:pay", NOW - 2 * MINUTE, status="down", status_reason="no answer")])
    alerts = [("1", "firing"), ("2", "resolved"), ("3", "firing")]
    put(lake, Alerts, [row(Alerts, alert_id=n, component_id="s:pay", state=word, started_at=NOW) for n, word in alerts])
    columns = "node_id, node_type, name, type, tier, status, status_reason, open_alert_count"
    unknown = row(Applications)["type"]
    assert told(published, columns, "graph_nodes") == [
        ("blog", "app", "Blog", unknown, None, "unknown", "no component is linked to it", 0),
        ("s:db", "component", "s:db", "database", None, "healthy", None, 0),
        ("s:ghost", "component", "ghost", "unknown", None, "unknown", "only a dependency names it", None),
        ("s:off", "component", "s:off", "server", None, "unknown", "it is terminated", None),
        ("s:pay", "third_party", "Pay", "third_party", None, "down", "no answer", 2),
        ("shop", "app", "Shop", unknown, 1, "down", "Pay: no answer", 2),
    ]


def test_cost_and_vulnerabilities_are_null_where_nothing_is_known(lake: Lake, published: Published) -> None:
    """March: shop has 10 + 5 = 15 EUR; blog 3 USD and 4 EUR without a budget, so no one amount; desk was charged in
    February only; wiki never.
    Shop: f1 (its repository) and f2 (its component); f3 is fixed, f4 no vulnerability, f5 in another folder, f1 is also
    found through the project. Blog was scanned, and has none; wiki was linted and a scan failed: not known."""
    put(lake, Applications, [app(name) for name in ("shop", "blog", "desk", "wiki")])
    put(lake, Components, [component("s:a"), component("s:a2", same_as="s:a")])
    links = [link("shop", "repository", "s:r", path_prefix="web"), link("shop", "project", "s:p")]
    links += [link("shop", "component", "s:a"), link("blog", "repository", "s:b"), link("wiki", "repository", "s:w")]
    put(lake, AppLinks, [*links, *(link(name, "cost", f"account:{name}") for name in ("shop", "blog", "desk"))])
    charges = [
        ("shop", "10", "EUR", NOW),
        ("shop", "5", "EUR", NOW),
        ("blog", "3", "USD", NOW),
        ("blog", "4", "EUR", NOW),
    ]
    charges += [("desk", "8", "EUR", NOW - 20 * DAY)]
    lines = [
        row(FocusCost, n, x_RowId=str(n), SubAccountId=name, BillingCurrency=currency, ChargePeriodStart=at)
        | {"EffectiveCost": Decimal(cost), "BilledCost": Decimal(cost), "x_SourceExport": "e"}
        for n, (name, cost, currency, at) in enumerate(charges)
    ]
    put(lake, FocusCost, lines)
    findings = [
        {"repo_id": "s:r", "project_id": "s:p", "file": "web/a.js"},
        {"component_id": "s:a2", "category": "container"},
        {"repo_id": "s:r", "file": "web/b.js", "state": "fixed"},
        {"repo_id": "s:r", "file": "web/c.js", "category": "lint"},
        {"repo_id": "s:r", "file": "website/d.js"},
        {"repo_id": "s:w", "category": "lint"},
    ]
    least = {"category": "sca", "state": "open"}
    put(lake, Findings, [row(Findings, finding_id=f"f{n}") | least | one for n, one in enumerate(findings, 1)])
    scans = [("s:b", "success"), ("s:w", "failed")]
    last: dict[str, Any] = {"started_at": NOW - DAY}
    lines = [row(Scans, scan_id=r, repo_id=r, status=s, is_complete=s == "success", **last) for r, s in scans]
    put(lake, Scans, lines)
    assert told(published, "node_id, month_cost, currency, open_vulnerability_count", "graph_nodes") == [
        ("blog", None, None, 0),
        ("desk", None, None, None),
        ("s:a", None, None, 1),
        ("shop", Decimal(15), "EUR", 2),
        ("wiki", None, None, None),
    ]


def pairs(text: str) -> pl.DataFrame:
    """'a>b b>c' -> edges."""
    ends = [pair.split(">") for pair in text.split()]
    return pl.DataFrame(ends, schema={"from_id": pl.String, "to_id": pl.String}, orient="row")


CHAIN = pairs("shop>web web>db web>auth blog>auth auth>db db>web db>disk")


def test_who_is_around_and_what_a_failure_takes_along() -> None:
    """web -> auth -> db -> web is a circle; the walks end all the same."""
    assert around(CHAIN, "web", 1) == {"web": 0, "auth": 1, "db": 1, "shop": 1}
    assert around(CHAIN, "shop", 2, "down") == {"shop": 0, "web": 1, "auth": 2, "db": 2}
    assert around(CHAIN, "auth", 1, "up") == {"auth": 0, "blog": 1, "web": 1}
    # auth shares the disk with nobody who would be around it through the disk alone
    assert around(pairs("a>x b>x"), "a") == {"a": 0, "x": 1}
    assert around(CHAIN, "disk", 0) == {"disk": 0}
    assert around(CHAIN, "nobody") == {"nobody": 0}
    assert impact(CHAIN, "disk") == {"db": 1, "auth": 2, "web": 2, "blog": 3, "shop": 3}
    assert impact(CHAIN, "web") == {"db": 1, "shop": 1, "auth": 2, "blog": 3}
    assert impact(CHAIN, "shop") == {}


def test_circles_and_single_points() -> None:
    assert cycles(CHAIN) == [["auth", "db", "web"]]
    assert cycles(pairs("x>x a>b b>a p>q q>r r>p r>s s>s")) == [["p", "q", "r"], ["a", "b"], ["s"], ["x"]]
    assert cycles(pairs("a>b b>c a>c")) == []
    assert resting(CHAIN, ["shop", "blog", "lonely"]) == {"auth": 2, "db": 2, "disk": 2, "web": 2}
    assert resting(pairs("shop>api api>blog blog>db"), ["shop", "blog"]) == {"db": 2, "api": 1, "blog": 1}
    assert with_direct(CHAIN, ["shop", "lonely", "web"]) == ["shop", "web", "lonely", "db", "auth"]
    assert with_direct(CHAIN, ["shop", "lonely", "web"], 3) == ["shop", "web", "lonely"]
    assert with_direct(CHAIN, ["web", "shop"], 2) == ["web", "db", "auth"]
    assert (resting(pairs(""), ["a"]), cycles(pairs(""))) == ({}, [])


NAMES = st.sampled_from("abcdefg")


@given(st.lists(st.tuples(NAMES, NAMES)))
def test_walks_agree_with_each_other(ends: list[tuple[str, str]]) -> None:
    """A slow definition of everything: reachability by repeated joining."""
    edges = pl.DataFrame(ends, schema={"from_id": pl.String, "to_id": pl.String}, orient="row")
    reach = set(ends)
    while fresh := {(a, d) for a, b in reach for c, d in reach if b == c} - reach:
        reach |= fresh
    for node in "abcdefg":
        assert set(impact(edges, node)) == {a for a, b in reach if b == node} - {node}
        assert set(around(edges, node, direction="down")) == {b for a, b in reach if a == node} | {node}
    circles = {frozenset({b for b in "abcdefg" if {(a, b), (b, a)} <= reach}) for a in "abcdefg"} - {frozenset()}
    assert {frozenset(group) for group in cycles(edges)} == circles
    counts = {b: len({a for a in "abc" if (a, b) in reach} - {b}) for b in "abcdefg"}
    assert resting(edges, "abc") == {node: count for node, count in counts.items() if count}


def test_twenty_thousand_edges_are_walked_at_once() -> None:
    """A chain of 10,000 that ends where it starts, and 10,000 edges across."""
    chain = [(str(n), str((n + 1) % 10_000)) for n in range(10_000)]
    across = [(f"x{n}", str(n * 7919 % 10_000)) for n in range(10_000)]
    edges = pl.DataFrame(chain + across, schema={"from_id": pl.String, "to_id": pl.String}, orient="row")
    started = time.process_time()
    assert len(impact(edges, "5")) == 19_999
    assert [len(group) for group in cycles(edges)] == [10_000]
    assert resting(edges, [f"x{n}" for n in range(500)])["5"] == 500
    assert time.process_time() - started < 30


def node(node_id: str, **values: Any) -> Row:
    least: Row = {"node_id": node_id, "node_type": "component", "name": node_id, "type": "server", "tier": None}
    least |= {"status": "healthy", "status_reason": None, "open_alert_count": 0, "month_cost": None, "currency": None}
    return least | {"open_vulnerability_count": None} | values


SCHEMA: dict[str, Any] = {
    "tier": pl.Int64,
    "status_reason": pl.String,
    "month_cost": pl.Decimal(38, 18),
    "currency": pl.String,
}
SCHEMA |= {"open_vulnerability_count": pl.Int64, "open_alert_count": pl.Int64}


def nodes_of(*rows: Row) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema_overrides=SCHEMA)


def edges_of(*ends: tuple[str, str], evidence: str = "trace", kind: str = "calls") -> pl.DataFrame:
    rows = [{"from_id": a, "to_id": b, "kind": kind, "evidence": evidence} for a, b in ends]
    return pl.DataFrame(rows, schema=dict.fromkeys(("from_id", "to_id", "kind", "evidence"), pl.String))


# A DOT string: what is between two quotes, where a backslash takes the next character along.
STRING = re.compile(r'"((?:[^"\\]|\\.)*)"')
STATEMENT = re.compile(r"(digraph \{|\}|(rankdir|node|edge|n\d+)\b[^\"<>]*(-> n\d+ \[[^\"<>]*)?;)")


def bare(dot: str) -> list[str]:
    """The lines with their strings taken out, each a statement that this module writes; fails on anything else."""
    lines = [STRING.sub("S", line) for line in dot.splitlines()]
    assert [line for line in lines if not STATEMENT.fullmatch(line)] == []
    return lines


HOSTILE = [
    '"',
    "\\",
    'a\\"b',
    '"]; evil [label="x',
    "<b>x</b>",
    "<<table>>",
    "a\nb\r\u2028c",
    "\\N\\G",
    "&lt;",
    "",
    "\x00",
]


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("coloured_by", graph.COLOURS)
def test_a_hostile_name_is_only_text(name: str, coloured_by: str) -> None:
    nodes = nodes_of(node(name, status_reason=name), node("b", node_type="app", name=name))
    edges = edges_of((name, "b"), kind=name or "calls")
    lines = bare(graph.dot(nodes, edges, coloured_by, name, False))
    assert len(lines) == 4 + 2 + 1 + 1
    assert "<b>" not in graph_parts.legend(nodes, coloured_by, True).replace("<b>Colour", "").replace(
        "<b>Shape", ""
    ).replace("<b>Line", "")


@given(st.text(), st.text())
def test_no_name_breaks_out_of_its_string(name: str, reason: str) -> None:
    nodes = nodes_of(node(name, status_reason=reason, status="down"), node(f"{name}+", name=reason, node_type="app"))
    lines = bare(graph.dot(nodes, edges_of((name, f"{name}+"), kind=reason), "Health", None, True))
    assert len(lines) == 4 + 2 + 1 + 1


@given(st.text())
@example("&lt;b&gt; \\N")
def test_a_label_means_what_it_says(name: str) -> None:
    r"""Graphviz reads \\ as a backslash and &amp; as an ampersand, and finds nothing else that is special."""
    said = graph.label(name, 1000)
    assert not re.search(r"\\(?!\\)", said.replace("\\\\", ""))
    assert not re.search("&(?!amp;)", said)
    assert said.isprintable()
    plain = said.replace("\\\\", "\\").replace("&amp;", "&")
    assert [char for char in plain if char != " "] == [char for char in name if char.isprintable() and char != " "][
        : len(plain.replace(" ", ""))
    ]


def test_nodes_lead_to_their_pages() -> None:
    assert graph.href("app", "a&b=c") == "/application?app=a%26b%3Dc"
    assert graph.href("third_party", 's:"x"/é') == "/component?component=s%3A%22x%22%2F%C3%A9"
    dot = graph.dot(nodes_of(node("s:a")), edges_of(), "Health", None, False)
    assert 'URL="/component?component=s%3Aa" target="_self"' in dot


def test_status_is_a_mark_and_unknown_is_dashed() -> None:
    nodes = nodes_of(node("a", status="down"), node("b", status="unknown"), node("c", node_type="app", tier=1))
    down, unknown, first = [
        line
        for line in graph.dot(nodes, edges_of(), "Health", "b", False).splitlines()
        if line[:1] == "n" and "label=" in line
    ]
    assert 'label="✕ a"' in down
    assert 'label="? b"' in unknown
    assert 'style="filled,dashed" penwidth="4"' in unknown
    assert 'style="filled,rounded" penwidth="2.6"' in first
    assert 'label="● c"' in first


def test_edges_say_how_they_are_known() -> None:
    nodes = nodes_of(node("a"), node("b"), node("c"))
    edges = pl.concat([edges_of(("a", "b"), evidence="link"), edges_of(("a", "b"), kind="reads_from"),
                       edges_of(("b", "c"), evidence="catalog"), edges_of(("c", "a"), evidence="inferred"),
                       edges_of(("a", "elsewhere"))])  # fmt: skip
    drawn = [line for line in graph.dot(nodes, edges, "Health", None, False).splitlines() if "->" in line]
    assert sorted(drawn) == [
        'n0 -> n1 [style="dashed" tooltip="reads from, calls (trace)"];',
        'n1 -> n2 [style="solid" tooltip="calls (catalog)"];',
        'n2 -> n0 [style="dotted" tooltip="calls (inferred)"];',
    ]


def test_a_scale_tells_none_from_not_known_and_compares_one_currency() -> None:
    """EUR is in most nodes: 30, 60, 90 are three steps; 5 USD is named but not compared; null is n/a."""
    money = [("a", "30", "EUR"), ("b", "60", "EUR"), ("c", "90", "EUR"), ("d", "5", "USD"), ("e", "0", "EUR")]
    nodes = nodes_of(*(node(n, month_cost=Decimal(c), currency=u) for n, c, u in money), node("f"))
    steps = graph.scale(nodes, "Cost")
    assert (steps.bounds, steps.currency) == ((30, 60, 90), "EUR")
    assert [steps.step(one) for one in nodes.iter_rows(named=True)] == [1, 2, 3, None, 0, None]
    dot = graph.dot(nodes, edges_of(), "Cost", None, False)
    assert 'label="d\\n$5"' in dot
    assert re.search(r'label="f\\nn/a".*style="filled,dashed"', dot)
    legend = graph_parts.legend(nodes, "Cost", False)
    assert "up to €60" in legend
    assert "n/a" in legend
    alerts = graph.scale(nodes_of(node("a", open_alert_count=4), node("b", open_alert_count=None)), "Open alerts")
    assert (alerts.bounds, alerts.say(4), alerts.say(1), alerts.say(None)) == ((4,), "4 alerts", "1 alert", "n/a")
    assert graph.scale(nodes_of(node("a")), "Vulnerabilities").say(2) == "2 vulnerabilities"


@pytest.fixture(scope="module")
def estate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """130 applications, 10 to a team, each on a component of its own, and all on one of a hostile name."""
    data = tmp_path_factory.mktemp("graph")
    lake = Lake(data / "lake")
    put(lake, Applications, [app(f"app-{n}", team_id=f"team-{n // 10}", type="web") for n in range(130)])
    parts = [component(f"s:{n}", type="database" if n % 2 else "api") for n in range(130)]
    put(lake, Components, [*parts, component("s:all", name="![x](//evil) <b>b</b>", type="third_party")])
    edges = [edge(f"app-{n}", f"s:{n}", evidence="declared") for n in range(130)]
    put(lake, ComponentEdges, [*edges, *(edge(f"app-{n}", "s:all") for n in range(130)), edge("s:all", "s:0")])
    publish(lake, data, now=NOW)
    return data


def drawn(test: AppTest) -> str:
    """The DOT text on the page."""
    return str(test.get("graphviz_chart")[0].proto.spec)


def page(data: Path, monkeypatch: pytest.MonkeyPatch, **query: str) -> AppTest:
    test = shown(ROOT / "pages/estate/graph.py", data, monkeypatch, **query)
    assert not test.exception
    assert "cannot be shown" not in sentences(test)
    return test


def test_what_is_not_drawn_is_told_and_listed(estate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """130 applications, 130 components of theirs and the one of all are 261. Each application brings two nodes: 29 of
    them and the common one are 59, one more would be above 60; of 120, 59 of them are 119."""
    test = page(estate, monkeypatch)
    assert len(re.findall(r"^n\d+ \[", drawn(test), re.MULTILINE)) == 59
    assert "59 of 261 nodes are drawn: the applications in the worst state" in sentences(test)
    assert [metric.value for metric in test.metric] == ["130", "130", "1", "261"]
    assert len(test.dataframe[0].value) == 261
    assert "/application?app=app-1#App-1" in test.dataframe[0].value["who"].to_list()
    buttons = [button.label for button in test.button]
    assert [label for label in buttons if "130" in label and "![x]" not in label and "<b>" not in label]
    test.toggle[0].set_value(True).run()
    assert len(re.findall(r"^n\d+ \[", drawn(test), re.MULTILINE)) == 119
    assert "119 of 261 nodes are drawn" in sentences(test)


def test_filters_in_the_url_narrow_what_is_drawn(estate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A team of 10 with databases only: applications 10-19 and the components 11, 13, 15, 17 and 19."""
    dot = drawn(page(estate, monkeypatch, team_id="team-1", type="database"))
    labels = {name.removeprefix("? ") for name in re.findall(r'label="([^"]*)"', dot)}
    assert labels == {f"App-{n}" for n in range(10, 20)} | {f"s:{n}" for n in range(11, 20, 2)}


def test_a_chosen_node_shows_what_rests_on_it(estate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On s:0 rest app-0 and s:all, and by that all 130 applications."""
    test = page(estate, monkeypatch, node="s:0", hops="1 hop")
    assert set(re.findall(r'label="\? ([^"]*)"', drawn(test))) == {"s:0", "App-0", "![x](//evil) <b>b</b>"}
    assert "130 applications and 1 component, directly or through others" in sentences(test)
    assert "If s\\:0 fails" in next(header.value for header in test.subheader)
    assert test.dataframe[0].value["hops"].value_counts().to_dict() == {2: 129, 1: 2}
    next(button for button in test.button if button.label == "All applications").click().run()
    assert "of 261 nodes are drawn" in sentences(test)
    test.selectbox[0].select("app-7").run()
    assert set(re.findall(r'label="\? ([^"]*)"', drawn(test))) == {"App-7", "s:7", "![x](//evil) <b>b</b>"}


def test_an_address_that_names_nothing_says_so(estate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    test = page(estate, monkeypatch, node='"]; <b>', colour="Cost", team_id="nobody")
    assert "The node of this address is not known" in sentences(test)
    assert len(test.dataframe[0].value) == 261


def test_a_chosen_node_is_drawn_anew(estate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each drawing has a container of its own: the browser does not turn one into another, it keeps the first."""

    def frame(test: AppTest) -> str:
        (found,) = [key for one in test.main if "dot-" in (key := str(getattr(one.proto, "id", "")))]
        return found

    test = page(estate, monkeypatch)
    before = frame(test)
    assert frame(test.run()) == before
    next(button for button in test.button if button.key == "most-s:0").click().run()
    assert "s:0" in test.query_params["node"]
    assert frame(test) != before
