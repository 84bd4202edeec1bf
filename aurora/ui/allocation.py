"""What the Allocation page draws: own, shared and nobody's cost, by whom it is asked."""

from decimal import Decimal

import altair as alt
import polars as pl
import streamlit as st

from aurora.ui import tables
from aurora.ui.charts import GRID
from aurora.ui.frame import empty
from aurora.ui.words import money, number, plural

KEYS = {"Application": "app_name", "Team": "team_id", "Environment": "environment", "Product": "product"}
BASES = {"Showback": "effective_cost", "Cash": "billed_cost", "List": "list_cost"}
MEANING = {
    "effective_cost": "Showback: effective cost, what the month used, discounts and commitments spread over it.",
    "billed_cost": "Cash: billed cost, what the month's invoices ask for, commitments when they were bought.",
    "list_cost": "List: what the same use would cost without any discount.",
}
NOBODY = "Belongs to nobody"
SHOWN = 12


def main_currency(frame: pl.DataFrame, wanted: str) -> str:
    """The wanted currency if anything is in it, else the one that most rows have."""
    found = frame["currency"].unique().to_list()
    return wanted if wanted in found else str(frame["currency"].mode().sort()[0])


def apart(frame: pl.DataFrame, main: str, cost: str) -> str | None:
    """What stays in other currencies for want of a rate, in words."""
    others = frame.filter(pl.col("currency") != main).group_by("currency").agg(pl.col(cost).sum()).sort("currency")
    if not others.height:
        return None
    told = ", ".join(money(row[cost], row["currency"]) for row in others.iter_rows(named=True))
    return f"Without a rate to {main}, in no sum here: {told}."


def figures(frame: pl.DataFrame, cost: str) -> None:
    """What is charged, what is applications' own, what is shared out, and what belongs to nobody."""
    currency, whole = frame["currency"][0], _sum(frame, cost)
    is_nobodys, is_shared = pl.col("app_id") == "untagged", pl.col("split_id").is_not_null()
    parts = {
        "Charged": (frame, "All charges of the month."),
        "Own": (frame.filter(~is_nobodys & ~is_shared), "Charges that links or tags give to an application."),
        "Shared out": (frame.filter(is_shared), "Parts of shared charges, by the splits declared in costs.toml."),
        NOBODY: (frame.filter(is_nobodys), "No link gives it to an application and no split shares it out."),
    }
    with st.grid(columns=4, min_column_width=200):
        for label, (rows, why) in parts.items():
            amount = _sum(rows, cost)
            share = f"{number(100 * float(amount / whole), '%', 1)} of all" if whole and label != "Charged" else None
            st.metric(
                label, money(amount, currency), share, border=True, height="stretch", delta_color="off",
                delta_arrow="off", help=why,
            )  # fmt: skip


def _sum(frame: pl.DataFrame, cost: str) -> Decimal:
    return sum(frame[cost].drop_nulls().to_list(), Decimal(0))


def summed(frame: pl.DataFrame, key: str, cost: str) -> pl.DataFrame:
    """One row per key: own_cost, shared_cost, their sum and its share of all; what belongs to nobody is a row."""
    shared = pl.when(pl.col("split_id").is_not_null()).then(pl.col(cost)).otherwise(pl.lit(0))
    own = pl.when(pl.col("split_id").is_null()).then(pl.col(cost)).otherwise(pl.lit(0))
    nobody = pl.when(pl.col("app_id") == "untagged").then(pl.lit(NOBODY)).otherwise(pl.col(key).fill_null("none said"))
    table = frame.with_columns((nobody if key != "environment" else pl.col(key)).alias(key))
    table = table.group_by(key, "currency").agg(
        own.cast(pl.Decimal(38, 18)).sum().alias("own_cost"),
        shared.cast(pl.Decimal(38, 18)).sum().alias("shared_cost"),
        pl.col(cost).sum().alias("cost"),
        pl.col("line_count").sum(),
    )
    whole = table["cost"].cast(pl.Float64).sum()
    share = pl.lit(None, dtype=pl.Float64) if not whole else 100 * pl.col("cost").cast(pl.Float64) / whole
    return table.with_columns(share.alias("share_pct")).sort("cost", descending=True)


def bars(table: pl.DataFrame, currency: str) -> alt.Chart:
    """The dearest dozen, own and shared parts side by side on one bar."""
    key = table.columns[0]
    top = table.head(SHOWN)
    long = top.unpivot(index=key, on=["own_cost", "shared_cost"], variable_name="part", value_name="amount")
    long = long.with_columns(
        pl.col("part").replace({"own_cost": "own", "shared_cost": "shared"}), pl.col("amount").cast(pl.Float64)
    )
    chart: alt.Chart = (
        alt.Chart(long)
        .mark_bar()
        .encode(
            y=alt.Y(f"{key}:N", title=None, sort=top[key].to_list(), axis=alt.Axis(labelLimit=220)),
            x=alt.X("amount:Q", title=currency, axis=alt.Axis(gridOpacity=GRID, tickCount=5)),
            color=alt.Color("part:N", sort=["own", "shared"], legend=alt.Legend(title=None, orient="top")),
            tooltip=[alt.Tooltip(f"{key}:N"), alt.Tooltip("part:N"), alt.Tooltip("amount:Q", format=",.2f")],
        )
        .properties(height=26 * top.height + 60)
    )
    return chart


def table(frame: pl.DataFrame, key: str) -> None:
    """All of them."""
    shown = frame.rename({"app_name": "app"} if key == "app_name" else {})
    columns = (shown.columns[0], "cost", "own_cost", "shared_cost", "share_pct", "line_count", "currency")
    tables.plain(
        shown.select(columns), "Allocation",
        share_pct=st.column_config.ProgressColumn("Of all", min_value=0, max_value=100, format="%.1f%%"),
    )  # fmt: skip


def nobodys(frame: pl.DataFrame) -> None:
    """Services of which charges belong to nobody, dearest first, and how to give them to somebody."""
    st.caption(
        "Link a service, account, resource or tag to its application on the Registry page or in applications.toml "
        '(has = { cost = ["tag:app=shop"] }), or share it out with a [[split]] in costs.toml.'
    )
    tables.plain(
        frame, "Charges of nobody", or_else=("Everything belongs to somebody", "No charge of this month is left over.")
    )


def splits(frame: pl.DataFrame) -> None:
    """Which split gives which part to whom, and by which weight."""
    if not frame.height:
        empty(
            "No split is declared", "Write [[split]] in costs.toml: what is shared, and by what: see docs/registry.md."
        )
        return
    counted = frame.filter(pl.col("share_ratio").is_not_null())
    if counted["split_id"].n_unique() < frame["split_id"].n_unique():
        waiting = plural(frame["split_id"].n_unique() - counted["split_id"].n_unique(), "split")
        st.caption(f"{waiting} took nothing in this month: nothing that they name was charged, or no weight is known.")
    tables.plain(counted.drop("split_id", "marks"), "Shares of splits")
