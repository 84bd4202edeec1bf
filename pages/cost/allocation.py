"""Allocation: whose cost is it: by application, team, environment and product, shared parts and what belongs to nobody.

icon: call_split
order: 61
"""

import polars as pl
import streamlit as st

from aurora.ui import allocation as show
from aurora.ui import currency
from aurora.ui.data import rows, together
from aurora.ui.export import behind
from aurora.ui.frame import demo_badge, empty, freshness, page
from aurora.ui.plots import plot

MONTHS = "select distinct date_trunc('month', day)::date as month_on from cost_scope_days order by 1 desc"
ALLOCATED = (
    "from cost_allocation($currency) where month_on = $month order by effective_cost desc nulls last, app_id, split_id"
)
SPLITS = """
    select s.name, s.method, s.usage, coalesce(a.name, p.app_id) as app_name, p.weight,
           p.share_to_ratio - p.share_from_ratio as share_ratio, p.currency, s.marks, s.split_id
    from cost_splits_now s
    left join cost_split_shares p on p.split_id = s.split_id and p.month_on = $month
    left join applications_now a on a.app_id = p.app_id
    order by s.name, share_ratio desc"""
NOBODYS = """
    select d.service, d.category, d.environment, d.currency, sum(d.effective_cost) as effective_cost,
           sum(d.line_count)::bigint as line_count, min(d.source_instance) as source_instance
    from app_cost_daily_by_service d
    where d.app_id = 'untagged' and date_trunc('month', d.day)::date = $month
    group by d.service, d.category, d.environment, d.currency order by effective_cost desc"""
SOURCES = "select distinct source_instance from cost_scope_days"


def body(wanted: str) -> None:
    """Everything below the choice of a currency."""
    months = rows(MONTHS)["month_on"].to_list()
    if not months:
        empty("Nothing is charged", "Import a bill: aurora import FILE --format focus; or add a source of bills.")
        return
    with st.container(horizontal=True, vertical_alignment="center", key="allocation-filters"):
        spelled = {f"{month:%Y-%m}": month for month in months}
        said = st.selectbox("Month", list(spelled), key="month", bind="query-params", width=130)
        by = st.segmented_control(
            "By", list(show.KEYS), default="Application", required=True, key="by", bind="query-params"
        )
        basis = st.segmented_control(
            "Basis", list(show.BASES), default="Showback", required=True, key="basis", bind="query-params"
        )
    of_month = {"month": spelled[said or next(iter(spelled))]}
    asked = of_month | {"currency": wanted}
    everything, splits, nobodys = together((ALLOCATED, asked), (SPLITS, of_month), (NOBODYS, of_month))
    main = show.main_currency(everything, wanted)
    mine = everything.filter(pl.col("currency") == main)
    key, cost = show.KEYS[by or "Application"], show.BASES[basis or "Showback"]
    st.caption(show.MEANING[cost])
    show.figures(mine, cost)
    if left_out := show.apart(everything, main, cost):
        st.caption(f":material/info: {left_out}")
    table = show.summed(mine, key, cost)
    plot(show.bars(table, main), table, "Own and shared cost, dearest first")
    show.table(table, key)
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        freshness()
        demo_badge(rows(SOURCES))
    left, right = st.tabs(["Belongs to nobody", "How shared cost is split"])
    with left:
        show.nobodys(nobodys)
    with right:
        show.splits(splits)
    behind(
        {"Allocation": (ALLOCATED, asked), "Nobody's": (NOBODYS, of_month), "Splits": (SPLITS, of_month)}, "allocation"
    )


with page("Allocation"):
    body(currency.choose())
