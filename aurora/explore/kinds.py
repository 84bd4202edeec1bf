"""Columns of an answer, and what frames and files can hold of their types."""

import re
from dataclasses import dataclass

import duckdb

# Types that frames do not have, or that nobody can look at: told as the engine writes them.
_AS_TEXT = re.compile(r"INTERVAL|\bTIME WITH|ENUM\(|BIT|UNION\(|VARIANT|BIGNUM|MAP\(|UUID|UHUGEINT")
_NESTED = re.compile(r"STRUCT\(|MAP\(|UNION\(|.*\]$")


@dataclass(frozen=True)
class Column:
    """A column of an answer; `kind` is the engine's word for its type."""

    name: str
    kind: str


def columns_of(con: duckdb.DuckDBPyConnection) -> list[Column]:
    """The columns of what was executed last."""
    return [Column(name, str(kind)) for name, kind, *_ in con.description or ()]


def quoted_name(name: str) -> str:
    """A name as SQL takes it, whatever is in it."""
    return '"' + name.replace('"', '""') + '"'


def as_text(column: Column) -> bool:
    """True if it has to be told as text."""
    return bool(_AS_TEXT.search(column.kind))


def is_instant(column: Column) -> bool:
    """True for a point in time, with a zone or without."""
    return column.kind.startswith("TIMESTAMP") and not is_nested(column)


def is_zoned(column: Column) -> bool:
    """True for an instant that carries a zone."""
    return column.kind == "TIMESTAMP WITH TIME ZONE"


def is_nested(column: Column) -> bool:
    """True for lists, structs and the like."""
    return bool(_NESTED.match(column.kind))
