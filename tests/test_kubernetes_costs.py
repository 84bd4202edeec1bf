"""What clusters cost while they are idle, and what each workload costs: hand-made days, worked out by hand."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from aurora.contracts import Row
from aurora.contracts.cost import CostAllocations
from aurora.contracts.estate import AppLinks, Components
from ingest.demo.cluster import MIX, WORKLOADS, allocation_rows
from ingest.demo.world import Slice, World
from tests.conftest import Published
from tests.frames import component, link, put
from warehouse.lake import Lake

DAY = date(2026, 3, 9)


def part(component_id: str, total: str, **more: Any) -> Row:
    """A workload's row of one day."""
    least = {
        "component_id": component_id,
        "cluster": "prod",
        "day": DAY,
        "total_cost": Decimal(total),
        "currency": "EUR",
    }
    return least | more


def test_idle_is_its_part_of_all_that_the_cluster_cost(lake: Lake, published: Published) -> None:
    """5.10 + 1.90 of workloads and 3 of idle capacity (2 cores, 1 memory): 10 in all, 0.3 of it idle.

    Idle capacity as OpenCost defines it: https://opencost.io/docs/specification (cluster idle costs).
    """
    idle = part("k:__idle__", "3", cpu_cost=Decimal(2), memory_cost=Decimal(1), idle_cost=Decimal(3))
    put(
        lake,
        CostAllocations,
        [part("k:deployment/shop/a", "5.10", idle_cost=Decimal(1)), part("k:job/b/c", "1.90"), idle],
    )
    put(lake, CostAllocations, [part("o:deployment/shop/a", "4", cluster="test")], "s2")
    first, second = published().rows("from kubernetes_idle order by cluster").iter_rows(named=True)
    assert (first["total_cost"], first["idle_cost"], first["idle_ratio"]) == (Decimal(10), Decimal(3), 0.3)
    assert (first["idle_cpu_cost"], first["idle_memory_cost"], first["workload_count"]) == (Decimal(2), Decimal(1), 2)
    assert (second["cluster"], second["total_cost"], second["idle_cost"], second["idle_ratio"]) == (
        *("test", Decimal(4)),
        *(None, None),
    )


def test_a_cluster_that_cost_nothing_has_no_share(lake: Lake, published: Published) -> None:
    put(lake, CostAllocations, [part("k:__idle__", "0"), part("k:job/b/c", "0")])
    (row,) = published().rows("from kubernetes_idle").iter_rows(named=True)
    assert (row["total_cost"], row["idle_cost"], row["idle_ratio"]) == (0, 0, None)


def test_a_workload_has_its_name_its_applications_and_is_told_once(lake: Lake, published: Published) -> None:
    """Linked by the cluster's own id; of two sources one counts; idle capacity is no workload."""
    put(lake, Components, [component("k:deployment/shop/a", name="Checkout")], "k")
    put(lake, AppLinks, [link("shop", "component", "k:deployment/shop/.*", is_pattern=True)])
    put(lake, CostAllocations, [part("k:deployment/shop/a", "5"), part("k:__idle__", "3")], "s1")
    odd = part("k:kube-system/__unallocated__/__unallocated__", "1", k8s_namespace="kube-system")
    put(lake, CostAllocations, [part("k:deployment/shop/a", "6"), odd], "s2")
    rows = published().rows("from kubernetes_costs order by component_id").to_dicts()
    assert [(row["name"], row["app_ids"]) for row in rows] == [("Checkout", ["shop"]), ("__unallocated__", [])]
    assert rows[0]["total_cost"] == Decimal(5)
    assert rows[1]["cpu_cost"] is None


def test_the_demo_cluster_has_a_row_for_each_workload_and_day_and_over_a_third_of_it_idle() -> None:
    """Of three whole days: 15 workloads, what nobody claims, idle capacity; parts add up to each total exactly."""
    anchor = datetime(2026, 3, 10, 12, tzinfo=UTC)
    world = World("demo", 7, anchor, anchor - timedelta(days=3))
    rows = list(allocation_rows(world, Slice(anchor - timedelta(days=3), anchor)))
    assert len(rows) == 3 * (len(WORKLOADS) + 2)
    assert all(row["total_cost"] == sum(row[name] for name, _ in MIX) for row in rows)
    idle = sum(row["total_cost"] for row in rows if row["component_id"] == "demo:__idle__")
    assert Decimal("0.33") <= idle / sum(row["total_cost"] for row in rows) <= Decimal("0.39")
    parts = [
        list(allocation_rows(world, Slice(anchor - timedelta(hours=h + 9), anchor - timedelta(hours=h))))
        for h in (0, 9)
    ]
    assert [len(part) for part in parts] == [0, len(rows) // 3]
