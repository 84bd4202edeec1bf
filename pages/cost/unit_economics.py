"""Unit economics: what an active user, 1,000 requests, a deployment and a message cost, and what revenue leaves.

icon: price_check
order: 76
"""

from typing import Any

import polars as pl
import streamlit as st

from aurora.contracts import Row
from aurora.ui import unit_costs as show
from aurora.ui.data import rows, settings
from aurora.ui.export import behind, download
from aurora.ui.frame import demo_badge, empty, freshness, page

CURRENCIES = """
    select currency, sum(n) as n from (
      select currency, count(*) as n from app_spend_daily group by currency
      union all select currency, count(*) as n from revenues group by currency
      union all select distinct quote as currency, 0 as n from fx_daily)
    group by currency order by n desc, currency"""
SOURCES = """
    select distinct source_instance from cost_lines
    union select distinct source_instance from work_hours_counted union select distinct source_instance from revenues"""
COMPANY = "from unit_costs_company($currency, $labour) order by month_on, currency"
APPLICATIONS = """
    with costs as (from unit_costs($currency, $labour))
    , trends as (
      select app_id, currency, list(cost::double order by month_on) as trend from costs where cost is not null
      group by app_id, currency
    )
    select coalesce(a.name, c.app_id) as app_name, c.app_id, c.currency, c.cost, t.trend, c.active_users,
           c.per_user_cost, c.request_count, c.per_1k_requests_cost, c.deployment_count, c.per_deployment_cost,
           c.message_count, c.per_message_cost, c.revenue_amount, c.spend_ratio, c.return_ratio,
           c.effective_cost, c.labour_cost
    from costs c
    left join applications_now a on a.app_id = c.app_id
    left join trends t on t.app_id = c.app_id and t.currency = c.currency
    where c.month_on = $month order by c.cost desc nulls last, c.app_id, c.currency"""
MONTHS = "from unit_costs($currency, $labour) where app_id = $app and currency = $of order by month_on"
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


def chosen() -> tuple[dict[str, Any], pl.DataFrame, Row]:
    """The currency and whether work counts, all months of the company, and the month that is looked at."""
    options = show.choices(rows(CURRENCIES), settings().currency)
    with st.container(horizontal=True, vertical_alignment="center", key="filters"):
        currency = st.selectbox("Currency", options, key="currency", bind="query-params", width=150)
        works = st.segmented_control(
            "Development work", ["With work", "Without work"], default="With work", required=True, key="work",
            bind="query-params",
        )  # fmt: skip
        asked = {"currency": "" if currency == show.AS_CHARGED else currency, "labour": works != "Without work"}
        months = rows(COMPANY, **asked)
        known = [f"{month:%Y-%m}" for month in months["month_on"].unique().sort(descending=True)]
        month = st.selectbox("Month", known, key="month", bind="query-params", width=130)
    in_month = months.filter(pl.col("month_on").dt.strftime("%Y-%m") == (month or ""))
    wanted = in_month.sort(pl.col("currency") == asked["currency"], pl.col("cost").fill_null(0), descending=True)
    return asked, months, wanted.row(0, named=True)


def one(row: Row, asked: dict[str, Any], month: Row) -> dict[str, tuple[str, dict[str, Any]]]:
    """The months of an application; returns the rows behind them."""
    unit = st.segmented_control(
        "Cost of", [unit.label for unit in show.UNITS], default=show.UNITS[0].label, required=True, key="unit",
        bind="query-params",
    )  # fmt: skip
    mine, of_month = asked | {"app": row["app_id"], "of": row["currency"]}, {"month": month["month_on"]}
    show.application(rows(MONTHS, **mine), next(one for one in show.UNITS if one.label == unit))
    by_app = of_month | {"app": row["app_id"]}
    return {"Months": (MONTHS, mine), "Charges": (CHARGES, by_app), "Work": (WORK, by_app)}


def chosen_row(frame: pl.DataFrame, clicked: Row | None) -> Row:
    """The application that was clicked, else the one in the URL, else the dearest."""
    found = frame.filter(pl.col("app_id") == st.query_params.get("app", ""))
    return clicked or (found if found.height else frame).row(0, named=True)


with page("Unit economics"):
    if not rows("from app_spend_daily limit 1").height and not rows("from revenues limit 1").height:
        empty(
            "Nothing has a cost yet",
            "Connect a bill, or name invoices, work hours and revenues in files: see docs/connectors.md.",
        )
        st.stop()
    asked, months, month = chosen()
    show.company(months, month)
    if asked["currency"]:
        show.apart(months, month)
    table = rows(APPLICATIONS, month=month["month_on"], **asked)
    clicked = show.applications(table)
    st.caption(RULE)
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        freshness()
        demo_badge(rows(SOURCES))
        download(table.drop("trend"), "unit economics", "unit-csv")
    row = chosen_row(table, clicked)
    st.subheader(show.safe(row["app_name"]), anchor=False)
    queries = one(row, asked, month)
    of_month = asked | {"month": month["month_on"]}
    behind({"Applications": (APPLICATIONS, of_month), "Company": (COMPANY, asked)} | queries, "unit")
