"""The rules of savings, each against a bill and loads whose saving a person worked out; and what each must not say."""

import json
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from aurora.contracts import Row
from aurora.contracts.cost import CostAllocations, CostDays, FocusCost
from aurora.contracts.estate import Applications, AppLinks, Components
from aurora.contracts.operations import ComponentHealth, DbStats, MetricPoints
from tests.conftest import Published
from tests.frames import DAY, HOUR, NOW, component, link, put, row
from tests.savings_frames import MIDNIGHT, charge, charges, samples
from warehouse.lake import Lake

# 10 a day: 300 in 30 days, times 30.4 / 30.
MONTH = Decimal("304.00")


def found(published: Published, rule: str) -> list[Row]:
    frame = published().rows(f"from savings_{rule} order by subject_id, currency")
    return [one | {"evidence": json.loads(one["evidence"])} for one in frame.iter_rows(named=True)]


def machine(lake: Lake, cpu: float | None, memory: float | None, days: int = 16, **values: Any) -> None:
    """Component t1:vm, with 8 cores, on the bill at 10 a day."""
    put(lake, Components, [component("t1:vm", cpu_count=8, **values)])
    put(lake, ComponentHealth, samples("t1:vm", cpu, memory, days))
    put(lake, FocusCost, charges("vm", "10"))


def test_what_a_resource_costs_a_month(lake: Lake, published: Published) -> None:
    """vm: 10 on each of 30 days; new: 6 on the last 3 days is 18 * 30.4 / 3 = 182.40; a credit of 2 is taken off.

    old ended 5 days ago; free costs 0, back is paid back more than it costs; year is a charge for a year.
    """
    back = [charge("back", "1", 1), charge("back", "-5", 2)]
    year = charge("year", "900", 1) | {"ChargePeriodEnd": MIDNIGHT + 364 * DAY}
    credit = charge("vm", "-2", 1, part="credit", ChargeCategory="Credit")
    lines = [*charges("vm", "10"), credit, *charges("new", "6", range(1, 4)), *charges("old", "6", range(5, 40))]
    put(lake, FocusCost, [*lines, *charges("free", "0"), *back, year])
    rows = published().rows("select resource_id, month_cost, window_day_count from resource_costs order by 1").rows()
    # 298 * 1.013333
    assert rows == [("new", Decimal("182.40"), 3), ("vm", Decimal("301.97"), 30)]


def test_two_currencies_of_one_resource_are_two_costs(lake: Lake, published: Published) -> None:
    put(lake, FocusCost, [*charges("vm", "10"), *charges("vm", "5", part="eur", BillingCurrency="EUR")])
    rows = published().rows("select currency, month_cost from resource_costs order by 1").rows()
    assert rows == [("EUR", Decimal("152.00")), ("USD", MONTH)]


def test_a_cost_beyond_all_money_and_a_cost_that_nobody_tells_are_no_cost(lake: Lake, published: Published) -> None:
    most = "99999999999999999999"
    put(lake, FocusCost, [*charges("dear", most), *charges("vm", "10")])
    day = row(CostDays, day=(NOW - DAY).date(), resource_id="untold", provider="AWS", billed_cost=None)
    put(lake, CostDays, [day | {"effective_cost": None}])
    assert published().rows("select resource_id from resource_costs").rows() == [("vm",)]
    assert found(published, "rightsizing") == []


@pytest.mark.parametrize(
    ("resource", "component_id", "values"),
    [
        ("vm", "t1:vm", {}),
        ("arn:aws:ec2:eu-west-1:1:instance/i-0ab", "t1:i-0ab", {}),
        ("/subscriptions/s/providers/vm/Web1", "t1:web1", {}),
        ("projects/p/disks/d", "t1:x", {"cloud_resource_id": "projects/p/disks/d"}),
        ("vm", "t1:twin", {"cloud_resource_id": "vm", "same_as": "t1:vm"}),
    ],
)
def test_a_resource_is_the_component_of_its_id(
    lake: Lake, published: Published, resource: str, component_id: str, values: Row
) -> None:
    put(lake, Components, [component(component_id, **values), component("t1:other")])
    put(lake, FocusCost, charges(resource, "10"))
    expected = values.get("same_as") or component_id
    assert published().rows("select component_id from resource_facts").rows() == [(expected,)]


def test_a_plain_name_with_a_slash_is_no_component_of_its_last_part(lake: Lake, published: Published) -> None:
    put(lake, Components, [component("t1:shop")])
    put(lake, FocusCost, charges("log-storage/shop", "10"))
    assert published().rows("select component_id from resource_facts").rows() == [(None,)]


def test_a_resource_belongs_to_the_application_of_its_nearest_link(lake: Lake, published: Published) -> None:
    put(lake, FocusCost, [*charges("vm", "10", Tags='{"team": "x"}'), *charges("db", "10")])
    put(lake, Applications, [row(Applications, app_id=name) for name in ("a", "b", "c")])
    links = [link("a", "cost", "account:acc"), link("b", "cost", "tag:team=x"), link("c", "cost", "resource:none")]
    put(lake, AppLinks, links)
    rows = published().rows("select resource_id, app_id from resource_facts order by 1").rows()
    assert rows == [("db", "a"), ("vm", "b")]


def test_rightsizing_halves_while_p99_stays_at_80(lake: Lake, published: Published) -> None:
    """P99 of 18 % CPU and 35 % memory: half is 36 and 70, a quarter 140 % of memory: once, and 152 of 304 are saved."""
    machine(lake, 18, 35)
    (one,) = found(published, "rightsizing")
    assert (one["saving_amount"], one["base_cost"], one["currency"]) == (Decimal("152.00"), MONTH, "USD")
    assert (one["component_id"], one["risk"], one["is_guarded"]) == ("t1:vm", "low", True)
    assert one["evidence"]["halvings"] == 1
    assert one["evidence"]["memory_p99_pct"] == pytest.approx(35, rel=0.01)
    assert one["suggestion"].startswith("Take 4 of 8 cores")
    assert found(published, "simple") == [], "P99 is known"


def test_rightsizing_halves_twice_where_a_quarter_is_enough(lake: Lake, published: Published) -> None:
    """19 % twice doubled is 76 %: three quarters of 304 are 228."""
    machine(lake, 19, 19)
    (one,) = found(published, "rightsizing")
    assert (one["saving_amount"], one["risk"]) == (Decimal("228.00"), "medium")


@pytest.mark.parametrize(
    ("cpu", "memory", "days", "values"),
    [
        pytest.param(10, 45, 16, {}, id="half the memory would be at 90 %"),
        pytest.param(10, None, 16, {}, id="memory that nobody measures is not low"),
        pytest.param(None, 10, 16, {}, id="nor is CPU"),
        pytest.param(10, 10, 10, {}, id="ten days are too short"),
        pytest.param(10, 10, 16, {"cpu_count": 1}, id="below one core there is nothing"),
        pytest.param(10, 10, 16, {"type": "api"}, id="an API has no size of its own"),
    ],
)
def test_rightsizing_says_nothing(
    lake: Lake, published: Published, cpu: float | None, memory: float | None, days: int, values: Row
) -> None:
    put(lake, Components, [component("t1:vm", **({"cpu_count": 8} | values))])
    put(lake, ComponentHealth, samples("t1:vm", cpu, memory, days))
    put(lake, FocusCost, charges("vm", "10"))
    assert found(published, "rightsizing") == []


def test_a_short_peak_is_seen_by_p99_and_not_by_the_mean(lake: Lake, published: Published) -> None:
    """Half an hour of each day at 95 % is 2 % of the time: the mean is 12 %, P99 95 %."""
    put(lake, Components, [component("t1:vm", cpu_count=8)])
    half = timedelta(minutes=30)
    rows = samples("t1:vm", 10, 10, 16, half)
    for one in rows:
        if one["ts_start"].hour == 3 and one["ts_start"].minute == 0:
            one["cpu_pct"] = 95.0
    put(lake, ComponentHealth, rows)
    put(lake, FocusCost, charges("vm", "10"))
    assert found(published, "rightsizing") == []
    assert found(published, "simple") == []


def test_simple_is_for_what_is_not_measured_long_enough(lake: Lake, published: Published) -> None:
    """CPU 20 % below 30, memory 30 % below 40: 0.4 of 304 is 121.60."""
    machine(lake, 20, 30, days=7)
    (one,) = found(published, "simple")
    assert (one["saving_amount"], one["confidence_ratio"]) == (Decimal("121.60"), Decimal("0.3"))
    assert found(published, "rightsizing") == []


@pytest.mark.parametrize(("cpu", "memory", "days"), [(30, 30, 7), (20, 40, 7), (20, None, 7), (20, 30, 1)])
def test_simple_says_nothing(lake: Lake, published: Published, cpu: float, memory: float | None, days: int) -> None:
    machine(lake, cpu, memory, days)
    assert found(published, "simple") == []


def test_an_idle_machine_saves_all_of_it(lake: Lake, published: Published) -> None:
    machine(lake, 4, 20)
    (one,) = found(published, "idle")
    assert (one["saving_amount"], one["confidence_ratio"]) == (MONTH, Decimal("0.4"))


@pytest.mark.parametrize(("bytes_a_day", "is_idle"), [(86_400_000.0, True), (100_000_000.0, False)])
def test_the_network_says_whether_a_machine_is_idle(
    lake: Lake, published: Published, bytes_a_day: float, is_idle: bool
) -> None:
    """86,400,000 bytes a day on 7 days are 1,000 a second."""
    machine(lake, 4, 20)
    points = [
        row(MetricPoints, series_id="n", metric="system.network.io", component_id="t1:vm", agg="sum", value=bytes_a_day)
        | {"ts_start": NOW - ago * DAY, "ts_end": NOW - ago * DAY + HOUR}
        for ago in range(1, 8)
    ]
    put(lake, MetricPoints, points)
    assert bool(found(published, "idle")) is is_idle


def test_a_busy_or_asked_machine_is_not_idle(lake: Lake, published: Published) -> None:
    put(lake, Components, [component("t1:vm"), component("t1:asked")])
    put(lake, ComponentHealth, samples("t1:vm", 6, 20) + samples("t1:asked", 4, 20, requests_per_minute=2.0))
    put(lake, FocusCost, charges("vm", "10") + charges("asked", "10"))
    assert found(published, "idle") == []


@pytest.mark.parametrize(("used", "days", "count"), [(1, 8, 1), (2, 8, 0), (1, 3, 0)])
def test_a_database_without_connections_is_idle(
    lake: Lake, published: Published, used: int, days: int, count: int
) -> None:
    put(lake, Components, [component("t1:db", type="database")])
    told = [
        row(DbStats, component_id="t1:db", database="d", observed_at=NOW - ago * DAY, connections_used=used)
        for ago in range(days)
    ]
    put(lake, DbStats, told)
    put(lake, FocusCost, charges("db", "10", ServiceCategory="Databases"))
    assert len(found(published, "idle")) == count


def test_what_the_bill_calls_unattached_is_idle(lake: Lake, published: Published) -> None:
    lines = charges("ip", "0.12", SkuMeter="ElasticIP:IdleAddress") + charges("disk", "2", SkuMeter="Unattached disk")
    put(lake, FocusCost, lines + charges("vm", "10", SkuMeter="BoxUsage:m5.large"))
    assert {one["resource_id"]: one["saving_amount"] for one in found(published, "idle")} == {
        "disk": Decimal("60.80"),
        "ip": Decimal("3.65"),
    }


def test_what_nobody_knows_is_orphaned_where_others_of_its_kind_are_known(lake: Lake, published: Published) -> None:
    """vm is a component, so lost would be one too; nobody knows anything of queues; a commitment is no resource."""
    put(lake, Components, [component("t1:vm")])
    unused: Row = {"CommitmentDiscountId": "plan", "CommitmentDiscountStatus": "Unused"}
    lines = [*charges("vm", "10"), *charges("lost", "10"), *charges("q", "10", ServiceName="Queue")]
    put(lake, FocusCost, [*lines, *charges("plan", "10", **unused), *charges("cheap", "0.01")])
    (one,) = found(published, "orphaned")
    assert (one["subject_id"], one["saving_amount"], one["risk"]) == ("resource:lost", MONTH, "high")


@pytest.mark.parametrize(
    ("sku", "saved"),
    [
        ("BoxUsage:m4.large", "12.16"),  # 4 % of 304
        ("EUW1-BoxUsage:t2.micro", "30.40"),
        ("EBS:VolumeUsage.gp2", "60.80"),
        ("N1 Predefined Instance Core", "88.16"),
        ("D2 v2/DS2 v2", "48.64"),
        ("BoxUsage:m5.large", None),
        ("BoxUsage:xm4.large", None),
    ],
)
def test_old_generations(lake: Lake, published: Published, sku: str, saved: str | None) -> None:
    put(lake, FocusCost, charges("vm", "10", SkuMeter=sku))
    assert [one["saving_amount"] for one in found(published, "generation")] == ([Decimal(saved)] if saved else [])


def test_what_is_unused_of_a_commitment(lake: Lake, published: Published) -> None:
    """8 used and 2 unused a day: 80 % used, and 2 * 30.4 = 60.80 a month are paid for nothing; not so at 95 %."""
    told: Row = {"CommitmentDiscountId": "plan", "PricingCategory": "Committed"}
    fine: Row = {"CommitmentDiscountId": "fine", "PricingCategory": "Committed"}
    lines = charges("vm", "8", CommitmentDiscountStatus="Used", **told)
    lines += charges("plan", "2", CommitmentDiscountStatus="Unused", **told)
    lines += charges("vm2", "9.5", CommitmentDiscountStatus="Used", **fine)
    put(lake, FocusCost, lines + charges("fine", "0.5", CommitmentDiscountStatus="Unused", **fine))
    (one,) = found(published, "commitment_unused")
    assert (one["subject_id"], one["saving_amount"]) == ("commitment:plan", Decimal("60.80"))
    assert one["evidence"]["utilisation_pct"] == 80


def test_a_commitment_for_what_is_steady(lake: Lake, published: Published) -> None:
    """8 a day and 20 on one: steady are 8, so 243.20 a month, of which 27 % are 65.664; 2 committed of 10.4: 19 %."""
    peak = charge("vm", "12", 3, part="peak", PricingCategory="Standard")
    lines = [*charges("vm", "8", PricingCategory="Standard"), peak]
    used: Row = {"CommitmentDiscountId": "p", "CommitmentDiscountStatus": "Used", "PricingCategory": "Committed"}
    put(lake, FocusCost, lines + charges("vm2", "2", **used))
    (one,) = found(published, "commitment_coverage")
    assert (one["base_cost"], one["saving_amount"]) == (Decimal("243.20"), Decimal("65.664"))
    assert one["subject_id"] == "service:AWS/acc/EC2"
    # 60 committed of 60 + 240 + 12
    assert one["evidence"]["coverage_pct"] == pytest.approx(100 * 60 / 312, abs=0.1)
    assert one["evidence"]["break_even_months"] == 8.8


def test_what_stands_still_on_some_days_is_not_steady(lake: Lake, published: Published) -> None:
    put(lake, FocusCost, charges("vm", "8", range(1, 41, 2), PricingCategory="Standard"))
    assert found(published, "commitment_coverage") == []


@pytest.mark.parametrize(
    ("tags", "weekend", "count"),
    [
        ('{"env": "staging"}', "10", 1),
        ('{"Environment": "Dev"}', "9", 1),
        ('{"env": "staging"}', "1", 0),
        ('{"env": "production"}', "10", 0),
        ('{"env": "device-tests-production"}', "10", 0),
        (None, "10", 0),
    ],
)
def test_non_production_that_never_sleeps(
    lake: Lake, published: Published, tags: str | None, weekend: str, count: int
) -> None:
    lines = [
        charge("vm", weekend if (MIDNIGHT - ago * DAY).isoweekday() > 5 else "10", ago, Tags=tags)
        for ago in range(1, 41)
    ]
    put(lake, FocusCost, lines)
    rows = found(published, "schedule")
    assert len(rows) == count
    if weekend == "10" and rows:
        # 304 * 108 / 168
        assert rows[0]["saving_amount"] == Decimal("195.428528")


def test_a_component_says_that_it_is_not_production_where_no_tag_does(lake: Lake, published: Published) -> None:
    put(lake, Components, [component("t1:vm", env_tier="testing"), component("t1:prod", env_tier="testing")])
    put(lake, FocusCost, charges("vm", "10") + charges("prod", "10", Tags='{"env": "prod"}'))
    assert [one["resource_id"] for one in found(published, "schedule")] == ["vm"]


STORED: Row = {"ServiceCategory": "Storage", "ServiceName": "S3", "ConsumedUnit": "GB-Mo"}


def test_storage_that_is_hardly_read(lake: Lake, published: Published) -> None:
    """Requests of 0.05 a day are 0.5 % of 10: 45 % of (300 + 1.5) * 30.4 / 30 = 305.52 are 137.484."""
    read: Row = STORED | {"ConsumedUnit": "Requests", "part": "r"}
    put(lake, FocusCost, charges("b", "10", **STORED) + charges("b", "0.05", **read))
    (one,) = found(published, "storage")
    assert (one["base_cost"], one["saving_amount"]) == (Decimal("305.52"), Decimal("137.484"))


def test_storage_that_is_read_or_cool_or_neither_large_nor_growing_is_left(lake: Lake, published: Published) -> None:
    read: Row = STORED | {"ConsumedUnit": "Requests", "part": "r"}
    lines = charges("read", "10", **STORED) + charges("read", "1", **read)
    cool: Row = STORED | {"SkuMeter": "TimedStorage-GlacierByteHrs"}
    lines += charges("cool", "10", **cool) + charges("cool", "0.01", **read) + charges("still", "10", **STORED)
    put(lake, FocusCost, lines)
    assert found(published, "storage") == []


def test_large_storage_that_grows(lake: Lake, published: Published) -> None:
    """10 a day until 10 days ago, then 12: 264 + 60... the last 7 days at 12 are 20 % above 10; 22.5 % are saved."""
    lines = [charge("b", "12" if ago <= 10 else "10", ago, **STORED) for ago in range(1, 41)]
    put(lake, FocusCost, lines)
    (one,) = found(published, "storage")
    # 10 days of 12 and 20 of 10 are 320, times 30.4 / 30 = 324.27; 0.225 of it
    assert one["saving_amount"] == Decimal("72.96075")
    assert one["evidence"]["growth_pct"] == 20


def test_logs_that_grew(lake: Lake, published: Published) -> None:
    """30 a day in the last 7 days against 10 in the 28 before: 20 * 30.4 = 608 a month."""
    lines = [charge("logs", "30" if ago <= 7 else "10", ago, ServiceName="Log Storage") for ago in range(1, 41)]
    put(lake, FocusCost, lines + [charge("vm", "30" if ago <= 7 else "10", ago) for ago in range(1, 41)])
    (one,) = found(published, "hot_spot")
    assert (one["resource_id"], one["saving_amount"]) == ("logs", Decimal("608.00"))
    assert one["evidence"]["growth_pct"] == 200


def test_traffic_that_is_as_it_was_is_no_hot_spot(lake: Lake, published: Published) -> None:
    lines = charges("nat", "10", ServiceName="NAT Gateway") + charges("new", "10", range(1, 9), ServiceName="Egress")
    put(lake, FocusCost, lines)
    assert found(published, "hot_spot") == []


@pytest.mark.parametrize(("idle", "days", "saved"), [("40", 14, "608.0000"), ("30", 14, None), ("40", 13, None)])
def test_idle_clusters(lake: Lake, published: Published, idle: str, days: int, saved: str | None) -> None:
    """100 a day, 40 of them idle: 3,040 a month, of which 40 % less the fifth that stays are 608."""
    rows = [
        row(CostAllocations, component_id=name, cluster="c", day=(NOW - ago * DAY).date(), currency="USD")
        | {"total_cost": cost, "idle_cost": None}
        for ago in range(1, days + 1)
        for name, cost in (("c/shop", 100 - Decimal(idle)), ("c/__idle__", Decimal(idle)))
    ]
    put(lake, CostAllocations, rows)
    assert [one["saving_amount"] for one in found(published, "kubernetes")] == ([Decimal(saved)] if saved else [])
