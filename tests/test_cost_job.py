"""The job of cost anomalies: found once, taken apart, told to the owner, and never against what a person said."""

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from aurora.contracts import Row
from aurora.contracts.cost import CostDays, FocusCost
from aurora.contracts.delivery import Deployments
from aurora.contracts.estate import Applications, AppLinks, Teams
from aurora.contracts.operations import Alerts, Anomalies
from aurora.cost_job import RESTATED, TAKEN_OUT, look_for_anomalies
from aurora.doctor import check_model
from aurora.errors import LostRaceError
from aurora.settings import CostAlerts, Settings
from tests.conftest import Published
from tests.estate import deployed
from tests.frames import DAY, NOW, link, put, row, settings
from warehouse.lake import Lake
from warehouse.record import record_decision

TODAY = NOW.date()
PARTS = ("price", "volume", "new", "gone", "unexplained")
BEGAN = 5


@pytest.fixture
def mine(data: Path) -> Settings:
    return settings(data=data, config=data / "aurora.toml", demo=False)


def charge(ago: int, cost: str, quantity: str | None = None, resource: str = "r1", **values: Any) -> Row:
    """A charge of shop's log storage so many days ago."""
    at = datetime.combine(TODAY, datetime.min.time(), UTC) - ago * DAY
    currency = values.get("BillingCurrency", "USD")
    told: Row = {"x_SourceExport": f"e{at:%Y%m}{currency}", "BillingPeriodStart": at.replace(day=1)}
    told |= {"BillingCurrency": currency, "ProviderName": "AWS", "ServiceName": "logs", "ServiceCategory": "Storage"}
    told |= {"ChargePeriodStart": at, "ChargePeriodEnd": at + DAY, "ResourceId": resource, "x_IsEstimated": False}
    told |= {"EffectiveCost": Decimal(cost), "BilledCost": Decimal(cost), "Tags": '{"app": "shop"}'}
    if quantity:
        told |= {"PricingQuantity": Decimal(quantity), "PricingUnit": "GB"}
    name = f"{resource}/{ago}/{currency}"
    return row(FocusCost, x_RowId=name) | told | values


def bill(lake: Lake, changed: list[Row], currency: str = "USD", after: list[Row] | None = None) -> None:
    """10 a day for 100 GB, from BEGAN days ago what is given, and what comes `after`: a charge ends the last day."""
    usual = [charge(ago, "10", "100", BillingCurrency=currency) for ago in range(BEGAN + 1, 45)]
    lines = [*usual, *changed, *(after or [charge(0, "1", "10", BillingCurrency=currency)])]
    months: dict[str, list[Row]] = {}
    for one in lines:
        months.setdefault(one["x_SourceExport"], []).append(one)
    for rows in months.values():
        put(lake, FocusCost, rows)


def registered(lake: Lake) -> None:
    put(lake, Teams, [row(Teams, team_id="t", name="Sales Platform")])
    put(lake, Applications, [row(Applications, app_id="shop", name="Shop", team_id="t", product_owner="Layla")])
    put(lake, AppLinks, [link("shop", "cost", "tag:app=shop")])


def found(lake: Lake, kind: str = "app", currency: str = "USD") -> Row:
    every = lake.read(Anomalies)
    assert not every["anomaly_id"].is_duplicated().any()
    rows = every.filter(pl.col("series_id").str.starts_with(kind), pl.col("currency") == currency)
    return rows.row(0, named=True)


def parts_of(told: Row) -> dict[str, Decimal]:
    known = json.loads(told["parts"])
    amounts = {name: Decimal(known[name]) for name in PARTS}
    assert sum(amounts.values()) == told["impact_amount"]
    return {name: amount for name, amount in amounts.items() if amount}


CASES = [
    pytest.param([("20", "100")], {"price": 50}, id="twice the price for five days: 10 x 5"),
    pytest.param([("30", "300")], {"volume": 100}, id="three times the volume: 20 x 5"),
    # (60 / 300 - 0.10) x 300 = 30 and (300 - 100) x 0.10 = 20, five days
    pytest.param([("60", "300")], {"price": 150, "volume": 100}, id="both"),
    pytest.param([("10", "100"), ("25", "1")], {"new": 125}, id="a new resource: 25 x 5"),
    pytest.param([None, ("25", "1")], {"new": 125, "gone": -50}, id="one for another"),
    pytest.param([("40", None)], {"unexplained": 150}, id="no quantity told: 30 x 5"),
    pytest.param([("1", "10")], {"volume": -45}, id="a drop: 9 x 5"),
]


@pytest.mark.parametrize(("lines", "expected"), CASES)
def test_what_an_anomaly_is_made_of(
    lake: Lake, mine: Settings, published: Published, lines: list[Any], expected: dict[str, int]
) -> None:
    changed = [
        charge(ago, *one, resource=f"r{number}") for ago in range(1, BEGAN + 1)
        for number, one in enumerate(lines, start=1) if one
    ]  # fmt: skip
    bill(lake, changed)
    registered(lake)
    published()
    look_for_anomalies(mine, lake, NOW)
    for kind in ("app", "service"):
        told = found(lake, kind)
        assert parts_of(told) == expected
        assert (told["ts_start"].date(), told["ts_end"]) == (TODAY - timedelta(days=BEGAN), None)
        assert told["app_id"] == "shop", "the service's change is all of one application"
    assert check_model(published(), "cost_anomalies_now") == []


def dear(lake: Lake, today: str | None = None) -> None:
    """60 a day for 600 GB since five days ago; `today` is what the day after them costs, once it is told."""
    after = [charge(0, today, str(10 * int(today))), charge(-1, "1")] if today else None
    bill(lake, [charge(ago, "60", "600") for ago in range(1, BEGAN + 1)], after=after)
    registered(lake)


def test_it_is_found_once_told_to_its_owner_and_over_when_it_is_over(
    lake: Lake, mine: Settings, published: Published
) -> None:
    """50 more for five days is 250, of 50 expected: more than 100 and than 40 %; the service's is told with it."""
    dear(lake)
    put(lake, Deployments, [deployed("d1", 0, "abc", app_id="shop", version="2.3.1")
        | dict.fromkeys(("created_at", "started_at"), NOW - BEGAN * DAY - timedelta(hours=40))])  # fmt: skip
    put(lake, Deployments, [deployed("d0", 0, "abc", app_id="shop")
        | dict.fromkeys(("created_at", "started_at"), NOW - BEGAN * DAY - timedelta(hours=61))])  # fmt: skip
    published()
    look_for_anomalies(mine, lake, NOW)
    alert = lake.read(Alerts).row(0, named=True)
    assert lake.read(Alerts).height == 1
    assert (alert["app_id"], alert["severity"], alert["state"]) == ("shop", "warning", "firing")
    assert alert["message"] == (
        "Shop cost USD 60.00 a day, USD 10.00 expected, for 5 days: 100 % by more volume, most in logs (r1), "
        "since deployment 2.3.1. Owner: Layla, Sales Platform."
    )
    assert [one["deployment_id"] for one in json.loads(found(lake)["parts"])["deployments"]] == ["d1"]
    versions = lake.version(Anomalies), lake.version(Alerts)
    published()
    look_for_anomalies(mine, lake, NOW)
    assert (lake.version(Anomalies), lake.version(Alerts)) == versions, "what is the same is not written again"
    dear(lake, "10")
    published(NOW + DAY)
    look_for_anomalies(mine, lake, NOW + DAY)
    told = found(lake)
    assert (told["ts_end"].date(), told["state"]) == (TODAY, "open"), "over, and yet to be explained"
    assert lake.read(Alerts)["state"].to_list() == ["resolved"]
    mart = published(NOW + DAY).rows("from cost_anomalies_now where kind = 'app'").row(0, named=True)
    assert (mart["owner"], mart["team_name"], mart["deployment_version"]) == ("Layla", "Sales Platform", "2.3.1")


@pytest.mark.parametrize(
    ("limits", "count"),
    [({}, 1), ({"amount": 251}, 0), ({"amounts": {"USD": 251}}, 0), ({"amounts": {"EUR": 251}}, 1), ({"pct": 501}, 0)],
)
def test_a_threshold_filters_alerts_never_anomalies(
    lake: Lake, mine: Settings, published: Published, limits: dict[str, Any], count: int
) -> None:
    """250 beyond 50 expected: 500 %."""
    dear(lake)
    published()
    asked = mine.model_copy(update={"cost_alerts": CostAlerts.model_validate(limits)})
    look_for_anomalies(asked, lake, NOW)
    assert lake.read(Alerts).height == count
    assert lake.read(Anomalies).height == 2


def test_currencies_stand_apart(lake: Lake, mine: Settings, published: Published) -> None:
    for currency, cost in (("USD", "60"), ("EUR", "10")):
        bill(lake, [charge(a, cost, "100", BillingCurrency=currency) for a in range(1, BEGAN + 1)], currency)
    registered(lake)
    published()
    look_for_anomalies(mine, lake, NOW)
    assert set(lake.read(Anomalies)["currency"]) == {"USD"}
    assert parts_of(found(lake)) == {"price": 250}


def test_what_a_person_said_is_kept(lake: Lake, mine: Settings, published: Published, data: Path) -> None:
    dear(lake)
    published()
    look_for_anomalies(mine, lake, NOW)
    anomaly = found(lake)["anomaly_id"]
    record_decision(data, lake, anomaly, ("explained", "A load test."), "ann", NOW + timedelta(hours=1))
    with pytest.raises(LostRaceError, match="decided by somebody else"):
        record_decision(data, lake, anomaly, ("dismissed", "No."), "bob")
    dear(lake, "60")
    published(NOW + DAY)
    look_for_anomalies(mine, lake, NOW + DAY)
    told = found(lake)
    assert (told["state"], told["explanation"]) == ("explained", "A load test.")
    assert told["impact_amount"] == 300, "the sixth day is of the same anomaly, and its figures follow"
    assert lake.read(Alerts)["state"].to_list() == ["resolved"]
    mart = published(NOW + DAY).rows("select decided_by, state from cost_anomalies_now where kind = 'app'")
    assert mart.row(0) == ("ann", "explained")


def test_a_restated_bill_takes_an_anomaly_back(lake: Lake, mine: Settings, published: Published) -> None:
    dear(lake)
    published()
    look_for_anomalies(mine, lake, NOW)
    bill(lake, [charge(ago, "10", "100") for ago in range(1, BEGAN + 1)])
    published()
    look_for_anomalies(mine, lake, NOW)
    assert set(lake.read(Anomalies)["state"]) == {"dismissed"}
    assert set(lake.read(Anomalies)["explanation"]) == {RESTATED}
    assert lake.read(Alerts)["state"].to_list() == ["resolved"]
    dear(lake)
    published()
    look_for_anomalies(mine, lake, NOW)
    assert set(lake.read(Anomalies)["state"]) == {"open"}


def test_what_was_taken_out_leaves_no_anomaly(lake: Lake, mine: Settings, published: Published) -> None:
    """As the demo estate, when it is removed."""
    dear(lake)
    published()
    look_for_anomalies(mine, lake, NOW)
    lake.forget(FocusCost, "t1", [])
    published()
    look_for_anomalies(mine, lake, NOW)
    assert set(lake.read(Anomalies)["explanation"]) == {TAKEN_OUT}
    assert lake.read(Alerts)["state"].to_list() == ["resolved"]
    assert published().rows("from cost_anomalies_now").height == 0


def test_costs_by_day_shares_and_late_days(lake: Lake, mine: Settings, published: Published) -> None:
    """Costs by day of two applications, 60 % and 40 %: 12 of 20, then 24 of 40; the newest day is not judged."""
    told = [
        row(CostDays, cost_day_id=f"d{ago}", day=TODAY - timedelta(days=ago), provider="atlas", service="backup")
        | {"effective_cost": Decimal(20 if ago > 3 else 40), "currency": "USD", "is_estimated": ago == 2}
        | {"account_id": "a", "usage_quantity": 10.0 if ago > 3 else 20.0, "usage_unit": "GB"}
        for ago in range(1, 40)
    ]  # fmt: skip
    put(lake, CostDays, told)
    put(lake, Applications, [row(Applications, app_id=name) for name in ("shop", "blog")])
    shares = (("shop", 0.6), ("blog", 0.4))
    put(lake, AppLinks, [link(name, "cost", "service:backup", share_ratio=share) for name, share in shares])
    published()
    look_for_anomalies(mine, lake, NOW)
    known = {one["series_id"]: one for one in lake.read(Anomalies).iter_rows(named=True)}
    impacts = {name: one["impact_amount"] for name, one in known.items()}
    whole = {"account:atlas/a:USD": 20, "service:atlas/backup:USD": 20}
    assert impacts == whole | {"app:shop:USD": 12, "app:blog:USD": 8}
    assert all(parts_of(one) == {"volume": one["impact_amount"]} for one in known.values())
    assert known["service:atlas/backup:USD"]["app_id"] == "shop"
    assert {one["observed"] for one in known.values()} == {40, 24, 16}
    assert date(2026, 3, 7) == known["app:shop:USD"]["ts_start"].date()
