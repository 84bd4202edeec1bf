"""Frames as text: what a spreadsheet or another program reads."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal

import polars as pl

from warehouse.text import as_csv, as_json

FRAME = pl.DataFrame(
    {
        "at": [datetime(2026, 3, 1, 10, tzinfo=UTC).replace(tzinfo=None), None],
        "day": [date(2026, 3, 1), None],
        "cost": [Decimal("0.100000000000000001"), None],
        "tags": [["a", "b,c"], None],
        "name": ["=1+1", "plain, with comma"],
        "raw": [b"\x01\xff", None],
    },
    schema_overrides={"cost": pl.Decimal(38, 18)},
)


def test_csv() -> None:
    lines = as_csv(FRAME).decode().splitlines()
    assert lines[0] == "at,day,cost,tags,name,raw"
    assert lines[1] == '2026-03-01T10:00:00.000000Z,2026-03-01,0.100000000000000001,"[""a"", ""b,c""]",=1+1,01ff'
    assert lines[2] == ',,,,"plain, with comma",'


def test_csv_for_a_spreadsheet_runs_no_formula() -> None:
    assert ",'=1+1," in as_csv(FRAME, for_spreadsheets=True).decode()


def test_json_keeps_money_exact_and_says_the_zone() -> None:
    first, second = json.loads(as_json(FRAME.drop("raw")))
    assert first == {
        "at": "2026-03-01T10:00:00.000000Z",
        "day": "2026-03-01",
        "cost": "0.100000000000000001",
        "tags": ["a", "b,c"],
        "name": "=1+1",
    }
    assert second["at"] is None
