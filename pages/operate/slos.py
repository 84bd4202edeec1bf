"""SLOs: what was promised, how much error budget is left, how fast it burns and what spent it, worst first.

icon: target
order: 25
"""

import polars as pl
import streamlit as st

from aurora.ui import slo_form, slos
from aurora.ui.data import rows, utc_now
from aurora.ui.export import behind
from aurora.ui.filters import pills, search
from aurora.ui.frame import demo_badge, empty, freshness, page

BUDGETS = "from slo_budgets order by state_rank, budget_left_pct nulls last, name"
BURN_DOWN = "from slo_burn_down(since := $since, until := $until) where slo_id = $slo_id order by bucket_at"
RULES = "from slo_burns where slo_id = $slo_id order by long_s"
ALERTS = """
    select severity, state, title, started_at, ended_at, value, threshold from alerts
    where slo_id = $slo_id and source = 'aurora' order by started_at desc"""


def chosen_row(shown: pl.DataFrame, clicked: str | None) -> dict[str, object] | None:
    """The objective that was clicked, else the one in the URL, else the worst."""
    wanted = clicked or st.query_params.get("slo")
    found = shown.filter(pl.col("slo_id") == wanted) if wanted else shown.clear()
    return (found if found.height else shown).row(0, named=True)


def table(states: list[str], text: str) -> None:
    """Figures, the worst in a sentence, the table, and the objective that was chosen."""
    everything = rows(BUDGETS)
    if not everything.height:
        empty(
            "No objective is declared",
            "Declare one above, or write [[slo]] in slos.toml, or import Sloth or OpenSLO: `aurora slo import`.",
        )
        return
    slos.figures(everything)
    st.markdown(slos.worst(everything))
    shown = slos.matching(everything, states, text)
    if not shown.height:
        empty("No objective matches", "Clear the state or text filter above.")
        return
    clicked = slos.table(shown, "slos")
    st.caption(slos.RULE)
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        freshness()
        demo_badge(shown)
    if one := chosen_row(shown, clicked):
        detail(one)


def detail(row: dict[str, object]) -> None:
    """One objective: burn-down, burn per window, alerts, what spent the budget, its SQL."""
    slo = {"slo_id": row["slo_id"]}
    span = slos.budget_span(row)
    burn_down, burns, alerts = rows(BURN_DOWN, **slo, **span), rows(RULES, **slo), rows(ALERTS, **slo)
    slos.heading(row)
    left, right = st.columns([2, 1], gap="medium")
    with left.container(border=True):
        slos.burn_down(burn_down, row, utc_now())
    with right.container(border=True):
        slos.rules(burns)
    spent, told, asked = st.tabs(["What spent the budget", "Burn alerts", "How it is measured"])
    with spent:
        slos.worst_hours(burn_down)
    with told:
        slos.alerts(alerts)
    with asked:
        slos.measured(row)
    behind(
        {"Budget": (BUDGETS, {}), "Burn-down": (BURN_DOWN, slo | span), "Burn rules": (RULES, slo)},
        "slo",
    )


with page("SLOs"):
    with st.container(horizontal=True, vertical_alignment="center", key="filters"):
        asked_states = pills("State", list(slos.CHOICES), "state")
        asked_text = search("Find an objective")
        if st.button("Declare an objective", icon=":material/add:", key="slo-new"):
            slo_form.edit(None)
    table(asked_states, asked_text)
