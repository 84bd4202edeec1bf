"""What the Costs page draws: the month in figures and words, its days, who costs what, and budgets."""

import json
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import altair as alt
import polars as pl
import streamlit as st

from aurora.contracts import Row
from aurora.ui import tables
from aurora.ui.charts import GRID
from aurora.ui.frame import empty
from aurora.ui.words import money, number, safe

KINDS = {"Service": "service", "Application": "app", "Team": "team"}
LARGEST, OTHERS = 7, "Everything else"
STATES = {
    "over": "● used up",
    "at_80": "● over 80 % used",
    "forecast_over": "▲ will not last",
    "at_50": "over half used",
    "within": "within",
    "unknown": "nothing charged",
}


def figures(total: Row, days: pl.DataFrame, nobodys: Row | None, budget: Row | None) -> None:
    """The month so far, how it will end, last month, its budget, and what belongs to nobody."""
    currency, month = total["currency"], f"{total['month_on']:%B}"
    change = None if total["change_pct"] is None else f"{total['change_pct']:+.1f}%"
    with st.grid(columns=4, min_column_width=210):
        st.metric(
            f"{month} so far", money(total["spent_cost"], currency), change, border=True, height="stretch",
            delta_color="inverse", delta_description="against the same days last month" if change else None,
            chart_data=[float(cost) for cost in days["cost"].tail(30)] or None, chart_type="area",
            help=f"Effective cost up to {total['covered_on']:%d %b}, the last day that bills cover.",
        )  # fmt: skip
        st.metric(
            f"{month} will cost", money(total["forecast_cost"], currency), between(total), border=True,
            height="stretch", delta_color="off", delta_arrow="off",
            help="What was spent and, for each day left, the median of its weekday over 8 weeks; four times of five "
            "the month ends between the two amounts. Not known with less than 7 days of bills.",
        )  # fmt: skip
        _budget(budget, total)
        share = None
        if nobodys is not None and total["spent_cost"]:
            share = 100 * float(nobodys["spent_cost"] / total["spent_cost"])
        left = nobodys["spent_cost"] if nobodys else Decimal(0)
        st.metric(
            "Belongs to nobody", money(left, currency),
            f"{number(share, '%', 1)} of the month" if share else None, border=True, height="stretch",
            delta_color="off", delta_arrow="off",
            help="No link gives it to an application and no split shares it out: see Allocation.",
        )  # fmt: skip


def _budget(budget: Row | None, total: Row) -> None:
    if budget is None or budget["spent_cost"] is None:
        st.metric(
            "Last month", money(total["last_month_cost"], total["currency"]), border=True, height="stretch",
            help="Effective cost of the whole month before. With a [[budget]] of the company its use stands here.",
        )  # fmt: skip
        return
    runs_out = budget["runs_out_on"]
    said = f"runs out on {runs_out:%d %b}" if runs_out else "lasts"
    st.metric(
        f"Budget used, {safe(budget['name'])}", number(budget["used_pct"], "%", 0), said, border=True, height="stretch",
        delta_color="off" if runs_out is None else "inverse", delta_arrow="off",
        help=f"Of {money(budget['limit_amount'], budget['currency'])} a {budget['period']}.",
    )  # fmt: skip


def between(row: Row) -> str | None:
    """'47,100 to 49,900 USD' of a forecast, None without one."""
    low, high = row["forecast_low_cost"], row["forecast_high_cost"]
    return None if low is None else f"{low:,.0f} to {high:,.0f} {row['currency']}"


def movers(frame: pl.DataFrame, kind: str) -> list[str]:
    """The three largest changes against the same days last month, in words; those below 1 % of the month are none."""
    total = frame.filter(pl.col("kind") == "total")["spent_cost"].sum() or Decimal(0)
    mine = frame.filter(pl.col("kind") == kind, pl.col("change_cost").abs() > total / 100)
    ranked = mine.sort(pl.col("change_cost").abs(), descending=True).head(3)
    return [_moved(row) for row in ranked.iter_rows(named=True)]


def _moved(row: Row) -> str:
    change, name = row["change_cost"], f"**{safe(row['name'])}**"
    amount = money(abs(change), row["currency"])
    if row["same_days_cost"] is None:
        return f"{name} is new: {amount} so far."
    way = "more" if change > 0 else "less"
    pct = "" if row["change_pct"] is None else f" ({row['change_pct']:+.0f} %)"
    return f"{name} cost {amount} {way} than in the same days last month{pct}."


def stacked(frame: pl.DataFrame, names: dict[str, str], currency: str) -> alt.Chart:
    """Effective cost by day (frame of series_id, day, cost), the largest series by name and the others together."""
    totals = frame.group_by("series_id").agg(pl.col("cost").sum()).sort("cost", descending=True)
    largest = totals["series_id"].head(LARGEST).to_list()
    named = (
        pl.when(pl.col("series_id").is_in(largest)).then(pl.col("series_id").replace(names)).otherwise(pl.lit(OTHERS))
    )
    order = [*(names.get(one, one) for one in largest), OTHERS]
    days = alt.Axis(grid=False, format="%d %b", labelOverlap=True, tickCount=8)
    daily = frame.with_columns(named.alias("name")).group_by("name", "day").agg(pl.col("cost").sum().cast(pl.Float64))
    chart: alt.Chart = (
        alt.Chart(daily)
        .mark_bar()
        .encode(
            x=alt.X("yearmonthdate(day):T", title=None, axis=days),
            y=alt.Y("cost:Q", title=f"{currency} a day", axis=alt.Axis(gridOpacity=GRID, tickCount=5)),
            color=alt.Color(
                "name:N", sort=order, legend=alt.Legend(title=None, orient="top", columns=4, labelLimit=130)
            ),
            order=alt.Order("rank:Q"),
            tooltip=[
                alt.Tooltip("day:T", format="%d %b %Y"),
                alt.Tooltip("name:N"),
                alt.Tooltip("cost:Q", format=",.2f"),
            ],
        )
        .transform_calculate(rank=f"indexof({json.dumps(order)}, datum.name)")
        .properties(height=280)
    )
    return chart


def by_kind(frame: pl.DataFrame, days: pl.DataFrame, key: str) -> Row | None:
    """The table of one kind of series, dearest first; returns the row that was chosen."""
    trends = days.group_by("series_id").agg(pl.col("cost").cast(pl.Float64).sort_by("day").tail(30).alias("trend"))
    shown = frame.join(trends, on="series_id", how="left", maintain_order="left")
    columns = (
        "name",
        "spent_cost",
        "same_days_cost",
        "change_cost",
        "change_pct",
        "trend",
        "forecast_cost",
        "last_month_cost",
    )
    return tables.pick(
        shown.select(*columns, "currency", "series_id"), key, "Costs of the month", ("No charge", "None this month."),
        trend=st.column_config.AreaChartColumn("30 days", color="blue"), series_id=None,
    )  # fmt: skip


def budgets(frame: pl.DataFrame) -> None:
    """Budgets as a table, those in trouble first: what is used and forecast, and when they run out."""
    st.subheader("Budgets", anchor=False)
    if not frame.height:
        empty("No budget is declared", "Write [[budget]] in costs.toml, with an amount, a currency and what it is for.")
        return
    shown = frame.with_columns(
        pl.Series("about", [about(row) for row in frame.iter_rows(named=True)], dtype=pl.String),
        pl.Series("standing", [STATES[state] for state in frame["state"]], dtype=pl.String),
    )
    names = (
        "name", "about", "standing", "used_pct", "spent_cost", "limit_amount", "period", "forecast_pct",
        "forecast_cost", "runs_out_on", "currency",
    )  # fmt: skip
    bar = st.column_config.ProgressColumn("Used", min_value=0, max_value=100, format="%.0f%%")
    tables.plain(shown.select(names), "Budgets", 12, used_pct=bar)


def about(row: Row) -> str:
    """What a budget is for, in words."""
    if row["app_id"] or row["team_id"]:
        return safe(f"application {row['app_id']}" if row["app_id"] else f"team {row['team_id']}")
    scope: dict[str, Any] = json.loads(row["scope"]) if row["scope"] else {}
    return safe(", ".join(f"{name} {value}" for name, value in sorted(scope.items()))) or "the whole company"


def since(today: date, days: int) -> date:
    """The first of so many days up to today."""
    return today - timedelta(days=days - 1)


def apart(frame: pl.DataFrame, wanted: str) -> str | None:
    """What stays in other currencies for want of a rate, in words."""
    others = frame.filter(pl.col("kind") == "total", pl.col("currency") != wanted) if wanted else frame.clear()
    if not others.height:
        return None
    told = ", ".join(money(row["spent_cost"], row["currency"]) for row in others.iter_rows(named=True))
    return f"Without a rate to {wanted}, and in no sum above: {told}."
