"""Deployments: the latest of every environment with version, changes and outcome, and what is to come.

icon: deployed_code_update
order: 51
"""

import polars as pl
import streamlit as st

from aurora.ui import deployments as show
from aurora.ui import gates
from aurora.ui.data import rows
from aurora.ui.export import behind, download
from aurora.ui.filters import RECENT, pills, search, span_of
from aurora.ui.frame import demo_badge, empty, freshness, ranged_page

LATEST = """
    select d.deployment_id, string_agg(distinct coalesce(a.name, d.app_id), ', ') as app_name,
           list(distinct d.app_id) as app_ids, any_value(d.version) as version, any_value(d.sha) as sha,
           any_value(d.environment) as environment, any_value(d.env_tier) as env_tier,
           any_value(d.status) as status,
           bool_or(d.is_rollback) as is_rollback, bool_or(d.is_hotfix) as is_hotfix,
           any_value(d.changes) as changes, any_value(r.rollback_plan) as rollback_plan, any_value(d.actor) as actor,
           any_value(d.duration_s) as duration_s,
           max(coalesce(d.finished_at, d.started_at, d.created_at)) as over_at, bool_or(d.is_inferred) as is_inferred,
           bool_or(coalesce(p.is_change_failed, false)) as is_change_failed, any_value(d.url) as url,
           any_value(d.source_instance) as source_instance
    from (from deployments_by_app union all by name
          select *, null as app_id, false as is_inferred from deployments_unlinked) d
    left join applications_now a on a.app_id = d.app_id
    left join deployments r on r.deployment_id = d.deployment_id
    left join prod_deployments p on p.app_id = d.app_id and p.deployment_id = d.deployment_id
    where coalesce(d.finished_at, d.started_at, d.created_at) >= $since
      and coalesce(d.finished_at, d.started_at, d.created_at) < $until
    group by d.deployment_id order by over_at desc"""
UPCOMING = """
    select u.due_at, u.kind, coalesce(a.name, u.app_id) as app_name, u.title, u.environment, u.state, u.url,
           u.source_instance
    from upcoming_releases u left join applications_now a on a.app_id = u.app_id order by u.due_at"""
UNMAPPED = """
    select environment, count(*) as deployment_count, max(created_at) as last_at,
           min(source_instance) as source_instance
    from deployments where env_tier = 'unknown' group by environment order by deployment_count desc"""
PAGE = "pages/deliver/deployment.py"


def matching(frame: pl.DataFrame, stages: list[str], outcomes: list[str], text: str) -> pl.DataFrame:
    """The deployments that the filters leave; an application in the URL narrows to its own."""
    if app := st.query_params.get("app"):
        frame = frame.filter(pl.col("app_ids").list.contains(app))
    if stages:
        frame = frame.filter(pl.col("env_tier").is_in(stages))
    if outcomes:
        frame = frame.filter(show.outcome().is_in(outcomes))
    if text:
        found = pl.concat_str(["app_name", "version", "environment", "actor", "sha"], separator=" ", ignore_nulls=True)
        frame = frame.filter(found.str.to_lowercase().str.contains(text.lower(), literal=True))
    return frame


def board(label: str, stages: list[str], outcomes: list[str], text: str) -> None:
    """Figures, the time line and the list; drawn again in place when a deployment lands."""
    span = span_of(label)
    everything = rows(LATEST, **span.window)
    shown = matching(everything, stages, outcomes, text)
    show.figures(shown)
    if not shown.height:
        what = "No deployment matches" if everything.height else "No deployment in this range"
        empty(
            what,
            "Clear the filters above." if everything.height else "Choose a longer range, or connect CI; see Sources.",
        )
        return
    st.altair_chart(show.timeline(shown), alt="Deployments over time by stage, failed ones marked")
    if chosen := show.table(shown, "deployments"):
        st.switch_page(PAGE, query_params={"deployment": chosen})
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        freshness()
        demo_badge(shown)
        download(shown.drop("app_ids", "changes"), "deployments", "deployments-csv")


with ranged_page("Deployments", "7d", (*RECENT, "90d")) as span:
    with st.container(horizontal=True, vertical_alignment="center", key="filters"):
        stages = pills("Stage", ["production", "staging", "testing", "development"], "stage")
        outcomes = pills("Outcome", show.OUTCOMES, "outcome")
        text = search("Find a deployment")
    board(span.label, stages, outcomes, text)
    coming, gate, unmapped = st.tabs(
        ["Upcoming", "Release gate", "Environments nobody mapped"], key="coming", on_change="rerun"
    )
    with coming:
        show.upcoming(rows(UPCOMING))
    if gate.open:
        with gate:
            gates.gate()
    with unmapped:
        show.unmapped(rows(UNMAPPED))
    behind(
        {"Deployments": (LATEST, span.window), "Upcoming": (UPCOMING, {}), "Unmapped": (UNMAPPED, {})}, "deployments"
    )
