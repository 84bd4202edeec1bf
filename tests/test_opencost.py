"""OpenCost: what a workload and what idle capacity cost; its errors under status 200; days without data."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from aurora.contracts.cost import CostAllocations
from aurora.contracts.estate import Components
from aurora.errors import ErrorClass, SourceError
from ingest.connectors import kubernetes
from ingest.connectors.opencost import OpenCostOptions, connect, connector, placed
from tests.replay import Recording, cursor_of, load, refused, replayed, rows_of

NOW = datetime(2026, 3, 3, 1, 0, tzinfo=UTC)
YESTERDAY = datetime(2026, 3, 2, tzinfo=UTC)
Json = Any


def answered(body: Json, status: int = 200, **options: Any) -> tuple[Any, Any, Any]:
    """What one day's answer becomes."""
    exchange = {"request": {"method": "GET", "path": "/allocation"}, "response": {"status": status, "body": body}}
    return replayed(connector, "allocations", Recording(options, NOW, [exchange], None, YESTERDAY))


def test_parts_with_their_corrections_add_up_to_the_total_and_idle_is_all_idle() -> None:
    """1.2 - 0.2 of cpu, 0.6 of memory, 0.12345 of disk, 0.05 of network, 0.6 of a balancer."""
    items, run, _ = replayed(connector, "allocations", load("opencost", "allocations"))
    rows = {(row["component_id"], row["day"].day): row for row in rows_of(items, CostAllocations)}
    shop, idle = rows["kube-prod:deployment/shop/checkout", 1], rows["kube-prod:__idle__", 1]
    assert (shop["cpu_cost"], shop["memory_cost"]) == (Decimal("1.0"), Decimal("0.6"))
    assert (shop["storage_cost"], shop["total_cost"]) == (Decimal("0.12345"), Decimal("2.37345"))
    assert (shop["idle_cost"], shop["memory_efficiency_ratio"], shop["currency"]) == (Decimal("0.4"), 1.12, "EUR")
    assert (idle["idle_cost"], idle["total_cost"], idle["cpu_efficiency_ratio"]) == (
        Decimal("1.8"),
        Decimal("1.8"),
        None,
    )
    assert (idle["k8s_namespace"], idle["cluster"]) == (None, "prod")
    assert rows["kube-prod:__idle__", 4]["cpu_cost"] is None
    assert run.warnings == ["OpenCost has no data of 2026-03-03: check the Prometheus behind it"]
    assert cursor_of(items) == {"until": "2026-03-05T00:00:00+00:00"}


def test_workloads_have_the_ids_that_the_cluster_gives_them() -> None:
    items, _, _ = replayed(kubernetes.connector, "health", load("kubernetes", "health"))
    workloads = [row for row in rows_of(items, Components) if row["kind"] == "k8s_workload"]
    assert workloads
    for row in workloads:
        kind, namespace, name = row["component_id"].partition(":")[2].split("/")
        assert placed(f"{namespace}/{kind}/{name}", {"namespace": namespace}) == (
            f"{kind}/{namespace}/{name}",
            namespace,
        )


@pytest.mark.parametrize("data", [[], [{}], [None], None, [{"shop/deployment/a": None}]])
def test_a_day_without_data_has_no_rows_and_a_warning(data: Json) -> None:
    items, run, _ = answered({"code": 200, "data": data})
    assert rows_of(items, CostAllocations) == []
    assert run.warnings == ["OpenCost has no data of 2026-03-02: check the Prometheus behind it"]
    assert cursor_of(items) == {"until": "2026-03-03T00:00:00+00:00"}


@pytest.mark.parametrize(
    ("body", "kind", "told"),
    [
        ({"code": 500, "message": "error querying Prometheus: timeout"}, "vendor_5xx", "error querying Prometheus"),
        ({"code": 400, "message": "invalid resolution"}, "bad_query", "check its options"),
        ({"data": []}, "schema_drift", "check url and path"),
        ([], "schema_drift", "check url and path"),
        ({"code": 200, "data": [{"a/b/c": {"totalCost": 1}}] * 2}, "schema_drift", "2 sets for one day"),
    ],
)
def test_an_error_under_status_200_has_its_class(body: Json, kind: ErrorClass, told: str) -> None:
    with pytest.raises(SourceError) as raised:
        answered(body)
    assert raised.value.error_class == kind
    assert told in str(raised.value)


def test_what_is_not_known_is_null_and_what_is_no_number_is_refused_alone() -> None:
    """Of three workloads one has a cost; a total that is null or a word keeps its row out, with a reason."""
    told = {"good/job/a": {"totalCost": 1e-7}, "odd/job/b": {"totalCost": None}, "odd/job/c": {"totalCost": "free"}}
    text = json.dumps({"code": 200, "data": [told | {"nan/job/d": {"totalCost": float("nan")}}]})
    items, _, _ = answered(json.loads(text), cluster="prod")
    good, *_ = rows_of(items, CostAllocations)
    assert (good["total_cost"], good["cpu_cost"], good["idle_cost"]) == (Decimal("1E-7"), None, None)
    assert [row["total_cost"] for row in rows_of(items, CostAllocations)][1:] == [None, "free", None]
    assert good["day"] == date(2026, 3, 2)
    kept = [item for item in items if not (isinstance(item, tuple) and item[1]["total_cost"] == "free")]
    assert refused(kept) == {"cost_allocations: total_cost|nullability": 2}


def test_it_may_stay_silent_for_minutes() -> None:
    assert connect(OpenCostOptions()).read_s == 600
