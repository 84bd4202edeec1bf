"""Columns of a provider's export by name, however it spells them, as text; and JSON and days out of them.

Names are compared by their letters and digits alone: `lineItem/UnblendedCost`, `line_item_unblended_cost` and
`LineItem UnblendedCost` are one. A translated header has the English name behind it in parentheses.
"""

import json
import re
from collections.abc import Callable, Iterable
from typing import Any

import polars as pl

NOTHING = pl.lit(None, dtype=pl.String)
_DAYS = ((r"^(\d{4})-?(\d\d)-?(\d\d)(?:T|\s|$)", (1, 2, 3)), (r"^(\d{1,2})/(\d{1,2})/(\d{4})(?:\s|$)", (3, 1, 2)))


def squashed(name: str) -> str:
    """A column's name as it is compared."""
    english = re.search(r"\(([^()]+)\)\s*$", name)
    return re.sub(r"[^0-9a-z]", "", (english[1] if english else name).lower())


class Source:
    """The columns of one export. Of several that squash to the same name the first counts."""

    def __init__(self, frame: pl.LazyFrame) -> None:
        self.kinds = dict(frame.collect_schema().items())
        self.names: dict[str, str] = {}
        for name in self.kinds:
            self.names.setdefault(squashed(name), name)

    def has(self, name: str) -> bool:
        """Whether there is such a column."""
        return squashed(name) in self.names

    def text(self, *names: str) -> pl.Expr:
        """The first of these columns that says something, as text; null where none does."""
        found = [self.names[squashed(name)] for name in names if self.has(name)]
        return pl.coalesce([self.cell(name) for name in found]) if found else NOTHING

    def cell(self, column: str) -> pl.Expr:
        """The column that is spelled exactly so, as text."""
        return as_text(pl.col(column), self.kinds[column])

    def kind(self, name: str) -> pl.DataType | None:
        """The kind of a column; None for one that is not there."""
        return self.kinds[self.names[squashed(name)]] if self.has(name) else None

    def starting(self, *prefixes: str) -> dict[str, str]:
        """Columns whose name begins with one of these, as it is spelled: what follows -> the column."""
        cut = {name: next((one for one in prefixes if name.startswith(one)), None) for name in self.kinds}
        return {name.removeprefix(prefix): name for name, prefix in cut.items() if prefix and name != prefix}


def as_text(column: pl.Expr, kind: pl.DataType) -> pl.Expr:
    """A cell as text: trimmed, null when empty; floats with at most 18 decimals, instants in UTC."""
    if kind == pl.String:
        trimmed = column.str.strip_chars()
        return pl.when(trimmed != "").then(trimmed)
    if isinstance(kind, pl.Datetime):
        utc = column.dt.convert_time_zone("UTC") if kind.time_zone else column
        return utc.dt.strftime("%Y-%m-%dT%H:%M:%S%.fZ")
    if kind.is_float():
        # A float is no exact number: what stands behind its 18th decimal is noise of its binary form.
        short = column.cast(pl.String)
        return pl.coalesce([short.cast(pl.Decimal(38, 18), strict=False).cast(pl.String), short])
    return NOTHING if kind.is_nested() else column.cast(pl.String)


def day_of(text: pl.Expr) -> pl.Expr:
    """A day written as 2026-03-01, 20260301 or 3/1/2026 (month first); null for anything else."""
    return by_distinct(text, _day, pl.Date())


def _day(text: pl.Expr) -> pl.Expr:
    tried = []
    for pattern, (year, month, day) in _DAYS:
        parts = [text.str.extract(pattern, place) for place in (year, month, day)]
        padded = pl.concat_str([parts[0], parts[1].str.zfill(2), parts[2].str.zfill(2)], separator="-")
        tried.append(padded.str.to_date("%Y-%m-%d", strict=False))
    return pl.coalesce(tried)


def midnight(day: pl.Expr, otherwise: pl.Expr = NOTHING) -> pl.Expr:
    """A day's beginning in UTC as text; where there is none, `otherwise`, for the check to name it."""
    return pl.coalesce([day.dt.strftime("%Y-%m-%dT00:00:00Z"), otherwise])


def json_of(columns: dict[str, pl.Expr]) -> pl.Expr:
    """A JSON object of the cells that say something, by key; null when none does."""
    parts = [pl.when(cell.is_not_null()).then(_member(key, cell)) for key, cell in columns.items()]
    if not parts:
        return NOTHING
    joined = pl.concat_str(parts, separator=",", ignore_nulls=True)
    return pl.when(joined != "").then(pl.concat_str([pl.lit("{"), joined, pl.lit("}")]))


def _member(key: str, cell: pl.Expr) -> pl.Expr:
    return pl.struct(cell.alias(key)).struct.json_encode().str.slice(1).str.strip_suffix("}")


def each(text: pl.Expr, work: Callable[[str], str | None]) -> pl.Expr:
    """`work` on each distinct text: for what no expression can do."""

    def done(cells: pl.Series) -> pl.Series:
        distinct = cells.drop_nulls().unique().to_list()
        worked = pl.Series([work(one) for one in distinct], dtype=pl.String)
        return cells.replace_strict(distinct, worked, default=None, return_dtype=pl.String)

    return text.map_batches(done, return_dtype=pl.String)


def by_distinct(text: pl.Expr, work: Callable[[pl.Expr], pl.Expr], kind: pl.DataType) -> pl.Expr:
    """`work` on each distinct text, null on null: for patterns over columns that tell few things many times."""

    def done(cells: pl.Series) -> pl.Series:
        distinct = cells.drop_nulls().unique()
        worked = distinct.to_frame("text").select(work(pl.col("text"))).to_series()
        return cells.replace_strict(distinct, worked, default=None, return_dtype=kind)

    return text.map_batches(done, return_dtype=kind)


def json_object(text: str) -> str | None:
    """A JSON object written anew, also one whose braces are missing; None for what is none."""
    try:
        told = json.loads(text if text.lstrip().startswith("{") else f"{{{text}}}", parse_constant=_no_number)
    except (ValueError, RecursionError):
        return None
    return dumped(told) if isinstance(told, dict) and told else None


def pairs(text: str) -> str | None:
    """A JSON list of {"key", "value"} as one object; None for anything else."""
    try:
        told = json.loads(text, parse_constant=_no_number)
        return pairs_object(told) if isinstance(told, list) else json_object(text)
    except (ValueError, TypeError, KeyError, RecursionError):
        return None


def pairs_object(told: Iterable[dict[str, Any]]) -> str | None:
    """Keys and values as one JSON object; None when there are none."""
    found = {str(one["key"]): one.get("value") for one in told}
    return dumped(found) if found else None


def dumped(told: Any) -> str:
    """JSON as text; half of a surrogate pair, which is no text, becomes a question mark."""
    return json.dumps(told, ensure_ascii=False).encode(errors="replace").decode()


def _no_number(word: str) -> Any:
    raise ValueError(f"{word} is no number")
