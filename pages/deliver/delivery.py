"""Delivery: every project from planning to production, and DORA's five figures with the rows behind each.

icon: rocket_launch
order: 50
"""

from typing import Any

import polars as pl
import streamlit as st

from aurora.contracts import Row
from aurora.ui import dora, pipeline
from aurora.ui.data import rows
from aurora.ui.export import behind
from aurora.ui.filters import LONG, Span
from aurora.ui.frame import demo_badge, empty, freshness, ranged_page
from aurora.ui.words import safe

PROJECTS = (
    "from project_pipeline order by bad_deployment_count desc nulls last, critical_item_count desc nulls last, name"
)
FIGURES = """
    select coalesce(a.name, t.name, d.scope_id) as name, d.*
    from dora(since := $since, until := $until) d
    left join applications_now a on d.scope_type = 'app' and a.app_id = d.scope_id
    left join (select team_id, min(name) as name from teams group by team_id) t
      on d.scope_type = 'team' and t.team_id = d.scope_id
    where d.run_count > 0 order by d.run_count desc, name"""
WEEKS = """
    from dora_weeks(since := $since, until := $until)
    where scope_type = $scope_type and scope_id = $scope_id order by week"""
COVERAGE = """
    from dora_coverage(since := $since, until := $until) where scope_type = $scope_type and scope_id = $scope_id"""
CHANGES = """
    select c.change_id, c.app_id, c.first_commit_at, c.deployed_at, c.lead_s, c.commit_count, c.deployment_id
    from deployment_changes c join dora_scopes s on s.app_id = c.app_id
    where s.scope_type = $scope_type and s.scope_id = $scope_id and c.deployed_at >= $since and c.deployed_at < $until
    order by c.lead_s desc"""
RUNS = """
    select p.* from prod_deployments p join dora_scopes s on s.app_id = p.app_id
    where s.scope_type = $scope_type and s.scope_id = $scope_id and p.over_at >= $since and p.over_at < $until
    order by p.over_at desc"""
Queries = dict[str, tuple[str, dict[str, Any]]]


def scope(figures: pl.DataFrame) -> tuple[str, str] | None:
    """The application or team that was chosen; None for all."""
    known = {f"{row['scope_type']}:{row['scope_id']}": row for row in figures.iter_rows(named=True)}
    words = {"app": "Application", "team": "Team"}
    chosen = st.selectbox(
        "Of", ["all", *known], key="of", bind="query-params", label_visibility="collapsed", width=320,
        format_func=lambda key: "All applications" if key == "all" else
        f"{words[known[key]['scope_type']]}: {known[key]['name']}",
    )  # fmt: skip
    return None if chosen in (None, "all") else (known[chosen]["scope_type"], known[chosen]["scope_id"])


def one(row: Row, span: Span, version: str) -> Queries:
    """One application or team: cards, what they rest on, what would lift them; returns the queries behind them."""
    mine = {"scope_type": row["scope_type"], "scope_id": row["scope_id"]}
    before = rows(FIGURES, **span.before.window)
    before = before.filter((pl.col("scope_type") == row["scope_type"]) & (pl.col("scope_id") == row["scope_id"]))
    was = before.row(0, named=True) if before.height else None
    dora.cards(row, was, rows(WEEKS, **mine, **span.window), version)
    covered = rows(COVERAGE, **mine, **span.window)
    if covered.height:
        st.caption(pipeline.covered(covered.row(0, named=True)))
    if version == "2025":
        dora.compared(row)
    elif told := dora.advice(row):
        st.markdown("  \n".join(told))
    asked = {"Deployments": RUNS, "Changes": CHANGES, "Weeks": WEEKS, "Coverage": COVERAGE}
    return {name: (sql, mine | span.window) for name, sql in asked.items()}


with ranged_page("Delivery", "30d", LONG) as span:
    figures = rows(FIGURES, **span.window)
    with st.container(horizontal=True, vertical_alignment="center", key="filters"):
        chosen = scope(figures)
        version = st.segmented_control(
            "Bands", dora.VERSIONS, default="2023", required=True, key="bands", bind="query-params",
            label_visibility="collapsed", help="2023: cuts. 2024: clusters. 2025: scores of 0 to 10.",
        )  # fmt: skip
    queries: Queries = {"DORA": (FIGURES, span.window), "Projects": (PROJECTS, {})}
    apps = figures.filter(pl.col("scope_type") == "app")
    if not figures.height:
        empty(
            "No deployment to production in this range", "Connect CI or git, or push with `aurora record deployment`."
        )
    elif chosen:
        found = figures.filter((pl.col("scope_type") == chosen[0]) & (pl.col("scope_id") == chosen[1]))
        st.subheader(safe(found["name"][0]), anchor=False)
        queries |= one(found.row(0, named=True), span, str(version))
    else:
        dora.company(apps, str(version))

    st.subheader("Projects", anchor=False)
    projects = rows(PROJECTS)
    pipeline.table(projects)
    st.subheader("By application and team", anchor=False)
    if picked := dora.table(figures, str(version), "dora-table"):
        wanted = {"of": f"{picked['scope_type']}:{picked['scope_id']}", "range": span.label, "bands": str(version)}
        st.switch_page("pages/deliver/delivery.py", query_params=wanted)
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        freshness()
        demo_badge(projects)
    behind(queries, "delivery")
