"""Component: one component from all sides: trends, availability, alerts, probes, deployments, raw rows.

icon: deployed_code
order: 21
hidden: yes
"""

import polars as pl
import streamlit as st

from aurora.contracts import Row
from aurora.insights.marks import deployment_marks
from aurora.ui import availability, charts, tables
from aurora.ui.data import rows
from aurora.ui.export import behind
from aurora.ui.filters import time_range
from aurora.ui.frame import demo_badge, empty, told
from aurora.ui.plots import plot
from aurora.ui.words import STATUS, TYPE_WORD, ago, number, safe

ONE = "from component_status where component_id = $id"
UPTIME = "from component_uptime where component_id = $id"
SERIES = """
    from health_series(since := $since, until := $until, bucket_s := $bucket_s)
    where component_id = $id order by bucket_at"""
SHIPPED = """
    select d.finished_at as shipped_at, d.version, d.status, d.is_rollback, d.app_id, d.actor
    from deployments_by_app d join app_components a on a.app_id = d.app_id and a.component_id = $id
    where d.env_tier = 'production' and d.status in ('success', 'failed', 'rolled_back')
      and d.finished_at between $since and $until
    order by shipped_at desc"""
ALERTS = """
    select started_at, severity, state, title, message, ended_at, actor from alerts_now
    where component_id = $id order by is_open desc, started_at desc limit 200"""
PROBES = """
    select started_at, is_success, error_type, http_status, duration_ms, resolve_ms, connect_ms, tls_ms, processing_ms,
           transfer_ms, cert_not_after_at, is_cert_trusted, target
    from probe_results where component_id = $id and part_day between $since::date and $until::date
      and started_at between $since and $until order by started_at desc limit 2000"""
RAW = """
    from component_health where component_id = $id and part_day between $since::date and $until::date
      and ts_start between $since and $until order by ts_start desc limit 2000"""
MEASURES = {
    "response_time_ms": (
        "Response time",
        "ms",
        {"response_time_ms": "mean", "response_time_p95_ms": "95th percentile"},
    ),
    "cpu_pct": ("CPU and memory", "%", {"cpu_pct": "CPU", "memory_pct": "memory", "disk_pct": "disk"}),
    "error_rate_pct": ("Error rate", "%", {"error_rate_pct": "error rate"}),
    "requests_per_minute": ("Requests", "per minute", {"requests_per_minute": "requests"}),
    "network_latency_ms": ("Network latency", "ms", {"network_latency_ms": "mean"}),
}


def head(row: Row, uptime: pl.DataFrame) -> None:
    """Status with its reason, then the figures of now."""
    mark = STATUS[str(row["status"])]
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.badge(mark.word, icon=f":material/{mark.icon}:", color=mark.color)
        said = row["status_reason"] or f"{TYPE_WORD.get(str(row['type']), '')} reports normally"
        st.markdown(safe(said))
        st.caption(f"sampled {ago(row['sampled_at'])} · {safe(row['component_id'])}")
    with st.grid(columns=9, min_column_width=110):
        for name in ("CPU", "Memory", "Disk"):
            st.metric(name, number(row[f"{name.lower()}_pct"], "%", 0), border=True)
        st.metric("Network", number(row["network_latency_ms"], "ms"), border=True, help="Latency of the network")
        st.metric("Response", number(row["response_time_ms"], "ms"), border=True)
        availability.uptimes(uptime)


chosen = st.query_params.get("component", "")
with told():
    found = rows(ONE, id=chosen)
    if not found.height:
        st.title("Component", anchor=False)
        empty("No such component", "It may have been removed. Choose one on System Health.")
        st.page_link("pages/operate/system_health.py", label="System Health", icon=":material/arrow_back:")
        st.stop()
    row = found.row(0, named=True)
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.title(safe(row["name"]), anchor=False, width="content")
        ranged = time_range()
    window = {"id": chosen, "since": ranged.since, "until": ranged.until}
    head(row, rows(UPTIME, id=chosen))

    series = rows(SERIES, id=chosen, **ranged.params)
    shipped = rows(SHIPPED, **window)
    if not series.height:
        empty("No samples in this range", f"Last seen {ago(row['last_seen_at'])}. Choose a longer range.")
    marks = deployment_marks(shipped)
    drawn = [name for name in MEASURES if series[name].is_not_null().any()]
    for start in range(0, len(drawn), 2):
        for place, name in zip(st.columns(2, gap="medium"), drawn[start : start + 2], strict=False):
            title, unit, measures = MEASURES[name]
            present = {column: said for column, said in measures.items() if series[column].is_not_null().any()}
            with place.container(border=True):
                st.subheader(title, anchor=False)
                plot(charts.lines(series, present, unit, marks, height=200), series, f"{title} over the range")

    alerts, probes = rows(ALERTS, id=chosen), rows(PROBES, **window)
    names = ["Availability", "Alerts", "Probes", "Deployments", "Raw rows"]
    tabs = dict(zip(names, st.tabs(names, key="part", on_change="rerun", bind="query-params"), strict=True))
    if tabs["Availability"].open:
        with tabs["Availability"]:
            left, right = st.columns([2, 3], gap="medium")
            with left:
                availability.calendar(chosen, row["name"])
            with right:
                availability.downtimes(chosen, ranged)
    if tabs["Alerts"].open:
        with tabs["Alerts"]:
            tables.plain(alerts, "Alerts", or_else=("No alert so far", "None was reported for it."))
    if tabs["Probes"].open:
        with tabs["Probes"]:
            availability.probed(probes, ranged)
    if tabs["Deployments"].open:
        with tabs["Deployments"]:
            tables.plain(shipped, "Deployments", or_else=("No deployment", "None in this range."))
    if tabs["Raw rows"].open:
        with tabs["Raw rows"]:
            tables.plain(rows(RAW, **window), "Raw rows", 14)
    demo_badge(found)
    behind(
        {
            "Series": (SERIES, {"id": chosen, **ranged.params}),
            "Alerts": (ALERTS, {"id": chosen}),
            "Uptime": (UPTIME, {"id": chosen}),
            "Days": (availability.DAYS_OF, availability.calendar_days(chosen)),
            "Outages": (availability.DOWNTIMES, window),
            "Raw rows": (RAW, window),
        },
        "component",
    )
