"""Publishing and reading: readers go on, new rows show, nothing is written without need, crashes leave nothing."""

import json
import os
import shutil
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import polars as pl
import pytest

from aurora.contracts import TABLES, Table
from aurora.contracts.estate import Components, Edits
from aurora.contracts.operations import ComponentHealth
from aurora.errors import ContractError, NotPublishedError
from tests.frames import MINUTE, NOW, component, finished, health, put, python
from warehouse import publish as publishing
from warehouse.heartbeat import Heartbeat, Planned, beat, last_beat, nudge, nudged_at
from warehouse.lake import Lake
from warehouse.locks import is_held, locked
from warehouse.publish import current, publish
from warehouse.query import CONFIG, Warehouse
from warehouse.record import make_visible, record, record_edit

COUNT = "select count(*) as n from component_health"


def count(warehouse: Warehouse) -> int:
    return int(warehouse.rows(COUNT)["n"][0])


def test_nothing_to_read_before_the_first_publish(data: Path) -> None:
    with pytest.raises(NotPublishedError, match="aurora up"):
        Warehouse(data / "published").rows("select 1")


def test_empty_tables_bind(lake: Lake, data: Path) -> None:
    publish(lake, data)
    warehouse = Warehouse(data / "published")
    for name, table in TABLES.items():
        rows = warehouse.rows(f"from {name}")
        part = table.spec.part_column
        assert rows.height == 0
        assert rows.columns == table.own_columns() + ([part] if part else [])
    assert warehouse.rows("select part_day, ts_start from component_health").dtypes == [pl.Date, pl.Datetime("us")]


def test_an_empty_table_and_a_full_one_have_the_same_types(lake: Lake, data: Path) -> None:
    publish(lake, data)
    warehouse = Warehouse(data / "published")
    before = warehouse.rows("from components").schema
    put(lake, Components, [component("a")])
    publish(lake, data)
    assert warehouse.rows("from components").schema == before


def test_a_reader_of_the_same_process_sees_new_rows(lake: Lake, data: Path) -> None:
    put(lake, ComponentHealth, [health("a", NOW)])
    publish(lake, data)
    warehouse = Warehouse(data / "published")
    assert count(warehouse) == 1
    old = duckdb.connect(str(data / "published" / warehouse.generation().file), read_only=True, config=CONFIG)
    put(lake, ComponentHealth, [health("a", NOW + MINUTE)])
    publish(lake, data)
    assert count(warehouse) == 2
    assert old.execute(COUNT).fetchall() == [(1,)]
    old.close()


def test_nothing_changed_means_no_new_generation(lake: Lake, data: Path) -> None:
    put(lake, ComponentHealth, [health("a", NOW)])
    first = publish(lake, data)
    written = (data / "aurora.duckdb").stat().st_mtime_ns
    assert publish(lake, data) == first == current(data / "published")
    assert (data / "aurora.duckdb").stat().st_mtime_ns == written
    assert publish(lake, data, rebuild=True).number == first.number + 1


def test_only_views_that_changed_are_written_again(lake: Lake, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(lake, ComponentHealth, [health("a", NOW)])
    put(lake, Components, [component("a")])
    publish(lake, data)
    written: list[str] = []
    view_of = publishing.view_of

    def told(lake: Lake, table: type[Table]) -> str:
        written.append(table.spec.name)
        return view_of(lake, table)

    monkeypatch.setattr(publishing, "view_of", told)
    put(lake, Components, [component("b")])
    publish(lake, data)
    assert written == ["components"]


def test_models_that_changed_are_published_again(lake: Lake, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = publish(lake, data)
    monkeypatch.setattr(publishing, "models_hash", lambda: "other")
    assert publish(lake, data).number == first.number + 1


def test_outsiders_open_the_same_file_while_it_is_published(lake: Lake, data: Path) -> None:
    put(lake, ComponentHealth, [health("a", NOW)])
    publish(lake, data)
    script = """
import duckdb, sys, time
until, seen = time.monotonic() + 60, set()
while time.monotonic() < until and max(seen, default=0) < 8:
    with duckdb.connect(sys.argv[1], read_only=True) as con:
        seen.add(con.execute("select count(*) from component_health").fetchall()[0][0])
    print(len(seen), flush=True)
assert max(seen) == 8 and len(seen) > 1, seen
"""
    outsider = python(script, data / "aurora.duckdb")
    assert outsider.stdout is not None
    outsider.stdout.readline()
    for number in range(1, 8):
        put(lake, ComponentHealth, [health("a", NOW + number * MINUTE)])
        publish(lake, data)
    finished(outsider)


@pytest.mark.whole
def test_what_a_killed_publish_left_is_cleaned_up(lake: Lake, data: Path) -> None:
    put(lake, ComponentHealth, [health("a", NOW)])
    publish(lake, data)
    folder = data / "published"
    left = [folder / "00000002.duckdb", folder / "00000002.duckdb.wal", folder / "00000003.duckdb.wal"]
    left += [data / ".aurora.duckdb.99", folder / ".current.json.99"]
    for file in left:
        file.write_bytes(b"half")
    foreign = folder / "notes.duckdb"
    foreign.touch()
    put(lake, ComponentHealth, [health("a", NOW + MINUTE)])
    assert publish(lake, data).number == 2
    assert count(Warehouse(folder)) == 2
    assert not any(file.exists() for file in left[1:])
    assert foreign.exists()


def test_old_generations_go(lake: Lake, data: Path) -> None:
    for number in range(publishing.KEPT_GENERATIONS + 3):
        put(lake, ComponentHealth, [health("a", NOW + number * MINUTE)])
        publish(lake, data)
    kept = sorted(file.name for file in (data / "published").glob("*.duckdb"))
    assert len(kept) == publishing.KEPT_GENERATIONS
    assert kept[-1] == publish(lake, data).file


@pytest.mark.parametrize("harm", ["gone", "no json", "other fields"])
def test_a_spoilt_record_of_the_generation_is_made_again(lake: Lake, data: Path, harm: str) -> None:
    put(lake, ComponentHealth, [health("a", NOW)])
    generation = publish(lake, data)
    told = data / "published" / "current.json"
    if harm == "gone":
        (data / "published" / generation.file).unlink()
    else:
        told.write_text("{" if harm == "no json" else json.dumps({"number": 1}))
    publish(lake, data)
    assert count(Warehouse(data / "published")) == 1


def test_a_folder_that_moved_is_published_again(lake: Lake, data: Path, tmp_path: Path) -> None:
    put(lake, ComponentHealth, [health("a", NOW)])
    publish(lake, data)
    there = tmp_path / "it's élsewhere"
    shutil.move(data, there)
    moved = Lake(there / "lake")
    publish(moved, there)
    assert count(Warehouse(there / "published")) == 1
    assert put(moved, ComponentHealth, [health("a", NOW)]).duplicate_count == 1


def test_a_file_that_vanished_under_an_old_generation(lake: Lake, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(lake, ComponentHealth, [health("a", NOW)])
    old = publish(lake, data)
    warehouse = Warehouse(data / "published")
    (file,) = lake.files(ComponentHealth)
    put(lake, ComponentHealth, [health("a", NOW + MINUTE)])
    new = publish(lake, data)
    moved = file + ".kept"
    os.rename(file, moved)
    answers = [old, new]

    def generation() -> object:
        if len(answers) == 1:
            Path(moved).exists() and Path(moved).rename(file)
        return answers.pop(0) if len(answers) > 1 else answers[0]

    monkeypatch.setattr(warehouse, "generation", generation)
    assert count(warehouse) == 2
    assert answers == [new]


def test_parameters_are_values_and_instants_have_no_zone(lake: Lake, data: Path) -> None:
    put(lake, ComponentHealth, [health("o'a", NOW), health("b", NOW)])
    publish(lake, data)
    rows = Warehouse(data / "published").rows(
        "select ts_start from component_health where component_id = $id and ts_start >= $since",
        {"id": "o'a", "since": NOW.replace(tzinfo=None)},
    )
    assert rows["ts_start"].to_list() == [NOW.replace(tzinfo=None)]


def test_readers_cannot_write(lake: Lake, data: Path) -> None:
    publish(lake, data)
    with pytest.raises(duckdb.Error):
        Warehouse(data / "published").rows("create table x as select 1")


def test_threads_share_a_warehouse_while_it_is_published(lake: Lake, data: Path) -> None:
    put(lake, ComponentHealth, [health("a", NOW)])
    publish(lake, data)
    warehouse, stop, seen, broken = Warehouse(data / "published"), threading.Event(), [0], []

    def read() -> None:
        while not stop.is_set():
            try:
                seen.append(count(warehouse))
            except Exception as error:
                broken.append(error)

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    for number in range(1, 9):
        put(lake, ComponentHealth, [health("a", NOW + number * MINUTE)])
        publish(lake, data)
    stop.set()
    for reader in readers:
        reader.join()
    assert broken == []
    assert count(warehouse) == 9
    assert len(set(seen)) > 2


def test_the_clock_can_stand_still(lake: Lake, data: Path) -> None:
    publish(lake, data, now=NOW)
    warehouse = Warehouse(data / "published")
    assert warehouse.rows("select utc_now() as now")["now"].to_list() == [NOW.replace(tzinfo=None)]
    publish(lake, data, rebuild=True)
    told = warehouse.rows("select utc_now() as now")["now"][0].replace(tzinfo=UTC)
    assert abs((datetime.now(UTC) - told).total_seconds()) < 60


def test_what_people_write_is_visible_when_it_returns(lake: Lake, data: Path) -> None:
    record_edit(data, lake, ("app", "shop"), "tier", "1", "ann", "because")
    told = Warehouse(data / "published").rows("select entity_id, field, after, reason, source from edits")
    assert list(told.iter_rows()) == [("shop", "tier", "1", "because", "people")]
    with pytest.raises(ContractError, match="edits: refused"):
        record(data, lake, Edits, [{"edit_id": "x"}])


def test_with_a_worker_the_writer_waits_for_its_publish(lake: Lake, data: Path) -> None:
    publish(lake, data)
    put(lake, ComponentHealth, [health("a", NOW)])
    lock = data / "locks" / "worker.lock"
    with locked(lock):
        assert is_held(lock)
        before = nudged_at(data)

        def worker() -> None:
            while nudged_at(data) == before:
                time.sleep(0.01)
            publish(Lake(data / "lake"), data)

        thread = threading.Thread(target=worker)
        thread.start()
        make_visible(data, lake)
        thread.join()
    assert count(Warehouse(data / "published")) == 1
    assert not is_held(lock)


def test_the_heartbeat_comes_back_as_it_was(data: Path) -> None:
    assert last_beat(data) is None
    told = Heartbeat(
        5, NOW.isoformat(), NOW.isoformat(), None, (Planned("a", "host", "x", 60.0, NOW.isoformat(), False),)
    )
    beat(data, told)
    assert last_beat(data) == told
    (data / "worker.json").write_text('{"pid": 1')
    assert last_beat(data) is None
    nudge(data)
    assert nudged_at(data) > 0
