"""Cells of a file of text as the kinds of a canonical table's columns."""

import json
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

import polars as pl


def cell(name: str, value: Any, kind: pl.DataType) -> Any:
    """A cell as its column's kind; text is parsed, anything else is left to the contract check. Raises ValueError."""
    if not isinstance(value, str):
        return value
    if value == "":
        return "" if kind == pl.String else None
    try:
        return _parse(value.strip(), kind)
    except (ValueError, KeyError, InvalidOperation) as error:
        raise ValueError(f"{name} = {value!r} is no {_spoken(kind)}") from error


def _parse(text: str, kind: pl.DataType) -> Any:
    if isinstance(kind, pl.Datetime):
        return _instant(text)
    if isinstance(kind, pl.Decimal):
        return Decimal(text)
    if isinstance(kind, pl.List):
        return json.loads(text) if text.startswith("[") else [part.strip() for part in text.split(";")]
    if kind == pl.Boolean:
        return {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}[text.lower()]
    if kind == pl.Date:
        return date.fromisoformat(text)
    if "_" in text and kind in (pl.Int64, pl.Float64):
        raise ValueError("Python alone reads 1_000 as a number")
    if kind == pl.Int64:
        return int(text)
    if kind == pl.Float64:
        return float(text)
    if kind == pl.Binary:
        return bytes.fromhex(text)
    return text


def _instant(text: str) -> datetime:
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError("has no zone")
    return instant


def _spoken(kind: pl.DataType) -> str:
    if isinstance(kind, pl.Datetime):
        return "instant with a zone, such as 2026-03-01T10:00:00Z"
    words = {pl.Boolean: "true or false", pl.Date: "day, such as 2026-03-01", pl.Int64: "whole number"}
    return words.get(type(kind), "number")
