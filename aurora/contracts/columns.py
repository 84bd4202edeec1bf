"""The kinds of column that canonical tables are made of; a column's name says its unit and thereby its kind."""

from collections.abc import Callable
from typing import Any

import dataframely as dy
import polars as pl

Check = Callable[[pl.Expr], pl.Expr]
MONEY = pl.Decimal(38, 18)


def _not_blank(col: pl.Expr) -> pl.Expr:
    return col != ""


def _not_negative(col: pl.Expr) -> pl.Expr:
    return col >= 0


def text(note: str = "", *, null: bool = False, blank: bool = False) -> dy.String:
    """Text; an empty string is refused unless `blank` (a key part that may not apply)."""
    check: dict[str, Check] = {} if blank else {"not_blank": _not_blank}
    return dy.String(nullable=null, check=check, description=note or None)


def one_of(*words: str, note: str = "", null: bool = False) -> dy.String:
    """Text from a closed list of lower_snake words, stored as text because the lake has no enums."""

    def known(col: pl.Expr) -> pl.Expr:
        return col.is_in(words)

    checks: dict[str, Check] = {"one_of": known}
    return dy.String(nullable=null, check=checks, metadata={"words": words}, description=note or None)


def texts(note: str = "", *, null: bool = True) -> dy.List:
    """A list of text."""
    return dy.List(dy.String(), nullable=null, description=note or None)


def wholes(note: str = "", *, null: bool = True) -> dy.List:
    """A list of integers, such as the buckets of a quantile sketch."""
    return dy.List(dy.Int64(), nullable=null, description=note or None)


def json_text(note: str = "", *, null: bool = True) -> dy.String:
    """JSON as text."""
    return dy.String(nullable=null, metadata={"json": True}, description=note or None)


def instant(note: str = "", *, null: bool = False) -> dy.Datetime:
    """An instant, UTC, to the microsecond."""
    return dy.Datetime(nullable=null, time_unit="us", time_zone="UTC", description=note or None)


def on(note: str = "", *, null: bool = False) -> dy.Date:
    """A calendar day, UTC unless the row has `day_tz`."""
    return dy.Date(nullable=null, description=note or None)


def flag(note: str = "", *, null: bool = True) -> dy.Bool:
    """True, false or not known."""
    return dy.Bool(nullable=null, description=note or None)


def real(note: str = "", *, null: bool = True) -> dy.Float64:
    """A float of any sign; NaN and infinity are refused (not reported is null)."""
    return dy.Float64(nullable=null, allow_inf=False, allow_nan=False, description=note or None)


def measure(note: str = "", *, null: bool = True) -> dy.Float64:
    """A float that cannot be negative: _ms, _s, _per_minute, _ratio."""
    return dy.Float64(nullable=null, min=0.0, allow_inf=False, allow_nan=False, description=note or None)


def pct(note: str = "", *, null: bool = True) -> dy.Float64:
    """A percentage, 0 to 100."""
    return dy.Float64(nullable=null, min=0.0, max=100.0, allow_inf=False, allow_nan=False, description=note or None)


def whole(note: str = "", *, null: bool = True) -> dy.Int64:
    """An integer of any sign."""
    return dy.Int64(nullable=null, description=note or None)


def count(note: str = "", *, null: bool = True) -> dy.Int64:
    """An integer that cannot be negative: _count, _bytes."""
    return dy.Int64(nullable=null, min=0, description=note or None)


def money(note: str = "", *, null: bool = True) -> dy.Decimal:
    """Money or a billed quantity: Decimal(38,18), exact; its currency stands in the same row."""
    return dy.Decimal(38, 18, nullable=null, description=note or None)


def blob(note: str = "", *, null: bool = True) -> dy.Binary:
    """Bytes, such as a quantile sketch."""
    return dy.Binary(nullable=null, description=note or None)


def words_of(column: dy.Column) -> tuple[str, ...]:
    """The closed list of a `one_of` column, () for any other."""
    metadata: dict[str, Any] = column.metadata or {}
    return tuple(metadata.get("words", ()))
