"""Parts of the Savings page: sums, the table of advice, one piece of it with its evidence and its cost by day."""

import json
from datetime import datetime
from typing import Any

import altair as alt
import polars as pl
import streamlit as st

from aurora.contracts import Row
from aurora.ui import savings_form, tables
from aurora.ui.charts import GRID
from aurora.ui.frame import empty
from aurora.ui.headings import heading
from aurora.ui.plots import plot
from aurora.ui.words import NOTHING, marked, money, percent, plural, safe, spoken

RULES = {
    "simple": "Little used", "rightsizing": "Too large", "idle": "Idle or unattached", "orphaned": "Nobody's",
    "generation": "Old generation", "commitment_unused": "Commitment, unused",
    "commitment_coverage": "Commitment, missing", "schedule": "On at night", "storage": "Stored dear",
    "hot_spot": "Logs and traffic", "kubernetes": "Idle cluster",
}  # fmt: skip
STANDINGS = ["open", "blocked", "alternative", "accepted", "done", "dismissed"]
FORMULA = (
    "Realised: mean daily effective cost in the 30 days before acceptance, minus that of the 30 days after, times 30.4 "
    "(365 / 12), if nothing else changed the cost. What vanished realised all of it; a rise is negative."
)
INTERNAL = {"subject", "provider", "within", "counted_amount", "alternative_to", "alternatives", "halvings"}


def rule_word(rule: str) -> str:
    """A rule as it is read; one that is new here by its name."""
    return RULES.get(rule, rule.replace("_", " ").capitalize())


def figures(totals: pl.DataFrame) -> None:
    """Promised, blocked, accepted and realised a month, each currency by itself."""
    with st.grid(columns=4, min_column_width=170):
        _figure(totals, "Promised a month", "promised_amount", "open_count",
                "Open advice that nothing blocks; of several on one thing the best alone.")  # fmt: skip
        _figure(totals, "Blocked for now", "held_back_amount", "blocked_count",
                "Nothing is made smaller while its budget burns, or it is in trouble or busy.")  # fmt: skip
        _figure(totals, "Accepted, not checked yet", "awaited_amount", "accepted_count",
                "The bill is asked 30 days after acceptance.")  # fmt: skip
        _figure(totals, "Realised a month", "realised_amount", "done_count", FORMULA)


def _figure(totals: pl.DataFrame, label: str, amount: str, count: str, told: str) -> None:
    some = totals.filter(pl.col(count) > 0)
    sums = [money(row[amount], row["currency"]) for row in some.sort("currency").iter_rows(named=True)]
    number = int(some[count].sum())
    st.metric(
        label, " · ".join(sums) or NOTHING, plural(number, "piece"), border=True, delta_color="off", delta_arrow="off",
        help=told,
    )  # fmt: skip


def sentence(shown: pl.DataFrame) -> str:
    """The largest open advice in one sentence."""
    best = shown.filter(pl.col("standing") == "open").sort("counted_amount", descending=True, nulls_last=True)
    if not best.height:
        return "Nothing that is open now could be done at once."
    row = best.row(0, named=True)
    saved = safe(money(row["counted_amount"], row["currency"]))
    return f"Most is saved here: **{safe(row['message'])}** ({saved} a month)."


def matching(frame: pl.DataFrame, chosen: dict[str, list[str]], text: str) -> pl.DataFrame:
    """The advice that the filters leave: column to words (of which none means all), and text anywhere in it."""
    for name, wanted in chosen.items():
        if wanted:
            frame = frame.filter(pl.col(name).is_in(wanted))
    if text:
        found = pl.concat_str(["message", "app_id", "component_id", "subject_id"], separator=" ", ignore_nulls=True)
        frame = frame.filter(found.str.to_lowercase().str.contains(text.lower(), literal=True))
    return frame


def table(frame: pl.DataFrame) -> Row | None:
    """The table; returns the row that was chosen."""
    shown = frame.select(
        "advice_id", "message", pl.col("standing").alias("state"),
        pl.col("rule").map_elements(rule_word, return_dtype=pl.String), "counted_amount", "promised_amount",
        "realised_amount", "risk", "effort", "confidence_ratio", "app_id", "days_open", "blocked_by", "currency",
    )  # fmt: skip
    config = st.column_config
    return tables.pick(
        shown, "savings", f"{plural(frame.height, 'piece')} of advice on cost, the largest saving first",
        advice_id=None,
        message=config.TextColumn("Advice", pinned=True, width=330),
        confidence_ratio=config.NumberColumn("Confidence", format="percent", width=90),
        counted_amount=config.NumberColumn(
            "Counts for", format="accounting", help="A month; what an alternative claims already counts for nothing."
        ),
        days_open=config.NumberColumn("Open for", format="%d days", width=80),
    )  # fmt: skip


def detail(row: Row, days: pl.DataFrame) -> None:
    """One piece of advice: what to do, what holds it back, its evidence, its cost by day, and how to decide."""
    word, _ = marked(row["standing"])
    st.subheader(safe(f"{row['message']}: {word}"), anchor=False)
    st.markdown(safe(row["suggestion"]))
    if row["blocked_by"]:
        st.warning(f"Blocked: {safe(row['blocked_by'])}.", icon=":material/block:")
    if row["alternative_to"]:
        rule = rule_word(str(row["alternative_to"]).partition(":")[0])
        st.info(f"Another piece of advice on the same thing counts instead: {safe(rule)}.", icon=":material/alt_route:")
    decisions(row)
    left, right = st.columns([2, 3], gap="medium")
    with left.container(border=True):
        st.markdown("**Evidence**")
        evidence(row)
    with right.container(border=True):
        st.markdown("**What it cost by day**")
        cost_days(days, row["accepted_at"])


def decisions(row: Row) -> None:
    """Who decided what, and the ways to decide."""
    if row["state"] != "open" or row["version"] > 1:
        told = f": {safe(row['reason'])}" if row["reason"] else ""
        st.caption(f"{spoken(row['state'])} by {safe(row['changed_by'])} on {row['changed_at']:%d %b %Y}{told}")
    if row["state"] == "done":
        promised, real = (safe(money(row[name], row["currency"])) for name in ("promised_amount", "realised_amount"))
        st.markdown(f"Promised {promised}, realised **{real}** a month.")
        st.caption(FORMULA)
        return
    seen = row | {"saving_amount": row["promised_amount"]}
    with st.container(horizontal=True):
        if row["state"] == "open":
            if st.button("Accept", icon=":material/check:", key="accept", disabled=bool(row["blocked_by"]),
                         help="Not while it is blocked" if row["blocked_by"] else None):  # fmt: skip
                savings_form.ask(seen, "accepted")
            if st.button("Dismiss", icon=":material/close:", key="dismiss"):
                savings_form.ask(seen, "dismissed")
        elif st.button("Open it again", icon=":material/undo:", key="reopen"):
            savings_form.ask(seen, "open")


def evidence(row: Row) -> None:
    """The figures that the advice rests on, with their window."""
    told = stated(row["evidence"])
    lines = [
        {"Figure": heading(name), "Value": said(name, value, row["currency"])}
        for name, value in told.items() if name not in INTERNAL and value is not None
    ]  # fmt: skip
    if not lines:
        st.caption("It states no figures.")
        return
    tables.draw(shown := pl.DataFrame(lines), shown, "Evidence", {}, most=9)


def stated(text: str) -> dict[str, Any]:
    """Evidence as a dictionary; empty where it is none."""
    try:
        told = json.loads(text)
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}


def said(name: str, value: Any, currency: str) -> str:
    """A figure of the evidence with its unit, which its name says."""
    if name.endswith("_pct") and isinstance(value, int | float):
        return percent(value, 1)
    if "cost" in name:
        return f"{value} {currency}"
    return f"{value} days" if name in ("window_days", "compared_days", "measured_days") else str(value)


def cost_days(frame: pl.DataFrame, accepted_at: datetime | None) -> None:
    """Effective cost by day, with the day of acceptance."""
    known = frame.filter(pl.col("effective_cost").is_not_null())
    if not known.height:
        st.caption("The bill says nothing of it in the last 120 days.")
        return
    bars = alt.Chart(known.with_columns(pl.col("effective_cost").cast(pl.Float64))).mark_bar(color="#0284C7").encode(
        x=alt.X("day:T", title=None, axis=alt.Axis(grid=False, format="%d %b")),
        y=alt.Y("effective_cost:Q", title=str(known["currency"][0]), axis=alt.Axis(gridOpacity=GRID, tickCount=5)),
        tooltip=[alt.Tooltip("day:T", format="%d %b"), alt.Tooltip("effective_cost:Q", title="Cost", format=",.2f")],
    )  # fmt: skip
    layers: list[alt.Chart] = [bars]
    if accepted_at:
        day = pl.DataFrame({"day": [accepted_at.date()]})
        layers.append(alt.Chart(day).mark_rule(color="#B45309", strokeWidth=2).encode(x="day:T"))
        st.caption("The line is the day of acceptance.")
    plot(alt.layer(*layers).properties(height=230), known, "Effective cost by day")


def kept(frame: pl.DataFrame) -> None:
    """How sure each rule was so far."""
    st.subheader("How sure each rule was so far", anchor=False)
    if not frame.height:
        empty(
            "Nothing was checked on the bill yet", "30 days after advice was accepted, the bill tells what came of it."
        )
        return
    shown = frame.with_columns(pl.col("rule").map_elements(rule_word, return_dtype=pl.String))
    tables.plain(
        shown, "Promised against realised by rule",
        kept_ratio=st.column_config.NumberColumn("Realised of promised", format="percent"),
    )  # fmt: skip
    st.caption(FORMULA)
