"""Money is exact in every table, mart and macro: no column of it is a float."""

from decimal import Decimal

import pytest

from aurora.contracts.cost import Budgets
from tests.conftest import Published
from tests.frames import put, row
from tests.test_tables import MACROS
from warehouse.lake import Lake

FOCUS_ENDINGS = ("Cost", "UnitPrice", "Quantity")
ENDINGS = ("_cost", "_amount", "_price", "_by_currency")


def is_money(table: str, column: str) -> bool:
    """Whether a column's name says that it holds money; FOCUS' own names say it without underscores."""
    return column.endswith(ENDINGS) or (
        table.startswith("focus_") and column.endswith(("Cost", "UnitPrice", "Quantity"))
    )


def test_no_money_is_a_float(published: Published) -> None:
    warehouse = published()
    names = warehouse.rows("select distinct table_name as t from duckdb_columns() where not internal")["t"].to_list()
    wrong, seen = [], 0
    for name in [*names, *(f"{macro}({values})" for macro, values in MACROS.items())]:
        for column, kind in warehouse.rows(f"select column_name, column_type from (describe from {name})").iter_rows():
            if is_money(name, column):
                seen += 1
                if kind.replace("MAP(VARCHAR, ", "").rstrip(")") + ")" != "DECIMAL(38,18)":
                    wrong.append((name, column, kind))
    assert not wrong
    assert seen > 60


@pytest.mark.parametrize(
    ("amount", "parts", "part"),
    [
        ("1000", 12, "83.333333333333333333"),
        ("-1000", 3, "-333.333333333333333333"),
        ("99999999999999999999.999999999999999999", 1, "99999999999999999999.999999999999999999"),
        ("0.000000000000000002", 2, "0.000000000000000001"),
        ("-0.5", 4, "-0.125"),
    ],
)
def test_an_equal_part_is_exact_to_the_last_decimal(published: Published, amount: str, parts: int, part: str) -> None:
    told = published().rows(f"select part_of({amount}::decimal(38, 18), {parts}) as part")["part"].item()
    assert told == Decimal(part)


def test_a_yearly_budget_has_a_month_without_a_float(lake: Lake, published: Published) -> None:
    """1,000 a year are 83.333333333333333333 a month; as floats they were 83.33333333333333."""
    put(
        lake,
        Budgets,
        [row(Budgets, app_id="shop", period="year", limit_amount=Decimal(1000), version=1, is_deleted=False)],
    )
    assert published().rows("select limit_amount from app_budgets_now").row(0) == (Decimal("83.333333333333333333"),)
