"""JSON lines: one object a line."""

import json
from decimal import Decimal
from pathlib import Path

import polars as pl

ENDINGS = (".jsonl", ".ndjson")


def read(path: Path) -> tuple[pl.DataFrame, list[int]]:
    """The file as a frame of text, each value as JSON spells it, and the line of each row. Raises ValueError."""
    rows, at = [], []
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            if line.strip():
                rows.append(_object(line, number))
                at.append(number)
    names = dict.fromkeys(name for row in rows for name in row)
    return pl.DataFrame({name: [_text(row.get(name)) for row in rows] for name in names}), at


def _object(line: str, number: int) -> dict[str, object]:
    try:
        value = json.loads(line, parse_float=Decimal)
    except ValueError as error:
        raise ValueError(f"line {number} is not JSON ({error})") from error
    if not isinstance(value, dict):
        raise ValueError(f"line {number} is no JSON object")
    return value


def _text(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, Decimal):
        return str(value)
    return json.dumps(value, default=str)
