"""The choice of a currency: the company's own, those in use, those that rates lead to, or each amount as charged."""

import streamlit as st

from aurora.ui.data import rows, settings

AS_CHARGED = "As charged"
IN_USE = """
    select currency, sum(n) as n from (
      select currency, count(*) as n from cost_scope_days group by currency
      union all select currency, count(*) as n from revenues group by currency
      union all select distinct quote as currency, 0 as n from fx_daily)
    group by currency order by n desc, currency"""


def choose() -> str:
    """The currency that is wanted, "" for each amount in its own; ?currency= in the URL."""
    options = choices(rows(IN_USE)["currency"].to_list(), settings().currency)
    chosen = st.selectbox("Currency", options, key="currency", bind="query-params", width=150)
    return "" if chosen == AS_CHARGED else chosen


def choices(used: list[str], own: str | None) -> list[str]:
    """What can be chosen: the company's first, then those in use as they come, and none at all last."""
    return list(dict.fromkeys([*([own] if own else []), *used, AS_CHARGED]))
