"""Command Center: what is down, what needs attention, what changed, and how every application is.

icon: dashboard
order: 10
"""

import polars as pl
import streamlit as st

from aurora.insights.attention import attention
from aurora.insights.marks import deployment_marks
from aurora.ui import cards, charts
from aurora.ui.data import rows
from aurora.ui.export import behind
from aurora.ui.filters import Span
from aurora.ui.frame import demo_badge, empty, freshness, ranged_page

COMPONENTS = "from component_status order by status_rank, open_alert_count desc, name"
APPLICATIONS = "from app_overview order by status_rank, tier, name"
SERIES = "from estate_series(since := $since, until := $until, bucket_s := $bucket_s) order by bucket_at"
SHIPPED = """
    select coalesce(finished_at, created_at) as at, version, environment, env_tier, status, is_rollback, app_id
    from deployments_by_app
    where env_tier = 'production' and coalesce(finished_at, created_at) >= $since
      and coalesce(finished_at, created_at) < $until
    order by at"""
LEDGER = """
    from change_ledger(since := $since, until := $until)
    where kind <> 'alert' or state <> 'info' order by occurred_at desc"""
ALERTS = "from alerts_now where is_open order by severity = 'critical' desc, started_at desc"
INCIDENTS = "from incidents_now where is_open order by started_at desc"
COSTS = """
    select day, currency, sum(effective_cost) as cost from cost_daily_by_service
    where day >= current_date - 60 group by all order by day"""


def changed(span: Span) -> pl.DataFrame:
    """The ledger of the last day, or of the span if it is longer."""
    return rows(LEDGER, since=span.since, until=span.until)


with ranged_page("Command Center") as span:
    components, applications = rows(COMPONENTS), rows(APPLICATIONS)
    if not components.height and not applications.height:
        empty("Nothing to show yet", "Sources are read for the first time, or none is configured: see Sources.")
        st.stop()
    incidents, alerts = rows(INCIDENTS), rows(ALERTS)

    cards.banner(components, incidents)

    series, before = rows(SERIES, **span.params), rows(SERIES, **span.before.params)
    window = {"since": span.since, "until": span.until}
    shipped = rows(SHIPPED, **window)
    shipped_before = rows(SHIPPED, since=span.before.since, until=span.before.until)
    cards.figures(span, series, before, (shipped, shipped_before), rows(COSTS), (alerts, incidents))

    left, right = st.columns([2, 1], gap="medium")
    with left.container(border=True, height="stretch"):
        st.subheader("Response time of all components, with production deployments", anchor=False)
        if series.height:
            measures = {"response_time_p50_ms": "median", "response_time_p95_ms": "95th percentile"}
            chart = charts.lines(series, measures, "ms", deployment_marks(shipped))
            st.altair_chart(chart, alt="Response time over the range, deployments marked on top")
            st.caption(":green[▲ deployed]  :red[✚ failed]  :orange[◆ rolled back]  · times are UTC")
        else:
            empty("No samples in this range", "Choose a longer range, or look at Sources.")
    with right.container(border=True, height="stretch"):
        st.subheader("Needs attention", anchor=False)
        cards.attention_list(attention(components, alerts, incidents))

    st.subheader("Applications", anchor=False)
    if applications.height:
        cards.applications(applications)
    else:
        empty("No application is registered", "Applications come from catalogs, files or the demo estate.")

    st.subheader(f"What changed, {span.words}", anchor=False)
    cards.ledger(changed(span))

    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        freshness()
        demo_badge(components)
    behind(
        {
            "Applications": (APPLICATIONS, {}),
            "Components": (COMPONENTS, {}),
            "Figures over time": (SERIES, span.params),
            "Deployments": (SHIPPED, window),
            "Changes": (LEDGER, window),
            "Open alerts": (ALERTS, {}),
            "Cost": (COSTS, {}),
        },
        "command",
    )
