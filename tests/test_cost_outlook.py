"""Spend, forecast and budgets; NOW is Tuesday 10 March 2026, so bills that cover yesterday leave 22 days of March."""

import json
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from aurora.contracts import Row
from aurora.contracts.cost import Budgets, FocusCost
from aurora.contracts.estate import Applications, AppLinks
from aurora.doctor import check_model
from tests.conftest import Published
from tests.frames import DAY, NOW, link, put, row
from tests.test_models_cost import charge
from warehouse.lake import Lake

OUTLOOK = """select spent_cost, forecast_cost, forecast_low_cost, forecast_high_cost, runs_out_on
    from cost_outlook where kind = $kind and series_id = $name"""


def week_of_work(lake: Lake, **values: Any) -> None:
    """Four weeks up to yesterday, 10 on a working day and 2 on Saturday and Sunday."""
    days = [(ago, "10" if (NOW - ago * DAY).weekday() < 5 else "2") for ago in range(1, 29)]
    put(lake, FocusCost, [charge(f"d{ago}", cost, ago) | values for ago, cost in days])


def budget(name: str, limit: int, **values: Any) -> Row:
    told = {"budget_id": name, "starts_on": date(2026, 1, 1), "period": "month", "currency": "EUR", "is_deleted": False}
    return row(Budgets, **(told | {"limit_amount": Decimal(limit)} | values))


def outlook(published: Published, kind: str, name: str) -> tuple[Any, ...]:
    return published().rows(OUTLOOK, {"kind": kind, "name": name}).rows()[0]


def test_the_month_goes_on_as_its_weekdays_do(lake: Lake, published: Published) -> None:
    """1 to 9 March: 2 + 5 x 10 + 2 + 2 + 10 = 66. 10 to 31: 16 working days and 6 of weekends, 172. No residual."""
    week_of_work(lake)
    assert outlook(published, "total", "all") == (66, 238, 238, 238, None)
    for model in ("cost_outlook", "cost_spend_days", "cost_scope_days", "budget_status"):
        assert check_model(published(), model) == []


def test_a_budget_runs_out_on_the_day_its_forecast_reaches_it(lake: Lake, published: Published) -> None:
    """66 + 40 by Friday 13, 110 on Sunday, 160 by Friday 20, 164, then 10 a day: 204 on Thursday 26 March."""
    week_of_work(lake)
    put(
        lake,
        Budgets,
        [budget("b", 200), budget("small", 60), budget("large", 1000), budget("other", 5, currency="USD")],
    )
    assert outlook(published, "budget", "b")[-1] == date(2026, 3, 26)
    said = published().rows("select budget_id, state, round(used_pct, 4) from budget_status order by 1").rows()
    mine_now = [("b", "forecast_over", 33.0), ("large", "within", 6.6)]
    assert said == [*mine_now, ("other", "unknown", None), ("small", "over", 110.0)]


@pytest.mark.parametrize(("limit", "state"), [(82, "at_80"), (83, "forecast_over"), (66, "over"), (67, "at_80")])
def test_states_at_their_limits(lake: Lake, published: Published, limit: int, state: str) -> None:
    """66 of 82 is 80.5 %, of 83 79.5 %."""
    week_of_work(lake)
    put(lake, Budgets, [budget("b", limit)])
    assert published().rows("select state from budget_status").item() == state


def test_the_interval_comes_from_the_residuals(lake: Lake, published: Published) -> None:
    """Weekdays of 8 and 12 by turns: median 10, each residual 2, s = 2.9652; 22 days: 1.2816 s sqrt(22) = 17.8247."""
    put(lake, FocusCost, [charge(f"d{n}", "8" if (n - 1) // 7 % 2 else "12", n) for n in range(1, 57)])
    _, forecast, low, high, _ = outlook(published, "total", "all")
    assert float(high - forecast) == pytest.approx(17.8247, abs=1e-3)
    assert high - forecast == forecast - low


def test_a_subscription_counts_once_a_month_and_again_in_months_to_come(lake: Lake, published: Published) -> None:
    """5 on the 1st of February and of March: in March once, 2026 has 9 months to come."""
    week_of_work(lake)
    subscribed = [
        charge(f"s{ago}", "5", ago, ServiceName="mail", ChargePeriodEnd=NOW - (ago - 28) * DAY, x_SourceExport="mail")
        for ago in (9, 37)
    ]
    put(lake, FocusCost, subscribed, "mail")
    put(lake, Budgets, [budget("year", 10_000, period="year"), budget("month", 10_000)])
    assert outlook(published, "budget", "month")[:2] == (71, 243)
    spent, forecast, *_ = outlook(published, "budget", "year")
    days_left = [NOW.date() + n * DAY for n in range((date(2026, 12, 31) - NOW.date()).days + 1)]
    ahead = sum(10 if day.weekday() < 5 else 2 for day in days_left)
    assert forecast == spent + ahead + 9 * 5


def test_scopes_of_budgets(lake: Lake, published: Published) -> None:
    """An application counts what is its own, a tag and a provider what is charged under them."""
    put(lake, Applications, [row(Applications, app_id="shop", team_id="web")])
    put(lake, AppLinks, [link("shop", "cost", "service:vm")])
    lines = [
        charge("a", "10", 1),
        charge("b", "5", 1, ServiceName="disk", Tags='{"team": "x", "env": "prod"}'),
        charge("c", "3", 1, ServiceName="mail", ProviderName="Google"),
    ]
    put(lake, FocusCost, lines)
    scopes = {
        "app": {"app_id": "shop"},
        "team": {"team_id": "web"},
        "tag": {"scope": json.dumps({"tag": "team=x"})},
        "environment": {"scope": json.dumps({"environment": "production"})},
        "provider": {"scope": json.dumps({"provider": "google"})},
        "service": {"scope": json.dumps({"service": "mail"})},
        "all": {},
    }
    put(lake, Budgets, [budget(name, 100, **values) for name, values in scopes.items()])
    spent = dict(published().rows("select budget_id, spent_cost from budget_status").rows())
    assert spent == {"app": 10, "team": 10, "tag": 5, "environment": 5, "provider": 3, "service": 3, "all": 18}


def test_too_little_history_has_no_forecast(lake: Lake, published: Published) -> None:
    put(lake, FocusCost, [charge(f"d{ago}", "10", ago) for ago in range(1, 6)])
    assert outlook(published, "total", "all") == (50, None, None, None, None)


def test_what_is_charged_now_and_then_goes_on_as_its_mean_day(lake: Lake, published: Published) -> None:
    """7 once a week is the median of its weekday, and of no other: the mean day of four weeks is 1, 22 days make 22."""
    week_of_work(lake)
    put(lake, FocusCost, [charge(f"w{n}", "7", 7 * n, ServiceName="weekly") for n in range(1, 5)], "weekly")
    assert outlook(published, "service", "weekly")[:2] == (7, 29)
