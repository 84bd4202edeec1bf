"""What makes each rule of savings speak once, and advice that was accepted, so that its models have rows."""

import json
from decimal import Decimal

from aurora.contracts import Row
from aurora.contracts.cost import CostAllocations, FocusCost
from aurora.contracts.estate import Components
from aurora.contracts.operations import Advice, ComponentHealth
from tests.frames import DAY, NOW, component, put, row
from tests.savings_frames import charge, charges, samples
from warehouse.lake import Lake

SOURCE = "s4"
BY_DEMAND: Row = {"PricingCategory": "Standard"}
PLAN: Row = {"CommitmentDiscountId": "plan", "PricingCategory": "Committed"}
STORED: Row = {"ServiceCategory": "Storage", "ServiceName": "S3", "ConsumedUnit": "GB-Mo"}


def savings(lake: Lake) -> None:
    """A bill of 70 days, loads of two machines, allocations of a cluster, advice in three versions."""
    put(lake, Components, [component("s4:vm", cpu_count=4), component("s4:young")], SOURCE)
    put(lake, ComponentHealth, samples("s4:vm", 20, 20) + samples("s4:young", 20, 20, 5), SOURCE)
    lines = charges("vm", "10", range(1, 71), SkuMeter="BoxUsage:m4.large", Tags='{"env": "test"}', **BY_DEMAND)
    lines += charges("young", "10") + charges("lost", "10") + charges("disk", "1", SkuMeter="unattached")
    lines += charges("vm2", "5", CommitmentDiscountStatus="Used", **PLAN)
    lines += charges("plan", "5", CommitmentDiscountStatus="Unused", **PLAN)
    lines += charges("bucket", "10", **STORED) + charges(
        "bucket", "0.01", part="r", **STORED | {"ConsumedUnit": "Requests"}
    )
    lines += [charge("logs", "30" if ago < 8 else "10", ago, ServiceName="Log Storage") for ago in range(1, 41)]
    put(lake, FocusCost, lines, SOURCE)
    shares = [
        row(CostAllocations, component_id="c/__idle__", cluster="c", day=(NOW - ago * DAY).date(), currency="USD")
        | {"total_cost": Decimal(10)}
        for ago in range(1, 16)
    ]
    put(lake, CostAllocations, shares, SOURCE)
    put(
        lake,
        Advice,
        [_advice(1, 50, "open"), _advice(2, 40, "accepted"), _advice(1, 3, "open", "b")],
        "aurora",
        "aurora",
    )


def _advice(version: int, days_ago: int, state: str, name: str = "a") -> Row:
    told = {"subject": "resource:vm", "provider": "AWS", "counted_amount": "100"}
    return row(Advice, advice_id=name, version=version, type="cost", state=state, changed_at=NOW - days_ago * DAY) | {
        "evidence": json.dumps(told), "saving_amount": Decimal(100), "currency": "USD", "is_deleted": False,
    }  # fmt: skip
