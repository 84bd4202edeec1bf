"""The contract check: vendor rows in, good rows of the contract's types out, every bad row kept with its reason.

Nothing is coerced that would hide a fault: "1" is no number, a time without a zone is no instant, a float is no money.
"""

import json
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import polars as pl

from aurora.contracts import COMMON, Row, Table
from aurora.contracts.columns import words_of


@dataclass(frozen=True)
class Reject:
    """One row that broke its contract: the rule, a sentence, the row whole, and its place among the rows given."""

    rule: str
    message: str
    payload: Row
    place: int | None = None


@dataclass(frozen=True)
class Stamp:
    """What landing adds to every row of a run; `at` is UTC."""

    source: str
    source_instance: str
    run_id: str
    at: datetime


@dataclass
class Checked:
    """Good rows with the contract's types and unique keys, rejected rows, and how many keys came twice."""

    good: pl.DataFrame
    rejects: list[Reject] = field(default_factory=list)
    duplicate_count: int = 0


def check(table: type[Table], rows: Iterable[Row] | pl.DataFrame, stamp: Stamp) -> Checked:
    """Rows or a frame against the table's contract; the last of several rows with one key wins."""
    places: list[int] = []
    if isinstance(rows, pl.DataFrame):
        frame, rejects = _frame_of(table, rows)
    else:
        frame, rejects = _rows_of(table, rows, places)
    stamped = _stamped(table, frame, stamp)
    good = pl.DataFrame(table.filter(stamped)[0])
    if good.height < frame.height:
        # Asked again with the row's number in a column that is free: the answer does not tell places.
        numbered = stamped.with_columns(run_id=pl.int_range(pl.len()).cast(pl.String))
        rejects += _failures(table, table.filter(numbered)[1].details(), places)
    unique = unique_keys(table, good)
    return Checked(unique, rejects, good.height - unique.height)


def unique_keys(table: type[Table], good: pl.DataFrame) -> pl.DataFrame:
    """The frame with the last row of each key."""
    key = list(table.spec.key)
    if good.height < 2 or not good.select(pl.struct(key).is_duplicated().any()).item():
        return good
    return good.unique(key, keep="last", maintain_order=True)


def _stamped(table: type[Table], frame: pl.DataFrame, stamp: Stamp) -> pl.DataFrame:
    common = {
        "source": stamp.source,
        "source_instance": stamp.source_instance,
        "ingested_at": stamp.at,
        "run_id": stamp.run_id,
    }
    kinds = table.dtypes()
    absent = [pl.lit(None, dtype=kind).alias(name) for name, kind in kinds.items() if name not in frame.columns]
    marks = [pl.lit(value, dtype=kinds[name]).alias(name) for name, value in common.items()]
    return frame.with_columns(absent).with_columns(marks).select(table.own_columns())


def _rows_of(table: type[Table], rows: Iterable[Row], places: list[int]) -> tuple[pl.DataFrame, list[Reject]]:
    """Row by row: each value must already be of its column's kind; `places` gets where the good ones stood."""
    kinds = {name: kind for name, kind in table.dtypes().items() if name not in COMMON}
    takers = {name: _taker(kind) for name, kind in kinds.items()}
    good: list[Row] = []
    rejects: list[Reject] = []
    for place, row in enumerate(rows):
        taken, problem = _take(row, takers)
        if problem:
            rejects.append(Reject(*problem, payload=row, place=place))
        else:
            good.append(taken)
            places.append(place)
    return pl.DataFrame(good, schema=kinds, orient="row"), rejects


def _take(row: Row, takers: dict[str, Callable[[Any], Any]]) -> tuple[Row, tuple[str, str] | None]:
    taken: Row = {}
    for name in row.keys() - takers.keys():
        return {}, ("unknown_column", f"{name} is no column of this table")
    for name, take in takers.items():
        value = row.get(name)
        try:
            taken[name] = None if value is None else take(value)
        except (TypeError, ValueError, ArithmeticError) as error:
            return {}, (f"{name}|type", f"{name} = {_short(value)}: {error}")
    return taken, None


def _taker(kind: pl.DataType) -> Callable[[Any], Any]:
    """The function that takes a Python value for a column of that kind, or says why not."""
    if isinstance(kind, pl.Datetime):
        return _instant
    if isinstance(kind, pl.Decimal):
        return _money
    if isinstance(kind, pl.List):
        return _texts
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


def _frame_of(table: type[Table], frame: pl.DataFrame) -> tuple[pl.DataFrame, list[Reject]]:
    """Column by column: kinds that convert without loss are converted, anything else sends its rows to quarantine."""
    kinds = {name: kind for name, kind in table.dtypes().items() if name not in COMMON}
    rejects: list[Reject] = []
    for name in [name for name in frame.columns if name not in kinds]:
        if name in COMMON:
            frame = frame.drop(name)
            continue
        rejects += _reject(frame, pl.lit(True), "unknown_column", f"{name} is no column of this table")
        return pl.DataFrame(schema=kinds), rejects
    for name in frame.columns:
        if frame[name].dtype == kinds[name]:
            continue
        taken = _converted(frame[name], kinds[name])
        lost = frame[name].is_not_null() & taken.is_null()
        rejects += _reject(frame, lost, f"{name}|type", f"{name} is {frame[name].dtype}, wanted {kinds[name]}")
        frame = frame.with_columns(taken.alias(name)).filter(~lost)
    return frame, rejects


def _reject(frame: pl.DataFrame, which: pl.Series | pl.Expr, rule: str, message: str) -> list[Reject]:
    return [Reject(rule, message, row) for row in frame.filter(which).iter_rows(named=True)]


def _converted(column: pl.Series, kind: pl.DataType) -> pl.Series:
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
    if isinstance(kind, pl.List) and have == pl.List(pl.Null):
        return column.cast(kind)
    return nothing


def _exact(column: pl.Series, kind: pl.DataType) -> pl.Series:
    """The column as money, null where digits would be lost."""
    taken = column.cast(kind, strict=False)
    if not isinstance(column.dtype, pl.Decimal) or column.dtype.scale <= 18:
        return taken
    same = taken.cast(column.dtype, strict=False) == column
    return pl.select(pl.when(same.fill_null(False)).then(taken)).to_series().rename(column.name)


def _failures(table: type[Table], details: pl.DataFrame, places: list[int]) -> list[Reject]:
    """A Reject for each failed row; the columns after the contract's hold the verdict of each rule."""
    names = table.column_names()
    rules = [name for name in details.columns if name not in names]
    own = [name for name in names if name not in COMMON]
    rejects = []
    for row in details.iter_rows(named=True):
        broken = next((rule for rule in rules if row[rule] == "invalid"), "contract")
        payload = {name: row[name] for name in own}
        place = places[int(row["run_id"])] if places else None
        rejects.append(Reject("|".join(_parts(broken)).rstrip("|"), _why(table, broken, row), payload, place))
    return rejects


def _parts(rule: str) -> tuple[str, str]:
    """'status|check__one_of' -> ('status', 'one_of')."""
    name, _, kind = rule.partition("|")
    return name, kind.removeprefix("check__")


def _why(table: type[Table], rule: str, row: Row) -> str:
    name, kind = _parts(rule)
    if kind == "nullability":
        return f"{name} is missing"
    if kind == "one_of":
        return f"{name} = {_short(row[name])} is none of {', '.join(words_of(table.columns()[name]))}"
    if kind == "not_blank":
        return f"{name} is empty: absent is null"
    return f"{name} = {_short(row.get(name))} breaks the rule {kind or name}"


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."


def as_json(payload: Row) -> str:
    """A rejected row as JSON text; what JSON has no form for becomes text."""
    whole = {str(name): value for name, value in payload.items()}
    return json.dumps(whole, default=str, ensure_ascii=False, sort_keys=True).encode(errors="replace").decode()
