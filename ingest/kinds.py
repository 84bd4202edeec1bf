"""Which Python values and which columns a contract's kind takes; what would hide a fault is not converted."""

import math
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import polars as pl


def taker(kind: pl.DataType) -> Callable[[Any], Any]:
    """The function that takes a Python value for a column of that kind, or says why not."""
    if isinstance(kind, pl.Datetime):
        return _instant
    if isinstance(kind, pl.Decimal):
        return _money
    if isinstance(kind, pl.List):
        return _wholes if kind.inner == pl.Int64 else _texts
    kinds: dict[type[pl.DataType], Callable[[Any], Any]] = {
        pl.Int64: _whole,
        pl.Float64: _real,
        pl.Boolean: lambda value: _exactly(value, bool, "true or false"),
        pl.Date: _day,
        pl.Binary: lambda value: _exactly(value, bytes, "bytes"),
        pl.String: _text,
    }
    return kinds[type(kind)]


def _exactly(value: Any, kind: type, word: str) -> Any:
    if type(value) is not kind:
        raise TypeError(f"is {type(value).__name__}, wanted {word}")
    return value


def _text(value: Any) -> str:
    text: str = _exactly(value, str, "text")
    text.encode()  # half of a surrogate pair, which JSON lets through, is refused here by a ValueError
    return text


def _instant(value: Any) -> datetime:
    if not isinstance(value, datetime):
        raise TypeError(f"is {type(value).__name__}, wanted an instant")
    if value.tzinfo is None:
        raise ValueError("has no time zone")
    return value.astimezone(UTC)


def _day(value: Any) -> date:
    if not isinstance(value, date) or isinstance(value, datetime):
        raise TypeError(f"is {type(value).__name__}, wanted a day")
    return value


def _whole(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float) or value != int(value):
        raise TypeError("is no whole number")
    if abs(value) >= 2**63:
        raise ValueError("does not fit 64 bits")
    return int(value)


def _real(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"is {type(value).__name__}, wanted a number")
    if math.isnan(value) or math.isinf(value):
        raise ValueError("is no number: absent is null")
    return float(value)


def _money(value: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, Decimal | int):
        raise TypeError(f"is {type(value).__name__}, wanted an exact decimal")
    amount = Decimal(value)
    exponent = amount.as_tuple().exponent
    if not isinstance(exponent, int):
        raise ValueError("is no number")
    if exponent < -18 or amount.copy_abs() >= 10**20:  # abs() would round it
        raise ValueError("has more than 18 decimals or 20 digits before them")
    return amount


def _texts(value: Any) -> list[str]:
    if not isinstance(value, list | tuple) or any(type(item) is not str for item in value):
        raise TypeError("is no list of text")
    return [_text(item) for item in value]


def _wholes(value: Any) -> list[int]:
    if not isinstance(value, list | tuple):
        raise TypeError("is no list of whole numbers")
    return [_whole(item) for item in value]


def converted(column: pl.Series, kind: pl.DataType) -> pl.Series:
    """The column in that kind where that loses nothing, null elsewhere."""
    nothing = pl.Series(column.name, [None] * len(column), dtype=kind)
    have = column.dtype
    if have == pl.Null:
        return nothing
    if isinstance(kind, pl.Datetime):
        zoned = isinstance(have, pl.Datetime) and have.time_zone
        return column.dt.convert_time_zone("UTC").cast(kind) if zoned else nothing
    if isinstance(kind, pl.Decimal):
        exact = have.is_decimal() or have.is_integer()
        return _exact(column, kind) if exact else nothing
    if kind == pl.Float64 and have.is_numeric() and not have.is_decimal():
        return column.cast(pl.Float64)
    if kind == pl.Int64 and have.is_integer():
        return column.cast(pl.Int64, strict=False)
    if kind == pl.String and have in (pl.Categorical, pl.Enum):
        return column.cast(pl.String)
    if isinstance(kind, pl.List) and have in (pl.List(pl.Null), kind):
        return column.cast(kind)
    return nothing


def _exact(column: pl.Series, kind: pl.DataType) -> pl.Series:
    """The column as money, null where digits would be lost."""
    taken = column.cast(kind, strict=False)
    if not isinstance(column.dtype, pl.Decimal) or column.dtype.scale <= 18:
        return taken
    same = taken.cast(column.dtype, strict=False) == column
    return pl.select(pl.when(same.fill_null(False)).then(taken)).to_series().rename(column.name)
