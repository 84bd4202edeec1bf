"""Frames as text for people and programs: CSV and JSON, instants in ISO 8601 UTC, money exact."""

import json

import polars as pl

INSTANT = "%Y-%m-%dT%H:%M:%S%.6fZ"


def as_csv(frame: pl.DataFrame, *, for_spreadsheets: bool = False) -> bytes:
    """CSV with lists as JSON text; for spreadsheets, a cell that would run as a formula is led by a quote."""
    flat = frame.with_columns(_told(name, kind) for name, kind in frame.schema.items())
    if for_spreadsheets:
        texts = [name for name, kind in frame.schema.items() if kind == pl.String]
        risky = r"^[=+\-@\t\r]"
        flat = flat.with_columns(
            pl.when(pl.col(name).str.contains(risky)).then("'" + pl.col(name)).otherwise(pl.col(name)).alias(name)
            for name in texts
        )
    return flat.write_csv().encode()


def as_json(frame: pl.DataFrame) -> str:
    """A JSON list of objects; decimals are text, since JSON numbers would round them."""
    decimals = [name for name, kind in frame.schema.items() if kind.is_decimal()]
    times = [name for name, kind in frame.schema.items() if isinstance(kind, pl.Datetime)]
    told = frame.with_columns(pl.col(decimals).cast(pl.String), pl.col(times).dt.strftime(INSTANT))
    return json.dumps(told.to_dicts(), default=str, ensure_ascii=False)


def _told(name: str, kind: pl.DataType) -> pl.Expr:
    """A column as CSV can hold it."""
    if isinstance(kind, pl.Datetime):
        return pl.col(name).dt.strftime(INSTANT)
    if kind.is_nested():
        return pl.col(name).map_elements(lambda value: json.dumps(_plain(value), default=str), return_dtype=pl.String)
    if kind == pl.Binary:
        return pl.col(name).bin.encode("hex")
    return pl.col(name)


def _plain(value: object) -> object:
    return list(value) if isinstance(value, pl.Series) else value
