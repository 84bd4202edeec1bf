"""What the page of unit economics draws: the company's figures, the table of applications, one application's months."""

from decimal import Decimal
from typing import Any, NamedTuple

import polars as pl
import streamlit as st

from aurora.contracts import Row
from aurora.ui import charts, tables
from aurora.ui.frame import empty
from aurora.ui.headings import heading
from aurora.ui.plots import plot
from aurora.ui.words import NOTHING, count, money, number, plural, safe


class Unit(NamedTuple):
    """A thing that cost is divided by: its quotient and denominator, and how both are called."""

    quotient: str
    denominator: str
    label: str
    many: str


UNITS = (
    Unit("per_user_cost", "active_users", "An active user", "active users on a usual day"),
    Unit("per_1k_requests_cost", "request_count", "1,000 requests", "requests"),
    Unit("per_deployment_cost", "deployment_count", "A deployment", "deployments"),
    Unit("per_message_cost", "message_count", "A message", "messages"),
)


def company(months: pl.DataFrame, month: Row) -> None:
    """Cards of one currency: sum over sum, each with the months before and its two parts."""
    mine = months.filter(pl.col("currency") == month["currency"], pl.col("month_on") <= month["month_on"])
    before = mine.row(-2, named=True) if mine.height > 1 else {}
    with st.grid(columns=4, min_column_width=210):
        _card("Cost", mine, month, before, "cost", "all applications, and what belongs to none")
        for unit in UNITS:
            of = f"of {count(month[unit.denominator])} {unit.many}"
            _card(unit.label, mine, month, before, unit.quotient, of)
        _earned(mine, month, before)


def _card(label: str, mine: pl.DataFrame, month: Row, before: Row, name: str, of: str) -> None:
    value, then = month[name], before.get(name)
    change = f"{100 * (value / then - 1):+.1f}%" if value is not None and then else None
    st.metric(
        label, price(value, month["currency"]), change, border=True, height="stretch", delta_color="inverse",
        delta_description=of, chart_data=_trend(mine[name]), chart_type="line",
        help=f"{money(month['cost'], month['currency'])} {of}. The change is against the month before.",
    )  # fmt: skip


def _earned(mine: pl.DataFrame, month: Row, before: Row) -> None:
    value, then = month["spend_ratio"], before.get("spend_ratio")
    change = f"{100 * (value - then):+.1f} pp" if value is not None and then is not None else None
    earned = money(month["revenue_amount"], month["currency"])
    st.metric(
        "Spend of revenue", number(None if value is None else 100 * value, "%", 1), change, border=True,
        height="stretch", delta_color="inverse", delta_description=f"of {earned} revenue",
        chart_data=_trend(mine["spend_ratio"]), chart_type="line",
        help=f"{money(month['cost'], month['currency'])} over {earned}. The change is against the month before.",
    )  # fmt: skip
    back = month["return_ratio"]
    st.metric(
        "Return on spend", number(None if back is None else 100 * back, "%", 0), border=True, height="stretch",
        chart_data=_trend(mine["return_ratio"]), chart_type="line",
        help="What revenue leaves after cost, over cost. Only revenue that was given counts.",
    )  # fmt: skip


def _trend(series: pl.Series) -> list[float] | None:
    return [float(value) for value in series.drop_nulls()] or None


def price(value: Any, currency: str) -> str:
    """Money as it is read: whole above 100, else with as many decimals as it takes; null is n/a."""
    if value is None:
        return NOTHING
    if abs(value) >= 100:
        return money(value, currency)
    digits = 2 if abs(value) >= 1 or value == 0 else 4
    sign = money(Decimal(0), currency).removesuffix("0")
    return f"{'-' if value < 0 else ''}{sign}{abs(value):,.{digits}f}"


def apart(months: pl.DataFrame, month: Row) -> None:
    """Say what stands in other currencies because there is no rate: it is in none of the figures."""
    others = months.filter(pl.col("month_on") == month["month_on"], pl.col("currency") != month["currency"])
    said = [money(row["cost"], row["currency"]) for row in others.iter_rows(named=True) if row["cost"] is not None]
    said += [f"{money(row['revenue_amount'], row['currency'])} revenue" for row in others.iter_rows(named=True)
             if row["revenue_amount"] is not None]  # fmt: skip
    if said:
        st.warning(
            f"{safe(', '.join(said))} have no rate to {safe(month['currency'])} on their days and are in none of these "
            "figures. Rates come from the connector ecb_rates, or `aurora import rates.csv --table fx_rates`.",
            icon=":material/currency_exchange:",
        )


def of_month(costs: pl.DataFrame, month: Row) -> pl.DataFrame:
    """The applications of a month, dearest first, each with its cost by month up to now as `trend`."""
    trends = costs.filter(pl.col("cost").is_not_null()).group_by("app_id", "currency", maintain_order=True)
    both = costs.filter(pl.col("month_on") == month["month_on"]).join(
        trends.agg(pl.col("cost").cast(pl.Float64).alias("trend")), on=["app_id", "currency"], how="left"
    )
    pairs = [name for unit in UNITS for name in (unit.denominator, unit.quotient)]
    return both.sort("cost", "app_id", descending=[True, False], nulls_last=True).select(
        "app_name", "app_id", "currency", "cost", "trend", *pairs, "revenue_amount", "spend_ratio", "return_ratio",
        "effective_cost", "labour_cost",
    )  # fmt: skip


def applications(frame: pl.DataFrame) -> Row | None:
    """The table of a month, dearest first; returns the application that was chosen."""
    config = st.column_config
    only = frame["currency"].unique().to_list()
    code = f" ({only[0]})" if len(only) == 1 else ""
    # Two decimals are too few for what a message costs.
    small = [unit.quotient for unit in UNITS]
    fine: dict[str, Any] = {name: config.NumberColumn(f"{heading(name)}{code}", format="%.4f") for name in small}
    shown = frame.with_columns(pl.col(small).cast(pl.Float64).round(6))
    return tables.pick(
        shown, "unit-costs", f"{plural(frame.height, 'application')}, dearest first",
        app_name=config.TextColumn("Application", pinned=True, width=190),
        trend=config.LineChartColumn("Cost by month", width=110), **fine,
    )  # fmt: skip


def application(months: pl.DataFrame, unit: Unit) -> None:
    """An application's months: the chosen quotient over time, and all of its figures as rows."""
    drawn = months.filter(pl.col(unit.quotient).is_not_null())
    if drawn.height:
        shown = drawn.select(
            pl.col("month_on").cast(pl.Datetime("us")).alias("bucket_at"), pl.col(unit.quotient).cast(pl.Float64)
        )
        chart = charts.lines(shown, {unit.quotient: unit.label}, str(months["currency"][-1]), height=200)
        plot(chart, drawn, f"{unit.label} by month")
    else:
        empty(f"No cost of {unit.label.lower()}", f"Nobody tells {unit.many} of it; see Sources.")
    tables.plain(months.drop("app_id", "app_name", "is_converted"), "Months of the application")
