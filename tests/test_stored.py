"""Marts that are kept as tables: filled again only for news in what they read, and never under a reader."""

from pathlib import Path

import duckdb
import pytest

from aurora.contracts import TABLES
from aurora.contracts.estate import AppLinks, Components
from aurora.contracts.operations import ComponentHealth
from tests.frames import MINUTE, NOW, component, health, link, put
from warehouse import model as models
from warehouse.lake import Lake
from warehouse.model import load_models, sources_read
from warehouse.publish import current, publish
from warehouse.query import CONFIG, Warehouse

BELONGS = "select component_id from app_components order by all"


def belongs(data: Path) -> list[str]:
    """What the newest generation says, read by a reader that leaves the file at once."""
    newest = current(data / "published")
    assert newest
    with duckdb.connect(str(data / "published" / newest.file), read_only=True, config=CONFIG) as con:
        return [component_id for (component_id,) in con.execute(BELONGS).fetchall()]


def estate(lake: Lake) -> None:
    put(lake, Components, [component("s1:a"), component("s1:b")])
    put(lake, AppLinks, [link("shop", "component", "s1:a")])


def spoil(data: Path) -> None:
    """Empty the stored mart behind the publisher's back, so that filling it again shows."""
    newest = current(data / "published")
    assert newest
    with duckdb.connect(str(data / "published" / newest.file)) as con:
        con.execute("delete from app_components")


def test_a_stored_mart_is_a_table_and_the_others_are_views(lake: Lake, data: Path) -> None:
    publish(lake, data)
    told = Warehouse(data / "published").rows("select table_name, table_type from information_schema.tables")
    kept = {name for name, kind in told.iter_rows() if kind == "BASE TABLE"}
    assert kept == {model.name for model in load_models() if model.is_stored}
    assert {"link_statements", "app_components", "applications_now"} <= kept


def test_it_is_filled_again_only_when_what_it_reads_has_changed(lake: Lake, data: Path) -> None:
    estate(lake)
    publish(lake, data)
    assert belongs(data) == ["s1:a"]
    spoil(data)
    put(lake, ComponentHealth, [health("s1:a", NOW)])  # not read by it: the spoilt rows go on
    publish(lake, data)
    assert belongs(data) == []
    put(lake, AppLinks, [link("shop", "component", "s1:a"), link("shop", "component", "s1:b")])
    publish(lake, data)
    assert belongs(data) == ["s1:a", "s1:b"]
    spoil(data)
    publish(lake, data, rebuild=True)
    assert belongs(data) == ["s1:a", "s1:b"]


def test_a_whole_rebuild_says_what_small_steps_said(lake: Lake, data: Path) -> None:
    publish(lake, data)
    estate(lake)
    publish(lake, data)
    put(lake, Components, [component("s1:c", service="x")])
    publish(lake, data)
    put(lake, AppLinks, [link("shop", "service", "x")])
    publish(lake, data)
    warehouse = Warehouse(data / "published")
    stored = [model.name for model in load_models() if model.is_stored]
    steps = {name: sorted(map(str, warehouse.rows(f"from {name}").iter_rows())) for name in stored}
    publish(lake, data, rebuild=True)
    assert {name: sorted(map(str, warehouse.rows(f"from {name}").iter_rows())) for name in stored} == steps
    assert belongs(data) == ["s1:c"]


def test_a_reader_of_the_old_generation_is_not_disturbed(lake: Lake, data: Path) -> None:
    estate(lake)
    first = publish(lake, data)
    with duckdb.connect(str(data / "published" / first.file), read_only=True, config=CONFIG) as old:
        put(lake, AppLinks, [link("blog", "component", "s1:b")])
        publish(lake, data)
        assert old.execute(BELONGS).fetchall() == [("s1:a",)]
    assert belongs(data) == ["s1:b"]


def test_generations_do_not_grow_by_being_filled_again(lake: Lake, data: Path) -> None:
    put(lake, AppLinks, [link("shop", "component", "s1:.*", is_pattern=True)])
    put(lake, Components, [component(f"s1:{number}") for number in range(3_000)])
    sizes = []
    for minutes in range(12):
        put(lake, Components, [component("s1:0", name=f"n{minutes}", last_seen_at=NOW + minutes * MINUTE)])
        sizes.append((data / "published" / publish(lake, data).file).stat().st_size)
    assert sizes[-1] < 2 * sizes[2]


def test_what_a_mart_reads_is_known_through_others() -> None:
    read = sources_read()
    stored = {model.name for model in load_models() if model.is_stored}
    assert {"components", "app_links", "edits", "repositories", "mobile_apps"} <= read["link_statements"]
    assert read["app_links_now"] == {"link_statements"}
    assert "component_health" not in read["link_statements"]
    assert all(sources <= TABLES.keys() | stored for sources in read.values())


@pytest.mark.parametrize(
    ("sql", "takes"),
    [("select utc_now() as k", ""), ("select k from clock", ""), ("select days as k", "-- takes: days\n")],
    ids=["the clock", "the clock of another", "arguments"],
)
def test_a_mart_of_the_clock_or_with_arguments_is_not_stored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sql: str, takes: str
) -> None:
    folder = tmp_path / "models" / "x"
    folder.mkdir(parents=True)
    (folder / "clock.sql").write_text("-- One row.\n-- grain: k\nselect utc_now() as k\n")
    (folder / "kept.sql").write_text(f"-- One row.\n-- grain: k\n{takes}-- stored: yes\n{sql}\n")
    monkeypatch.setattr(models, "FOLDER", tmp_path / "models")
    load_models.cache_clear()
    try:
        with pytest.raises(ValueError, match="kept is stored, so it can neither take arguments nor read utc_now"):
            load_models()
    finally:
        load_models.cache_clear()


@pytest.mark.whole
def test_a_mart_that_cannot_be_filled_keeps_nothing_else_from_being_seen(
    lake: Lake, data: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    sql = "select component_id, name::integer as n from components"
    numbers = models.Model("numbers", "x", "One row per component.", ("component_id",), (), (), sql, True)
    everything = (*load_models(), numbers)
    monkeypatch.setattr("warehouse.publish.load_models", lambda: everything)
    reads = sources_read() | {"numbers": frozenset({"components"})}
    monkeypatch.setattr("warehouse.publish.sources_read", lambda: reads)
    put(lake, Components, [component("s1:a", name="1")])
    publish(lake, data)
    put(lake, Components, [component("s1:b", name="two")])
    put(lake, AppLinks, [link("shop", "component", "s1:b")])
    publish(lake, data)
    rows = Warehouse(data / "published").rows
    assert rows("from numbers")["component_id"].to_list() == ["s1:a"]  # as it was
    assert rows("from app_components")["component_id"].to_list() == ["s1:b"]
    assert "numbers failed, it stays as it was" in caplog.text
    publish(lake, data, rebuild=True)
    assert Warehouse(data / "published").rows("from numbers").height == 0
