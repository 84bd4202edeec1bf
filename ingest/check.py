"""The contract check: vendor rows in, good rows of the contract's types out, every bad row kept with its reason.

Nothing is coerced that would hide a fault: "1" is no number, a time without a zone is no instant, a float is no money.
"""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import polars as pl

from aurora.contracts import COMMON, Row, Table
from aurora.contracts.columns import words_of
from ingest.kinds import converted, taker


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
    takers = {name: taker(kind) for name, kind in kinds.items()}
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
        taken = converted(frame[name], kinds[name])
        lost = frame[name].is_not_null() & taken.is_null()
        rejects += _reject(frame, lost, f"{name}|type", f"{name} is {frame[name].dtype}, wanted {kinds[name]}")
        frame = frame.with_columns(taken.alias(name)).filter(~lost)
    return frame, rejects


def _reject(frame: pl.DataFrame, which: pl.Series | pl.Expr, rule: str, message: str) -> list[Reject]:
    return [Reject(rule, message, row) for row in frame.filter(which).iter_rows(named=True)]


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
