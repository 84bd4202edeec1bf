"""Tags and the like as JSON objects, however a provider writes a map; what is no map is null.

Known ways besides JSON: a map of Parquet, a list of key and value (Google), pairs without braces (Azure), the way
Python prints a dictionary, and the way Athena prints a map.
"""

import ast
import json
import re
from collections.abc import Callable, Iterable
from typing import Any

import polars as pl

from ingest.focus.values import text

_ESCAPED = r'["\\\x00-\x1f\x7f]'
_KEYS, _VALUES = ("key", "Key", "name"), ("value", "Value")
_ATHENA = re.compile(r"\{?\s*([^=,{}]+=[^={}]*?)(,\s*[^=,{}]+=[^={}]*?)*\s*\}?")


def objects(column: pl.Series) -> pl.Series:
    """The column as JSON objects in text; null for what is no map."""
    kind = column.dtype
    if kind == pl.String:
        return _of_text(text(column))
    if isinstance(kind, pl.List) and isinstance(kind.inner, pl.Struct):
        return _of_pairs(column, kind.inner)
    if isinstance(kind, pl.Struct):
        return _of_struct(column, kind)
    if isinstance(kind, pl.Map):
        return json_of(column)
    return pl.Series(column.name, [None] * len(column), dtype=pl.String)


def json_of(column: pl.Series) -> pl.Series:
    """Each cell as JSON; null stays null."""
    if _is_plain(column):
        return pl.select(pl.concat_str(pl.lit('"'), column, pl.lit('"'))).to_series().alias(column.name)
    told = column.rename("x").to_frame().select(pl.struct("x").struct.json_encode()).to_series()
    # {"x":...} without what is around the cell
    return told.str.slice(5).str.strip_suffix("}").set(column.is_null(), None).alias(column.name)


def _of_text(told: pl.Series) -> pl.Series:
    # Few maps are told many times: each is looked at once.
    known = told.drop_nulls().unique()
    is_object = known.str.json_path_match("$").str.starts_with("{").fill_null(False)
    if is_object.all():
        return told
    odd = known.filter(~is_object).to_list()
    read = pl.Series([_read(one) for one in odd], dtype=pl.String)
    every = pl.concat([known.filter(is_object), pl.Series(odd, dtype=pl.String)])
    said = pl.concat([known.filter(is_object), read])
    return told.replace_strict(every, said, default=None, return_dtype=pl.String).alias(told.name)


def _of_struct(column: pl.Series, kind: pl.Struct) -> pl.Series:
    """A struct's fields that have a value; Parquet knows no other way to tell an object whose keys are known."""
    fields = [field.name for field in kind.fields]
    told = objects_of(column.struct.unnest().select(fields), len(column))
    return told.fill_null("{}").set(column.is_null(), None).alias(column.name)


def objects_of(frame: pl.DataFrame, height: int) -> pl.Series:
    """One JSON object for each of `height` rows, of the columns that have a value there; null where none has."""
    told = [_encodable(column) for column in frame.iter_columns() if column.null_count() < len(column)]
    if not told:
        return pl.Series([None], dtype=pl.String).new_from_index(0, height)
    if all(column.null_count() == 0 for column in told):
        return _whole_objects(told)
    parts = [
        (json.dumps(column.name, ensure_ascii=False) + ":" + json_of(column)).alias(str(number))
        for number, column in enumerate(told)
    ]
    inside = pl.concat_str(pl.all(), separator=",", ignore_nulls=True)
    whole = pl.concat_str(pl.lit("{"), inside, pl.lit("}"))
    return pl.DataFrame(parts).select(pl.when(pl.any_horizontal(pl.all().is_not_null())).then(whole)).to_series()


def _whole_objects(told: list[pl.Series]) -> pl.Series:
    """The same where nothing is null: what stands between the values is the same in every row."""
    pieces: list[pl.Series | pl.Expr] = []
    between = "{"
    for column in told:
        name, is_plain = json.dumps(column.name, ensure_ascii=False), _is_plain(column)
        quote = '"' if is_plain else ""
        pieces += [pl.lit(f"{between}{name}:{quote}"), column if is_plain else json_of(column)]
        between = f"{quote},"
    return pl.select(pl.concat_str(*pieces, pl.lit(between[:-1] + "}"))).to_series()


def _is_plain(column: pl.Series) -> bool:
    """Whether it is text that JSON tells as it is."""
    return column.dtype == pl.String and not column.str.contains(_ESCAPED).any()


def _encodable(column: pl.Series) -> pl.Series:
    return column.cast(pl.String, strict=False) if column.dtype in (pl.Binary, pl.Categorical, pl.Enum) else column


def _of_pairs(column: pl.Series, kind: pl.Struct) -> pl.Series:
    names = [field.name for field in kind.fields]
    key, value = (next((one for one in known if one in names), None) for known in (_KEYS, _VALUES))
    if key is None or value is None:
        return pl.Series(column.name, [None] * len(column), dtype=pl.String)

    def quoted(name: str) -> pl.Expr:
        cell = pl.element().struct.field(name).cast(pl.String)
        return pl.struct(cell.alias("x")).struct.json_encode().str.slice(5).str.strip_suffix("}")

    pairs = pl.col(column.name).list.eval(pl.concat_str(quoted(key), pl.lit(":"), quoted(value))).list.join(",")
    told = column.to_frame().select(pl.concat_str(pl.lit("{"), pairs, pl.lit("}"))).to_series()
    return told.alias(column.name)


def _read(told: str) -> str | None:
    """The JSON of a map that is not written as JSON; None for what is no map."""
    readers: tuple[Callable[[str], Any], ...] = (json.loads, _braced, ast.literal_eval, _athena)
    for reader in readers:
        try:
            found = _as_map(reader(told))
        except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
            continue
        if found is not None:
            return json.dumps(found, ensure_ascii=False, default=str)
    return None


def _braced(told: str) -> Any:
    """Azure leaves the braces out."""
    return json.loads("{" + told.strip().strip(",") + "}")


def _athena(told: str) -> dict[str, str] | None:
    if not _ATHENA.fullmatch(told):
        return None
    pairs = (pair.partition("=") for pair in told.strip().strip("{}").split(","))
    return {key.strip(): value.strip() for key, _, value in pairs}


def _as_map(found: Any) -> dict[str, Any] | None:
    if isinstance(found, dict):
        return {str(key): value for key, value in found.items()}
    if isinstance(found, list):
        return _paired(found)
    return None


def _paired(pairs: Iterable[Any]) -> dict[str, Any] | None:
    told: dict[str, Any] = {}
    for pair in pairs:
        if not isinstance(pair, dict):
            return None
        key, value = (next((one for one in known if one in pair), None) for known in (_KEYS, _VALUES))
        if key is None or value is None:
            return None
        told[str(pair[key])] = pair[value]
    return told
