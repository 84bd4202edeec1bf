"""Rows beyond memory: written beside the table, swapped in by one commit, slice by slice."""

from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from aurora.contracts.cost import FocusCost
from ingest.check import check
from tests.frames import row, stamp
from warehouse import staged as module
from warehouse.lake import Batch, Lake
from warehouse.maintain import compact_all
from warehouse.publish import publish
from warehouse.query import Warehouse
from warehouse.staged import Staged, replace_files

JAN, FEB = (datetime(2026, month, 1, tzinfo=UTC) for month in (1, 2))


def lines(export: str, period: datetime, count: int, source: str = "t1", tag: str = "a") -> pl.DataFrame:
    end = datetime(2026, period.month + 1, 1, tzinfo=UTC)
    rows = [
        row(
            FocusCost,
            number,
            x_RowId=f"{source}:{export}:{period:%Y-%m}:{number:05d}",
            x_SourceExport=export,
            BillingPeriodStart=period,
            BillingPeriodEnd=end,
            ChargePeriodStart=period,
            ChargePeriodEnd=end,
            Tags=f'{{"tag":"{tag}"}}',
        )
        for number in range(count)
    ]
    return check(FocusCost, rows, stamp(source)).good


def put(lake: Lake, number: int, *frames: pl.DataFrame) -> None:
    with Staged(FocusCost, lake.root) as staged:
        for frame in frames:
            staged.add(frame)
        replace_files(lake, staged, Batch("t1/bulk", number))


def held(lake: Lake) -> dict[tuple[str, str, datetime, str], int]:
    rows = lake.read(FocusCost).group_by("source_instance", "x_SourceExport", "BillingPeriodStart", "Tags").len()
    return {(one[0], one[1], one[2].month, one[3][8]): one[4] for one in rows.iter_rows()}


def test_slices_are_replaced_whole_and_others_stay(lake: Lake) -> None:
    put(lake, 1, lines("x", JAN, 3), lines("x", FEB, 2))
    lake.write(FocusCost, lines("y", JAN, 4), Batch("t1/plain", 1))
    lake.write(FocusCost, lines("x", JAN, 5, source="t2"), Batch("t2/plain", 1))
    put(lake, 2, lines("x", JAN, 2, tag="b"))
    want = {("t1", "x", 1, "b"): 2, ("t1", "x", 2, "a"): 2, ("t1", "y", 1, "a"): 4, ("t2", "x", 1, "a"): 5}
    assert held(lake) == want
    lake.write(FocusCost, lines("x", FEB, 1, tag="c"), Batch("t1/plain", 2))
    del want["t1", "x", 2, "a"]
    assert held(lake) == {**want, ("t1", "x", 2, "c"): 1}


def test_a_file_with_others_rows_is_written_again_without_those_replaced(lake: Lake) -> None:
    lake.write(FocusCost, pl.concat([lines("x", JAN, 3), lines("y", JAN, 4)]), Batch("t1/plain", 1))
    put(lake, 1, lines("x", JAN, 1, tag="b"))
    assert held(lake) == {("t1", "x", 1, "b"): 1, ("t1", "y", 1, "a"): 4}


def test_a_batch_lands_once(lake: Lake) -> None:
    put(lake, 1, lines("x", JAN, 3))
    version = lake.version(FocusCost)
    with Staged(FocusCost, lake.root) as staged:
        staged.add(lines("x", JAN, 2))
        assert replace_files(lake, staged, Batch("t1/bulk", 1)).repeated
    assert lake.version(FocusCost) == version
    assert len(list(Path(lake.root).rglob("*.parquet"))) == len(lake.files(FocusCost))


def test_what_is_not_committed_leaves_nothing(lake: Lake) -> None:
    with Staged(FocusCost, lake.root) as staged:
        staged.add(lines("x", JAN, 3))
        staged.finish(None)
        assert list(Path(lake.root).rglob("*.parquet"))
    assert not list(Path(lake.root).rglob("*.parquet"))


def test_many_rows_are_held_in_small_numbers(lake: Lake, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FILE", 10)
    monkeypatch.setattr(module, "HELD", 12)
    frames = [lines("x", JAN, 9).with_columns(x_RowId=pl.col("x_RowId") + f":{part}") for part in range(4)]
    put(lake, 1, *frames, lines("x", FEB, 4))
    assert held(lake) == {("t1", "x", 1, "a"): 36, ("t1", "x", 2, "a"): 4}
    assert len(lake.files(FocusCost)) == 3  # two frames of nine are one file of January
    publish(lake, data)
    warehouse = Warehouse(data / "published")
    told = warehouse.rows("select count(*) as n from focus_cost where BillingPeriodStart < '2026-02-01'")
    assert told["n"].item() == 36


def test_staged_files_are_compacted_with_others(lake: Lake, data: Path) -> None:
    put(lake, 1, lines("x", JAN, 3))
    for number in range(9):
        lake.write(FocusCost, lines(f"y{number}", JAN, 1), Batch("t1/plain", number + 1))
    before = lake.read(FocusCost).sort("x_RowId")
    compact_all(lake, data)
    assert len(lake.files(FocusCost)) == 1
    assert lake.read(FocusCost).sort("x_RowId").equals(before)
    put(lake, 2, lines("x", JAN, 1, tag="b"))
    assert lake.read(FocusCost).height == 10


def test_a_lake_elsewhere_gets_the_files_as_they_are(tmp_path: Path) -> None:
    """A lake told by its address, as one of an object store is: the log's size of a file is its size there."""
    lake = Lake(f"file://{tmp_path}/lake")
    put(lake, 1, lines("x", JAN, 3), lines("x", FEB, 2))
    put(lake, 2, lines("x", JAN, 1, tag="b"))
    assert held(lake) == {("t1", "x", 1, "b"): 1, ("t1", "x", 2, "a"): 2}
    handle = lake.open(FocusCost)
    assert handle is not None
    for file in pl.DataFrame(handle.get_add_actions(flatten=True)).iter_rows(named=True):
        assert (tmp_path / "lake" / "focus_cost" / file["path"]).stat().st_size == file["size_bytes"]
