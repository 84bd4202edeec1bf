"""Unit economics: what an active user, 1,000 requests, a deployment and a message cost, and what revenue leaves.

icon: price_check
order: 76
"""

from typing import Any

import polars as pl
import streamlit as st

from aurora.contracts import Row
from aurora.ui import currency
from aurora.ui import unit_costs as show
from aurora.ui.data import rows, together, utc_now
from aurora.ui.export import behind
from aurora.ui.frame import demo_badge, empty, freshness, page
from aurora.ui.words import safe

SOURCES = """
    select distinct source_instance from cost_scope_days
    union select distinct source_instance from work_hours_counted union select distinct source_instance from revenues"""
COMPANY = "from unit_costs_company($currency, $labour) order by month_on, currency"
APPLICATIONS = """
    select case c.app_id when 'untagged' then 'No application' else coalesce(a.name, c.app_id) end as app_name, c.*
    from unit_costs($currency, $labour) c left join applications_now a on a.app_id = c.app_id
    order by c.month_on, c.cost desc nulls last, c.app_id, c.currency"""
CHARGES = """
    select day, service, category, effective_cost, billed_cost, currency, line_count, source_instance
    from app_cost_daily_by_service where app_id = $app and date_trunc('month', day)::date = $month
    order by effective_cost desc nulls last"""
WORK = """
    select day, person_id, hours, rate_amount, currency, method, source_instance from work_hours_counted
    where app_id = $app and date_trunc('month', day)::date = $month order by day, person_id"""
RULE = (
    "A quotient is cost over the number beside it, of the same month; the company's is sum over sum. Costs are "
    "converted day by day at the last rate known then. Where a number is not known, or none, there is no quotient."
)


def asked() -> dict[str, Any]:
    """The currency that is wanted ('' for none) and whether development work counts."""
    wanted = currency.choose()
    works = st.segmented_control(
        "Development work", ["With work", "Without work"], default="With work", required=True, key="work",
        bind="query-params",
    )  # fmt: skip
    return {"currency": wanted, "labour": works != "Without work"}


def chosen_month(months: pl.DataFrame, currency: str) -> Row:
    """The company's row of the month that is looked at: the newest that is over, in the wanted currency if it can."""
    known = [f"{month:%Y-%m}" for month in months["month_on"].unique().sort(descending=True)]
    newest = 1 if len(known) > 1 and known[0] == f"{utc_now():%Y-%m}" else 0
    month = st.selectbox("Month", known, index=newest, key="month", bind="query-params", width=130)
    mine = months.filter(pl.col("month_on").dt.strftime("%Y-%m") == (month or ""))
    return mine.sort(pl.col("currency") == currency, pl.col("cost").fill_null(0), descending=True).row(0, named=True)


def chosen_row(frame: pl.DataFrame, clicked: Row | None) -> Row:
    """The application that was clicked, else the one in the URL, else the dearest."""
    found = frame.filter(pl.col("app_id") == st.query_params.get("app", ""))
    return clicked or (found if found.height else frame).row(0, named=True)


def one(costs: pl.DataFrame, row: Row) -> None:
    """An application: its months, by what it is divided by."""
    st.subheader(safe(row["app_name"]), anchor=False)
    unit = st.segmented_control(
        "Cost of", [unit.label for unit in show.UNITS], default=show.UNITS[0].label, required=True, key="unit",
        bind="query-params",
    )  # fmt: skip
    mine = costs.filter(pl.col("app_id") == row["app_id"], pl.col("currency") == row["currency"])
    show.application(mine, next(one for one in show.UNITS if one.label == unit))


with page("Unit economics"):
    if not rows("from app_spend_daily limit 1").height and not rows("from revenues limit 1").height:
        empty(
            "Nothing has a cost yet",
            "Connect a bill, or name invoices, work hours and revenues in files: see docs/connectors.md.",
        )
        st.stop()
    with st.container(horizontal=True, vertical_alignment="center", key="filters"):
        wanted = asked()
        months, costs = together((COMPANY, wanted), (APPLICATIONS, wanted))
        month = chosen_month(months, wanted["currency"])
    show.company(months, month)
    if wanted["currency"]:
        show.apart(months, month)
    table = show.of_month(costs, month)
    clicked = show.applications(table)
    st.caption(RULE)
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        freshness()
        demo_badge(rows(SOURCES))
    row = chosen_row(table, clicked)
    one(costs, row)
    by_app = {"app": row["app_id"], "month": month["month_on"]}
    behind(
        {"Applications": (APPLICATIONS, wanted), "Company": (COMPANY, wanted), "Charges": (CHARGES, by_app),
         "Work": (WORK, by_app)}, "unit",
    )  # fmt: skip
