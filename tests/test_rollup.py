"""Rollups: exact sums, sketches within 1 %, late samples and announced maintenance rolled again, nothing twice."""

import math
import random
from datetime import timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from aurora.contracts.estate import Components
from aurora.contracts.operations import ComponentHealth, ComponentHealth1d, ComponentHealth1h, MaintenanceWindows
from tests.conftest import Published
from tests.frames import DAY, HOUR, MINUTE, NOW, component, health, put, row
from warehouse.lake import Lake
from warehouse.rollup import roll_up

START = (NOW - 3 * DAY).replace(hour=0, minute=0, second=0, microsecond=0)


def rolled(lake: Lake, data: Path, published: Published, at: Any = NOW) -> int:
    published(at)
    return roll_up(lake, data / "published", at)


def hours(lake: Lake) -> pl.DataFrame:
    return lake.read(ComponentHealth1h).sort("component_id", "ts_start")


def test_an_hour_holds_what_its_samples_add_up_to(lake: Lake, data: Path, published: Published) -> None:
    """30 min healthy at 10 and 30 ms, 1 min down without a figure, 29 min nobody saw: 1800 + 60 + 1740 s."""
    put(lake, Components, [component("a")])
    good = [
        health(
            "a", START + n * MINUTE, response_time_ms=10.0 + 20 * (n % 2), requests_per_minute=2.0, error_rate_pct=50.0
        )
        for n in range(30)
    ]
    put(lake, ComponentHealth, [*good, health("a", START + 30 * MINUTE, status="down")])
    assert rolled(lake, data, published) == 2  # the hour and the day
    hour = hours(lake).row(0, named=True)
    assert (hour["ts_start"], hour["ts_end"]) == (START.replace(tzinfo=None), (START + HOUR).replace(tzinfo=None))
    assert (hour["sample_count"], hour["healthy_s"], hour["down_s"], hour["unknown_s"]) == (31, 1800, 60, 1740)
    told = [hour[f"response_time_ms_{word}"] for word in ("count", "sum", "min", "max")]
    assert told == [30, 600, 10, 30]
    assert (hour["rated_requests"], hour["failed_requests"]) == (60, 30)
    assert hour["cpu_pct_count"] == 0
    assert hour["cpu_pct_sum"] is None, "not measured is not 0"
    day = lake.read(ComponentHealth1d).row(0, named=True)
    assert (day["sample_count"], day["down_s"], day["unknown_s"]) == (31, 60, 86_400 - 1860)


def test_quantiles_of_merged_sketches_are_within_one_percent(lake: Lake, data: Path, published: Published) -> None:
    chance = random.Random(7)
    values = [math.exp(chance.uniform(0, 8)) for _ in range(1440)]
    put(lake, ComponentHealth, [health("a", START + n * MINUTE, response_time_ms=one) for n, one in enumerate(values)])
    rolled(lake, data, published)
    found = published().rows(
        "select sketch_quantile(list(response_time_ms_sketch), 0.5) as p50,"
        " sketch_quantile(list(response_time_ms_sketch), 0.95) as p95 from component_health_1h"
    )
    ordered = sorted(values)
    assert found["p50"][0] == pytest.approx(ordered[719], rel=0.01)  # nearest rank: the 720th of 1440
    assert found["p95"][0] == pytest.approx(ordered[1367], rel=0.01)


def test_late_samples_are_rolled_up_and_nothing_is_written_twice(lake: Lake, data: Path, published: Published) -> None:
    put(lake, ComponentHealth, [health("a", START, cpu_pct=10.0), health("a", START + HOUR, cpu_pct=20.0)])
    assert rolled(lake, data, published) == 3
    assert rolled(lake, data, published) == 0
    put(lake, ComponentHealth, [health("a", START + MINUTE, cpu_pct=30.0)])
    assert rolled(lake, data, published) == 2
    assert hours(lake)["cpu_pct_sum"].to_list() == [40, 20]


def test_an_hour_that_is_not_over_waits(lake: Lake, data: Path, published: Published) -> None:
    put(lake, ComponentHealth, [health("a", START, cpu_pct=10.0)])
    assert rolled(lake, data, published, START + HOUR + 4 * MINUTE) == 0
    assert rolled(lake, data, published, START + HOUR + 5 * MINUTE) == 1


def test_maintenance_announced_afterwards_is_rolled_up_again(lake: Lake, data: Path, published: Published) -> None:
    put(lake, Components, [component("a")])
    put(lake, ComponentHealth, [health("a", START, status="down"), health("a", START + HOUR, status="down")])
    rolled(lake, data, published)
    window = row(MaintenanceWindows, maintenance_id="m", component_id="a", starts_at=START, ends_at=START + HOUR)
    put(lake, MaintenanceWindows, [window | {"version": 1, "changed_at": NOW, "is_deleted": False}])
    rolled(lake, data, published, NOW + MINUTE)
    assert hours(lake)["down_s"].to_list() == [0, 60]
    assert hours(lake)["maintenance_s"].to_list() == [60, 0]
    moved = {"starts_at": START + HOUR, "ends_at": START + 2 * HOUR, "version": 2, "changed_at": NOW + MINUTE}
    put(lake, MaintenanceWindows, [window | moved | {"is_deleted": False}])
    rolled(lake, data, published, NOW + 2 * MINUTE)
    assert hours(lake)["maintenance_s"].to_list() == [0, 60], "the hour from which it moved is no maintenance any more"


def test_pages_say_the_same_before_and_after_rolling_up(lake: Lake, data: Path, published: Published) -> None:
    """Hours where there are some, samples after them: the figures must not tell which."""
    put(lake, Components, [component("a"), component("b", same_as="a")])
    samples = [
        health(name, NOW - timedelta(minutes=n), response_time_ms=float(n % 50 + 1), requests_per_minute=1.0,
               error_rate_pct=float(n % 3), status="down" if n % 7 == 0 else None)
        for name in ("a", "b") for n in range(2, 3000)
    ]  # fmt: skip
    put(lake, ComponentHealth, samples)
    span = f"since := timestamp '{START:%Y-%m-%d}', until := timestamp '{NOW:%Y-%m-%d %H:%M}'"
    asked = [
        f"select * exclude (response_time_p95_ms) from health_series({span}, bucket_s := 7200) order by all",
        f"from estate_series({span}, bucket_s := 7200) order by all",
        f"from estate_totals({span})",
        "from component_uptime order by all",
    ]
    before = [published().rows(sql) for sql in asked]
    assert rolled(lake, data, published) > 0
    warehouse = published()
    assert warehouse.rows("select rolled_until() as at")["at"][0] > NOW.replace(tzinfo=None) - 2 * HOUR
    for sql, told in zip(asked, before, strict=True):
        assert told.height
        now = warehouse.rows(sql)
        numbers = [name for name, kind in now.schema.items() if kind == pl.Float64]
        assert now.drop(numbers).equals(told.drop(numbers)), sql
        for name in numbers:
            assert now[name].to_list() == pytest.approx(told[name].to_list(), nan_ok=True), (sql, name)
