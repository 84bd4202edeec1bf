"""Shared cost: who takes part, by which weight, and that the parts are the whole; each worked out by hand."""

import json
from decimal import Decimal
from typing import Any

import pytest

from aurora.contracts import Row
from aurora.contracts.cost import CostAllocations, CostSplits, CostSplitShares, FocusCost
from aurora.contracts.estate import Applications, AppLinks, Components
from aurora.contracts.operations import MetricPoints
from aurora.doctor import check_model
from aurora.judge import JUDGEMENTS
from tests.conftest import Published
from tests.frames import NOW, link, put, row
from tests.test_models_cost import charge
from warehouse.lake import Lake
from warehouse.query import Warehouse

COSTS = "select app_id, sum(effective_cost) from app_cost_daily_by_service group by 1 order by 1"


def split(name: str, method: str, *marks: str, **values: Any) -> Row:
    return row(CostSplits, split_id=name, marks=list(marks) or ["*"], method=method, usage=None) | values


def counted(lake: Lake, published: Published, *splits: Row) -> Warehouse:
    """The warehouse after the weights of the splits have been counted, as the hourly judgement does."""
    put(lake, CostSplits, list(splits))
    judged = {table for table, _ in JUDGEMENTS}
    assert CostSplitShares in judged
    shares = published().rows("from cost_split_weights")
    put(lake, CostSplitShares, shares.to_dicts(), "aurora")
    return published()


@pytest.fixture
def estate(lake: Lake) -> Lake:
    """a costs 30 and b 10 of their own; the cluster costs 100 and belongs to nobody, the support 9 neither."""
    put(lake, Applications, [row(Applications, app_id=name) for name in "ab"])
    put(lake, AppLinks, [link(name, "cost", f"service:{name}") for name in "ab"])
    named = {"a": "30", "b": "10", "cluster": "100", "support": "9"}
    put(lake, FocusCost, [charge(name, cost, ServiceName=name) for name, cost in named.items()])
    return lake


def test_what_nobody_owns_is_untagged_without_a_split(estate: Lake, published: Published) -> None:
    assert counted(estate, published).rows(COSTS).rows() == [("a", 30), ("b", 10), ("untagged", 109)]


SPLITS = [
    pytest.param([split("s", "even", "service:cluster")], {"a": "80", "b": "60", "untagged": "9"}, id="50 each"),
    pytest.param(
        [split("s", "proportional", "service:cluster")], {"a": "105", "b": "35", "untagged": "9"}, id="3 to 1"
    ),
    pytest.param(
        [split("s", "fixed", "service:cluster", app_ids=["a", "b"], shares=json.dumps({"a": 0.5, "b": 0.2}))],
        {"a": "80", "b": "30", "untagged": "39"},
        id="50 and 20, 30 stay with nobody",
    ),
    pytest.param([split("s", "even", app_ids=["b"])], {"a": "30", "b": "119"}, id="all that nobody owns, to one"),
    pytest.param(
        [split("all", "even"), split("z", "even", "service:cluster", app_ids=["b"])],
        {"a": "34.5", "b": "114.5"},
        id="one that names its charge comes before one that takes all",
    ),
    pytest.param([split("s", "usage", "service:cluster", usage="requests")], {"untagged": "109"}, id="nothing used"),
]


@pytest.mark.parametrize(("splits", "costs"), SPLITS)
def test_a_split(estate: Lake, published: Published, splits: list[Row], costs: dict[str, str]) -> None:
    costs = {"a": "30", "b": "10"} | costs
    warehouse = counted(estate, published, *splits)
    assert {app: cost for app, cost in warehouse.rows(COSTS).rows() if cost} == {
        app: Decimal(cost) for app, cost in costs.items()
    }
    for model in ("app_cost_direct", "app_cost_daily_by_service", "cost_split_weights"):
        assert check_model(warehouse, model) == []


def test_a_split_by_active_users_and_by_kubernetes(estate: Lake, published: Published) -> None:
    """300 users of a mean day against 100: 75 and 25; list prices of 1 and 4: of 9, 1.8 and 7.2."""
    point = {"ts_start": NOW, "metric": "app.active_users"}
    users = {"a": 300.0, "b": 100.0}
    put(estate, MetricPoints, [row(MetricPoints, series_id=n, app_id=n, value=users[n]) | point for n in users])
    put(estate, Components, [row(Components, component_id=f"k:{name}") for name in "ab"])
    put(estate, AppLinks, [link(name, "component", f"k:{name}") for name in "ab"], "kube")
    priced = {"a": Decimal(1), "b": Decimal(4)}
    workloads = [row(CostAllocations, component_id=f"k:{n}", day=NOW.date(), total_cost=c) for n, c in priced.items()]
    put(estate, CostAllocations, workloads)
    warehouse = counted(
        estate,
        published,
        split("u", "usage", "service:cluster", usage="active_users"),
        split("k", "usage", "service:support", usage="kubernetes"),
    )
    assert warehouse.rows(COSTS).rows() == [("a", Decimal("106.8")), ("b", Decimal("42.2"))]


def test_thirds_add_up_to_the_whole(lake: Lake, published: Published) -> None:
    put(lake, Applications, [row(Applications, app_id=name) for name in "abc"])
    put(lake, FocusCost, [charge("cluster", "0.000000000000000001"), charge("more", "100")])
    warehouse = counted(lake, published, split("s", "even"))
    assert warehouse.rows("select sum(effective_cost) from app_cost_daily_by_service").item() == Decimal(
        "100.000000000000000001"
    )
    parts = warehouse.rows(COSTS).rows()
    assert [app for app, _ in parts] == ["a", "b", "c"]
    assert all(abs(cost - Decimal(100) / 3) < Decimal("0.0001") for _, cost in parts)


def test_the_environment_is_what_a_tag_says(lake: Lake, published: Published) -> None:
    tags = ['{"env": "prod"}', '{"user:Environment": "QA-2"}', '{"team": "x"}', None]
    put(lake, FocusCost, [charge(str(n), "1", Tags=tag) for n, tag in enumerate(tags)])
    said = published().rows(
        "select environment, sum(effective_cost) from app_cost_direct group by 1 order by 1 nulls last"
    )
    assert said.rows() == [("production", 1), ("testing", 1), (None, 2)]
