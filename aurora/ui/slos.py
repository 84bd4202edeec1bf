"""What the page of SLOs says and draws: figures, the worst in a sentence, the table, one objective."""

from datetime import datetime, timedelta
from typing import Any

import altair as alt
import polars as pl
import streamlit as st

from aurora.contracts import Row
from aurora.ui import slo_form, tables
from aurora.ui.charts import GRID, ON_EITHER
from aurora.ui.frame import empty
from aurora.ui.plots import plot
from aurora.ui.words import NOTHING, number, percent, plural, safe, span

RULE = (
    "The budget is what may fail in the window: 100 % minus the target. A burn of 1 spends it exactly in the window. "
    "A page is due when both its windows burn faster than their factor, and 30 events with 3 failures back it."
)
STATES = {
    "burning_fast": ("✕ Burning fast", "#B91C1C"),
    "exhausted": ("✕ Exhausted", "#B91C1C"),
    "silent": ("? Silent", "#6B7280"),
    "burning": ("▲ Burning", "#B45309"),
    "late": ("? Late", "#6B7280"),
    "no_data": ("? No data", "#6B7280"),
    "insufficient_traffic": ("▲ Too little traffic", "#B45309"),
    "ok": ("● Within budget", "#047857"),
}
CHOICES = {
    label[2:].lower(): state for state, (label, _) in STATES.items()
}  # what the filter offers, and the address tells
RULE_WORD = {
    "page_quick": "Page, quick", "page_slow": "Page, slow", "ticket_quick": "Ticket, quick",
    "ticket_slow": "Ticket, slow",
}  # fmt: skip
VERDICT = {
    "firing": ("✕ Firing", "#B91C1C"),
    "insufficient_traffic": ("▲ Too little traffic", "#B45309"),
    "no_data": ("? No data", "#6B7280"),
    "ok": ("● Calm", "#047857"),
}
WORST_HOURS = 12


def matching(frame: pl.DataFrame, states: list[str], text: str) -> pl.DataFrame:
    """The objectives that the filters leave, in their order."""
    if states:
        frame = frame.filter(pl.col("state").is_in([CHOICES[word] for word in states]))
    if text:
        found = pl.concat_str(["name", "slo_id", "app_id", "component_id"], separator=" ", ignore_nulls=True)
        frame = frame.filter(found.str.to_lowercase().str.contains(text.lower(), literal=True))
    return frame


def figures(frame: pl.DataFrame) -> None:
    """Objectives, those within budget, burning, exhausted, and those of which nothing is known."""
    counts = {state: frame.filter(pl.col("state") == state).height for state in STATES}
    known = frame.filter(pl.col("budget_left_pct").is_not_null())
    kept = known.filter(pl.col("budget_left_pct") > 0).height
    with st.grid(columns=4, min_column_width=150):
        st.metric("Objectives kept", f"{kept} of {known.height}" if known.height else NOTHING, border=True,
                  help="Budget left above 0, of those of which anything was measured.")  # fmt: skip
        st.metric("Burning now", f"{counts['burning_fast'] + counts['burning']}", border=True,
                  help="A rule of two windows fires.")  # fmt: skip
        st.metric("Budget exhausted", f"{known.height - kept}", border=True)
        st.metric("Not measured", f"{frame.height - known.height + counts['silent'] + counts['late']}", border=True,
                  help="No point in the window, or none for longer than usual. Never counted as good.")  # fmt: skip


def worst(frame: pl.DataFrame) -> str:
    """One sentence on the objective at the top."""
    row = frame.row(0, named=True)
    name = f"**{safe(row['name'])}**"
    if row["state"] == "burning_fast":
        return f"{name} burns its budget {number(row['burn_1h'], '', 1)} times as fast as allowed; {gone(row)}."
    if row["state"] == "exhausted":
        return f"{name} has spent its budget: {percent(row['sli_pct'])} against {percent(row['target_pct'])}."
    if row["state"] in ("silent", "late", "no_data"):
        return f"{name} is not measured: what is silent may be down."
    if row["state"] == "burning":
        return f"{name} burns its budget; {gone(row)}."
    return f"No objective burns its budget; {name} has least left, {percent(row['budget_left_pct'], 0)}."


def gone(row: Row) -> str:
    """When the budget will be gone, in words."""
    if row["exhausted_in_s"] is None:
        return "at this rate it lasts"
    return "it is gone" if row["exhausted_in_s"] <= 0 else f"at this rate it is gone in {span(row['exhausted_in_s'])}"


def table(frame: pl.DataFrame, key: str) -> str | None:
    """The objectives, worst first; returns the one that was chosen."""
    state = pl.col("state").map_elements(lambda word: [STATES[word][0]], return_dtype=pl.List(pl.String))
    lasts = pl.col("exhausted_in_s").map_elements(
        lambda s: "gone" if s <= 0 else span(s), return_dtype=pl.String, skip_nulls=True
    )
    shown = frame.select(
        "name", state.alias("state"), "budget_left_pct", "sli_pct",
        "target_pct", "burn_1h", "burn_6h", "burn_1d", "burn_3d", lasts.alias("lasts"), "window", "app_id",
        "measured_at",
    )  # fmt: skip
    row = tables.clicked(frame, shown, key, f"{plural(frame.height, 'objective')}, worst first", _columns(), most=12)
    return str(row["slo_id"]) if row else None


def _columns() -> dict[str, Any]:
    config = st.column_config
    signs, hues = zip(*STATES.values(), strict=True)
    burn = {
        f"burn_{window}": config.NumberColumn(f"Burn {window}", format="%.1f", width=70)
        for window in ("1h", "6h", "1d", "3d")
    }
    return burn | {
        "name": config.TextColumn("Objective", pinned=True, width=230),
        "state": config.MultiselectColumn("State", options=list(signs), color=list(hues), width=135),
        "budget_left_pct": config.ProgressColumn(
            "Budget left", min_value=0, max_value=100, format="%.0f%%", width=120, help="Below 0: overspent."
        ),
        "sli_pct": config.NumberColumn("Kept", format="%.3f%%", width=85),
        "target_pct": config.NumberColumn("Target", format="%.2f%%", width=75),
        "lasts": config.TextColumn("Budget lasts", width=90),
        "window": config.TextColumn("Window", width=75),
        "app_id": config.TextColumn("Application", width=140),
        "measured_at": config.DatetimeColumn("Measured until (UTC)", format="D MMM HH:mm"),
    }


def budget_span(row: Row) -> dict[str, Any]:
    """The window of the budget: its start, and its end for a month, else now's."""
    return {"since": row["since_at"], "until": row["since_at"] + timedelta(seconds=row["period_s"])}


def heading(row: Row) -> None:
    """Name, state and the way to change it."""
    word, _ = STATES[row["state"]]
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.subheader(safe(f"{row['name']}: {word}"), anchor=False, width="content")
        if row["source_instance"] == "people" and st.button("Change", icon=":material/edit:", key="slo-change"):
            slo_form.edit(row)


def burn_down(frame: pl.DataFrame, row: Row, now: datetime) -> None:
    """Budget left per hour beside an even burn."""
    st.markdown("**Error budget left**")
    if not frame.height:
        st.caption("Nothing was measured in its window yet.")
        return
    long = frame.select("bucket_at", pl.col("left_pct").alias("left"), pl.col("ideal_pct").alias("even burn")).unpivot(
        index="bucket_at", variable_name="series", value_name="value"
    )
    base = alt.Chart(long).encode(
        x=alt.X("bucket_at:T", title=None, axis=alt.Axis(grid=False, format="%d %b", tickCount=8)),
        y=alt.Y("value:Q", title="% of the budget", axis=alt.Axis(gridOpacity=GRID, tickCount=5)),
        tooltip=[alt.Tooltip("bucket_at:T", title="UTC", format="%d %b %H:%M"), "series:N",
                 alt.Tooltip("value:Q", title="%", format=".1f")],
    )  # fmt: skip
    legend = alt.Legend(title=None, orient="top", symbolType="stroke")
    drawn = base.mark_line(strokeWidth=2, interpolate="step-after").encode(
        color=alt.Color(
            "series:N", legend=legend, scale=alt.Scale(domain=["left", "even burn"], range=["#0284C7", ON_EITHER])
        ),
        strokeDash=alt.StrokeDash(
            "series:N", legend=None, scale=alt.Scale(domain=["left", "even burn"], range=[[1, 0], [5, 4]])
        ),
    )
    zero = alt.Chart(pl.DataFrame({"y": [0.0]})).mark_rule(color="#EF4444", opacity=0.6).encode(y="y:Q")
    plot(alt.layer(zero, drawn).properties(height=240), frame, f"Error budget left of {row['name']}")


def rules(frame: pl.DataFrame) -> None:
    """Each burn rule: both windows against its factor."""
    st.markdown("**Burn, against what would be told**")
    if not frame.height:
        st.caption("A vendor evaluates this one: no rule of ours watches it.")
        return
    for one in frame.iter_rows(named=True):
        word, _ = VERDICT[one["verdict"]]
        windows = f"{span(one['long_s'])} and {span(one['short_s'])}"
        burns = f"{number(one['long_burn'], '', 1)} and {number(one['short_burn'], '', 1)}"
        with st.container(gap=None):
            st.markdown(f"{word} · **{RULE_WORD[one['rule']]}**")
            st.caption(f"burns {burns} over {windows}; told from {number(one['factor'], '', 1)}")


def worst_hours(frame: pl.DataFrame) -> None:
    """The hours that took most of the budget."""
    spent = frame.filter(pl.col("bad") > 0).sort("spent_pct", descending=True).head(WORST_HOURS)
    tables.plain(
        spent.select("bucket_at", "spent_pct", "bad", "total"), "Hours that spent most of the budget",
        or_else=("Nothing was spent", "No event failed in this window, of those that were measured."),
        bucket_at=st.column_config.DatetimeColumn("Hour (UTC)", format="D MMM HH:mm"),
        spent_pct=st.column_config.NumberColumn("Of the budget", format="%.2f%%"),
        bad=st.column_config.NumberColumn("Failed", format="%.4g"),
        total=st.column_config.NumberColumn("Of", format="%.6g"),
    )  # fmt: skip


def alerts(frame: pl.DataFrame) -> None:
    """Burn alerts of this objective, newest first."""
    tables.plain(frame, "Burn alerts", or_else=("No alert", "It never burned so fast that anybody was told."))


def measured(row: Row) -> None:
    """Kind, window and SQL."""
    where = safe(row["declared_in"] or row["source_instance"])
    st.caption(f"{row['kind'].replace('_', ' ')} · target {percent(row['target_pct'], 3)} · {row['window']} · {where}")
    if not row["good_sql"]:
        empty(
            "It states a goal without SQL",
            "It is measured by the status or the response time of what it is about, each minute.",
        )
    for title, sql in (("Good", row["good_sql"]), ("All", row["total_sql"])):
        if sql:
            st.caption(title)
            st.code(sql, language="sql")
