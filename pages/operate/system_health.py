"""System Health: the status of every component, with its measures, trend and uptime, worst first.

icon: monitor_heart
order: 20
"""

import polars as pl
import streamlit as st

from aurora.insights.marks import deployment_marks
from aurora.ui import charts, tables
from aurora.ui.data import rows, together
from aurora.ui.export import behind
from aurora.ui.filters import Span, pills, search, span_of
from aurora.ui.frame import demo_badge, empty, freshness, ranged_page
from aurora.ui.plots import plot
from aurora.ui.words import STATUS, plural, safe

TYPES = ["server", "database", "api", "cdn", "third_party"]
WORST = 14
STATUSES = """
    select s.*, list_sort(list(a.app_id)) as app_ids
    from component_status s
    left join app_components a on a.component_id = s.component_id
    group by all order by s.status_rank, s.open_alert_count desc, s.name"""
TRENDS = "from component_trends(since := $since, until := $until, bucket_s := $bucket_s)"
HOUR_S = 3600  # a sparkline of a day has room for hours, which are rolled up already
BY_TYPE = """
    select h.bucket_at, c.type, avg(h.response_time_ms) as response_time_ms
    from health_series(since := $since, until := $until, bucket_s := $bucket_s) h
    join components c on c.component_id = h.component_id
    where h.response_time_ms is not null group by all order by all"""
HEAT = """
    select h.component_id, h.bucket_at, coalesce(h.worst_status, 'unknown') as worst_status
    from health_series(since := $since, until := $until, bucket_s := $bucket_s) h order by h.bucket_at"""
SHIPPED = """
    select finished_at as shipped_at, version, status, is_rollback, app_id from deployments_by_app
    where env_tier = 'production' and status in ('success', 'failed', 'rolled_back')
      and finished_at between $since and $until
    order by shipped_at"""
ALERTS = """
    select component_id, title, severity, state, started_at, value, threshold, app_id, actor, source, url
    from alerts_now where is_open and component_id is not null
    order by severity = 'critical' desc, severity = 'warning' desc, started_at desc"""


def matching(frame: pl.DataFrame, statuses: list[str], types: list[str], text: str) -> pl.DataFrame:
    """The rows that the filters leave; an application in the URL narrows to its components."""
    if app := st.query_params.get("app"):
        frame = frame.filter(pl.col("app_ids").list.contains(app))
    if statuses:
        frame = frame.filter(pl.col("status").is_in(statuses))
    if types:
        frame = frame.filter(pl.col("type").is_in(types))
    if text:
        found = pl.concat_str(["name", "component_id", "status_reason"], separator=" ", ignore_nulls=True)
        frame = frame.filter(found.str.to_lowercase().str.contains(text.lower(), literal=True))
    return frame


def trend_of(span: Span) -> dict[str, object]:
    """The span in buckets of an hour at least, unless it is an hour itself."""
    return span.params if span.label == "1h" else span.params | {"bucket_s": max(span.bucket_s, HOUR_S)}


def ask() -> tuple[list[str], list[str], str]:
    """Status, type and text, kept in the URL."""
    with st.container(horizontal=True, vertical_alignment="center", key="filters"):
        statuses = pills("Status", list(STATUS), "status")
        types = pills("Type", TYPES, "type")
        text = search("Find a component")
    app = st.query_params.get("app")
    if app and st.button(
        f"Application: {safe(app)}", icon=":material/close:", help="Show all applications", type="tertiary"
    ):
        del st.query_params["app"]
        st.rerun()
    return statuses, types, text


def table(label: str, statuses: list[str], types: list[str], text: str) -> None:
    """The part that follows the world: the table is drawn again in place when a sample lands."""
    span = span_of(label)
    everything, trends = together((STATUSES, {}), (TRENDS, trend_of(span)))
    if not everything.height:
        empty("No component is known", "Components appear when a source reports them: see Sources.")
        return
    st.caption(
        " · ".join(f"{mark.sign} {(everything['status'] == word).sum()} {word}" for word, mark in STATUS.items())
    )
    shown = matching(everything, statuses, types, text)
    shown = shown.join(trends, on="component_id", how="left")
    if not shown.height:
        empty("No component matches", "Clear the status, type or text filter above.")
        return
    clicked = tables.components(shown, f"Uptime {span.label}", "components")
    if clicked:
        st.switch_page("pages/operate/component.py", query_params={"component": clicked})
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        freshness()
        demo_badge(shown)


def active_alerts(statuses: list[str], types: list[str], text: str) -> None:
    """What fires on the components that the filters leave; a click opens the component."""
    names = matching(rows(STATUSES), statuses, types, text).select("component_id", "name")
    firing = rows(ALERTS).join(names, on="component_id", maintain_order="left")
    firing = firing.select("name", pl.exclude("name")).rename({"name": "component"})
    said = ("No alert is active", "Nothing fires on these components.")
    if chosen := tables.pick(firing, "active-alerts", "Active alerts, critical first", said):
        st.switch_page("pages/operate/component.py", query_params={"component": chosen["component_id"]})


with ranged_page("System Health") as span:
    chosen = ask()
    table(span.label, *chosen)

    names = ["Active alerts", "Response by type", "Status over time"]
    firing, trends, heat = st.tabs(names, key="view", on_change="rerun", bind="query-params")
    if firing.open:
        with firing:
            active_alerts(*chosen)
    if trends.open:
        with trends:
            by_type = rows(BY_TYPE, **span.params)
            if by_type.height:
                wide = by_type.pivot("type", index="bucket_at", values="response_time_ms").sort("bucket_at")
                measures = {name: name.replace("_", " ") for name in TYPES if name in wide.columns}
                marks = deployment_marks(rows(SHIPPED, **span.window))
                plot(charts.lines(wide, measures, "ms", marks), by_type, "Mean response time per component type")
            else:
                empty("No response times in this range", "Choose a longer range.")
    if heat.open:
        with heat:
            worst = matching(rows(STATUSES), *chosen).select("component_id", "name").head(WORST)
            cells = worst.join(rows(HEAT, **span.params), on="component_id", maintain_order="left_right")
            if cells.height:
                plot(charts.heat(cells), cells, "Worst status per component and bucket, worst components first")
                st.caption(f"The worst status in each bucket, {plural(worst.height, 'component')}, worst first.")
            else:
                empty("No samples in this range", "Choose a longer range.")

    behind(
        {
            "Status": (STATUSES, {}),
            "Active alerts": (ALERTS, {}),
            "Uptime and trends": (TRENDS, trend_of(span)),
            "Status over time": (HEAT, span.params),
        },
        "health",
    )
