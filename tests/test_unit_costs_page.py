"""What the page of unit economics says: currencies to choose, small prices, what has no rate, one month of all."""

from datetime import date
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from streamlit.testing.v1 import AppTest

from aurora.ui import currency as currencies
from aurora.ui import unit_costs as show

MARCH, APRIL = date(2026, 3, 1), date(2026, 4, 1)


def test_the_currency_of_the_company_comes_first_and_none_last() -> None:
    used = ["USD", "EUR", "AED"]
    assert currencies.choices(used, "EUR") == ["EUR", "USD", "AED", "As charged"]
    assert currencies.choices(used, None) == ["USD", "EUR", "AED", "As charged"]
    assert currencies.choices([], None) == ["As charged"]


@pytest.mark.parametrize(
    ("value", "currency", "said"),
    [
        (None, "EUR", "n/a"), (Decimal("1234.6"), "USD", "$1,235"), (Decimal("12.346"), "EUR", "€12.35"),
        (Decimal("0.02894"), "AED", "AED 0.0289"), (Decimal(0), "USD", "$0.00"), (Decimal("-3.5"), "USD", "-$3.50"),
    ],
)  # fmt: skip
def test_small_prices_keep_their_decimals(value: Decimal | None, currency: str, said: str) -> None:
    assert show.price(value, currency) == said


def costs(rows: list[tuple[str, date, str, int | None]]) -> pl.DataFrame:
    numbers = [name for unit in show.UNITS for name in unit[:2]]
    numbers += ["revenue_amount", "spend_ratio", "return_ratio", "effective_cost", "labour_cost"]
    frame = pl.DataFrame(rows, schema=["app_id", "month_on", "currency", "cost"], orient="row")
    nothing = [pl.lit(None, dtype=pl.Float64).alias(name) for name in numbers]
    return frame.with_columns(pl.col("app_id").alias("app_name"), *nothing)


def test_a_month_has_its_applications_dearest_first_with_their_trend() -> None:
    """In April b is dearer than a; c, of which no cost is known, stands last and has no trend."""
    told = costs([("a", MARCH, "EUR", 5), ("b", MARCH, "EUR", 1), ("a", APRIL, "EUR", 2), ("b", APRIL, "EUR", 3),
                  ("c", APRIL, "EUR", None)])  # fmt: skip
    table = show.of_month(told, {"month_on": APRIL})
    assert table.select("app_name", "cost", "trend").rows() == [("b", 3, [1, 3]), ("a", 2, [5, 2]), ("c", None, None)]


def _apart(rows: "list[dict[str, Any]]") -> None:
    import polars as pl

    from aurora.ui.unit_costs import apart

    apart(pl.DataFrame(rows), rows[0])


def test_what_has_no_rate_is_said() -> None:
    rows = [
        {"month_on": MARCH, "currency": "EUR", "cost": Decimal(5), "revenue_amount": None},
        {"month_on": MARCH, "currency": "JPY", "cost": Decimal(700), "revenue_amount": Decimal(90)},
        {"month_on": APRIL, "currency": "USD", "cost": Decimal(1), "revenue_amount": None},
    ]
    [warning] = AppTest.from_function(_apart, kwargs={"rows": rows}).run().warning
    assert warning.value.startswith("JPY 700, JPY 90 revenue have no rate to EUR")
    assert not AppTest.from_function(_apart, kwargs={"rows": rows[:1]}).run().warning
