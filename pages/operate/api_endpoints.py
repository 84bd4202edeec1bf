"""API endpoints: calls, failures and response times of every endpoint, worst first, and against a week before.

icon: api
order: 24
"""

import polars as pl
import streamlit as st

from aurora.ui import charts, endpoints, tables
from aurora.ui.data import rows
from aurora.ui.export import behind
from aurora.ui.filters import pills, search, span_of
from aurora.ui.frame import demo_badge, empty, freshness, ranged_page
from aurora.ui.plots import plot
from aurora.ui.words import safe

METHODS = ["get", "post", "put", "patch", "delete", "head", "options", "other"]
SUMMARY = "from api_endpoint_summary(since := $since, until := $until) order by worst_rank"
TRENDS = """
    select component_id, endpoint, method,
           list(response_time_ms order by bucket_at) filter (where response_time_ms is not null) as trend
    from api_endpoint_series(since := $since, until := $until, bucket_s := $bucket_s) group by all"""
SERIES = """
    from api_endpoint_series(since := $since, until := $until, bucket_s := $bucket_s)
    where component_id = $component_id and endpoint = $endpoint and method = $method order by bucket_at"""
CODES = """
    select * exclude (component_id, endpoint, method) from api_endpoint_error_codes(since := $since, until := $until)
    where component_id = $component_id and endpoint = $endpoint and method = $method order by error_count desc"""
ALL_CODES = "from api_endpoint_error_codes(since := $since, until := $until) order by error_count desc"


def ask(app_ids: list[str]) -> tuple[list[str], list[str], str]:
    """Application, method and text, kept in the URL."""
    with st.container(horizontal=True, vertical_alignment="center", key="filters"):
        methods = pills("Method", METHODS, "method")
        apps = st.multiselect(
            "Application", app_ids, key="app", bind="query-params", placeholder="All applications",
            label_visibility="collapsed",
        )  # fmt: skip
        text = search("Find an endpoint")
    return apps, methods, text


def table(label: str, apps: list[str], methods: list[str], text: str) -> None:
    """The part that follows the world: figures, the worst, the table and the endpoint that was chosen."""
    span = span_of(label)
    everything = rows(SUMMARY, **span.window)
    if not everything.height:
        empty("No call of an endpoint in this range", "Choose a longer range, or add a source that traces calls.")
        return
    shown = endpoints.matching(everything, apps, methods, text)
    if not shown.height:
        empty("No endpoint matches", "Clear the application, method or text filter above.")
        return
    endpoints.figures(shown)
    st.markdown(endpoints.worst(shown))
    shown = shown.join(
        rows(TRENDS, **span.params), on=["component_id", "endpoint", "method"], how="left", maintain_order="left"
    )
    chosen = endpoints.table(shown, "endpoints")
    st.caption(endpoints.RULE)
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        freshness()
        demo_badge(shown)
    if chosen:
        one(label, {name: chosen[name] for name in ("component_id", "endpoint", "method")}, shown)


def one(label: str, key: dict[str, object], shown: pl.DataFrame) -> None:
    """One endpoint: against a week before, its series, its errors by code."""
    span = span_of(label)
    row = shown.row(by_predicate=pl.all_horizontal(pl.col(name) == value for name, value in key.items()), named=True)
    st.subheader(safe(f"{row['method'].upper()} {row['endpoint']} of {row['component']}"), anchor=False)
    endpoints.compared(row)
    series = rows(SERIES, **key, **span.params)
    for place, (title, unit, measures) in zip(st.columns(2, gap="medium"), endpoints.CHARTS, strict=True):
        present = {name: said for name, said in measures.items() if series[name].is_not_null().any()}
        with place.container(border=True):
            st.markdown(f"**{title}**")
            if present:
                plot(charts.lines(series, present, unit, height=200), series, f"{title} over the range")
            else:
                st.caption("No source tells it for this endpoint in this range.")
    codes = rows(CODES, **key, **span.window)
    tables.plain(codes, "Errors by code", or_else=("No error code", "No source tells errors by code in this range."))
    behind({"Series": (SERIES, key | span.params), "Errors by code": (CODES, key | span.window)}, "endpoint")


with ranged_page("API endpoints") as ranged:
    known = rows(SUMMARY, **ranged.window)
    asked = ask(sorted(set(known["app_ids"].explode().drop_nulls().to_list())))
    table(ranged.label, *asked)
    behind(
        {
            "Endpoints": (SUMMARY, ranged.window),
            "Trends": (TRENDS, ranged.params),
            "Errors by code": (ALL_CODES, ranged.window),
        },
        "endpoints",
    )
