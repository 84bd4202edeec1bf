"""All rows of a query as a file, written while they come, so that memory stays flat however many there are."""

from collections.abc import Iterator
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

import duckdb

from aurora.explore.kinds import Column, as_text, is_instant, is_nested, quoted_name

Format = Literal["csv", "parquet", "xlsx", "json"]
HOW = {
    "csv": "FORMAT csv, HEADER",
    "parquet": "FORMAT parquet, COMPRESSION zstd",
    "json": "FORMAT json, ARRAY true",
}
ISO = "%Y-%m-%dT%H:%M:%S.%fZ"
FORMULA = ("=", "+", "-", "@", "\t", "\r")
SHAPES: dict[type, str] = {datetime: "yyyy-mm-dd hh:mm:ss", date: "yyyy-mm-dd", time: "hh:mm:ss"}
SHEET_ROWS = 1_048_576
CELL = 32_767
BATCH = 10_000


def write(
    con: duckdb.DuckDBPyConnection, sql: str, params: dict[str, Any], columns: list[Column], path: Path, how: Format
) -> int:
    """Write what the query answers, and say how many rows that is."""
    asked = f"SELECT {', '.join(_told(column, how) for column in columns)} FROM (\n{sql}\n)"
    if how == "xlsx":
        return _write_sheets(con.sql(asked, params=params).to_arrow_reader(BATCH), path)
    place = str(path).replace("'", "''")
    told = con.execute(f"COPY ({asked}) TO '{place}' ({HOW[how]})", params).fetchone()
    return int(told[0]) if told else 0


def _told(column: Column, how: Format) -> str:
    """A column as the format can hold it: the rules of warehouse/text.py in SQL."""
    name, alias = quoted_name(column.name), quoted_name(column.name)
    told = {"csv": _in_csv, "json": _in_json, "xlsx": _in_sheet, "parquet": _in_parquet}[how](column, name)
    if how == "csv" and column.name.startswith(FORMULA):
        alias = quoted_name("'" + column.name)
    return f"{told} AS {alias}"


def _in_csv(column: Column, name: str) -> str:
    if is_instant(column):
        return f"strftime({name}::TIMESTAMP, '{ISO}')"
    if is_nested(column):
        return f"to_json({name})::VARCHAR"
    if column.kind == "BLOB":
        return f"lower(hex({name}))"
    if column.kind in ("VARCHAR", "JSON") or as_text(column):
        risky = ", ".join(str(ord(sign)) for sign in FORMULA)
        return f"CASE WHEN ascii({name}::VARCHAR) IN ({risky}) THEN '''' || {name} ELSE {name}::VARCHAR END"
    return name


def _in_json(column: Column, name: str) -> str:
    if is_instant(column):
        return f"strftime({name}::TIMESTAMP, '{ISO}')"
    if column.kind in ("DOUBLE", "FLOAT"):
        return f"CASE WHEN isfinite({name}) THEN {name} END"
    if is_nested(column):
        return f"to_json({name})"
    if column.kind.startswith("DECIMAL") or column.kind == "HUGEINT" or as_text(column):
        return f"{name}::VARCHAR"
    return f"lower(hex({name}))" if column.kind == "BLOB" else name


def _in_sheet(column: Column, name: str) -> str:
    if is_instant(column):
        return f"{name}::TIMESTAMP"
    if is_nested(column):
        return f"to_json({name})::VARCHAR"
    if column.kind == "BLOB":
        return f"lower(hex({name}))"
    return f"{name}::VARCHAR" if as_text(column) else name


def _in_parquet(column: Column, name: str) -> str:
    if column.kind == "HUGEINT":
        return f"{name}::DECIMAL(38, 0)"
    return f"{name}::VARCHAR" if as_text(column) and not is_nested(column) else name


def _write_sheets(batches: Any, path: Path) -> int:
    """A workbook; where a sheet is full, it says so and the rows go on in the next one."""
    import xlsxwriter  # type: ignore[import-untyped]  # few queries need it

    options = {"constant_memory": True, "tmpdir": str(path.parent)}
    count = 0
    with xlsxwriter.Workbook(str(path), options) as book:
        book.use_zip64()
        shapes = {kind: book.add_format({"num_format": shape}) for kind, shape in SHAPES.items()}
        heads = batches.schema.names
        sheet = _fresh_sheet(book, heads, 1)
        for row in _rows(batches):
            number, line = divmod(count, SHEET_ROWS - 2)
            if line == 0 and number > 0:
                sheet.write_string(SHEET_ROWS - 1, 0, f"The sheet is full: the rows go on in sheet Rows {number + 1}.")
                sheet = _fresh_sheet(book, heads, number + 1)
            for place, value in enumerate(row):
                _write_cell(sheet, line + 1, place, value, shapes)
            count += 1
    return count


def _fresh_sheet(book: Any, heads: list[str], number: int) -> Any:
    sheet = book.add_worksheet(f"Rows {number}")
    sheet.freeze_panes(1, 0)
    bold = book.add_format({"bold": True})
    for place, head in enumerate(heads):
        sheet.write_string(0, place, head, bold)
    return sheet


def _rows(batches: Any) -> Iterator[tuple[Any, ...]]:
    for batch in batches:
        yield from zip(*(column.to_pylist() for column in batch.columns), strict=True)


def _write_cell(sheet: Any, row: int, column: int, value: Any, shapes: dict[type, Any]) -> None:
    """Texts stay texts, so that none is run as a formula; numbers that a sheet would round are texts too."""
    if value is None:
        return
    if isinstance(value, bool):
        sheet.write_boolean(row, column, value)
    elif isinstance(value, int | float | Decimal) and -(10**15) < value < 10**15:
        sheet.write_number(row, column, value)
    elif type(value) in shapes and _is_in_calendar(value):
        sheet.write_datetime(row, column, value, shapes[type(value)])
    else:
        sheet.write_string(row, column, str(value)[:CELL])


def _is_in_calendar(value: date | time) -> bool:
    """Spreadsheets begin with 1900."""
    return not isinstance(value, date) or value.year >= 1900
