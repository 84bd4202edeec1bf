"""Sources: what every source brought, how fresh it is, what failed and why, and what was refused.

icon: database
order: 90
"""

from typing import Literal

import polars as pl
import streamlit as st

from aurora.insights.sources import PLAN, judged
from aurora.ui import tables
from aurora.ui.actions import run_source_now
from aurora.ui.data import heartbeat, rows, utc_now
from aurora.ui.export import behind
from aurora.ui.frame import demo_badge, empty, told
from aurora.ui.words import plural, safe

FRESHNESS = "from source_freshness order by source_instance, stream"
REFUSED = """
    select source_instance, table_name, rule, count(*) as row_count, max(rejected_at) as last_at,
           any_value(message) as message
    from quarantine group by all order by last_at desc limit 500"""
REFUSED_TODAY = "select count(*) as row_count from quarantine where rejected_at >= utc_now() - interval 1 day"
REFUSED_ROWS = """
    select rejected_at, message, payload, stream, run_id from quarantine
    where source_instance = $source and table_name = $table_name and rule = $rule
    order by rejected_at desc limit 500"""
RUNS = """
    select started_at, stream, status, row_count, quarantined_count, duplicate_count, request_count,
           epoch(finished_at - started_at) as seconds, error_class, error
    from sync_runs
    where source_instance = $source and started_at >= utc_now() - interval 7 day
      and part_month >= date_trunc('month', utc_now() - interval 7 day)::date
    order by started_at desc limit 300"""


def planned() -> pl.DataFrame:
    """What the scheduler plans, one row per source and stream."""
    beat = heartbeat()
    rows = [{**vars(item), "source_instance": item.source} for item in (beat.plan if beat else ())]
    return pl.DataFrame(rows, schema=PLAN)


def refused() -> None:
    """Quarantine by source, table and rule; a click shows the rows whole."""
    groups = rows(REFUSED)
    group = tables.pick(
        groups, "refused", "Refused rows by source, table and rule",
        ("No row was refused", "Every row that arrived keeps its contract."),
        message=st.column_config.TextColumn("Example", width="large"),
    )  # fmt: skip
    if group:
        which = {"source": group["source_instance"], "table_name": group["table_name"], "rule": group["rule"]}
        tables.plain(rows(REFUSED_ROWS, **which), "Refused rows")


def failing(fresh: pl.DataFrame) -> None:
    """How many sources fail; none is good news only while no stream is late, idle or partial."""
    count = fresh.filter(pl.col("state") == "failed")["source_instance"].n_unique()
    behind_time = fresh.filter(pl.col("state").is_in(["late", "idle", "partial"])).height
    said = "look below" if count else f"{plural(behind_time, 'stream')} late or idle" if behind_time else "none"
    color: Literal["red", "orange", "green"] = "red" if count else "orange" if behind_time else "green"
    st.metric("Failing", count, said, delta_color=color, delta_arrow="off", border=True, height="stretch")


def overview() -> None:
    """Figures and table, drawn again in place as runs end."""
    fresh = judged(planned(), rows(FRESHNESS), utc_now())
    if not fresh.height:
        empty("No source is configured", "Add a [[source]] to aurora.toml; it is taken up while Aurora runs.")
        return
    with st.grid(columns=4, min_column_width=170):
        st.metric("Sources", fresh["source_instance"].n_unique(), border=True, height="stretch")
        failing(fresh)
        st.metric("Rows, last 24 h", f"{fresh['row_count_24h'].sum():,}", border=True, height="stretch")
        st.metric("Refused, last 24 h", f"{rows(REFUSED_TODAY)['row_count'][0]:,}", border=True, height="stretch")
    chosen = tables.sources(fresh)
    if chosen and chosen != st.session_state.get("source"):
        st.session_state["source"] = chosen
        st.rerun()


st.title("Sources", anchor=False)
with told():
    overview()
    plan = planned()
    running = set(plan["source_instance"].to_list())
    # Worst first, so that the page opens on what is wrong.
    names = judged(plan, rows(FRESHNESS), utc_now())["source_instance"].unique(maintain_order=True).to_list()
    if names:
        with st.container(horizontal=True, vertical_alignment="bottom"):
            source = st.selectbox("Source", names, key="source", bind="query-params", width=260) or names[0]
            advice = f"Ask the worker to run {safe(source)} at once" if source in running else "No source that runs"
            if st.button("Run now", icon=":material/play_arrow:", help=advice, disabled=source not in running):
                run_source_now(source)
                st.toast(f"{safe(source)} was asked to run.", icon=":material/play_arrow:")
        runs = rows(RUNS, source=source)
        st.subheader(f"Runs of {safe(source)}", anchor=False)
        tables.plain(runs, "Runs", or_else=("It never ran", "It runs as soon as the scheduler ticks."))
        st.caption(f"{plural(runs.height, 'run')} shown, of the last seven days.")
        demo_badge(pl.DataFrame({"source_instance": [source]}))
    st.subheader("Refused rows", anchor=False)
    refused()
    behind(
        {"Sources": (FRESHNESS, {}), "Runs": (RUNS, {"source": source if names else ""}), "Refused": (REFUSED, {})},
        "sources",
    )
