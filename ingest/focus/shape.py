"""A frame with FOCUS column names of any version as rows of `focus_cost`: nothing is dropped, nothing is guessed."""

from dataclasses import dataclass, field
from typing import Any

import polars as pl

from aurora.contracts.columns import MONEY as DECIMAL
from aurora.errors import ContractError
from ingest.check import Reject
from ingest.focus import columns as focus
from ingest.focus.maps import objects, objects_of
from ingest.focus.values import instants, money, text

_CURRENCY = r"^[A-Z]{3}$"


@dataclass
class Shaped:
    """Rows that stand, in FocusCost's own types without the columns that landing adds, and those that do not."""

    good: pl.DataFrame
    rejects: list[Reject] = field(default_factory=list)


def shaped(raw: pl.DataFrame, export: str, first_row: int = 0, is_estimated: bool = False) -> Shaped:
    """The frame as rows of focus_cost; `first_row` is how many rows of the export came before.

    Times without a zone are UTC. Raises ContractError if a mandatory column is missing.
    """
    raw = named(raw)
    if lacks := focus.missing(raw.columns):
        raise ContractError(f"{export}: this is no FOCUS export: it has no column {', '.join(lacks)}")
    told = _renamed(raw)
    frame = pl.DataFrame([_column(told, name) for name in focus.FOCUS])
    problems = _problems(told, frame)
    frame = _marked(frame.with_columns(_others(told, frame)), told, export, first_row, is_estimated)
    bad = pl.DataFrame(list(problems.values())).select(pl.any_horizontal(pl.all())).to_series()
    if not bad.any():
        return Shaped(frame)
    return Shaped(frame.filter(~bad), _rejects(raw, bad, problems, first_row))


def named(raw: pl.DataFrame) -> pl.DataFrame:
    """The frame with FOCUS' own spelling of its columns."""
    return raw.rename(focus.spelled(raw.columns))


def _renamed(raw: pl.DataFrame) -> pl.DataFrame:
    """With the names of 1.2 that are not told taken from those of 1.3."""
    fills = []
    for old, new in focus.RENAMED.items():
        if new in raw.columns:
            have = pl.Series(old, text(raw[old]) if old in raw.columns else [None] * raw.height, dtype=pl.String)
            fills.append(have.fill_null(text(raw[new])))
    return raw.with_columns(fills)


def _column(raw: pl.DataFrame, name: str) -> pl.Series:
    """One column of FOCUS in the contract's type, all null if the export has it not."""
    kind = focus.KINDS[name]
    if name not in raw.columns:
        return pl.Series(name, [None], dtype=kind).new_from_index(0, raw.height)
    if name in focus.MONEY:
        # What is beyond the 18th decimal of a quantity is how a float was printed; of an amount it would be money.
        return money(raw[name], is_exact=not name.endswith("Quantity")).alias(name)
    if name in focus.INSTANTS:
        return instants(raw[name]).alias(name)
    if name in focus.MAPS:
        return objects(raw[name]).alias(name)
    said = text(raw[name]).alias(name)
    return _spelled(said) if name in ("ChargeCategory", "BillingCurrency") else said


def _spelled(said: pl.Series) -> pl.Series:
    """Words that only differ from FOCUS' own in their case are FOCUS' own."""
    known = said.drop_nulls().unique()
    bare = known.str.strip_chars()
    own = bare.str.to_uppercase() if said.name == "BillingCurrency" else bare.str.to_titlecase()
    return said if own.equals(known) else said.replace_strict(known, own, default=None).alias(said.name)


def _problems(raw: pl.DataFrame, frame: pl.DataFrame) -> dict[str, pl.Series]:
    """For each rule, whether a row breaks it. The first broken one is told."""
    found: dict[str, pl.Series] = {}
    for name in (*focus.MONEY, *focus.INSTANTS):
        if name in raw.columns and frame[name].null_count() > raw[name].null_count():
            found[f"{name}|type"] = frame[name].is_null() & _is_told(raw[name])
    for name in focus.NEEDED:
        if frame[name].null_count():
            found[f"{name}|nullability"] = frame[name].is_null()
    for start, end in focus.PERIODS:
        found[f"{end}|order"] = (frame[end] <= frame[start]).fill_null(False)
    found["ChargeCategory|one_of"] = ~frame["ChargeCategory"].is_in(focus.WORDS["ChargeCategory"]).fill_null(True)
    found["BillingCurrency|currency"] = ~frame["BillingCurrency"].str.contains(_CURRENCY).fill_null(True)
    return {rule: broken.alias(rule) for rule, broken in found.items()}


def _is_told(column: pl.Series) -> pl.Series:
    return text(column).is_not_null() if column.dtype == pl.String else column.is_not_null()


def _others(raw: pl.DataFrame, frame: pl.DataFrame) -> pl.Series:
    """x_Other: columns without a place, and maps that could not be read."""
    extras = [name for name in raw.columns if name not in focus.KINDS]
    parts = [text(raw[name]) if raw.schema[name] == pl.String else raw[name] for name in extras]
    unread = [name for name in focus.MAPS if raw.schema.get(name) == pl.String and frame[name].null_count()]
    parts += [text(raw[name]).set(frame[name].is_not_null(), None) for name in unread]
    return objects_of(pl.DataFrame(parts), raw.height).alias("x_Other")


def _marked(frame: pl.DataFrame, raw: pl.DataFrame, export: str, first_row: int, is_estimated: bool) -> pl.DataFrame:
    """With the columns that FOCUS does not know: whose row it is and what it was made from."""
    numbers = pl.int_range(first_row, first_row + pl.len()).cast(pl.String).str.zfill(10)
    period = _days(frame["BillingPeriodStart"])
    version = pl.Series([focus.version_of(raw.columns)]).new_from_index(0, raw.height)
    if "x_FocusVersion" in raw.columns:
        version = text(raw["x_FocusVersion"]).fill_null(version)
    return frame.with_columns(
        pl.concat_str(pl.lit(export + ":"), period, pl.lit(":"), numbers).alias("x_RowId"),
        pl.lit(export).alias("x_SourceExport"),
        version.alias("x_FocusVersion"),
        pl.lit(is_estimated).alias("x_IsEstimated"),
    ).select(list(focus.KINDS))


def _days(at: pl.Series) -> pl.Series:
    """Each instant's day in ISO 8601. An export tells few periods, a slice of it most often one."""
    known = at.unique()
    days = known.dt.strftime("%Y-%m-%d")
    if len(known) == 1:
        return days.new_from_index(0, len(at))
    return at.replace_strict(known, days, default=None, return_dtype=pl.String)


def _rejects(raw: pl.DataFrame, bad: pl.Series, problems: dict[str, pl.Series], first_row: int) -> list[Reject]:
    broken = pl.DataFrame(list(problems.values())).with_row_index("place").filter(bad)
    rejects = []
    for row, flags in zip(raw.filter(bad).iter_rows(named=True), broken.iter_rows(named=True), strict=True):
        rule = next(rule for rule in problems if flags[rule])
        payload = {name: value for name, value in row.items() if value is not None and value != ""}
        rejects.append(Reject(rule, _why(rule, row), payload, first_row + flags["place"]))
    return rejects


def _why(rule: str, row: dict[str, Any]) -> str:
    """The sentence of a broken rule."""
    name, _, kind = rule.partition("|")
    value = repr(row.get(name))
    said = f"{name} = {value if len(value) <= 80 else value[:77] + '...'}"
    if kind == "nullability":
        return f"{name} is missing"
    if kind == "type":
        return f"{said} is no instant" if name in focus.INSTANTS else f"{said} is no number of {_fitting()}"
    if kind == "order":
        return f"{said} is not after {name.replace('End', 'Start')} = {row.get(name.replace('End', 'Start'))!r}"
    if kind == "one_of":
        return f"{said} is none of {', '.join(focus.WORDS[name])}"
    return f"{said} is no currency: three letters, such as EUR"


def _fitting() -> str:
    return f"at most {DECIMAL.precision - DECIMAL.scale} digits and {DECIMAL.scale} decimals"
