"""Currencies and unit economics, each figure worked out by hand."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aurora.contracts import Row
from aurora.contracts.cost import CostDays, FxRates, Revenues, WorkHours
from aurora.contracts.delivery import Deployments
from aurora.contracts.estate import Components
from aurora.contracts.operations import ApiEndpointStats, MessagingVolumes, MetricPoints
from aurora.doctor import check_model
from ingest.importing import import_file
from tests.conftest import Published
from tests.estate import deployed
from tests.frames import component, link, put, row
from tests.test_models_cost import linked, told
from warehouse.lake import Lake
from warehouse.query import Warehouse

FEB, MARCH = date(2026, 2, 1), date(2026, 3, 1)


def rate(base: str, quote: str, day: date, price: str) -> Row:
    return {"base": base, "quote": quote, "day": day, "rate_price": Decimal(price)}


def cost(app: str | None, day: date, amount: str, currency: str = "EUR", **values: Any) -> Row:
    tags = f'{{"aurora:app": "{app}"}}' if app else None
    least = {"cost_day_id": f"{app}{day}{currency}{amount}", "day": day, "currency": currency, "tags": tags}
    return row(CostDays) | least | {"billed_cost": Decimal(amount), "provider": "x"} | values


def test_rates_hold_for_a_week_and_go_both_ways_and_over_a_third_currency(lake: Lake, published: Published) -> None:
    """USD in EUR is 1 / 1.25 = 0.8; USD in AED over EUR is 0.8 * 4 = 3.2, of the older of both rates.

    From 2 March EUR in USD is 2; the rate of AED is of the 1st and holds until the 8th, so there is none on the 9th.
    """
    first = date(2026, 3, 1)
    put(lake, FxRates, [rate("EUR", "USD", first, "1.25"), rate("EUR", "USD", first + timedelta(1), "2")])
    put(lake, FxRates, [rate("EUR", "AED", first, "4"), rate("GBP", "GBP", first, "1"), rate("EUR", "XXX", first, "0")])
    sql = "select rate_price, rate_on, told_by, via from fx_daily where base = '{}' and quote = '{}' and day = '{}'"
    days = {name: date(2026, 3, name) for name in (1, 2, 8, 9)}

    def asked(base: str, quote: str, day: int) -> list[tuple[Any, ...]]:
        return told(published, sql.format(base, quote, days[day]))

    assert asked("EUR", "USD", 1) == [(Decimal("1.25"), first, "told", None)]
    assert asked("USD", "EUR", 1) == [(Decimal("0.8"), first, "inverse", None)]
    assert asked("USD", "AED", 1) == [(Decimal("3.2"), first, "via", "EUR")]
    assert asked("AED", "USD", 2) == [(Decimal("0.5"), first, "via", "EUR")]
    assert asked("EUR", "AED", 8) == [(4, first, "told", None)]
    assert asked("EUR", "AED", 9) == asked("USD", "AED", 9) == []
    assert asked("EUR", "USD", 9) == [(2, date(2026, 3, 2), "told", None)]
    assert told(published, "select count(*) from fx_daily where 'XXX' in (base, quote) or base = quote") == [(0,)]
    assert check_model(published(), "fx_daily") == []


@settings(deadline=None, max_examples=60)
@given(st.integers(-(10**30), 10**30), st.integers(1, 10**22))
def test_converted_is_the_product_to_the_last_digit(empty: Warehouse, amount: int, price: int) -> None:
    """In whole units of 1e-18: a * r / 1e18, rounded to a unit (half of one either way)."""
    sql = "select converted($a::decimal(38, 18), $r::decimal(38, 18)) as x"
    given_as = {"a": f"{Decimal(amount).scaleb(-18):f}", "r": f"{Decimal(price).scaleb(-18):f}"}
    found = empty.rows(sql, given_as)["x"][0]
    exact = whole_units(amount * price)
    if found is None:
        assert abs(exact) >= 10**38 // 2
    else:
        assert abs(int(found.scaleb(18)) - exact) <= 1


def whole_units(units: int) -> int:
    """Units of 1e-36 in units of 1e-18, rounded down."""
    return units // 10**18


@pytest.fixture(scope="module")
def empty(unfilled: Path) -> Warehouse:
    return Warehouse(unfilled / "published")


@pytest.mark.parametrize(
    ("amount", "number", "expected"),
    [("100", "3", "33.333333333333333333"), ("10", "2.5", "4"), ("-1", "4", "-0.25"), ("5", "0", None),
     ("3", "12000000000", "0.00000000025"),
     ("5", "-1", None), ("5", "null", None), ("null", "5", None), ("99999999999999999999", "3", None)],
)  # fmt: skip
def test_money_for_each(empty: Warehouse, amount: str, number: str, expected: str | None) -> None:
    found = empty.rows(f"select money_per({amount}::decimal(38, 18), {number}) as x")["x"][0]
    assert found == (None if expected is None else Decimal(expected))


def test_amounts_are_converted_by_the_day_and_stay_where_there_is_no_rate(lake: Lake, published: Published) -> None:
    """shop in March, EUR: 10 + 20 USD at 0.5 and 20 USD at 0.25 = 10 + 10 + 5 = 25; 7 JPY has no rate and stays.

    Labour: 2 h at 40 USD at 0.5 = 40 EUR. Without a currency to convert to, each stands in its own.
    """
    second, last = date(2026, 3, 2), date(2026, 3, 4)
    put(lake, FxRates, [rate("USD", "EUR", second, "0.5"), rate("USD", "EUR", last, "0.25")])
    days = [cost("shop", second, "10"), cost("shop", second, "20", "USD"), cost("shop", last, "20", "USD")]
    put(lake, CostDays, [*days, cost("shop", second, "7", "JPY")])
    worked = {"app_id": "shop", "day": second, "hours": 2.0, "rate_amount": Decimal(40), "currency": "USD"}
    put(lake, WorkHours, [row(WorkHours) | worked])
    columns = "currency, is_converted, effective_cost, labour_cost, foreign_cost"
    sql = f"select {columns} from app_cost_monthly_converted({{}}) order by 1"
    assert told(published, sql.format("'EUR'")) == [("EUR", True, 25, 40, 55), ("JPY", False, 7, 0, 0)]
    assert told(published, sql.format("null")) == [
        ("EUR", False, 10, 0, 0), ("JPY", False, 7, 0, 0), ("USD", False, 40, 80, 0),
    ]  # fmt: skip
    assert check_model(published(), "app_cost_monthly_converted", "('EUR')") == []


def point(metric: str, day: date, value: float, app: str = "shop") -> Row:
    at = datetime(day.year, day.month, day.day, 10, tzinfo=UTC)
    told: Row = {"series_id": f"{metric}{app}", "metric": metric, "app_id": app, "ts_start": at, "value": value}
    agg = "max" if metric == "app.active_users" else "sum"
    return row(MetricPoints) | told | {"ts_end": at + timedelta(hours=1), "agg": agg, "quality": "ok"}


def test_the_quotients_of_a_month(lake: Lake, published: Published) -> None:
    """shop, March, EUR: charges 90 + 30, labour 2 h at 15 = 30, so cost 150; users (40 + 60) / 2 = 50: 3 each.

    5,000 + 2,500 requests = 7.5 thousand: 20; 3 deployments, one a failed attempt: 75; 300 messages: 0.5.
    Revenue 400 EUR and 250 USD at the month's last rate 0.4 = 500: spend 150 / 500 = 0.3, return 350 / 150.
    February: nothing but a cost of 8, and no deployment before the first: all quotients null.
    Company: 150 + 50 of nobody = 200 over 50 users is 4 (the mean of quotients would be another), revenue 600.
    """
    second, third = date(2026, 3, 2), date(2026, 3, 3)
    linked(lake, link("shop", "repository", "s1:r"))
    put(lake, CostDays, [cost("shop", second, "90"), cost("shop", third, "30"), cost("shop", FEB, "8")])
    put(lake, CostDays, [cost(None, second, "50")], "t2")
    worked = {"app_id": "shop", "day": third, "hours": 2.0, "rate_amount": Decimal(15), "currency": "EUR"}
    put(lake, WorkHours, [row(WorkHours) | worked])
    told_by = [point("app.active_users", second, 40), point("app.active_users", third, 60)]
    told_by += [point("app.requests", second, 5000), point("app.requests", third, 2500)]
    put(lake, MetricPoints, [*told_by, point("app.messages_sent", second, 300)])
    states = ("success", "success", "failed")
    put(lake, Deployments, [deployed(f"s1:{n}", 60 * n, f"sha{n}", status=state) for n, state in enumerate(states)])
    put(lake, FxRates, [rate("USD", "EUR", second, "0.9"), rate("USD", "EUR", third, "0.4")])
    earned = [("1", "shop", "400", "EUR"), ("2", "shop", "250", "USD"), ("3", None, "100", "EUR")]
    told_of = [
        row(Revenues, revenue_id=name, app_id=app, month_on=MARCH, revenue_amount=Decimal(much), currency=code)
        for name, app, much, code in earned
    ]
    put(lake, Revenues, told_of)
    columns = "active_users, request_count, deployment_count, message_count, revenue_amount, per_user_cost, "
    columns += "per_1k_requests_cost, per_deployment_cost, per_message_cost, spend_ratio, return_ratio"
    sql = f"select month_on, currency, cost, {columns} from unit_costs('EUR', true) where app_id = 'shop' order by 1"
    shop = told(published, sql)
    assert shop[0] == (FEB, "EUR", 8, *[None] * 11)
    assert shop[1][:12] == (MARCH, "EUR", 150, 50, 7500, 2, 300, 500, 3, 20, 75, Decimal("0.5"))
    assert shop[1][12:] == pytest.approx((0.3, 350 / 150))
    assert told(published, "select cost from unit_costs('EUR', false) where app_id = 'shop' order by 1") == [
        (8,),
        (120,),
    ]
    company = told(
        published, "select cost, active_users, per_user_cost, revenue_amount from unit_costs_company('EUR', true)"
    )
    assert sorted(company)[1] == (200, 50, 4, 600)
    for model in ("unit_costs", "unit_costs_company"):
        assert check_model(published(), model, "('EUR', true)") == []


def test_counts_of_a_part_of_a_month_are_not_those_of_the_month(lake: Lake, published: Published) -> None:
    """Charged from the 1st: requests counted from the 5th on are null, from the 4th on they stand; users are a mean.

    Without the metric the calls of endpoints count, and what numbers sent.
    """
    linked(lake, *(link(name, "component", f"c:{name}") for name in ("ends", "late", "near")))
    put(lake, Components, [component("c:ends")])
    put(lake, CostDays, [cost(name, MARCH, "9") for name in ("late", "near", "ends")])
    points = [point(metric, date(2026, 3, day), 10, app) for app, day in (("late", 5), ("near", 4))
              for metric in ("app.requests", "app.active_users")]  # fmt: skip
    put(lake, MetricPoints, points)
    at = {"ts_start": datetime(2026, 3, 1, 9, tzinfo=UTC), "ts_end": datetime(2026, 3, 1, 10, tzinfo=UTC)}
    put(lake, ApiEndpointStats, [row(ApiEndpointStats, component_id="c:ends", call_count=70) | at])
    put(lake, MessagingVolumes, [row(MessagingVolumes, component_id="c:ends", sent_count=6) | at])
    sql = "select app_id, request_count, message_count, active_users from app_usage_monthly order by 1"
    assert told(published, sql) == [("ends", 70, 6, None), ("late", None, None, 10), ("near", 10, None, 10)]


def test_rates_and_revenues_are_imported(lake: Lake, tmp_path: Path) -> None:
    rates, earned = tmp_path / "fx_rates.csv", tmp_path / "revenues.csv"
    rates.write_text("base,quote,day,rate_price\nUSD,AED,2026-03-01,3.6725\nUSD,AED,soon,1\n", encoding="utf-8")
    earned.write_text(
        "revenue_id,app_id,month_on,revenue_amount,currency\nr1,shop,2026-03-01,1234.50,AED\n", encoding="utf-8"
    )
    assert [import_file(lake, path).landed.row_count for path in (rates, earned)] == [1, 1]
    assert lake.read(FxRates)["rate_price"].to_list() == [Decimal("3.6725")]
    assert lake.read(Revenues)["revenue_amount"].to_list() == [Decimal("1234.5")]
