"""Sources: what every source brought, how fresh it is, what failed and why, and what was refused.

icon: database
order: 80
"""

from datetime import datetime

import polars as pl
import streamlit as st

from aurora.ui import tables
from aurora.ui.actions import run_source_now
from aurora.ui.data import heartbeat, rows
from aurora.ui.export import behind
from aurora.ui.frame import demo_badge, empty, live, page
from aurora.ui.words import ago, plural, safe, span

FRESHNESS = "from source_freshness order by source_instance, stream"
REFUSED = """
    select source_instance, table_name, rule, count(*) as row_count, max(rejected_at) as last_at,
           any_value(message) as example
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
    where source_instance = $source and part_month >= date_trunc('month', utc_now() - interval 7 day)::date
    order by started_at desc limit 300"""
WORD = {
    "success": "● Good",
    "partial": "▲ Partial",
    "failed": "✕ Failing",
    "skipped": "? Skipped",
    "late": "▲ Late",
    "new": "? Not run",
}
HUE = ["#047857", "#B45309", "#B91C1C", "#6B7280", "#B45309", "#6B7280"]


def planned() -> pl.DataFrame:
    """What the scheduler plans, one row per source and stream."""
    beat = heartbeat()
    plan = [vars(item) for item in beat.plan] if beat else []
    names = {"source": pl.String, "connector": pl.String, "stream": pl.String, "every_s": pl.Float64}
    return pl.DataFrame(plan, schema={**names, "next_run_at": pl.String, "is_running": pl.Boolean})


def merged(plan: pl.DataFrame, fresh: pl.DataFrame) -> pl.DataFrame:
    """Plan and history together: sources without a run, and runs of sources that are gone, both show."""
    both = plan.rename({"source": "source_instance"}).join(
        fresh, on=["source_instance", "stream"], how="full", coalesce=True, suffix="_ran"
    )
    late = pl.col("age_s") > (3 * pl.col("every_s")).clip(lower_bound=60)
    status = (
        pl.when(pl.col("status").is_null()).then(pl.lit("new"))
        .when((pl.col("status") == "success") & late).then(pl.lit("late"))
        .otherwise(pl.col("status"))
    )  # fmt: skip
    age = (
        pl.lit(datetime.now().astimezone().astimezone(None)).dt.epoch("s") - pl.col("last_good_at").dt.epoch("s")
    ).alias("age_s")
    return both.with_columns(age).with_columns(
        status.alias("state"), pl.coalesce("connector", "connector_ran").alias("connector")
    )


def sources_table(frame: pl.DataFrame) -> str | None:
    """Every source and stream; returns the source clicked."""
    shown = frame.select(
        "source_instance",
        "stream",
        pl.col("state").map_elements(lambda word: [WORD.get(word, word)], return_dtype=pl.List(pl.String)),
        pl.col("last_good_at").map_elements(ago, return_dtype=pl.String).fill_null("never"),
        pl.col("every_s").map_elements(span, return_dtype=pl.String),
        "row_count_24h", "quarantined_count_24h", "failed_count_24h",
        pl.when(pl.col("status") == "success").then(None).otherwise(pl.col("error")).fill_null("").alias("error"),
        "connector",
    )  # fmt: skip
    config = st.column_config
    event = st.dataframe(
        shown, key="sources", on_select="rerun", selection_mode="single-row", hide_index=True, row_height=tables.ROW,
        height=min(max(shown.height, 1), 18) * tables.ROW + 40, alt="Every source and stream with its freshness",
        column_config={
            "source_instance": config.TextColumn("Source", pinned=True),
            "stream": config.TextColumn("Stream", width="small"),
            "state": config.MultiselectColumn("State", options=list(WORD.values()), color=HUE, width="small"),
            "last_good_at": config.TextColumn("Last good run", width="small"),
            "every_s": config.TextColumn("Runs every", width="small"),
            "row_count_24h": config.NumberColumn("Rows 24 h", format="localized", width="small"),
            "quarantined_count_24h": config.NumberColumn("Refused", format="localized", width="small"),
            "failed_count_24h": config.NumberColumn("Failed runs", width="small"),
            "error": config.TextColumn("What is wrong, and what to do", width="large"),
            "connector": config.TextColumn("Connector", width="small"),
        },
    )  # fmt: skip
    chosen = event["selection"]["rows"] if event else []
    return str(frame["source_instance"][chosen[0]]) if chosen else None


def refused() -> None:
    """Quarantine by source, table and rule; a click shows the rows whole."""
    groups = rows(REFUSED)
    if not groups.height:
        empty("No row was refused", "Every row that arrived keeps its contract.")
        return
    event = st.dataframe(
        groups, key="refused", on_select="rerun", selection_mode="single-row", hide_index=True, row_height=tables.ROW,
        alt="Refused rows by source, table and rule", height=min(groups.height, 10) * tables.ROW + 40,
        column_config={"last_at": st.column_config.DatetimeColumn("Last (UTC)", format="D MMM HH:mm:ss")},
    )  # fmt: skip
    chosen = event["selection"]["rows"] if event else []
    if chosen:
        group = groups.row(chosen[0], named=True)
        which = {"source": group["source_instance"], "table_name": group["table_name"], "rule": group["rule"]}
        tables.plain(rows(REFUSED_ROWS, **which), "Refused rows")


@live("10s")
def overview() -> None:
    """Figures and table, drawn again in place as runs end."""
    fresh = merged(planned(), rows(FRESHNESS)).sort(pl.col("state").replace_strict(
        {"failed": 0, "partial": 1, "late": 2, "new": 3}, default=9
    ), "source_instance", "stream")  # fmt: skip
    if not fresh.height:
        empty("No source is configured", "Add a [[source]] to aurora.toml; it is taken up while Aurora runs.")
        return
    failing = fresh.filter(pl.col("state") == "failed")["source_instance"].n_unique()
    with st.grid(columns=4, min_column_width=170):
        st.metric("Sources", fresh["source_instance"].n_unique(), border=True, height="stretch")
        st.metric(
            "Failing",
            failing,
            "look below" if failing else "none",
            delta_color="inverse" if failing else "normal",
            delta_arrow="off",
            border=True,
            height="stretch",
        )
        st.metric("Rows, last 24 h", f"{fresh['row_count_24h'].sum():,}", border=True, height="stretch")
        st.metric("Refused, last 24 h", f"{rows(REFUSED_TODAY)['row_count'][0]:,}", border=True, height="stretch")
    chosen = sources_table(fresh)
    if chosen and chosen != st.session_state.get("source"):
        st.session_state["source"] = chosen
        st.rerun()


with page("Sources"):
    overview()
    names = sorted(set(planned()["source"].to_list()) | set(rows(FRESHNESS)["source_instance"].to_list()))
    if names:
        with st.container(horizontal=True, vertical_alignment="bottom"):
            source = st.selectbox("Source", names, key="source", bind="query-params", width=260) or names[0]
            if st.button("Run now", icon=":material/play_arrow:", help=f"Ask the worker to run {source} at once"):
                run_source_now(source)
                st.toast(f"{source} was asked to run.", icon=":material/play_arrow:")
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
