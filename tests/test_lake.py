"""The lake: what each mode promises, exactly once, with several writers, in several processes."""

import json
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest
from deltalake import DeltaTable

from aurora.contracts.cost import FocusCost
from aurora.contracts.estate import Components, Tasks
from aurora.contracts.operations import Alerts, ComponentHealth, Incidents
from aurora.errors import LakeError, LostRaceError
from tests.conftest import Published
from tests.frames import DAY, HOUR, MINUTE, NOW, component, finished, frame, health, python, row
from warehouse import delta as delta_module
from warehouse.lake import Batch, Lake, Written

STREAM = "t1/health"


def samples(first: int, count: int) -> pl.DataFrame:
    return frame(
        ComponentHealth,
        [health("a", NOW + number * MINUTE, cpu_pct=number % 100) for number in range(first, first + count)],
    )


def test_append_writes_a_key_once(lake: Lake) -> None:
    assert lake.write(ComponentHealth, samples(0, 10), Batch(STREAM, 1)) == Written(10, 0)
    assert lake.write(ComponentHealth, samples(5, 10), Batch(STREAM, 2)) == Written(5, 5)
    assert sorted(lake.read(ComponentHealth)["cpu_pct"]) == list(range(15))


def test_append_rows_never_change(lake: Lake) -> None:
    lake.write(ComponentHealth, frame(ComponentHealth, [health("a", NOW, cpu_pct=1.0)]), Batch(STREAM, 1))
    lake.write(ComponentHealth, frame(ComponentHealth, [health("a", NOW, cpu_pct=2.0)]), Batch(STREAM, 2))
    assert lake.read(ComponentHealth)["cpu_pct"].to_list() == [1.0]


def test_a_repeated_batch_changes_nothing(lake: Lake, data: Path) -> None:
    lake.write(ComponentHealth, samples(0, 3), Batch(STREAM, 1))
    for again in (lake, Lake(data / "lake")):
        assert again.write(ComponentHealth, samples(3, 3), Batch(STREAM, 1)) == Written(repeated=True)
    assert lake.read(ComponentHealth).height == 3


def test_a_repeated_batch_from_another_process_changes_nothing(lake: Lake) -> None:
    lake.write(ComponentHealth, samples(0, 3), Batch(STREAM, 1))
    script = """
import sys
from tests.test_lake import *
print(Lake(sys.argv[1]).write(ComponentHealth, samples(0, 3), Batch(STREAM, 1)).repeated)
"""
    assert finished(python(script, lake.root)).strip() == "True"
    assert lake.read(ComponentHealth).height == 3


def test_rows_and_cursor_are_one_commit(lake: Lake, data: Path) -> None:
    for number in (1, 2):
        before = lake.version(ComponentHealth) or 0
        lake.write(ComponentHealth, samples(number * 10, 3), Batch(STREAM, number, {"until": f"2026-0{number}"}))
        assert lake.version(ComponentHealth) == before + 1
    other = Lake(data / "lake")
    assert other.cursor(ComponentHealth, STREAM) == (2, {"until": "2026-02"})
    assert other.cursor(ComponentHealth, "t1/other") == (0, None)
    newest = DeltaTable(lake.uri(ComponentHealth)).history(1)[0]
    assert json.loads(newest["cursor"]) == {"until": "2026-02"}


def test_a_cursor_moves_without_rows_and_not_without_need(lake: Lake, data: Path) -> None:
    nothing = ComponentHealth.empty()
    lake.write(ComponentHealth, nothing, Batch(STREAM, 1, {"until": "a"}))
    assert Lake(data / "lake").cursor(ComponentHealth, STREAM) == (1, {"until": "a"})
    version = lake.version(ComponentHealth)
    lake.write(ComponentHealth, nothing, Batch(STREAM, 2, {"until": "a"}))
    assert lake.version(ComponentHealth) == version


def test_a_cursor_is_found_behind_many_commits_and_a_checkpoint(lake: Lake, data: Path) -> None:
    lake.write(ComponentHealth, samples(0, 1), Batch(STREAM, 1, {"until": "a"}))
    for number in range(1, 31):
        lake.write(ComponentHealth, samples(number, 1), Batch("t2/health", number))
    DeltaTable(lake.uri(ComponentHealth)).create_checkpoint()
    assert Lake(data / "lake").cursor(ComponentHealth, STREAM) == (1, {"until": "a"})


def alert(**values: object) -> pl.DataFrame:
    least = row(Alerts, alert_id="t1:1", started_at=NOW, updated_at=NOW, last_seen_at=NOW, state="firing", title="x")
    return frame(Alerts, [least | values])


def test_upsert_the_last_word_wins_nulls_too(lake: Lake) -> None:
    lake.write(Alerts, alert(message="one"), Batch("t1/alerts", 1))
    changed = lake.write(Alerts, alert(title="y", updated_at=NOW + MINUTE), Batch("t1/alerts", 2))
    assert changed == Written(1, 0)
    (now,) = lake.read(Alerts).iter_rows(named=True)
    assert (now["title"], now["message"]) == ("y", None)


def test_upsert_an_older_word_loses_and_the_same_word_is_no_news(lake: Lake) -> None:
    lake.write(Alerts, alert(title="new", updated_at=NOW + HOUR), Batch("t1/alerts", 1))
    assert lake.write(Alerts, alert(title="old"), Batch("t1/alerts", 2)) == Written(0, 1)
    assert lake.write(Alerts, alert(title="new", updated_at=NOW + HOUR), Batch("t1/alerts", 3)) == Written(0, 1)
    assert lake.read(Alerts)["title"].to_list() == ["new"]


@pytest.mark.parametrize(("later", "is_written"), [(59 * MINUTE, False), (60 * MINUTE, True)])
def test_upsert_only_last_seen_at_waits_an_hour(lake: Lake, later: timedelta, is_written: bool) -> None:
    lake.write(Components, frame(Components, [component("a")]), Batch("t1/components", 1))
    again = frame(Components, [component("a", last_seen_at=NOW + later)])
    assert lake.write(Components, again, Batch("t1/components", 2)).row_count == is_written


def test_upsert_of_new_changed_and_known_rows_at_once(lake: Lake) -> None:
    lake.write(Components, frame(Components, [component(name) for name in "abc"]), Batch("t1/components", 1))
    rows = [component("a"), component("b", region="x"), component("d")]
    assert lake.write(Components, frame(Components, rows), Batch("t1/components", 2)) == Written(2, 1)
    now = dict(lake.read(Components).select("component_id", "region").iter_rows())
    assert now == {"a": None, "b": "x", "c": None, "d": None}


def charges(export: str, *ids: str, month: int = 3) -> pl.DataFrame:
    start = NOW.replace(month=month, day=1)
    lines = [row(FocusCost, x_RowId=name, x_SourceExport=export, BillingPeriodStart=start) for name in ids]
    return frame(FocusCost, lines)


def test_replace_takes_away_what_the_slice_held_and_nothing_else(lake: Lake) -> None:
    for number, lines in enumerate((charges("e", "1", "2"), charges("e", "3", month=2), charges("o'f", "4")), 1):
        lake.write(FocusCost, lines, Batch("t1/cost", number))
    other = charges("e", "9").with_columns(source_instance=pl.lit("t2"))
    lake.write(FocusCost, other, Batch("t2/cost", 1))
    lake.write(FocusCost, charges("e", "2", "5"), Batch("t1/cost", 4))
    assert sorted(lake.read(FocusCost)["x_RowId"]) == ["2", "3", "4", "5", "9"]
    lake.write(FocusCost, charges("o'f", "6"), Batch("t1/cost", 5))
    assert sorted(lake.read(FocusCost)["x_RowId"]) == ["2", "3", "5", "6", "9"]


def versioned(version: int, **values: object) -> pl.DataFrame:
    told = {"task_id": "t", "changed_by": "t", "is_deleted": False}
    return frame(Tasks, [row(Tasks, version=version, **told | values)])


def test_versioned_one_of_two_writers_wins(lake: Lake, data: Path) -> None:
    mine, theirs = lake, Lake(data / "lake")
    mine.write_version(Tasks, versioned(1), 0)
    theirs.write_version(Tasks, versioned(2, changed_by="they"), 1)
    with pytest.raises(LostRaceError, match="reload and decide again"):
        mine.write_version(Tasks, versioned(2, changed_by="me"), 1)
    assert sorted(lake.read(Tasks).select("version", "changed_by").iter_rows()) == [(1, "t"), (2, "they")]
    mine.write_version(Tasks, versioned(3), 2)


def test_a_column_that_the_contract_gained_is_null_in_old_rows(
    lake: Lake, data: Path, published: Published, monkeypatch: pytest.MonkeyPatch
) -> None:
    kinds, old = ComponentHealth.dtypes(), samples(0, 3)
    with monkeypatch.context() as before:
        lacking = {name: kind for name, kind in kinds.items() if name != "disk_pct"}
        before.setattr(ComponentHealth, "own_columns", classmethod(lambda cls: list(lacking)))
        before.setattr(ComponentHealth, "dtypes", classmethod(lambda cls: lacking))
        lake.write(ComponentHealth, old, Batch(STREAM, 1))
        assert "disk_pct" not in lake.read(ComponentHealth).columns
    assert not lake.has_evolved(ComponentHealth)
    new = frame(ComponentHealth, [health("b", NOW + DAY, disk_pct=5.0)])
    Lake(data / "lake").write(ComponentHealth, new, Batch(STREAM, 2))

    assert lake.has_evolved(ComponentHealth)
    wanted = [("a", None)] * 3 + [("b", 5.0)]
    assert sorted(lake.read(ComponentHealth).select("component_id", "disk_pct").iter_rows(), key=str) == wanted
    told = published().rows("select component_id, disk_pct from component_health order by all")
    assert list(told.iter_rows()) == wanted
    again = samples(0, 3).with_columns(disk_pct=pl.lit(7.0))
    assert lake.write(ComponentHealth, again, Batch(STREAM, 3)).duplicate_count == 3


def test_forgetting_a_source_leaves_the_others_and_resets_its_cursor(lake: Lake, data: Path) -> None:
    lake.write(ComponentHealth, samples(0, 3), Batch(STREAM, 1, {"until": "a"}))
    theirs = frame(ComponentHealth, [health("b", NOW)], "o'brien")
    lake.write(ComponentHealth, theirs, Batch("o'brien/health", 1, {"until": "b"}))
    assert lake.forget(ComponentHealth, "t1", [STREAM]) == 3
    for fresh in (lake, Lake(data / "lake")):
        assert fresh.read(ComponentHealth)["component_id"].to_list() == ["b"]
        assert fresh.cursor(ComponentHealth, STREAM)[1] is None
        assert fresh.was_reset(ComponentHealth, STREAM)
        assert fresh.cursor(ComponentHealth, "o'brien/health") == (1, {"until": "b"})
        assert not fresh.was_reset(ComponentHealth, "o'brien/health")
    number = lake.cursor(ComponentHealth, STREAM)[0] + 1
    assert lake.write(ComponentHealth, samples(0, 3), Batch(STREAM, number)).row_count == 3
    assert not lake.was_reset(ComponentHealth, STREAM)
    assert lake.forget(ComponentHealth, "o'brien", ["o'brien/health"]) == 1


def test_forgetting_resets_a_cursor_that_came_without_rows(lake: Lake) -> None:
    lake.write(ComponentHealth, samples(0, 1), Batch("t2/health", 1))
    lake.write(Incidents, Incidents.empty(), Batch("t9/incidents", 1, {"until": "a"}))
    assert lake.forget(Incidents, "t9", ["t9/incidents"]) == 0
    assert lake.cursor(Incidents, "t9/incidents")[1] is None


def test_forgetting_where_nothing_ever_was(lake: Lake) -> None:
    assert lake.forget(Components, "t1", ["t1/components"]) == 0
    assert lake.version(Components) is None
    assert lake.read(Components).height == 0


def test_a_refused_write_is_told_as_such(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*args: object, **kwargs: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(delta_module, "write_deltalake", full)
    with pytest.raises(LakeError, match=r"component_health: the lake refused a write: .*No space left"):
        lake.write(ComponentHealth, samples(0, 1), Batch(STREAM, 1))
    monkeypatch.undo()
    assert lake.write(ComponentHealth, samples(0, 1), Batch(STREAM, 1)).row_count == 1


WRITER = """
import sys
from tests.test_lake import *
lake, me = Lake(sys.argv[1]), int(sys.argv[2])
source = f"t{me % 2}"
for number in range(1, 51):
    rows = [health(f"both-{source}", NOW + number * MINUTE), health(f"c{me}", NOW + number * MINUTE)]
    batch = Batch(f"{source}/w{me}", number, {"n": number})
    written = lake.write(ComponentHealth, frame(ComponentHealth, rows, source), batch)
    assert written.row_count + written.duplicate_count == 2 and not written.repeated
"""


def test_four_processes_write_one_table(lake: Lake, data: Path) -> None:
    writers = [python(WRITER, lake.root, me) for me in range(4)]
    reader = Lake(data / "lake")
    heights = [0]
    while any(writer.poll() is None for writer in writers):
        found = reader.read(ComponentHealth)
        assert found.unique(["component_id", "ts_start"]).height == found.height
        heights.append(found.height)
    for writer in writers:
        finished(writer)
    assert heights == sorted(heights)
    assert len(set(heights)) > 3
    found = lake.read(ComponentHealth)
    counts = dict(found.group_by("component_id").len().iter_rows())
    assert counts == dict.fromkeys(("both-t0", "both-t1", "c0", "c1", "c2", "c3"), 50)
    assert found.unique(["component_id", "ts_start"]).height == 300
    for me in range(4):
        assert lake.cursor(ComponentHealth, f"t{me % 2}/w{me}") == (50, {"n": 50})
