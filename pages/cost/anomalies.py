"""Anomalies: costs that are not as expected, what made them, whose they are, and what people said of them.

icon: query_stats
order: 64
"""

import polars as pl
import streamlit as st

from aurora.ui import cost_anomalies
from aurora.ui.data import rows
from aurora.ui.export import behind
from aurora.ui.filters import pills, search
from aurora.ui.frame import demo_badge, empty, freshness, page

ANOMALIES = """
    from cost_anomalies_now
    order by state = 'open' desc, abs(impact_amount) desc nulls last, started_on desc, anomaly_id"""
SERIES = """
    select day, effective_cost, is_estimated, line_count from cost_series_days
    where series_id = $series_id and day >= $since and day <= $until order by day"""
WATCHED = """
    select min(kind) as kind, min(name) as name, min(provider) as provider, min(currency) as currency,
           count(*) as day_count, max(day) as last_charged_on, min(source_instances[1]) as source_instance
    from cost_series_days group by series_id order by all"""


def chosen(shown: pl.DataFrame, clicked: str | None) -> dict[str, object]:
    """The anomaly that was clicked, else the one in the URL, else the first."""
    wanted = clicked or st.query_params.get("anomaly")
    found = shown.filter(pl.col("anomaly_id") == wanted) if wanted else shown.clear()
    return (found if found.height else shown).row(0, named=True)


def table(states: list[str], kinds: list[str], text: str) -> None:
    """Figures, the anomalies that are asked for, and the one that was chosen."""
    everything, watched = rows(ANOMALIES), rows(WATCHED)
    cost_anomalies.figures(everything)
    if not watched.height:
        empty("No cost is known", "Import a bill (`aurora import`, FOCUS) or connect a provider's costs.")
        return
    shown = cost_anomalies.matching(everything, states, kinds, text)
    clicked = cost_anomalies.table(shown, everything.height)
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        freshness()
        demo_badge(watched)
    if shown.height:
        detail(chosen(shown, clicked))
    cost_anomalies.watched(watched)


def detail(row: dict[str, object]) -> None:
    """One anomaly: its sentence, its days with what was expected, its parts, lines and deployments, and its form."""
    asked = cost_anomalies.drawn_span(row)
    days = rows(SERIES, **asked)
    cost_anomalies.heading(row)
    left, right = st.columns([3, 2], gap="medium")
    with left.container(border=True):
        cost_anomalies.series(days, row)
    with right.container(border=True):
        cost_anomalies.waterfall(row)
    cost_anomalies.contributions(row)
    behind({"Anomalies": (ANOMALIES, {}), "Costs by day": (SERIES, asked), "What is watched": (WATCHED, {})}, "anomaly")


with page("Anomalies"):
    with st.container(horizontal=True, vertical_alignment="center", key="filters"):
        asked_states = pills("State", list(cost_anomalies.STATES), "state")
        asked_kinds = pills("Of what", list(cost_anomalies.KINDS), "kind")
        asked_text = search("Find an anomaly")
    table(asked_states, asked_kinds, asked_text)
