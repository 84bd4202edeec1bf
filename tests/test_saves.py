"""All rows of a query as a file: what stands in it, and that it is there whole or not at all."""

import json
import zipfile
from datetime import datetime
from pathlib import Path

import polars as pl
import pytest

from aurora.errors import QueryError, RefusedError
from aurora.explore import files
from aurora.explore.ask import Limits, ask, save
from warehouse.text import as_csv

MIXED = """
    select i as n, '=x' || i as formula, timestamp '2026-01-02 03:04:05.5' as at, [1, 2] as l,
      1.50::decimal(38, 18) as d, true as yes, date '2026-01-01' as day, 'ab'::blob as b, null as nothing, '' as empty,
      'a"b,c' || chr(10) || 'd' as q
    from range($n) t(i)"""


def test_csv_says_what_an_export_of_the_page_says(explored: Path, tmp_path: Path) -> None:
    count = save(explored, MIXED, {"n": 3}, tmp_path / "x.csv", "csv")
    expected = as_csv(ask(explored, MIXED, {"n": 3}).frame, for_spreadsheets=True).decode()
    assert count == 3
    assert (tmp_path / "x.csv").read_text() == expected.replace("[1, 2]", "[1,2]")


def test_csv_keeps_all_rows_and_their_order(explored: Path, tmp_path: Path) -> None:
    sql = "select i from range(300000) t(i) order by i desc"
    assert save(explored, sql, {}, tmp_path / "x.csv", "csv", limits=Limits(rows=5)) == 300_000
    assert pl.read_csv(tmp_path / "x.csv")["i"].to_list() == list(range(299_999, -1, -1))


def test_formulas_are_texts_in_heads_too(explored: Path, tmp_path: Path) -> None:
    save(explored, """select '=1+1' as "=2+2", '-x' as "@a", '\t1' as b, -5 as n""", {}, tmp_path / "x.csv", "csv")
    assert (tmp_path / "x.csv").read_text() == "'=2+2,'@a,b,n\n'=1+1,'-x,'\t1,-5\n"


def test_json_is_exact(explored: Path, tmp_path: Path) -> None:
    save(explored, MIXED, {"n": 1}, tmp_path / "x.json", "json")
    (told,) = json.loads((tmp_path / "x.json").read_text())
    assert told["d"] == "1.500000000000000000"
    assert told["at"] == "2026-01-02T03:04:05.500000Z"
    assert (told["n"], told["l"], told["yes"], told["nothing"], told["b"]) == (0, [1, 2], True, None, "6162")


def test_json_has_no_number_that_is_none(explored: Path, tmp_path: Path) -> None:
    save(explored, "select 'nan'::double as a, map {'k': 1} as m", {}, tmp_path / "x.json", "json")
    assert json.loads((tmp_path / "x.json").read_text()) == [{"a": None, "m": {"k": 1}}]


def test_parquet_keeps_types(explored: Path, tmp_path: Path) -> None:
    sql = MIXED.replace("null as nothing", "sum(i) over () as nothing")
    save(explored, sql, {"n": 2}, tmp_path / "x.parquet", "parquet")
    saved = pl.read_parquet(tmp_path / "x.parquet")
    assert saved.schema == ask(explored, sql, {"n": 2}).frame.schema
    assert saved["at"][0] == datetime(2026, 1, 2, 3, 4, 5, 500_000)  # noqa: DTZ001


def test_a_workbook_holds_texts_numbers_and_dates(explored: Path, tmp_path: Path) -> None:
    assert save(explored, MIXED, {"n": 2}, tmp_path / "x.xlsx", "xlsx") == 2
    with zipfile.ZipFile(tmp_path / "x.xlsx") as book:
        told = book.read("xl/worksheets/sheet1.xml").decode()
    assert "<t>=x0</t>" in told
    assert "<f>" not in told
    assert '<c r="E2"><v>1.5' in told


@pytest.mark.parametrize("n", [4, 5, 8, 9])
def test_a_full_sheet_says_where_the_rows_go_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, n: int) -> None:
    monkeypatch.setattr(files, "SHEET_ROWS", 6)
    batches = pl.DataFrame({"a": list(range(n))}).to_arrow().to_reader()
    assert files._write_sheets(batches, tmp_path / "x.xlsx") == n
    with zipfile.ZipFile(tmp_path / "x.xlsx") as book:
        sheets = [name for name in book.namelist() if name.startswith("xl/worksheets/sheet")]
        first = book.read("xl/worksheets/sheet1.xml").decode()
    assert len(sheets) == -(-n // 4)
    assert ("The sheet is full: the rows go on in sheet Rows 2." in first) == (n > 4)


@pytest.mark.parametrize("value", ["select 'x'::int as a", "copy (select 1) to 'x'", "explain select 1"])
def test_what_fails_leaves_the_file_as_it_was(explored: Path, tmp_path: Path, value: str) -> None:
    target = tmp_path / "x.csv"
    target.write_text("before")
    with pytest.raises((QueryError, RefusedError)):
        save(explored, value, {}, target, "csv")
    assert target.read_text() == "before"
    assert list(tmp_path.iterdir()) == [target]


def test_a_save_is_ended_by_its_clock(explored: Path, tmp_path: Path) -> None:
    sql = "select hash(a.range) from range(100000000) a, range(1000)"
    with pytest.raises(QueryError, match="more than 1 s"):
        save(explored, sql, {}, tmp_path / "x.csv", "csv", limits=Limits(wall_s=1))
    assert list(tmp_path.iterdir()) == []
