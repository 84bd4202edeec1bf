"""Costs: charges of bills and of days, shares of applications, jumps, hours of work; each sum worked out by hand."""

import ast
import json
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from aurora.contracts import Row
from aurora.contracts.cost import Budgets, CostDays, FocusCost, WorkHours
from aurora.contracts.estate import Applications, AppLinks
from aurora.contracts.operations import Anomalies
from aurora.doctor import check_model
from tests.conftest import Published
from tests.frames import DAY, NOW, ROOT, link, put, row
from warehouse.lake import Lake

TODAY = NOW.date()
BILL: Row = {"x_SourceExport": "e", "BillingPeriodStart": NOW.replace(day=1), "BillingCurrency": "EUR"}
BILL |= {"ProviderName": "AWS", "ServiceCategory": "Compute", "ServiceName": "vm", "BillingAccountId": "payer"}


def charge(name: str, cost: str, days_ago: int = 0, **values: Any) -> Row:
    amounts = {"EffectiveCost": Decimal(cost), "BilledCost": Decimal(cost) * 2}
    at = NOW - days_ago * DAY
    return row(FocusCost, x_RowId=name, ChargePeriodStart=at, ChargePeriodEnd=at + DAY) | BILL | amounts | values


def cost_day(name: str, cost: str | None, provider: str = "openai", **values: Any) -> Row:
    told = row(CostDays, cost_day_id=name, day=TODAY, provider=provider, service="tokens", currency="EUR")
    return told | {"effective_cost": None if cost is None else Decimal(cost)} | values


def linked(lake: Lake, *links: Row) -> None:
    """Confirmed links, their applications registered."""
    names = dict.fromkeys(one["app_id"] for one in links)
    put(lake, Applications, [row(Applications, app_id=name) for name in names])
    put(lake, AppLinks, list(links))


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
    linked(lake, *links, link("shop", "cost", "service:mail"), link("blog", "cost", "service:mail"))
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
    linked(lake, link("a", "cost", "service:vm", share_ratio=150.0), link("b", "cost", "account:acc"))
    put(lake, FocusCost, [charge("vm2", "10", SubAccountId="acc", x_SourceExport="f")])
    sql = "select app_id, effective_cost from cost_by_app_month order by all"
    assert told(published, sql) == [("a", 15), ("b", 5)]


SHARES = [
    pytest.param((0.6, None, None), ("0.6", "0.2", "0.2"), "0", id="1 - 0.6 = 0.4 for two who state none"),
    pytest.param((0.7, 0.7, None), ("0.5", "0.5", "0"), "0", id="1.4 scaled to 1: 0.7 / 1.4 each, nothing left"),
    pytest.param((0.8, 0.6, 0.6), ("0.4", "0.3", "0.3"), "0", id="2.0 scaled to 1"),
    pytest.param((0.3, 0.2), ("0.3", "0.2"), "0.5", id="nobody's half stays untagged"),
    pytest.param((0.3,), ("0.3",), "0.7", id="a share stated by the only one"),
    pytest.param((None,) * 3, ("0.333333", "0.333334", "0.333333"), "0", id="thirds, the rounding with one of them"),
    pytest.param(
        (None,) * 6,
        ("0.166667", "0.166666", "0.166667", "0.166667", "0.166666", "0.166667"),
        "0",
        id="sixths rounded up would be 1.000002",
    ),
]


@pytest.mark.parametrize(("stated", "parts", "rest"), SHARES)
def test_shares_of_a_charge(
    lake: Lake, published: Published, stated: tuple[float | None, ...], parts: tuple[str, ...], rest: str
) -> None:
    """Each of a, b, ... has its share of 100; a charge of 1e-18, the smallest there is, is never split below zero."""
    put(lake, FocusCost, [charge("vm", "100"), charge("least", "0.000000000000000001", ServiceName="least")])
    owners = [(name, share) for name, share in zip("abcdef", stated, strict=False)]
    services = ("service:vm", "service:least")
    linked(lake, *(link(n, "cost", mark, share_ratio=share) for n, share in owners for mark in services))
    sql = "select app_id, sum(effective_cost) from app_cost_daily_by_service where service = 'vm' group by 1 order by 1"
    expected = [(name, 100 * Decimal(part)) for (name, _), part in zip(owners, parts, strict=True)]
    assert told(published, sql) == expected + ([("untagged", 100 * Decimal(rest))] if Decimal(rest) else [])
    sums = "select sum(effective_cost), min(effective_cost) >= 0 from app_cost_daily_by_service"
    assert told(published, sums) == [(Decimal("100.000000000000000001"), True)]
    assert check_model(published(), "app_cost_daily_by_service") == []


@pytest.mark.parametrize(("stated", "parts"), [((0.6, None, None), (6, 2, 2)), ((1.0, 1.0, None), (5, 5, 0))])
def test_shares_of_hours(
    lake: Lake, published: Published, stated: tuple[float | None, ...], parts: tuple[int, ...]
) -> None:
    """10 h: the rest of 0.4 is 0.2 each of two who state none; 1 + 1 is scaled to a half each, and none is left."""
    put(lake, WorkHours, [hours("1", project_id="p")])
    linked(lake, *(link(name, "project", "p", share_ratio=share) for name, share in zip("abc", stated, strict=True)))
    rows = told(published, "select app_id, hours from app_work_hours order by 1")
    assert [name for name, _ in rows] == ["a", "b", "c"]
    assert [worked for _, worked in rows] == pytest.approx(list(parts))


def test_jumps_are_the_first_days_of_anomalies_of_applications(lake: Lake, published: Published) -> None:
    """30 a day where 10 were expected is +200 %, 5 of 10 -50 %; services, and what was dismissed, are left out."""
    told = {"kind": "app", "name": "shop", "day_count": 2, "expected": "10"}
    every = [("a", "30", "open", "app"), ("b", "5", "explained", "app"), ("c", "30", "dismissed", "app")]
    every += [("d", "30", "open", "service")]
    rows = [
        row(Anomalies, anomaly_id=name, subject="cost", app_id="shop", currency="EUR", state=state)
        | {"ts_start": NOW - DAY * number, "parts": json.dumps(told | {"observed": cost, "kind": kind})}
        for number, (name, cost, state, kind) in enumerate(every)
    ]
    put(lake, Anomalies, rows, "aurora")
    sql = "select day, cost, usual_cost, increase_cost, change_pct from cost_jumps order by day"
    yesterday = TODAY - timedelta(days=1)
    assert published().rows(sql).rows() == [(yesterday, 5, 10, -5, -50.0), (TODAY, 30, 10, 20, 200.0)]


def test_a_sum_beyond_all_money_is_unknown_and_nothing_fails(lake: Lake, published: Published) -> None:
    """Two lines of 9e19 make 1.8e20, more than 38 digits with 18 decimals hold; the other application's sum stands."""
    huge = str(9 * 10**19)
    put(lake, FocusCost, [charge("1", huge, BilledCost=Decimal(1)), charge("2", huge, BilledCost=Decimal(1))])
    put(lake, FocusCost, [charge("3", "5", ServiceName="mail", x_SourceExport="f")])
    linked(lake, link("shop", "cost", "service:vm"), link("blog", "cost", "service:mail"))
    sql = "select app_id, effective_cost, billed_cost from cost_by_app_month order by 1"
    assert told(published, sql) == [("blog", 5, 10), ("shop", None, 2)]


def test_a_sum_with_an_unknown_part_is_unknown(lake: Lake, published: Published) -> None:
    """Yesterday, 9e19 of each of two services is beyond all money, today is 5: the month is not known, which is not 5.

    The Command Center leaves yesterday out instead of failing; the day before, of 9e19 alone, is shown.
    """
    huge: Row = {"cost": str(9 * 10**19), "BilledCost": Decimal(1)}
    disk = charge("2", days_ago=1, ServiceName="disk", **huge)
    put(lake, FocusCost, [charge("1", days_ago=1, **huge), disk, charge("3", "5"), charge("4", days_ago=2, **huge)])
    linked(lake, link("shop", "cost", "service:vm"), link("shop", "cost", "service:disk"))
    assert told(published, "select effective_cost, billed_cost from cost_by_app_month") == [(None, 13)]
    page = ast.parse((ROOT / "pages" / "command" / "command_center.py").read_text(encoding="utf-8"))
    costs = next(
        one.value for one in page.body if isinstance(one, ast.Assign) and ast.unparse(one.targets[0]) == "COSTS"
    )
    days = [(TODAY - 2 * DAY, "EUR", Decimal(huge["cost"])), (TODAY, "EUR", 5)]
    assert told(published, ast.literal_eval(costs)) == days


def test_the_cost_of_this_month_in_one_currency(lake: Lake, published: Published) -> None:
    """shop's budget is in EUR: 3 EUR, though 9000 JPY is the larger number; blog has USD alone, wiki two and no budget.

    odd's budget is in GBP, in which nothing was charged: its only currency counts. The cost of February is not shown.
    """
    amounts = [("shop", "3", "EUR"), ("shop", "9000", "JPY"), ("blog", "2", "USD"), ("wiki", "1", "EUR")]
    amounts += [("wiki", "1", "USD"), ("odd", "4", "EUR"), ("nobody", "1", "EUR")]
    lines = [charge(f"{n}", cost, ServiceName=n, BillingCurrency=c, x_SourceExport=f"{n}{c}") for n, cost, c in amounts]
    lines += [charge("old", "7", 20, ServiceName="blog", BillingCurrency="USD", x_SourceExport="old")]
    for number, line in enumerate(lines):
        put(lake, FocusCost, [line | {"x_RowId": f"{number}"}])
    least: Row = {"version": 1, "period": "month", "starts_on": date(2026, 1, 1), "limit_amount": Decimal(9)}
    least |= {"is_deleted": False, "changed_at": NOW}
    eur = row(Budgets, budget_id="1", app_id="shop", currency="EUR") | least
    put(lake, Budgets, [eur, row(Budgets, budget_id="2", app_id="odd", currency="GBP") | least])
    linked(lake, *(link(name, "cost", f"service:{name}") for name in ("shop", "blog", "wiki", "odd")))
    columns = "app_id, month_cost, hosting_cost, third_party_cost, currency, currency_count"
    assert told(published, f"select {columns} from app_cost_now order by 1") == [
        ("blog", 2, 2, 0, "USD", 1),
        ("odd", 4, 4, 0, "EUR", 1),
        ("shop", 3, 3, 0, "EUR", 2),
        ("wiki", None, None, None, None, 2),
    ]
    assert told(published, "select distinct month_on from app_cost_now") == [(date(2026, 3, 1),)]
    assert check_model(published(), "app_cost_now") == []


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
    linked(lake, link("shop", "project", "p", share_ratio=0.75), link("blog", "project", "p", share_ratio=0.25))
    sql = "select app_id, month_on, hours, unpriced_hours, labour_cost, currency from app_work_hours order by 1, 2"
    march = date(2026, 3, 1)
    assert told(published, sql) == [
        ("blog", march, 2, 0, 200, "EUR"),
        ("odd", march, 1e15, 0, None, "EUR"),
        ("shop", date(2026, 2, 1), 1.5, 1.5, None, None),
        ("shop", march, 20, 4, 1101, "EUR"),
        ("wiki", march, 2, 0, None, None),
    ]
