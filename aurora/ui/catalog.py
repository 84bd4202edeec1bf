"""What can be asked: tables, marts and marts with arguments, with their columns, meanings, rows and freshness."""

from dataclasses import dataclass
from typing import Literal

import polars as pl
import streamlit as st

from aurora.contracts import COMMON, TABLES, Table
from aurora.contracts.columns import words_of
from aurora.ui.data import generation, rows, settings
from aurora.ui.headings import heading
from warehouse.model import Model, load_models

Kind = Literal["table", "mart", "mart with arguments"]
KNOWN_S = 300
COLUMNS = """
    select table_name, column_name, data_type from duckdb_columns() where not internal
    order by table_name, column_index"""
# What an argument is given at first: a parameter that the page asks for, or a value that fits.
ARGUMENTS = {
    "since": ":since", "until": ":until", "at": ":at", "bucket_s": "3600", "step_s": "3600", "days": "30",
    "minutes": "15", "wanted": "'USD'", "with_labour": "true",
}  # fmt: skip
SOMETIME = "timestamp '2026-01-01'"


@dataclass(frozen=True)
class Column:
    """A column with its DuckDB type and what it means, as far as that is written down."""

    name: str
    kind: str
    about: str


@dataclass(frozen=True)
class Entry:
    """One thing to ask; `columns` of a mart with arguments are looked up when it is opened (`columns_of`)."""

    name: str
    kind: Kind
    subject: str
    about: str
    columns: tuple[Column, ...]
    takes: tuple[str, ...] = ()

    @property
    def call(self) -> str:
        """How it stands behind FROM."""
        told = ", ".join(f"{name} := {ARGUMENTS.get(name, f':{name}')}" for name in self.takes)
        return f"{self.name}({told})" if self.takes else self.name


def entries() -> dict[str, Entry]:
    """Name -> everything that the newest generation has, by name."""
    return _entries(str(settings().published), generation().number)


def sizes() -> pl.DataFrame:
    """Rows and newest landing (UTC) of every table that the generation has, as known some minutes ago at most."""
    return _sizes(str(settings().published), tuple(name for name in TABLES if name in entries()))


def columns_of(entry: Entry) -> tuple[Column, ...]:
    """The columns, also of a mart that takes arguments."""
    if not entry.takes:
        return entry.columns
    # Any value binds; what it says does not matter.
    given = ", ".join(f"{name} := {ARGUMENTS.get(name, 'null')}" for name in entry.takes)
    for name in (":since", ":until", ":at"):
        given = given.replace(f":= {name}", f":= {SOMETIME}")
    told = rows(f"describe from {entry.name}({given})")
    return tuple(Column(name, kind, heading(name)) for name, kind in told.select("column_name", "column_type").rows())


def found(text: str, everything: dict[str, Entry]) -> list[Entry]:
    """Those whose name, columns or sentence have all the words, names first."""
    words = text.lower().replace(".", " ").split()
    ranked = []
    for entry in everything.values():
        columns = " ".join(column.name for column in entry.columns).lower()
        places = (entry.name.lower(), columns, entry.about.lower())
        ranks = [next((rank for rank, place in enumerate(places) if word in place), None) for word in words]
        if None not in ranks:
            begins = not (words and entry.name.startswith(words[0]))
            ranked.append((sum(rank for rank in ranks if rank), begins, len(entry.name) if words else 0, entry.name))
    return [everything[name] for *_, name in sorted(ranked)]


@st.cache_data(max_entries=4, show_spinner=False)
def _entries(folder: str, number: int) -> dict[str, Entry]:
    kinds: dict[str, list[tuple[str, str]]] = {}
    for table, name, kind in rows(COLUMNS).rows():
        kinds.setdefault(table, []).append((name, kind))
    tables = [_of_table(table, kinds[name]) for name, table in TABLES.items() if name in kinds]
    marts = [_of_model(model, kinds.get(model.name, [])) for model in load_models()]
    known = [entry for entry in [*tables, *marts] if entry.columns or entry.takes]
    return {entry.name: entry for entry in sorted(known, key=lambda entry: entry.name)}


@st.cache_data(max_entries=4, ttl=KNOWN_S, show_spinner=False)
def _sizes(folder: str, names: tuple[str, ...]) -> pl.DataFrame:
    one = "select '{0}' as name, count(*) as row_count, max(ingested_at) as ingested_at from {0}"
    return rows(" union all ".join(one.format(name) for name in names) + " order by row_count desc, name")


def _of_table(table: type[Table], kinds: list[tuple[str, str]]) -> Entry:
    told = table.columns()
    order = {name: place for place, name in enumerate(table.own_columns())}
    columns = []
    for name, kind in sorted(kinds, key=lambda one: order.get(one[0], len(order))):
        note = told[name].description if name in told else None
        words = ", ".join(words_of(told[name])) if name in told else ""
        parts = [note or heading(name), f"one of {words}" if words else ""]
        columns.append(Column(name, kind, "; ".join(part for part in parts if part)))
    subject = table.__module__.rpartition(".")[2]
    return Entry(table.spec.name, "table", subject, table.spec.sentence, tuple(columns))


def _of_model(model: Model, kinds: list[tuple[str, str]]) -> Entry:
    columns = tuple(Column(name, kind, heading(name)) for name, kind in kinds)
    kind: Kind = "mart with arguments" if model.takes else "mart"
    return Entry(model.name, kind, model.subject, model.sentence, columns, model.takes)


def is_common(name: str) -> bool:
    """Whether every table has this column."""
    return name in COMMON or name in ("part_day", "part_month")
