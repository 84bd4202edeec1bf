"""What the editor highlights and completes: DuckDB's own words and everything of the catalog."""

from collections.abc import Iterable
from typing import Any

import streamlit as st

from aurora.ui import catalog
from aurora.ui.data import generation, rows, settings

FUNCTIONS = """
    select function_name, any_value(parameters) as parameters, any_value(description) as about
    from duckdb_functions()
    where function_type in ('scalar', 'aggregate', 'macro', 'window')
    and regexp_matches(function_name, '^[a-z][a-z0-9_]*$')
    and not starts_with(function_name, 'review_') and schema_name <> 'pg_catalog'
    group by function_name order by function_name"""
# Words that ask; those that would change something are refused anyway.
KEYWORDS = """
    select keyword_name from duckdb_keywords() where keyword_category <> 'unreserved'
    and not starts_with(keyword_name, 'xml') and keyword_name not in
      ('create', 'into', 'references', 'foreign', 'primary', 'constraint', 'deferrable', 'initially', 'freeze', 'do',
       'authorization', 'concurrently', 'setof', 'inout', 'out', 'variadic', 'symmetric', 'asymmetric', 'placing')
    or keyword_name in
      ('filter', 'over', 'partition', 'range', 'rows', 'groups', 'exclude', 'replace', 'recursive', 'explain', 'nulls',
       'first', 'last', 'following', 'preceding', 'unbounded', 'current', 'sample', 'materialized', 'within',
       'ordinality', 'year', 'month', 'day', 'hour', 'minute', 'second', 'week')
    order by keyword_name"""
TYPES = "select distinct lower(type_name) as name from duckdb_types() where internal order by name"
# A word that is both is drawn as a column, save these.
AGGREGATES = {"count", "sum", "avg", "min", "max", "median", "first", "last"}
Snippet = tuple[str, str]


def words(snippets: Iterable[Snippet] = ()) -> dict[str, Any]:
    """The vocabulary of the newest generation, with snippets as (title, SQL)."""
    return _words(str(settings().published), generation().number) | {"snippets": [list(one) for one in snippets]}


@st.cache_data(max_entries=2, show_spinner=False)
def _words(folder: str, number: int) -> dict[str, Any]:
    functions = [[name, f"({', '.join(told or [])})", about or ""] for name, told, about in rows(FUNCTIONS).rows()]
    columns = {column.name for entry in catalog.entries().values() for column in entry.columns} - AGGREGATES
    tables = {
        entry.name: {
            "kind": entry.kind, "about": entry.about, "call": entry.call,
            "columns": [f"{column.name} {_short(column.kind)}" for column in entry.columns],
        }
        for entry in catalog.entries().values()
    }  # fmt: skip
    dialect = {
        "keywords": " ".join(rows(KEYWORDS)["keyword_name"]),
        "types": " ".join(rows(TYPES)["name"]),
        "builtin": " ".join(name for name, *_ in functions if name not in columns),
    }
    return {"dialect": dialect, "tables": tables, "functions": functions}


def _short(kind: str) -> str:
    """The type as one word: 'TIMESTAMP WITH TIME ZONE' and 'STRUCT(...)' are long."""
    return kind.partition("(")[0].partition(" ")[0].lower() + ("[]" if kind.endswith("[]") else "")
