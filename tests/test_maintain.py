"""Compaction and vacuum: fewer files, the same rows, however many do it at once."""

from datetime import timedelta
from pathlib import Path

import pytest
from deltalake import DeltaTable

from aurora.contracts.operations import ComponentHealth, ComponentHealth1d, ComponentHealth1h, SloPoints
from aurora.errors import LakeError
from aurora.settings import Retention
from tests.frames import DAY, MINUTE, NOW, finished, health, put, python, row, settings
from warehouse import maintain
from warehouse.lake import Lake
from warehouse.maintain import compact_all, forget_old, tidy
from warehouse.publish import publish
from warehouse.query import Warehouse


def fill(lake: Lake, first: int = 0, count: int = 10) -> None:
    for number in range(first, first + count):
        put(lake, ComponentHealth, [health("a", NOW + number * MINUTE)])


def test_small_files_become_one_and_no_row_is_lost(lake: Lake, data: Path) -> None:
    fill(lake)
    cursor = lake.cursor(ComponentHealth, "t1/test-component_health")
    (done,) = compact_all(lake, data)
    assert (done.table, done.files_before, done.files_after, done.row_count) == ("component_health", 10, 1, 10)
    assert lake.read(ComponentHealth)["ts_start"].n_unique() == 10
    assert lake.cursor(ComponentHealth, "t1/test-component_health") == cursor
    assert compact_all(lake, data) == []


def test_rows_that_came_meanwhile_stay(lake: Lake, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """More commits than any short look into the log would show, between the snapshot and the compaction's commit."""
    fill(lake)
    counted = maintain._counted
    calls: list[DeltaTable] = []

    def slow(handle: DeltaTable) -> tuple[int, int]:
        if not calls:
            fill(Lake(lake.root), 10, 25)
        calls.append(handle)
        return counted(handle)

    monkeypatch.setattr(maintain, "_counted", slow)
    compact_all(lake, data)
    assert lake.read(ComponentHealth)["ts_start"].n_unique() == lake.read(ComponentHealth).height == 35


def test_a_compaction_that_had_nothing_to_do_touches_nothing(
    lake: Lake, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(lake)
    compact_all(lake, data)
    put(lake, ComponentHealth, [health("b", NOW)])
    version = lake.version(ComponentHealth)
    monkeypatch.setattr(maintain, "_has_small_files", lambda table, handle: True)
    optimizer = type("Nothing", (), {"compact": lambda self, **kwargs: {}})
    monkeypatch.setattr(DeltaTable, "optimize", property(lambda self: optimizer()))
    assert compact_all(lake, data) == []
    assert lake.version(ComponentHealth) == version
    assert lake.read(ComponentHealth).height == 11


def test_doubled_rows_are_seen_and_undone(lake: Lake, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(lake)
    real = DeltaTable.optimize.fget  # type: ignore[attr-defined]

    class Doubling:
        def __init__(self, table: DeltaTable) -> None:
            self.table = table

        def compact(self, **kwargs: object) -> None:
            real(DeltaTable(self.table.table_uri)).compact()  # another process, which holds no lock
            real(self.table).compact()

    monkeypatch.setattr(DeltaTable, "optimize", property(Doubling))
    with pytest.raises(LakeError, match="found 10 rows and left 20: restored"):
        compact_all(lake, data)
    assert lake.read(ComponentHealth).height == 10


def test_two_processes_compact_at_once(lake: Lake, data: Path) -> None:
    script = """
import sys
from pathlib import Path
from tests.test_maintain import *
data, me = Path(sys.argv[1]), int(sys.argv[2])
lake = Lake(data / "lake")
for turn in range(5):
    for number in range(9):
        minute = (turn * 9 + number) * MINUTE
        put(lake, ComponentHealth, [health(f"c{me}", NOW + minute)], f"t{me}")
    compact_all(lake, data)
"""
    both = [python(script, data, me) for me in range(2)]
    for process in both:
        finished(process)
    found = lake.read(ComponentHealth)
    assert dict(found.group_by("component_id").len().iter_rows()) == {"c0": 45, "c1": 45}
    assert len(lake.files(ComponentHealth)) < 45


def test_vacuum_leaves_what_readers_and_writers_need(lake: Lake, data: Path) -> None:
    fill(lake)
    publish(lake, data)
    warehouse = Warehouse(data / "published")
    compact_all(lake, data)
    (data / "raw" / "2020-01-01" / "web").mkdir(parents=True)
    (data / "raw" / "2999-01-01").mkdir()
    mine = settings(data=data, retention=Retention(old_versions=timedelta(seconds=1)))
    (done,) = tidy(lake, mine)
    assert (done.row_count, done.vacuumed) == (10, 0)
    assert warehouse.rows("select count(*) as n from component_health")["n"].to_list() == [10]
    assert [day.name for day in (data / "raw").iterdir()] == ["2999-01-01"]
    fill(lake, 10, 2)
    assert Lake(data / "lake").read(ComponentHealth).height == 12


def test_files_that_nobody_needs_any_more_go(lake: Lake, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(lake)
    compact_all(lake, data)
    vacuum = DeltaTable.vacuum

    def an_age_later(table: DeltaTable, hours: int, **kwargs: object) -> list[str]:
        assert hours == 168
        return vacuum(table, 0, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(DeltaTable, "vacuum", an_age_later)
    (done,) = tidy(lake, settings(data=data))
    assert done.vacuumed == 10
    assert lake.read(ComponentHealth).height == 10
    assert len(list((data / "lake" / "component_health").rglob("part_day=*/*.parquet"))) == 1


def test_each_level_is_kept_for_its_time(lake: Lake, data: Path) -> None:
    """Samples for 2 days, hours for 40 days, days for ever; what is not rolled up yet stays."""
    put(lake, ComponentHealth, [health("a", NOW - ago * DAY) for ago in (0, 1, 3, 5)])
    put(lake, SloPoints, [row(SloPoints, slo_id="s", ts_start=NOW - ago * DAY) for ago in (0, 3)])
    ages = (0, 5, 50, 90)
    put(lake, ComponentHealth1h, [row(ComponentHealth1h, component_id="a", ts_start=NOW - ago * DAY) for ago in ages])
    mine = settings(data=data, retention=Retention(samples=2 * DAY, hours=40 * DAY))
    assert forget_old(lake, mine, NOW) == 3, "one point and two hours; no sample before it is rolled up"
    assert lake.read(ComponentHealth).height == 4
    done = row(ComponentHealth1d, component_id="a", ts_start=NOW - 5 * DAY) | {"ts_end": NOW - 4 * DAY}
    put(lake, ComponentHealth1d, [done])
    assert forget_old(lake, mine, NOW) == 1, "the sample of five days ago; that of three days ago is not rolled up"
    assert lake.read(ComponentHealth1h).height == 2
