"""Costs: charges of bills and of days, shares of applications, jumps, hours of work; each sum worked out by hand."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from aurora.contracts import Row
from aurora.contracts.cost import CostDays, FocusCost, WorkHours
from aurora.contracts.estate import AppLinks
from aurora.doctor import check_model
from tests.conftest import Published
from tests.frames import DAY, NOW, link, put, row
from warehouse.lake import Lake

TODAY = NOW.date()
BILL: Row = {"x_SourceExport": "e", "BillingPeriodStart": NOW.replace(day=1), "BillingCurrency": "EUR"}
BILL |= {"ProviderName": "AWS", "ServiceCategory": "Compute", "ServiceName": "vm", "BillingAccountId": "payer"}


def charge(name: str, cost: str, days_ago: int = 0, **values: Any) -> Row:
    amounts = {"EffectiveCost": Decimal(cost), "BilledCost": Decimal(cost) * 2}
    return row(FocusCost, x_RowId=name, ChargePeriodStart=NOW - days_ago * DAY) | BILL | amounts | values


def cost_day(name: str, cost: str | None, provider: str = "openai", **values: Any) -> Row:
    told = row(CostDays, cost_day_id=name, day=TODAY, provider=provider, service="tokens", currency="EUR")
    return told | {"effective_cost": None if cost is None else Decimal(cost)} | values


def told(published: Published, sql: str) -> list[tuple[Any, ...]]:
    return published().rows(sql).rows()


def test_hosting_third_parties_and_the_rest_sum_to_the_charges(lake: Lake, published: Published) -> None:
    """shop: vm 8 + half of mail 6 = 8 hosting, 3 third party; openai 5 by its tag makes 3 + 5 = 8 third party.

    blog: half of mail = 3. Nobody's: the database 2 and the costs by day 7, so 2 hosting and 7 third party.
    All: 8 + 6 + 2 + 5 + 7 = 28 = shop 16 + blog 3 + untagged 9.
    """
    mail = charge("mail", "6", ServiceName="mail", ServiceCategory="Business Applications")
    put(lake, FocusCost, [charge("vm", "8"), mail, charge("db", "2", ServiceName="pg", ServiceCategory="Databases")])
    put(lake, CostDays, [cost_day("d1", "5", tags='{"team": "shop"}'), cost_day("d2", "7", service="images")])
    links = [link("shop", "cost", "service:vm"), link("shop", "cost", "tag:team=shop")]
    put(lake, AppLinks, [*links, link("shop", "cost", "service:mail"), link("blog", "cost", "service:mail")])
    sql = "select app_id, effective_cost, hosting_cost, third_party_cost, line_count from cost_by_app_month order by 1"
    assert told(published, sql) == [("blog", 3, 0, 3, 1), ("shop", 16, 8, 8, 3), ("untagged", 9, 2, 7, 2)]
    days = "select app_id, category, effective_cost from app_cost_daily where app_id = 'shop' order by all"
    assert told(published, days) == [("shop", "hosting", 8), ("shop", "third_party", 8)]
    assert told(published, "select sum(effective_cost) from cost_daily_by_service") == [(28,)]


def test_costs_by_day_that_a_bill_covers_are_not_counted_again(lake: Lake, published: Published) -> None:
    """The bill has vm of account acc on this day: same account or same service of aws is left out, the rest stays."""
    put(lake, FocusCost, [charge("vm", "8", SubAccountId="acc"), charge("old", "1", days_ago=1, ServiceName="disk")])
    days = [
        cost_day("same account", "4", "aws", account_id="acc", service="queue"),
        cost_day("paying account", "4", "aws", account_id="payer", service="queue"),
        cost_day("same service", "4", "aws", service="vm"),
        cost_day("other service", "4", "aws", account_id="other", service="queue"),
        cost_day("billed on another day only", "4", "aws", service="disk"),
        cost_day("other provider", "4", "gcp", account_id="acc", service="vm"),
    ]
    put(lake, CostDays, days)
    kept = {"day:other service", "day:billed on another day only", "day:other provider"}
    assert {one for (one,) in told(published, "select line_id from cost_lines")} == kept | {"bill:vm", "bill:old"}


def test_a_cost_that_nobody_tells_is_no_line_and_one_told_stands_for_both(lake: Lake, published: Published) -> None:
    put(lake, CostDays, [cost_day("none", None), cost_day("billed", None, billed_cost=Decimal(3), service="mail")])
    assert told(published, "select line_id, effective_cost, billed_cost from cost_lines") == [("day:billed", 3, 3)]


def test_a_share_above_one_counts_as_not_stated(lake: Lake, published: Published) -> None:
    """150 typed for a share: two owners without a share take half of 10 each."""
    put(lake, FocusCost, [charge("vm", "10")])
    put(lake, AppLinks, [link("a", "cost", "service:vm", share_ratio=150.0), link("b", "cost", "account:acc")])
    put(lake, FocusCost, [charge("vm2", "10", SubAccountId="acc", x_SourceExport="f")])
    sql = "select app_id, effective_cost from cost_by_app_month order by all"
    assert told(published, sql) == [("a", 15), ("b", 5)]


def history(lake: Lake, costs: dict[int, str], currency: str = "EUR") -> None:
    """Costs of `shop` so many days ago."""
    lines = [
        charge(f"{currency}{ago}", cost, ago, BillingCurrency=currency, x_SourceExport=currency)
        for ago, cost in costs.items()
    ]
    put(lake, FocusCost, lines)
    put(lake, AppLinks, [link("shop", "cost", "service:vm")])


def test_a_cost_jump_is_half_more_and_ten_more_than_the_median_of_fourteen_days(
    lake: Lake, published: Published
) -> None:
    """Days 14 to 1 ago: 19, 21 seven times each; median (19 + 21) / 2 = 20, so 30 is +10 and +50 %: a jump.

    The day 15 ago (1000) is out of the window; the other days are within 1 of their medians.
    """
    history(lake, {15: "1000", **{ago: "19" if ago % 2 else "21" for ago in range(1, 15)}, 0: "30"})
    jumps = published().rows("from cost_jumps").rows(named=True)
    expected = {"cost": 30, "usual_cost": 20, "increase_cost": 10, "change_pct": 50.0, "is_first": True}
    assert jumps == [{"app_id": "shop", "day": TODAY, "currency": "EUR"} | expected]
    assert isinstance(jumps[0]["usual_cost"], Decimal)
    assert check_model(published(), "cost_jumps") == []


@pytest.mark.parametrize(
    ("costs", "today"),
    [
        pytest.param(dict.fromkeys(range(1, 15), "20"), "29.99", id="49.95 % more"),
        pytest.param(dict.fromkeys(range(1, 15), "10"), "19.99", id="nearly twice, yet below 10 more"),
        pytest.param(dict.fromkeys(range(1, 7), "10"), "100", id="six days of history"),
        pytest.param(dict.fromkeys(range(15, 30), "10"), "100", id="no day within the fourteen"),
    ],
)
def test_no_cost_jump(lake: Lake, published: Published, costs: dict[int, str], today: str) -> None:
    history(lake, {**costs, 0: today})
    assert told(published, "select day from cost_jumps") == []


def test_seven_days_suffice_currencies_stand_apart_and_nobodys_costs_do_not_jump(
    lake: Lake, published: Published
) -> None:
    """EUR: seven days of 10, then 20, 20: +100 % twice, the first marks the beginning.

    The second day's median: seven 10 and one 20 = 10. From 0 to 15 USD there is no percentage, but 15 more.
    """
    history(lake, {**dict.fromkeys(range(2, 9), "10"), 1: "20", 0: "20"})
    history(lake, {**dict.fromkeys(range(1, 8), "0"), 0: "15"}, "USD")
    nobodys = [charge(f"n{ago}", "10" if ago else "99", ago, ServiceName="x", x_SourceExport="n") for ago in range(9)]
    put(lake, FocusCost, nobodys)
    sql = "select app_id, currency, day, increase_cost, change_pct, is_first from cost_jumps order by currency, day"
    assert told(published, sql) == [
        ("shop", "EUR", TODAY - timedelta(days=1), 10, 100.0, True),
        ("shop", "EUR", TODAY, 10, 100.0, False),
        ("shop", "USD", TODAY, 15, None, True),
    ]


def test_a_sum_beyond_all_money_is_unknown_and_nothing_fails(lake: Lake, published: Published) -> None:
    """Two lines of 9e19 make 1.8e20, more than 38 digits with 18 decimals hold; the other application's sum stands."""
    huge = str(9 * 10**19)
    put(lake, FocusCost, [charge("1", huge, BilledCost=Decimal(1)), charge("2", huge, BilledCost=Decimal(1))])
    put(lake, FocusCost, [charge("3", "5", ServiceName="mail", x_SourceExport="f")])
    put(lake, AppLinks, [link("shop", "cost", "service:vm"), link("blog", "cost", "service:mail")])
    sql = "select app_id, effective_cost, billed_cost from cost_by_app_month order by 1"
    assert told(published, sql) == [("blog", 5, 10), ("shop", None, 2)]


def hours(name: str, **values: Any) -> Row:
    least: Row = {"work_hours_id": name, "day": date(2026, 3, 2), "hours": 10.0, "method": "timesheet"}
    return row(WorkHours) | least | values


def test_hours_of_work_by_application_and_month(lake: Lake, published: Published) -> None:
    """shop: 10 h at 50.10 = 501, 4 h without a rate, and 0.75 of 8 h at 100 = 600: 20 h, 1101 EUR.

    blog: 0.25 of 8 h = 2 h, 200 EUR; wiki 1 h at 10 EUR and 1 h at 10 USD: no one cost. February stands apart; hours
    of a project of nobody are left out; an amount beyond all money is null, not a crash.
    """
    eur = {"currency": "EUR"}
    rows = [
        hours("1", app_id="shop", rate_amount=Decimal("50.10"), **eur),
        hours("2", app_id="shop", hours=4.0),
        hours("3", project_id="p", hours=8.0, rate_amount=Decimal(100), **eur),
        hours("4", app_id="wiki", hours=1.0, rate_amount=Decimal(10), **eur),
        hours("5", app_id="wiki", hours=1.0, rate_amount=Decimal(10), currency="USD"),
        hours("6", app_id="shop", day=date(2026, 2, 28), hours=1.5),
        hours("7", project_id="nobodys", rate_amount=Decimal(1), **eur),
        hours("8", app_id="odd", hours=1e15, rate_amount=Decimal(10**18), **eur),
    ]
    put(lake, WorkHours, rows)
    shares = [link("shop", "project", "p", share_ratio=0.75), link("blog", "project", "p", share_ratio=0.25)]
    put(lake, AppLinks, shares)
    sql = "select app_id, month_on, hours, unpriced_hours, labour_cost, currency from app_work_hours order by 1, 2"
    march = date(2026, 3, 1)
    assert told(published, sql) == [
        ("blog", march, 2, 0, 200, "EUR"),
        ("odd", march, 1e15, 0, None, "EUR"),
        ("shop", date(2026, 2, 1), 1.5, 1.5, None, None),
        ("shop", march, 20, 4, 1101, "EUR"),
        ("wiki", march, 2, 0, None, None),
    ]
