"""What the page of cost anomalies says and draws: figures, the table, one anomaly with its parts, what is watched."""

import json
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import polars as pl
import streamlit as st

from aurora.contracts import Row
from aurora.insights.cost_series import SINCE_DAYS, band
from aurora.insights.cost_words import amount, sentence, subject
from aurora.ui import cost_anomaly_charts, tables
from aurora.ui.cost_anomaly_form import decide
from aurora.ui.data import utc_now
from aurora.ui.plots import plot
from aurora.ui.words import NOTHING, number, plural, safe

STATES = ("open", "explained", "dismissed")
KINDS = {"services": "service", "accounts": "account", "applications": "app"}
BEFORE, AFTER = timedelta(days=45), timedelta(days=14)
WITHOUT = "Costs are judged each hour, once a day is told in full; each series needs ten days of history."
SHOWN = (
    "what", "state", "impact_amount", "currency", "change_pct", "observed_cost", "expected_cost", "day_count",
    "started_on", "ended_on", "app_name", "team_name", "owner",
)  # fmt: skip


def matching(frame: pl.DataFrame, states: list[str], kinds: list[str], text: str) -> pl.DataFrame:
    """The anomalies that the filters leave, in their order."""
    if states:
        frame = frame.filter(pl.col("state").is_in(states))
    if kinds:
        frame = frame.filter(pl.col("kind").is_in([KINDS[kind] for kind in kinds if kind in KINDS]))
    if text:
        names = ["name", "app_id", "app_name", "team_name", "owner", "explanation"]
        found = pl.concat_str(names, separator=" ", ignore_nulls=True)
        frame = frame.filter(found.str.to_lowercase().str.contains(text.lower(), literal=True))
    return frame


def figures(frame: pl.DataFrame) -> None:
    """How many are open, what those of this month cost beyond what was expected, and how long one waits for words."""
    is_open = frame.filter(pl.col("state") == "open")
    lasting = is_open.filter(pl.col("is_lasting")).height
    waited = frame.select((pl.col("decided_at") - pl.col("detected_at")).dt.total_seconds().median() / 86400).item()
    with st.grid(columns=4, min_column_width=150):
        st.metric("Open", f"{is_open.height}", border=True, help="Neither explained nor dismissed by anybody.")
        st.metric("Still lasting", f"{lasting}", border=True, help="Open, and its last complete day was anomalous too.")
        st.metric("Impact this month", impact_of_month(frame, utc_now().date()), border=True,
                  help="Of services, as each charge is of one: beyond what was expected, drops taken off.")  # fmt: skip
        st.metric("Days to explain, median", NOTHING if waited is None else number(waited, "", 1), border=True,
                  help="From when it was seen to when somebody explained or dismissed it.")  # fmt: skip


def impact_of_month(frame: pl.DataFrame, today: date) -> str:
    """'USD 1,234', each currency by itself: impact of services' anomalies that began this month and stand."""
    mine = frame.filter(
        pl.col("kind") == "service", pl.col("state") != "dismissed", pl.col("started_on") >= today.replace(day=1)
    )
    sums: dict[str, Decimal] = {}
    for currency, impact in mine.select("currency", "impact_amount").drop_nulls().iter_rows():
        sums[currency] = sums.get(currency, Decimal(0)) + impact
    return ", ".join(amount(value, currency) for currency, value in sorted(sums.items())) or NOTHING


def table(frame: pl.DataFrame, known: int) -> str | None:
    """The anomalies, open ones first by impact; returns the one that was chosen."""
    what = [subject(row) for row in frame.iter_rows(named=True)]
    shown = frame.with_columns(pl.Series("what", what, pl.String)).select(SHOWN)
    words = ("No anomaly matches", "Clear the filters above.") if known else ("No anomaly", WITHOUT)
    row = tables.pick(
        shown.with_row_index("place"), "anomalies", f"{plural(frame.height, 'anomaly')}, open ones first", words,
        place=None, what=st.column_config.TextColumn("Of what", pinned=True, width=260),
        change_pct=st.column_config.NumberColumn("Change", format="%+.0f%%"),
    )  # fmt: skip
    return str(frame["anomaly_id"][row["place"]]) if row else None


def drawn_span(row: Row) -> dict[str, Any]:
    """The days to read for its chart: what is drawn, and what says what was expected of it."""
    until = (row["ended_on"] or utc_now().date()) + AFTER
    return {"series_id": row["series_id"], "since": row["started_on"] - BEFORE - timedelta(SINCE_DAYS), "until": until}


def heading(row: Row) -> None:
    """The sentence, what people said of it, and the way to say it."""
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.subheader(safe(subject(row)), anchor=False, width="content")
        if row["state"] == "open" and st.button(
            "Explain or dismiss", icon=":material/edit_note:", key="anomaly-decide"
        ):
            decide(row)
    st.markdown(safe(sentence(row | {"lines": told(row, "lines")})))
    if row["state"] != "open":
        by = f" by {row['decided_by']}, {row['decided_at']:%d %b %H:%M} UTC" if row["decided_at"] else ""
        st.info(f"{row['state'].capitalize()}{safe(by)}: {safe(row['explanation'] or '')}", icon=":material/comment:")


def series(days: pl.DataFrame, row: Row) -> None:
    """Its days with what was expected."""
    st.markdown("**Cost by day, and what was expected**")
    drawn = band(days, row["started_on"] - BEFORE)
    if not drawn.height:
        st.caption("The charges of these days are not kept any more.")
        return
    odd = {date.fromisoformat(day) for day in told(row, "days")}
    name = f"Cost by day of {subject(row)}, {plural(len(odd), 'anomalous day')} marked"
    plot(cost_anomaly_charts.days(drawn, odd, row["currency"]), drawn, name)


def waterfall(row: Row) -> None:
    """From expected to observed, by part."""
    st.markdown(f"**What made it, over {plural(row['day_count'] or 1, 'day')}**")
    amounts = cost_anomaly_charts.steps(row).select("step", "amount", currency=pl.lit(row["currency"]))
    plot(cost_anomaly_charts.waterfall(row), amounts, "Waterfall from what was expected to what it cost, by part")
    st.caption("Price: (p1 - p0) × q1. Volume: (q1 - q0) × p0. Unexplained: no quantity tells it.")


def contributions(row: Row) -> None:
    """The lines that moved most, and the deployments that came shortly before."""
    lines, shipped = st.tabs(["Lines that moved most", "Deployments shortly before"])
    with lines:
        tables.plain(
            _frame(told(row, "lines"), row), "Lines that moved most",
            or_else=("No line moved", "No charge line of these days differs from those of the expected days."),
        )  # fmt: skip
    with shipped:
        tables.plain(
            pl.DataFrame(told(row, "deployments")), "Deployments shortly before",
            or_else=("No deployment", "No application with a part in it was deployed in the 48 hours before."),
        )  # fmt: skip


def watched(frame: pl.DataFrame) -> None:
    """Every series in which anomalies are looked for."""
    with st.expander(f"What is watched: {frame.height:,} series"):
        st.caption(WITHOUT)
        tables.plain(frame.drop("source_instance"), "Series that are watched")


def told(row: Row, name: str) -> list[Any]:
    """A list that its parts tell, empty where they do not."""
    return list(json.loads(row["parts"] or "{}").get(name) or [])


def _frame(lines: list[dict[str, Any]], row: Row) -> pl.DataFrame:
    """The lines with their amounts as money."""
    moved = [line | {"change_amount": Decimal(line["amount"]), "currency": row["currency"]} for line in lines]
    columns = ("service", "resource_id", "sku", "account_id", "part", "change_amount", "currency")
    schema = dict.fromkeys(columns, pl.String) | {"change_amount": pl.Decimal(38, 18)}
    return pl.DataFrame([{name: one.get(name) for name in columns} for one in moved], schema=schema)
