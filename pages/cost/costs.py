"""Costs: what technology costs this month, how it will end, who costs what, and how budgets stand.

icon: payments
order: 60
"""

from datetime import date
from typing import Any

import polars as pl
import streamlit as st

from aurora.ui import costs as show
from aurora.ui import currency
from aurora.ui.data import rows, together, utc_now
from aurora.ui.export import behind
from aurora.ui.filters import search
from aurora.ui.frame import demo_badge, empty, freshness, page
from aurora.ui.plots import plot

MOVERS = "from cost_movers($currency) order by spent_cost desc, series_id"
DAYS = """
    select series_id, day, daily_cost + once_cost as cost, currency from cost_spend_in($currency)
    where kind = $kind and day >= $since order by day, series_id"""
TOTALS = """
    select day, daily_cost + once_cost as cost, currency from cost_spend_in($currency)
    where kind = 'total' and day >= $since and day < utc_now()::date order by day"""
BUDGETS = """
    from budget_status order by array_position(['over', 'at_80', 'forecast_over', 'at_50', 'within', 'unknown'], state),
    used_pct desc, name"""
SOURCES = "select distinct source_instance from cost_scope_days"
CHARGES = """
    select day, provider, account_id, service, resource_id, effective_cost, billed_cost, currency, source_instance
    from cost_lines where day >= date_trunc('month', utc_now())::date order by effective_cost desc limit 1000"""
SPANS = {"30d": 30, "90d": 90, "13 months": 396}
PAGES = {"app": ("pages/estate/application.py", "app")}


def body(wanted: str) -> None:
    """Everything below the choice of a currency."""
    kind, since, text = asked()
    of_days = {"currency": wanted, "kind": kind, "since": since}
    of_month = {"currency": wanted, "since": show.since(utc_now().date(), 30)}
    moved, days, totals, budgets = together(
        (MOVERS, {"currency": wanted}), (DAYS, of_days), (TOTALS, of_month), (BUDGETS, {})
    )
    if not moved.height:
        empty(
            "Nothing is charged", "Import a bill: aurora import FILE --format focus; or add a source such as aws_cost."
        )
        return
    main = moved.filter(pl.col("kind") == "total")
    total = main.sort(pl.col("currency") == wanted, pl.col("spent_cost"), descending=True).row(0, named=True)
    is_main = pl.col("currency") == total["currency"]
    inside = moved.filter(is_main)
    whole = budgets.filter(pl.all_horizontal(pl.col("app_id", "team_id", "scope").is_null()))
    nobodys = inside.filter(pl.col("kind") == "app", pl.col("series_id") == "untagged")
    show.figures(total, totals.filter(is_main), first(nobodys), first(whole))
    if said := show.movers(inside, kind):
        st.markdown("  \n".join(said))
    if left_out := show.apart(moved, wanted):
        st.caption(f":material/info: {left_out}")
    drawn(inside.filter(pl.col("kind") == kind), days.filter(is_main), kind, text)
    show.budgets(budgets)
    asked_for: dict[str, tuple[str, dict[str, Any]]] = {
        "Month": (MOVERS, {"currency": wanted}),
        "Days": (DAYS, of_days),
    }
    behind(asked_for | {"Budgets": (BUDGETS, {}), "Charges": (CHARGES, {})}, "costs")


def asked() -> tuple[str, date, str]:
    """The kind of series, the first day of the chart, and the text that names hold."""
    with st.container(horizontal=True, vertical_alignment="bottom", key="cost-filters"):
        by = st.segmented_control(
            "By", list(show.KINDS), default="Service", required=True, key="by", bind="query-params"
        )
        span = st.segmented_control("Days", list(SPANS), default="30d", required=True, key="days", bind="query-params")
        text = search("Find a service, application or team")
    return show.KINDS[by or "Service"], show.since(utc_now().date(), SPANS[span or "30d"]), text


def first(frame: pl.DataFrame) -> dict[str, object] | None:
    """The first row, None without one."""
    return frame.row(0, named=True) if frame.height else None


def drawn(month: pl.DataFrame, days: pl.DataFrame, kind: str, text: str) -> None:
    """The days as a chart and the month as a table, of the series whose name holds the text."""
    month = month.filter(pl.col("name").str.to_lowercase().str.contains(text.lower(), literal=True)) if text else month
    days = days.join(month.select("series_id"), on="series_id", how="semi")
    if not month.height:
        empty("Nothing of that name is charged", "Clear the text above.")
        return
    if days.height:
        names = dict(month.select("series_id", "name").iter_rows())
        plot(show.stacked(days, names, month["currency"][0]), days, "Effective cost a day, stacked")
    chosen = show.by_kind(month, days, f"costs-{kind}")
    if chosen and kind in PAGES and chosen["series_id"] != "untagged":
        path, name = PAGES[kind]
        st.switch_page(path, query_params={name: chosen["series_id"]})
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        freshness()
        demo_badge(rows(SOURCES))


with page("Costs"):
    body(currency.choose())
