"""Savings: what could cost less, how sure that is, what holds it back, and what came of what was done.

icon: savings
order: 62
"""

import polars as pl
import streamlit as st

from aurora.ui import savings
from aurora.ui.data import rows
from aurora.ui.export import behind
from aurora.ui.filters import pills, search
from aurora.ui.frame import demo_badge, empty, freshness, page

SAVINGS = """
    from savings order by list_position(['open', 'blocked', 'accepted', 'done', 'alternative', 'dismissed'], standing),
                          counted_amount desc nulls last, advice_id"""
TOTALS = "from saving_totals order by currency"
RULES = "from saving_rules order by done_count desc, open_count desc, rule, currency"
DAYS = """
    from advice_days where subject_id = $subject_id and provider = $provider and currency = $currency
    and day > utc_now()::date - 120 order by day"""
NOW = "from advice_now where advice_id = $advice_id"
EMPTY = (
    "No advice on cost",
    "A bill in FOCUS fills this, with 14 days of load of what it charges; advice is sought every hour.",
)


def filters(everything: pl.DataFrame) -> tuple[dict[str, list[str]], str]:
    """What the visitor asks for."""
    rules = {savings.rule_word(rule): rule for rule in everything["rule"].unique().sort()}
    with st.container(horizontal=True, vertical_alignment="center", key="filters"):
        standing = pills("State", savings.STANDINGS, "state")
        risk = pills("Risk", ["low", "medium", "high"], "risk")
        effort = st.selectbox("Effort", ["small", "medium", "large"], index=None, placeholder="Every effort", width=150,
                              label_visibility="collapsed", key="effort", bind="query-params")  # fmt: skip
        rule = st.selectbox("Rule", list(rules), index=None, placeholder="Every rule", key="rule", width=190,
                            label_visibility="collapsed", bind="query-params")  # fmt: skip
        apps = everything["app_id"].drop_nulls().unique().sort().to_list()
        app = st.selectbox("Application", apps, index=None, placeholder="Every application", key="of", width=190,
                           label_visibility="collapsed", bind="query-params")  # fmt: skip
        text = search("Find advice")
    chosen = {"standing": standing, "risk": risk, "effort": [effort] if effort else []}
    return chosen | {"rule": [rules[rule]] if rule else [], "app_id": [app] if app else []}, text


def chosen_id(shown: pl.DataFrame, clicked: str | None) -> str:
    """The advice that was clicked, else the one in the URL, else the first."""
    wanted = clicked or st.query_params.get("advice")
    return wanted if wanted and wanted in shown["advice_id"].to_list() else str(shown["advice_id"][0])


def detail(row: dict[str, object]) -> None:
    """One piece of advice, and the rows behind the page."""
    of_days = {"subject_id": row["subject_id"], "provider": row["provider"], "currency": row["currency"]}
    savings.detail(row | rows(NOW, advice_id=row["advice_id"]).row(0, named=True), rows(DAYS, **of_days))
    behind(
        {"Savings": (SAVINGS, {}), "Sums": (TOTALS, {}), "Rules": (RULES, {}), "Cost by day": (DAYS, of_days)}, "cost"
    )


with page("Savings"):
    everything = rows(SAVINGS)
    if not everything.height:
        empty(*EMPTY)
        st.stop()
    savings.figures(rows(TOTALS))
    st.markdown(savings.sentence(everything))
    asked, asked_text = filters(everything)
    shown = savings.matching(everything, asked, asked_text)
    if shown.height:
        clicked = savings.table(shown)
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            freshness()
            demo_badge(shown)
        one = chosen_id(shown, clicked["advice_id"] if clicked else None)
        detail(shown.filter(pl.col("advice_id") == one).row(0, named=True))
    else:
        empty("No advice matches", "Clear a filter above.")
    savings.kept(rows(RULES).filter(pl.col("done_count") > 0))
