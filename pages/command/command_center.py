"""Command Center: what is down, what needs attention, what changed, and how every application is.

icon: dashboard
order: 10
"""

import polars as pl
import streamlit as st

from aurora.insights.attention import attention
from aurora.insights.marks import deployment_marks
from aurora.ui import applications as app_cards
from aurora.ui import cards, charts, figures
from aurora.ui.data import rows
from aurora.ui.export import behind
from aurora.ui.filters import Span, span_of
from aurora.ui.frame import demo_badge, empty, freshness, ranged_page
from aurora.ui.plots import plot
from aurora.ui.words import plural

SHOWN = 16
COMPONENTS = "from component_status order by status_rank, open_alert_count desc, name"
APPLICATIONS = "from app_overview order by status_rank, tier, name"
SERIES = "from estate_series(since := $since, until := $until, bucket_s := $bucket_s) order by bucket_at"
TOTALS = "from estate_totals(since := $since, until := $until)"
KNOWN = """
    select exists(select 1 from deployments) as deployments,
           exists(select 1 from alerts)
             or exists(select 1 from sync_runs where stream = 'alerts' and status = 'success') as alerts"""
SHIPPED = """
    select finished_at as shipped_at, version, environment, env_tier, status, is_rollback, app_id
    from (from deployments_by_app union all by name from deployments_unlinked)
    where env_tier = 'production' and status in ('success', 'failed', 'rolled_back')
      and finished_at >= $since and finished_at < $until
    order by shipped_at"""
LEDGER = """
    select occurred_at, kind, subject_id, string_agg(distinct app_id, ', ') as app_id,
           string_agg(distinct coalesce(app_name, app_id), ', ') as app_name, any_value(component_id) as component_id,
           any_value(title) as title, any_value(state) as state, any_value(actor) as actor
    from change_ledger(since := $since, until := $until)
    where kind <> 'alert' or state <> 'info'
    group by occurred_at, kind, subject_id order by occurred_at desc"""
ALERTS = "from alerts_now where is_open order by severity = 'critical' desc, started_at desc"
INCIDENTS = "from incidents_now where is_open order by started_at desc"
COSTS = """
    select day, currency, money_sum(effective_cost) as cost from cost_daily_by_service
    where day >= date_trunc('month', utc_now())::date - interval 1 month and day <= utc_now()::date
    group by day, currency having bool_and(effective_cost is not null) and cost is not null order by day"""


def wall(
    span: Span, shipped: pl.DataFrame, alerts: pl.DataFrame, incidents: pl.DataFrame, ledger: pl.DataFrame
) -> None:
    """The figures of the estate, each with its trend and against the span before."""
    costs, before = rows(COSTS), span.before
    with st.grid(columns=6 if costs.height else 5, min_column_width=160):
        figures.estate(rows(SERIES, **span.params), rows(TOTALS, **span.window), rows(TOTALS, **before.window))
        known = rows(KNOWN).row(0, named=True)
        if known["deployments"]:
            figures.deployments(span, shipped, rows(SHIPPED, **before.window))
        else:
            figures.unknown("Deployments", "No source tells deployments: add a git repository or a CI connector.")
        if known["alerts"]:
            figures.open_alerts(span, alerts, incidents, ledger.filter(pl.col("kind") == "alert"))
        else:
            figures.unknown("Open alerts", "No source tells alerts: add Prometheus, Alertmanager or the like.")
        if costs.height:
            figures.spend(costs)


def trend(span: Span, shipped: pl.DataFrame) -> None:
    """Response time of the estate with the deployments marked."""
    st.subheader("Response time of all components, with production deployments", anchor=False)
    series = rows(SERIES, **span.params)
    if not series.height:
        empty("No samples in this range", "Choose a longer range, or look at Sources.")
        return
    measures = {"response_time_p50_ms": "median", "response_time_p95_ms": "95th percentile"}
    chart = charts.lines(series, measures, "ms", deployment_marks(shipped), height=330)
    plot(chart, series, "Response time over the range, deployments marked on top")
    st.caption(":green[▲ deployed]  :red[✚ failed]  :orange[◆ rolled back]  · times are UTC")


def board(label: str) -> None:
    """All that follows the world, drawn again in place."""
    span = span_of(label)
    components, applications = rows(COMPONENTS), rows(APPLICATIONS)
    if not components.height and not applications.height:
        empty("Nothing to show yet", "Sources are read for the first time, or none is configured: see Sources.")
        return
    incidents, alerts = rows(INCIDENTS), rows(ALERTS)
    shipped, ledger = rows(SHIPPED, **span.window), rows(LEDGER, **span.window)

    cards.banner(components, incidents)
    wall(span, shipped, alerts, incidents, ledger)
    left, right = st.columns([2, 1], gap="medium")
    with left.container(border=True, height="stretch"):
        trend(span, shipped)
    with right.container(border=True, height="stretch"):
        st.subheader("Needs attention", anchor=False)
        cards.attention_list(attention(components, alerts, incidents), components.height > 0)
        blind = applications.filter(pl.col("component_count") == 0).height
        if blind:
            label = f"{plural(blind, 'application')} without a component: nothing is known of their health"
            st.page_link("pages/estate/registry.py", label=label, icon=":material/help:")

    st.subheader("Applications", anchor=False)
    if applications.height:
        app_cards.cards(applications.head(SHOWN))
        if applications.height > SHOWN:
            st.page_link("pages/estate/applications.py", label=f"All {applications.height} applications")
    else:
        empty(
            "No application is registered",
            "Write applications.toml beside aurora.toml, add one on Registry, or take the demo in (`aurora demo add`).",
        )
    st.subheader(f"What changed, {span.words}", anchor=False)
    cards.ledger(ledger)
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        freshness()
        demo_badge(components)


with ranged_page("Command Center") as span:
    board(span.label)
    behind(
        {
            "Applications": (APPLICATIONS, {}),
            "Components": (COMPONENTS, {}),
            "Figures": (TOTALS, span.window),
            "Figures over time": (SERIES, span.params),
            "Deployments": (SHIPPED, span.window),
            "Changes": (LEDGER, span.window),
            "Open alerts": (ALERTS, {}),
            "Cost": (COSTS, {}),
        },
        "command",
    )
