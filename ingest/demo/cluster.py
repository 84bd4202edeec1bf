"""What the cluster costs by day: each workload, what no workload claims, and some 30 % that nobody uses."""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal

from aurora.contracts import Row
from ingest.demo.catalog import APPS, PARTS, Part
from ingest.demo.world import Slice, World

CLUSTER = "horizon-prod"
WORKLOADS = tuple(part for part in PARTS if part.kind == "k8s_workload")
SHARE = 0.2  # of what an application costs in all stands on the cluster
SMALL_USD = 95.0  # a month, of what is no application's main part
OVERHEAD_USD = 6.5  # a day, for what keeps the cluster itself running
IDLE = 0.36
PLACE = Decimal("0.00001")  # as finely as OpenCost tells it
# What a workload's cost is made of.
MIX = (
    ("cpu_cost", 0.56),
    ("memory_cost", 0.3),
    ("storage_cost", 0.06),
    ("network_cost", 0.05),
    ("load_balancer_cost", 0.03),
)


def namespace_of(part: Part) -> str:
    """The namespace of a workload: the product of the application that it is part of, else the default one."""
    mine = [app.product for app in APPS if app.main == part.key] or [
        app.product for app in APPS if part.key in app.needs.split()
    ]
    return mine[0].lower() if mine else "default"


def allocation_rows(world: World, span: Slice) -> Iterator[Row]:
    """What workloads and idle capacity cost on each day that was completed in the slice."""
    for day in span.days():
        rows = [_workload(world, part, day) for part in WORKLOADS]
        rows.append(
            _row(world, day, "kube-system/__unallocated__/__unallocated__", OVERHEAD_USD)
            | {"k8s_namespace": "kube-system"}
        )
        used = sum(row["total_cost"] for row in rows)
        share = world.between(IDLE - 0.03, IDLE + 0.03, CLUSTER, day, "idle")
        idle = _row(world, day, "__idle__", float(used) * share / (1 - share))
        yield from rows
        yield idle | {"idle_cost": idle["total_cost"]}


def _workload(world: World, part: Part, day: datetime) -> Row:
    monthly = max((app.monthly_usd * SHARE for app in APPS if app.main == part.key), default=SMALL_USD)
    level = world.between(0.96, 1.04, part.key, day, "allocated") * (0.94 if day.weekday() >= 5 else 1.02)
    return _row(world, day, part.key, monthly / 30.4 * level) | {
        "k8s_namespace": namespace_of(part),
        "cpu_efficiency_ratio": round(world.between(0.25, 0.7, part.key, "cores") * level, 4),
        "memory_efficiency_ratio": round(world.between(0.5, 0.9, part.key, "memory") * level, 4),
    }


def _row(world: World, day: datetime, native: str, usd: float) -> Row:
    parts = {name: Decimal(round(usd * share * 100_000)) * PLACE for name, share in MIX}
    return parts | {
        "component_id": world.id(native),
        "cluster": CLUSTER,
        "day": day.date(),
        "gpu_cost": Decimal(0),
        "shared_cost": Decimal(0),
        "total_cost": sum(parts.values(), Decimal(0)),
        "currency": "USD",
    }
