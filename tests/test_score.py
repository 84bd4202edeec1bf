"""The application score: worked out by hand, part by part, through the models and by the rules that are delivered."""

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from aurora.contracts import Row
from aurora.contracts.cost import Budgets, FocusCost
from aurora.contracts.delivery import Deployments
from aurora.contracts.estate import Applications, AppLinks, Components
from aurora.contracts.mobile import MobileVitalsDaily, ReleaseHealthDaily
from aurora.contracts.operations import Alerts, ComponentHealth, Slos
from aurora.contracts.security import Advisories, FindingDecisions, Findings, KevEntries, Scans
from aurora.errors import SettingsError
from aurora.insights.score import COLUMNS, scores
from aurora.insights.score_rules import load_rules
from tests.conftest import Published
from tests.frames import DAY, HOUR, MINUTE, NOW, ROOT, component, health, link, put, row
from warehouse.lake import Lake
from warehouse.query import Warehouse

FILE = ROOT / "data" / "reference" / "score.toml"
RULES = load_rules(FILE)
TODAY = NOW.date()
PARTS = list(RULES.parts())
FACT = {"app_id": pl.String, "part": pl.String, "tier": pl.Int64, "value": pl.Float64, "target": pl.Float64}
FACT |= {"target_name": pl.String, "has_data": pl.Boolean, "no_data_reason": pl.String}
EVIDENCE = {"app_id": pl.String, "part": pl.String, "row_table": pl.String, "row_id": pl.String, "text": pl.String}
EVIDENCE |= {"grade": pl.String, "amount": pl.Float64, "weight": pl.Float64, "occurred_at": pl.Datetime("us")}
EVIDENCE |= {"due_on": pl.Date, "component_id": pl.String}


def fact(part: str, value: float | None = None, target: float | None = None, **values: Any) -> Row:
    return {"app_id": "shop", "part": part, "value": value, "target": target, "has_data": True} | values


def gap(part: str) -> Row:
    return fact(part, has_data=False, no_data_reason=f"no {part} is known")


def proof(part: str, row_id: str, amount: float = 1.0, **values: Any) -> Row:
    least = {"app_id": "shop", "part": part, "row_table": "t", "row_id": row_id, "text": row_id, "amount": amount}
    return least | {"weight": 1.0} | values


def judged(facts: list[Row], evidence: list[Row] = []) -> dict[str, Row]:  # noqa: B006
    """Rows by part; parts that are not told have no data."""
    told = {one["part"] for one in facts}
    facts = [*facts, *(gap(part) for part in PARTS if part not in told)]
    schema = {"schema": FACT, "orient": "row"}
    frame = scores(pl.DataFrame(facts, **schema), pl.DataFrame(evidence, schema=EVIDENCE, orient="row"), RULES, TODAY)
    assert frame.columns == COLUMNS
    return {one["part"]: one for one in frame.iter_rows(named=True)}


def score_of(part: str, value: float | None = None, target: float | None = None, **values: Any) -> float:
    return float(judged([fact(part, value, target, **values)])[part]["score"])


def declared(lake: Lake, *names: str, source: str = "t1") -> None:
    """Applications, `shop` unless named."""
    put(lake, Applications, [row(Applications, app_id=name, updated_at=NOW) for name in names or ("shop",)], source)


def parts_of_shop(warehouse: Warehouse) -> dict[str, Row]:
    facts, evidence = warehouse.rows("from app_score_facts"), warehouse.rows("from app_score_evidence")
    return {one["part"]: one for one in scores(facts, evidence, RULES, TODAY).iter_rows(named=True)}


def version(table: Any, number: int = 1, **values: Any) -> Row:
    return row(table, version=number, is_deleted=False, changed_at=NOW - DAY) | values


def told(warehouse: Warehouse, part: str) -> dict[str, Row]:
    """A part of each application as the models and the rules have it."""
    facts, evidence = warehouse.rows("from app_score_facts"), warehouse.rows("from app_score_evidence")
    rows = scores(facts, evidence, RULES, TODAY).filter(pl.col("part") == part)
    return {one["app_id"]: one for one in rows.iter_rows(named=True)}


def scores_of(warehouse: Warehouse, part: str) -> dict[str, float | None]:
    return {app_id: one["score"] for app_id, one in told(warehouse, part).items()}


def facts_of(warehouse: Warehouse, part: str) -> dict[str, Row]:
    rows = warehouse.rows("from app_score_facts where part = $part", {"part": part})
    return {one["app_id"]: one for one in rows.iter_rows(named=True)}


def ids(one: Row) -> list[str]:
    return [entry["id"] for entry in json.loads(one["reasons"] or "[]")]


def charge(number: int, at: datetime, cost: str, service: str = "EC2", **values: Any) -> Row:
    month = at.replace(day=1, hour=0, minute=0)
    own = {"x_RowId": f"r{number}", "ChargePeriodStart": at, "BillingPeriodStart": month, "ServiceName": service}
    own |= {"EffectiveCost": Decimal(cost), "BillingCurrency": "USD", "Tags": '{"app": "shop"}'}
    return row(FocusCost, number, **(own | {"ChargePeriodEnd": at + DAY, "x_SourceExport": "e"} | values))


def shipped(name: str, days: float, **values: Any) -> Row:
    at = NOW - days * DAY
    own = {"deployment_id": name, "app_id": "shop", "env_tier": "production", "status": "success", "version": name}
    return row(Deployments, **(own | {"created_at": at, "finished_at": at, "is_inferred": False} | values))


def finding(name: str, days: int, **values: Any) -> Row:
    at = NOW - days * DAY
    own = {"finding_id": name, "app_id": "shop", "category": "sca", "severity": "critical", "state": "open"}
    return row(Findings, **(own | {"title": name, "first_seen_at": at, "last_seen_at": NOW} | values))


def budget(**values: Any) -> Row:
    own = {"budget_id": "b", "name": "b", "app_id": "shop", "period": "month", "starts_on": date(2026, 1, 1)}
    return version(Budgets, **(own | {"limit_amount": Decimal(310), "currency": "USD"} | values))


def nine_parts(lake: Lake) -> None:
    declared(lake)
    put(lake, Components, [component("c1", type="api"), component("c2", type="cdn"), component("c3"), component("c4")])
    links = [link("shop", "component", f"c{number}") for number in range(1, 5)]
    put(lake, AppLinks, [*links, link("shop", "cost", "tag:app=shop"), link("shop", "store_app", "play:1")])
    half_hours = [health("c3", NOW - 2 * DAY - n * 30 * MINUTE, 1800, status="healthy") for n in range(198)]
    half_hours += [
        health("c3", NOW - 8 * DAY, 1620, status="healthy"),
        health("c3", NOW - 9 * DAY, 1800, status="down"),
    ]
    quick = {"requests_per_minute": 30.0, "response_time_ms": 400.0, "error_rate_pct": 1.3}
    calm = {"requests_per_minute": 10.0, "response_time_ms": 200.0, "error_rate_pct": 0.1}
    now = [
        health("c1", NOW - MINUTE, **quick),
        health("c2", NOW - MINUTE, **calm),
        health("c3", NOW - MINUTE, cpu_pct=1),
    ]
    put(lake, ComponentHealth, [*half_hours, *now])
    promise = version(Slos, slo_id="shop-up", app_id="shop", kind="time_slice", target_pct=99.0)
    quickly = version(Slos, slo_id="shop-response", app_id="shop", kind="threshold", threshold=200.0)
    put(lake, Slos, [promise, quickly])
    alert = row(Alerts, alert_id="a1", component_id="c1", severity="critical", state="firing", title="slow")
    put(lake, Alerts, [alert, alert | {"alert_id": "a2", "state": "resolved"}])
    good = [shipped(f"v{n}", n + 3) for n in range(18)]
    undone = [shipped("bad", 2), shipped("back", 1, is_rollback=True)]
    put(lake, Deployments, [*good, shipped("broken", 25, status="failed"), *undone])
    put(lake, Findings, [finding("f1", 31, severity="high"), finding("f2", 6)])
    put(lake, Budgets, [budget()])
    put(lake, FocusCost, [charge(day, NOW.replace(day=day, hour=0), "11.5") for day in range(1, 10)])
    vital = {"store_app_id": "play:1", "vital": "user_perceived_crash", "unit": "ratio", "day": TODAY - DAY}
    uncut = {"version": "", "device_model": "", "country": ""}
    whole = row(MobileVitalsDaily, **vital | uncut, value=0.0109, user_count=500)
    # One phone model is part of the whole, which has counted it.
    model = row(MobileVitalsDaily, **vital | uncut | {"device_model": "X1"}, value=0.5, user_count=10)
    put(lake, MobileVitalsDaily, [whole, model])


def test_all_nine_parts_by_hand(lake: Lake, published: Published) -> None:
    """One application, all parts; weight * (100 - score) = lost.

    availability  200 half hours observed, one down: 99.5 % of a target of 99 %: 0.5 / 1 used -> 75; 0.20 * 25 = 5.00
    latency       (30 * 400 + 10 * 200) / 40 = 350 ms, / 200 = 1.75 -> 100 - 50 * 0.75 / 1.5 = 75; 0.10 * 25 = 2.50
    errors        (30 * 1.3 + 10 * 0.1) / 40 = 1.0 % -> 50; 0.15 * 50 = 7.50
    alerts        one critical: 1.0 -> 50; 0.10 * 50 = 5.00
    delivery      18 good, 1 failed, 1 undone (its rollback is not counted): 2 / 20 = 10 % -> 75; 0.10 * 25 = 2.50
    security      high, 31 days old, deadline 30: 0.5; critical of 6 days has one day left -> 75; 0.15 * 25 = 3.75
    cost          9 days * 11.5 = 103.5; * 31 / 9 = 356.5, / 310 = 1.15 -> 50; 0.10 * 50 = 5.00
    mobile        1.09 % of a limit of 1.09 % = 1.0 -> 50; 0.05 * 50 = 2.50
    freshness     c4 of 4 was never sampled: 0.25 -> 75; 0.05 * 25 = 1.25
    sum 35.00: the score is 65.
    """
    nine_parts(lake)
    rows = parts_of_shop(published())
    assert {part: (one["score"], one["lost_score"]) for part, one in rows.items()} == {
        "availability": (75.0, 5.0),
        "latency": (75.0, 2.5),
        "errors": (50.0, 7.5),
        "alerts": (50.0, 5.0),
        "delivery": (75.0, 2.5),
        "security": (75.0, 3.75),
        "cost": (50.0, 5.0),
        "mobile": (50.0, 2.5),
        "freshness": (75.0, 1.25),
    }
    assert 100 - sum(one["lost_score"] for one in rows.values()) == pytest.approx(65)
    assert {
        part: [(entry["id"], entry["lost"]) for entry in json.loads(one["reasons"])] for part, one in rows.items()
    } == {
        "availability": [("c3", 5.0)],
        "latency": [("c1", 2.5)],
        "errors": [("c1", 7.5)],
        "alerts": [("a1", 5.0)],
        "delivery": [("bad", 1.25), ("broken", 1.25)],
        "security": [("f1", 3.75)],
        "cost": [("EC2", 5.0)],
        "mobile": [("play:1/user_perceived_crash", 2.5)],
        "freshness": [("c4", 1.25)],
    }
    texts = {part: json.loads(one["reasons"])[0]["text"] for part, one in rows.items()}
    assert texts["availability"] == "c3 was down for 30 min in 30 days"
    assert texts["security"] == "high: f1, due 2026-03-09"
    assert texts["delivery"] == "bad was rolled back"
    assert texts["freshness"] == "c4: no sample since yesterday"


def test_an_application_of_which_nothing_is_known_has_no_score(lake: Lake, published: Published) -> None:
    declared(lake)
    put(lake, Applications, [row(Applications, app_id="old", updated_at=NOW, lifecycle="retired")], "t2")
    rows = parts_of_shop(published())
    assert sorted(rows) == sorted(PARTS)
    assert {(one["score"], one["lost_score"], one["has_data"], one["weight_ratio"]) for one in rows.values()} == {
        (None, None, False, 0.0)
    }
    why = {part: json.loads(one["reasons"])[0]["text"] for part, one in rows.items()}
    assert why["cost"] == "no budget is set"
    assert why["mobile"] == "no store app is linked to it"
    assert why["freshness"] == why["availability"] == why["latency"] == "no component is linked to it"
    assert all(why.values())


def test_weights_are_shared_among_the_parts_with_data() -> None:
    """Errors 0.15 and cost 0.10 alone: 0.6 and 0.4. Errors at 3 % = 25 -> 45 lost; cost at 1.0 = 100 -> 0 lost."""
    rows = judged([fact("errors", 3.0), fact("cost", 50.0, 50.0)], [proof("errors", "c", 3.0)])
    assert (rows["errors"]["weight_ratio"], rows["cost"]["weight_ratio"]) == (pytest.approx(0.6), pytest.approx(0.4))
    assert (rows["errors"]["score"], rows["errors"]["lost_score"]) == (25.0, 45.0)
    assert (rows["cost"]["score"], rows["cost"]["lost_score"], rows["cost"]["reasons"]) == (100.0, 0.0, None)
    assert {one["weight_ratio"] for part, one in rows.items() if part not in ("errors", "cost")} == {0.0}
    absent = [json.loads(one["reasons"])[0] for one in rows.values() if not one["has_data"]]
    assert sum(entry["weight"] for entry in absent) == pytest.approx(0.75)
    assert {entry["lost"] for entry in absent} == {0.0}


CURVE = [(0.0, 100.0), (0.1, 100.0), (0.55, 75.0), (1.0, 50.0), (3.0, 25.0), (4.999, 0.0), (5.0, 0.0), (99.0, 0.0)]


@pytest.mark.parametrize(("value", "score"), CURVE)
def test_the_edges_of_a_curve(value: float, score: float) -> None:
    """Errors: 100 up to 0.1, 50 at 1, 0 from 5; half way to 1 (0.55) 75; half way to 5 (3.0) 25."""
    assert score_of("errors", value) == score


@pytest.mark.parametrize(
    ("uptime", "target", "tier", "score"),
    [
        (99.9, None, 1, 50.0),  # 0.1 / 0.1 = 1
        (99.9, None, 2, 90.0),  # 0.1 / 0.5 = 0.2
        (99.9, None, 3, 95.0),  # 0.1 / 1 = 0.1
        (99.9, None, None, 95.0),
        (99.9, 99.8, 1, 75.0),  # a declared objective wins over the tier: 0.1 / 0.2 = 0.5
        (99.7, None, 1, 0.0),  # three times the budget
        (100.0, 100.0, 1, 100.0),  # no budget and none used
        (99.99, 100.0, 1, 0.0),  # no budget, and some used
    ],
)
def test_availability_by_objective_or_tier(uptime: float, target: float | None, tier: int | None, score: float) -> None:
    assert score_of("availability", uptime, target, tier=tier) == score


def test_the_last_version_of_an_objective_counts(lake: Lake, published: Published) -> None:
    """The strictest of several; what was deleted, moved to another kind, or measures something of its own is none."""
    declared(lake, "shop", "blog", "none")
    own = {"slo_id": "up", "name": "Up", "app_id": "shop", "kind": "time_slice"}
    put(lake, Slos, [version(Slos, 1, **own, target_pct=99.0), version(Slos, 2, **own, target_pct=95.0)])
    put(lake, Slos, [version(Slos, **own | {"slo_id": "up2", "name": "Up 2"}, target_pct=96.0)])
    asked = {"slo_id": "own", "name": "Own SQL", "target_pct": 99.99, "good_sql": "x", "total_sql": "x"}
    put(lake, Slos, [version(Slos, **own | asked)])
    gone = own | {"slo_id": "gone", "app_id": "none", "target_pct": 95.0}
    put(lake, Slos, [version(Slos, 1, **gone), version(Slos, 2, **gone) | {"is_deleted": True}])
    quick = {"slo_id": "blog-response", "app_id": "blog", "kind": "threshold", "name": "Quick"}
    put(lake, Slos, [version(Slos, **quick, threshold=300.0), version(Slos, **quick | {"slo_id": "x"}, threshold=1.0)])
    warehouse = published()
    targets = {name: (one["target"], one["target_name"]) for name, one in facts_of(warehouse, "availability").items()}
    assert targets == {"shop": (96.0, "Up 2"), "blog": (None, None), "none": (None, None)}
    assert facts_of(warehouse, "latency")["blog"]["target"] == 300.0


def test_reasons_add_up_to_the_cent() -> None:
    """25 alerts, 0.25 each: 6.25, all 100 points lost; 4.00 each, 20 by name and 5 as one entry."""
    rows = judged([fact("alerts")], [proof("alerts", f"a{n:02}", grade="warning") for n in range(25)])
    entries = json.loads(rows["alerts"]["reasons"])
    assert [entry["id"] for entry in entries] == [*(f"a{n:02}" for n in range(20)), None]
    assert [entry["lost"] for entry in entries] == [4.0] * 20 + [20.0]
    assert entries[-1]["text"] == "and 5 more"
    thirds = judged([fact("alerts")], [proof("alerts", name, grade="critical") for name in "abc"])
    lost = [entry["lost"] for entry in json.loads(thirds["alerts"]["reasons"])]
    assert lost == [33.33, 33.34, 33.33]


def test_blame_is_by_what_is_above_the_mark() -> None:
    """Latency 1.75 of 200 ms -> 25 lost: 0.75 * (400 - 200) = 150 and 0.25 * (250 - 200) = 12.5; 92.3 and 7.7 %.

    25 * 150 / 162.5 = 23.08, the rest 1.92; the one within the objective is not to blame.
    """
    rows = [proof("latency", "slow", 400.0, weight=0.75), proof("latency", "less", 250.0, weight=0.25)]
    rows.append(proof("latency", "quick", 200.0, weight=0.5))
    told = json.loads(judged([fact("latency", 350.0)], rows)["latency"]["reasons"])
    assert [(entry["id"], entry["lost"]) for entry in told] == [("slow", 23.08), ("less", 1.92)]


def test_points_lost_without_a_row_name_the_figure() -> None:
    told = json.loads(judged([fact("cost", 115.0, 100.0)])["cost"]["reasons"])
    assert told == [
        {
            "table": "app_score_facts",
            "id": "shop/cost",
            "text": "what the month costs at the present rate / its budget: 1.15",
            "lost": 50.0,
        }
    ]


def test_hostile_words_stay_words() -> None:
    word = '"}],<script>\n\\é'
    reasons = judged([fact("alerts")], [proof("alerts", word, grade="critical", text=word)])["alerts"]["reasons"]
    assert [(entry["id"], entry["text"]) for entry in json.loads(reasons)] == [(word, word)]
    long = judged([fact("alerts")], [proof("alerts", "a", grade="critical", text="x" * 999)])["alerts"]["reasons"]
    assert json.loads(long)[0]["text"] == "x" * 200


@pytest.mark.parametrize(
    ("day", "hour", "rate", "month"),
    [(1, 12, 620.0, 2), (2, 23, 620.0, 2), (3, 12, 310.0, 3), (15, 0, 310.0, 3)],
)
def test_the_rate_of_a_month(lake: Lake, published: Published, day: int, hour: int, rate: float, month: int) -> None:
    """February cost 620, March costs 10 a day. Days 1 and 2: February. From day 3 on: whole days / share covered.

    Day 3, 12:00: 20 of two whole days (the third day's 5 so far tell nothing) * 31 / 2 = 310.
    Day 15, 00:00: 140 * 31 / 14 = 310.
    """
    now = NOW.replace(day=day, hour=hour)
    declared(lake)
    put(lake, AppLinks, [link("shop", "cost", "tag:app=shop")])
    put(lake, Budgets, [budget()])
    whole = day - 1
    charges = [charge(n, NOW.replace(day=n, hour=0), "10") for n in range(1, whole + 1)]
    charges += [charge(90, NOW.replace(day=day, hour=0), "5")] if hour == 12 else []
    put(lake, FocusCost, [charge(99, NOW.replace(month=2, day=3, hour=0), "620"), *charges])
    told = published(now).rows("select month_cost, month_on, limit_amount from app_score_costs").row(0)
    assert told == (pytest.approx(rate), date(2026, month, 1), 310.0)


def month_cost(published: Published, now: datetime = NOW) -> tuple[Any, ...]:
    return published(now).rows("select month_cost, month_on from app_score_costs").row(0)


def test_whole_days_are_told_ahead_of_time(lake: Lake, published: Published) -> None:
    """3 January, 00:05, three charges of a whole day of 5 each: two days are complete, 10 * 31 / 2 = 155."""
    declared(lake)
    put(lake, AppLinks, [link("shop", "cost", "tag:app=shop")])
    put(lake, Budgets, [budget()])
    put(lake, FocusCost, [charge(n, NOW.replace(month=1, day=n, hour=0), "5") for n in (1, 2, 3)])
    assert month_cost(published, NOW.replace(month=1, day=3, hour=0, minute=5)) == (
        pytest.approx(155),
        date(2026, 1, 1),
    )


def test_charges_of_longer_periods_count_once(lake: Lake, published: Published) -> None:
    """10 March: 9 days of 2 are 18 * 31 / 9 = 62; the subscription of the month, 100 on the 1st, makes it 162.

    The hour of 1.8 is a part of its day: 1.8 * 31 / 9 = 6.2. The week of 30 counts as it is: 162 + 6.2 + 30 = 198.2.
    """
    declared(lake)
    put(lake, AppLinks, [link("shop", "cost", "tag:app=shop")])
    put(lake, Budgets, [budget()])
    first = NOW.replace(day=1, hour=0)
    days = [charge(n, NOW.replace(day=n, hour=0), "2") for n in range(1, 10)]
    longer = [charge(20, first, "100", ChargePeriodEnd=first + 31 * DAY)]
    longer += [charge(21, first + DAY, "30", ChargePeriodEnd=first + 8 * DAY)]
    hour = charge(22, first + HOUR, "1.8", ChargePeriodEnd=first + 2 * HOUR)
    put(lake, FocusCost, [*days, *longer, hour])
    assert month_cost(published) == (Decimal("198.2"), date(2026, 3, 1))


@pytest.mark.parametrize(("day", "expected"), [(2, (100.0, 2)), (3, (120.0, 3)), (10, (120.0, 3))])
def test_a_bill_of_months_alone_is_not_extrapolated(
    lake: Lake, published: Published, day: int, expected: tuple[float, int]
) -> None:
    """100 for February, 120 for March: nothing but the time tells what is covered, two days from the 3rd on."""
    declared(lake)
    put(lake, AppLinks, [link("shop", "cost", "tag:app=shop")])
    put(lake, Budgets, [budget()])
    february, march, april = (datetime(2026, month, 1, tzinfo=UTC) for month in (2, 3, 4))
    months = [charge(1, february, "100", ChargePeriodEnd=march), charge(2, march, "120", ChargePeriodEnd=april)]
    put(lake, FocusCost, months)
    cost, month = expected
    assert month_cost(published, NOW.replace(day=day)) == (cost, date(2026, month, 1))


@pytest.mark.parametrize(
    ("source", "until", "expected"),
    [
        pytest.param("t1", 3, (0.0, date(2026, 3, 1)), id="its bill covers two days: 0 so far"),
        pytest.param("t1", 2, (620.0, date(2026, 2, 1)), id="its bill covers a day: February"),
        pytest.param("t2", 3, (620.0, date(2026, 2, 1)), id="another source's bill covers two days: February"),
    ],
)
def test_an_application_without_a_charge_this_month(
    lake: Lake, published: Published, source: str, until: int, expected: tuple[float, date]
) -> None:
    """10 March: shop's 620 of February came from t1, whose bill (or another's) of March has others' charges only."""
    declared(lake)
    put(lake, AppLinks, [link("shop", "cost", "tag:app=shop")])
    put(lake, Budgets, [budget()])
    put(lake, FocusCost, [charge(99, NOW.replace(month=2, day=3, hour=0), "620")])
    others = [charge(n, NOW.replace(day=n, hour=0), "10", Tags=None, x_SourceExport="f") for n in range(1, until)]
    put(lake, FocusCost, others, source)
    assert month_cost(published) == expected


def test_budgets_of_other_periods_and_out_of_force(lake: Lake, published: Published) -> None:
    """1,200 a year are 100 a month, 1,200 a quarter 400."""
    cases: dict[str, tuple[Row, float | None]] = {
        "year": ({"period": "year", "limit_amount": Decimal(1200)}, 100.0),
        "quarter": ({"period": "quarter", "limit_amount": Decimal(1200)}, 400.0),
        "over": ({"ends_on": TODAY - DAY}, None),
        "not-yet": ({"starts_on": TODAY + DAY}, None),
        "deleted": ({"is_deleted": True}, None),
        "zero": ({"limit_amount": Decimal(0)}, None),
    }
    declared(lake, *cases)
    put(lake, Budgets, [budget(app_id=name, budget_id=name) | values for name, (values, _) in cases.items()])
    rows = facts_of(published(), "cost")
    assert {name: one["target"] for name, one in rows.items()} == {name: limit for name, (_, limit) in cases.items()}
    assert rows["year"]["no_data_reason"] == "no cost in USD is known for this month or the last"
    assert rows["over"]["no_data_reason"] == "no budget is set"


def test_deadlines_of_findings(lake: Lake, published: Published) -> None:
    """The last day is no fault, the next one is: critical 7, high 30, medium 90, low 120; grade * 50 points lost."""
    cases = {"critical": (7, 50.0), "high": (30, 25.0), "medium": (90, 5.0), "low": (120, 1.0), "unknown": (90, 5.0)}
    declared(lake, *(f"{name}-{late}" for name in (*cases, "info") for late in (0, 1)))
    found = [
        finding(f"{name}-{late}", days + late, severity=name, app_id=f"{name}-{late}")
        for name, (days, _) in (cases | {"info": (999, 0.0)}).items()
        for late in (0, 1)
    ]
    put(lake, Findings, found)
    lost = {name: one["lost_score"] for name, one in told(published(), "security").items()}
    late = {f"{name}-1": points for name, (_, points) in cases.items()}
    assert lost == dict.fromkeys(lost, 0.0) | late
    assert len(lost) == 12


def test_a_known_exploited_finding_is_due_earlier(lake: Lake, published: Published) -> None:
    """Medium, 10 days old, 80 to go. CISA's date was yesterday, by an alias: 0.1 -> 95. Due today, it has a day."""
    declared(lake, "late", "today", "later")
    own = {"severity": "medium"}
    found = [
        finding("late", 10, app_id="late", advisory_ids=["GHSA-1"], **own),
        finding("today", 10, app_id="today", advisory_ids=["cve-2026-2"], **own),
        finding("later", 91, app_id="later", advisory_ids=["CVE-2026-3"], **own),
    ]
    put(lake, Findings, found)
    put(lake, Advisories, [row(Advisories, advisory_id="ghsa-1", aliases=["CVE-2026-1"])])
    due = {"CVE-2026-1": TODAY - DAY, "CVE-2026-2": TODAY, "CVE-2026-3": TODAY + 9 * DAY}
    put(lake, KevEntries, [row(KevEntries, cve=cve, due_on=due_on) for cve, due_on in due.items()])
    warehouse = published()
    assert scores_of(warehouse, "security") == {"late": 95.0, "today": 100.0, "later": 95.0}
    rows = warehouse.rows("select is_known_exploited, kev_due_on from findings_now where finding_id = 'late'")
    assert rows.row(0) == (True, TODAY - DAY)


def test_decisions_take_a_finding_out_until_they_expire(lake: Lake, published: Published) -> None:
    """What is fixed stays fixed whatever was decided; a decision `open` brings back what the tool let go."""
    cases: dict[str, tuple[str, str, date | None, bool]] = {
        "accepted": ("open", "accepted", None, False),
        "today": ("open", "false_positive", TODAY, False),
        "expired": ("open", "accepted", TODAY - DAY, True),
        "kept": ("unknown", "open", None, True),
        "reopened": ("accepted", "open", None, True),
        "fixed": ("fixed", "open", None, False),
    }
    declared(lake, *cases)
    put(lake, Findings, [finding(name, 10, state=case[0], app_id=name) for name, case in cases.items()])
    said = [
        version(FindingDecisions, finding_key=name, state=case[1], expires_on=case[2]) for name, case in cases.items()
    ]
    gone = [version(FindingDecisions, n, finding_key="kept", state="accepted", is_deleted=n == 3) for n in (2, 3)]
    put(lake, FindingDecisions, [*said, *gone])
    warehouse = published()
    assert dict(warehouse.rows("select finding_id, is_open from findings_now").iter_rows()) == {
        name: case[3] for name, case in cases.items()
    }
    assert scores_of(warehouse, "security") == {name: 50.0 if case[3] else 100.0 for name, case in cases.items()}


def test_findings_find_their_applications(lake: Lake, published: Published) -> None:
    """The longest folder of a repository wins; without a file all may be meant; a stated application alone counts."""
    declared(lake)
    links = [link("shop", "repository", "r"), link("web", "repository", "r", path_prefix="web/")]
    put(lake, AppLinks, [*links, link("shop", "project", "p"), link("web", "component", "c1")])
    put(lake, Components, [component("c1"), component("twin", same_as="c1")])
    where = {
        "a": {"repo_id": "r", "file": "web/x.js"},
        "b": {"repo_id": "r", "file": "webx/x.js"},
        "c": {"repo_id": "r"},
    }
    where |= {"d": {"project_id": "p"}, "e": {"component_id": "twin"}, "f": {}, "g": {"app_id": "blog", "repo_id": "r"}}
    put(lake, Findings, [finding(name, 1) | {"app_id": None} | values for name, values in where.items()])
    rows = dict(published().rows("select finding_id, app_ids from findings_now").iter_rows())
    assert rows == {
        "a": ["web"],
        "b": ["shop"],
        "c": ["shop", "web"],
        "d": ["shop"],
        "e": ["web"],
        "f": [],
        "g": ["blog"],
    }


def test_a_complete_scan_without_findings_is_data(lake: Lake, published: Published) -> None:
    """Nor are code smells a matter of security."""
    cases = {
        "recent": (29, True, 100.0),
        "old": (31, True, None),
        "partial": (1, False, None),
        "smells": (99, True, None),
    }
    declared(lake, *cases)
    put(lake, AppLinks, [link(name, "project", f"p-{name}") for name in cases])
    scans = [
        row(Scans, scan_id=name, project_id=f"p-{name}", started_at=NOW - days * DAY, is_complete=is_complete)
        for name, (days, is_complete, _) in cases.items()
    ]
    put(lake, Scans, scans)
    put(lake, Findings, [finding("f", 99, category="code_smell", app_id="smells")])
    assert scores_of(published(), "security") == {name: score for name, (*_, score) in cases.items()}


def test_no_alert_is_good_only_where_alerts_come_from(lake: Lake, published: Published) -> None:
    """Metrics bring c1 and an alert of something else; probes bring c2 and no alert; a twin of c3 is of metrics.

    That metrics declares an application too says nothing about who would alert for it.
    """
    declared(lake, "shop", "blog", "twin", "stated", "alerted")
    put(lake, Components, [component("c1"), component("c3b", same_as="c3")], "metrics")
    put(lake, Components, [component("c2"), component("c3")], "probes")
    put(lake, AppLinks, [link(name, "component", to) for name, to in (("shop", "c1"), ("blog", "c2"), ("twin", "c3"))])
    alert = row(Alerts, component_id="elsewhere", severity="critical", state="resolved")
    put(lake, Alerts, [alert | {"alert_id": "x"}], "metrics")
    stated = {"component_id": None, "app_id": "alerted", "state": "firing"}
    put(lake, Alerts, [alert | {"alert_id": "y"} | stated], "pushed")
    declared(lake, "stated", source="metrics")
    told = {"shop": 100.0, "blog": None, "twin": 100.0, "stated": None, "alerted": 50.0}
    assert scores_of(published(), "alerts") == told


def test_an_alert_on_a_shared_component_takes_from_each_application(lake: Lake, published: Published) -> None:
    """A warning, 0.25 -> 87.5; acknowledged is open still, and mere information takes nothing."""
    declared(lake, "shop", "blog")
    put(lake, Components, [component("c1")])
    put(lake, AppLinks, [link("shop", "component", "c1"), link("blog", "component", "c1")])
    own = {"component_id": "c1", "title": "slow"}
    alerts = [row(Alerts, alert_id="w", severity="warning", state="acknowledged", **own)]
    put(lake, Alerts, [*alerts, row(Alerts, alert_id="i", severity="info", state="firing", **own)])
    rows = told(published(), "alerts")
    assert {name: (one["score"], ids(one)) for name, one in rows.items()} == {
        "shop": (87.5, ["w"]),
        "blog": (87.5, ["w"]),
    }


def test_deployments_of_90_days_where_30_have_none(lake: Lake, published: Published) -> None:
    """Old: one of 91 days. Late: one of two failed 40 and 50 days ago, 50 %. Now: the same, and one good: 0 of 1."""
    declared(lake, "old", "late", "now")
    failed = {"status": "failed"}
    rows = [shipped("o", 91, app_id="old", **failed), shipped("s", 1, app_id="old", env_tier="staging")]
    for app_id in ("late", "now"):
        rows += [shipped(f"{app_id}1", 40, app_id=app_id), shipped(f"{app_id}2", 50, app_id=app_id, **failed)]
    put(lake, Deployments, [*rows, shipped("now3", 10, app_id="now")])
    warehouse = published()
    assert {name: one["value"] for name, one in facts_of(warehouse, "delivery").items()} == {
        "old": None,
        "late": 50.0,
        "now": 0.0,
    }
    assert {name: ids(one) for name, one in told(warehouse, "delivery").items() if name != "old"} == {
        "late": ["late2"],
        "now": [],
    }


def test_the_worst_of_the_vitals_counts(lake: Lake, published: Published) -> None:
    """1.09 % of 1.09 % = 1.0 -> 50; 0.47 % of 0.47 % too; 1 % crashed sessions are twice 0.5 %; half a limit is 100.

    A day older than 28 days is not seen. Without a store app there is no data, whatever an SDK tells.
    """
    cases = {
        "crash": (0.0109, 0.001, 0, 50.0, ["crash/user_perceived_crash"]),
        "hang": (0.001, 0.0047, 1, 50.0, ["hang/user_perceived_anr"]),
        "sessions": (0.001, 0.001, 10, 0.0, ["sessions"]),
        "good": (0.00545, 0.001, 2, 100.0, []),
    }
    declared(lake, *cases, "web")
    put(lake, AppLinks, [link(name, kind, name) for name in cases for kind in ("store_app", "firebase_app")])
    put(lake, AppLinks, [link("web", "project", "web")], "t2")
    vitals, sessions = [], [("web", 500)]
    for name, (crash, hang, crashed, *_) in cases.items():
        own = {"store_app_id": name, "unit": "ratio", "user_count": 100}
        days = [("user_perceived_crash", crash, 1), ("user_perceived_anr", hang, 27), ("user_perceived_crash", 0.9, 28)]
        vitals += [row(MobileVitalsDaily, **own, vital=v, value=x, day=TODAY - days * DAY) for v, x, days in days]
        sessions.append((name, crashed))
    put(lake, MobileVitalsDaily, vitals)
    day = {"env_tier": "production", "day": TODAY - DAY, "session_count": 1000}
    told_by = [row(ReleaseHealthDaily, **day, project_id=name, crashed_session_count=n) for name, n in sessions]
    put(lake, ReleaseHealthDaily, told_by)
    rows = told(published(), "mobile")
    assert rows.pop("web")["score"] is None
    assert {name: (one["score"], ids(one)) for name, one in rows.items()} == {
        name: (score, worst) for name, (*_, score, worst) in cases.items()
    }


def test_response_times_without_requests_count_alike(lake: Lake, published: Published) -> None:
    """100 and 300 ms, no requests told: 200. A server's answers and samples of 25 hours ago do not count."""
    declared(lake)
    put(lake, Components, [component("a", type="api"), component("b", type="api"), component("s", type="server")])
    put(lake, AppLinks, [link("shop", "component", name) for name in "abs"])
    samples = [health("a", NOW - HOUR, response_time_ms=100.0), health("b", NOW - HOUR, response_time_ms=300.0)]
    samples += [health("s", NOW - HOUR, response_time_ms=9000.0), health("a", NOW - 25 * HOUR, response_time_ms=9000.0)]
    put(lake, ComponentHealth, samples)
    assert facts_of(published(), "latency")["shop"]["value"] == 200.0


def changed(tmp_path: Path, before: str, after: str) -> Path:
    text = FILE.read_text()
    assert before in text
    path = tmp_path / "score.toml"
    path.write_text(text.replace(before, after, 1))
    return path


@pytest.mark.parametrize(
    ("before", "after", "sentence"),
    [
        ("weight = 0.20", "wieght = 0.20", "availability.weight: it is missing: add it"),
        ("weight = 0.20", "weight = 0.2\nnote = 1", "availability.note: there is no such setting: remove it"),
        ("weight = 0.20", "weight = -1", "availability.weight: write a number from 0 on"),
        ("weight = 0.20", "weight = nan", "availability.weight: write a number"),
        ("half_at = 1.0", "half_at = 3.0", "availability: full_at must be less than half_at"),
        ("critical = 7", 'critical = "soon"', "security.deadline_days.critical: write a whole number"),
        ("critical = 1.0, warning", "warning", "alerts.grades.critical: it is missing"),
        ("[availability]", "availability", "this is not TOML"),
        ("[mobile]", "[mobil]", "mobile: it is missing"),
    ],
)
def test_rules_that_are_wrong_are_told_in_a_sentence(tmp_path: Path, before: str, after: str, sentence: str) -> None:
    path = changed(tmp_path, before, after)
    with pytest.raises(SettingsError) as caught:
        load_rules(path)
    assert str(caught.value).startswith(f"{path}: {sentence}")


def test_rules_that_are_not_there_or_weigh_nothing(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read"):
        load_rules(tmp_path / "none.toml")
    path = tmp_path / "score.toml"
    lines = ["weight = 0" if line.startswith("weight") else line for line in FILE.read_text().splitlines()]
    path.write_text("\n".join(lines))
    with pytest.raises(SettingsError, match="all weights are 0: give at least one part a weight"):
        load_rules(path)


def test_the_rules_may_change_a_grade(tmp_path: Path) -> None:
    rules = load_rules(changed(tmp_path, "critical = 7", "critical = 1"))
    facts = pl.DataFrame([fact("security")], schema=FACT)
    seen = (NOW - timedelta(days=2)).replace(tzinfo=None)
    late = pl.DataFrame([proof("security", "f", grade="critical", occurred_at=seen)], schema=EVIDENCE)
    assert scores(facts, late, RULES, TODAY)["score"].to_list() == [100.0]
    assert scores(facts, late, rules, TODAY)["score"].to_list() == [50.0]
