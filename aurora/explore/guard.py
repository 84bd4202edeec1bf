"""What a person may ask: one statement that reads what is published, by its name.

The engine refuses files, settings and writes as well. Here the parse tree is read, so that nobody names a file of the
lake, or asks the engine about the machine, and so that what is refused is refused with a sentence.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import duckdb

from aurora.errors import RefusedError
from aurora.explore.parameters import trimmed, without_comments

MAX_LENGTH = 100_000
NODES = {"SELECT_NODE", "SET_OPERATION_NODE", "RECURSIVE_CTE_NODE", "CTE_NODE"}
SOURCES = {"EMPTY", "BASE_TABLE", "SUBQUERY", "JOIN", "TABLE_FUNCTION", "EXPRESSION_LIST", "PIVOT", "SHOW_REF"}
TABLE_FUNCTIONS = {"unnest", "range", "generate_series", "repeat", "repeat_row", "json_each", "json_tree"}
DESCRIBED = {"tables", "columns", "schemata", "table_constraints", "key_column_usage", "character_sets"}
SHOWN = {"tables", "__show_tables_expanded"}
# Names of the engine's own relations begin so; none of Aurora's does.
ENGINES_OWN = re.compile(r"(duckdb|pragma|sqlite|pg)_", re.IGNORECASE)
NO_FILE = re.compile(r"[\w $@+-]+")
LEAKING = re.compile(
    r"current_setting|getenv|getvariable|which_secret|pg_get_\w+|pg_conf_\w+|pg_sleep|sleep_ms|write_\w+|read_\w+|glob"
    r"|json_(de)?serialize_\w+|json_execute_\w+|nextval|setval|currval|\w+_scan|duckdb_\w+|pragma_\w+|query|query_table"
)
EXPLAIN = re.compile(r"\s*explain\b\s*(?P<analyze>analyze\b)?\s*(?P<how>\([\w\s,]*\))?\s*(?P<asked>.+)", re.I | re.S)
EXPLAIN_WORDS = re.compile(r"[\s,()]*((analyze|format\s+(json|text|html|graphviz|yaml|mermaid))[\s,()]*)*", re.I)


@dataclass(frozen=True)
class Question:
    """A statement that was looked at: `sql` is what may run; what EXPLAIN tells cannot be asked further."""

    sql: str
    is_explain: bool = False


def checked(con: duckdb.DuckDBPyConnection, sql: str) -> Question:
    """The statement, if it may run. Raises RefusedError if not, duckdb.Error if it is no SQL."""
    if len(sql) > MAX_LENGTH:
        raise RefusedError(f"The query is {len(sql):,} characters long: {MAX_LENGTH:,} are the most.")
    if "\0" in sql:
        raise RefusedError("The query holds a character that is no text (NUL).")
    statement = _only(con, sql)
    kind = _kind(statement)
    if kind == "EXPLAIN":
        return _explained(con, statement.query)
    if kind == "MULTI":
        raise RefusedError("PIVOT needs its values here: PIVOT t ON column IN ('a', 'b') USING sum(x).")
    if kind != "SELECT":
        raise RefusedError(
            f"{kind.replace('_', ' ')} is not allowed: ask with SELECT, WITH, FROM, DESCRIBE or EXPLAIN."
        )
    asked = trimmed(statement.query)
    _look_at(con, asked)
    return Question(asked)


def _only(con: duckdb.DuckDBPyConnection, sql: str) -> duckdb.Statement:
    statements = con.extract_statements(sql)
    if not statements:
        raise RefusedError("There is no query: write one that begins with SELECT or FROM.")
    if len(statements) > 1:
        raise RefusedError(f"There are {len(statements)} statements: send one at a time.")
    return statements[0]


def _kind(statement: duckdb.Statement) -> str:
    try:
        return str(statement.type).rpartition(".")[2]
    except ValueError:  # the engine has more kinds than its binding knows
        return "THIS STATEMENT"


def _explained(con: duckdb.DuckDBPyConnection, sql: str) -> Question:
    """EXPLAIN is put together again from what was looked at, so that nothing else can hide in it."""
    found = EXPLAIN.fullmatch(without_comments(sql))
    if not found or not EXPLAIN_WORDS.fullmatch(found["how"] or ""):
        raise RefusedError("Write EXPLAIN or EXPLAIN ANALYZE before the query.")
    inner = _only(con, found["asked"])
    if _kind(inner) != "SELECT":
        raise RefusedError("EXPLAIN is for queries: what writes is not allowed.")
    asked = trimmed(inner.query)
    _look_at(con, asked)
    return Question(f"EXPLAIN {found['analyze'] or ''} {found['how'] or ''}\n{asked}", is_explain=True)


def _look_at(con: duckdb.DuckDBPyConnection, sql: str) -> None:
    told = con.execute("SELECT json_serialize_sql($sql::VARCHAR, skip_null := true)", {"sql": sql}).fetchall()[0][0]
    tree = json.loads(told)
    if tree["error"] or len(tree["statements"]) != 1:
        raise RefusedError("This statement cannot be looked at, and is not run: ask with SELECT or FROM.")
    for node in _walk(tree["statements"]):
        _judge(con, node)


def _walk(tree: Any) -> Iterator[dict[str, Any]]:
    """Every object of the tree; without recursion, since people nest deeper than Python does."""
    waiting = [tree]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            yield one
            waiting.extend(one.values())
        elif isinstance(one, list):
            waiting.extend(one)


def _judge(con: duckdb.DuckDBPyConnection, node: dict[str, Any]) -> None:
    kind = node.get("type")
    if not isinstance(kind, str):
        return
    if kind.endswith("_NODE") and kind not in NODES:
        raise RefusedError(f"{kind.split('_')[0]} is not allowed, inside of a query neither: a query only reads.")
    if "class" in node:
        name = str(node.get("function_name", "")).lower()
        if LEAKING.fullmatch(name):
            raise RefusedError(f"The function {name} is not for queries here.")
    elif kind == "BASE_TABLE":
        _judge_table(node["qualified_name"]["path"])
    elif kind == "TABLE_FUNCTION":
        _judge_table_function(con, node["function"])
    elif kind == "SHOW_REF":
        _judge_show(node)
    elif "query_location" in node and kind not in SOURCES:
        raise RefusedError(f"A query cannot read from {kind.replace('_', ' ').lower()}.")


def _judge_table(path: list[str]) -> None:
    name, schema = path[-1], path[-2].lower() if len(path) > 1 else "main"
    if schema == "information_schema" and len(path) == 2 and name.lower() in DESCRIBED:
        return
    if not NO_FILE.fullmatch(name):
        raise RefusedError(f"A query reads published tables, no files: {name} is none of them.")
    if len(path) > 2 or schema != "main" or ENGINES_OWN.match(name):
        raise RefusedError(f"{'.'.join(path)} is not published: SHOW TABLES lists what is.")


def _judge_table_function(con: duckdb.DuckDBPyConnection, function: dict[str, Any]) -> None:
    name = str(function.get("function_name", "")).lower()
    if name in TABLE_FUNCTIONS or _is_published(con, name):
        return
    raise RefusedError(f"The table function {name or 'without a name'} is not for queries here.")


def _is_published(con: duckdb.DuckDBPyConnection, name: str) -> bool:
    asked = (
        "SELECT 1 FROM duckdb_functions() WHERE function_name = $name AND NOT internal AND function_type LIKE '%macro'"
    )
    return bool(con.execute(asked, {"name": name}).fetchall())


def _judge_show(node: dict[str, Any]) -> None:
    kind, name = node.get("show_type"), str(node.get("table_name", "")).strip('"').lower()
    if kind in ("DESCRIBE", "SUMMARY") and node.get("query"):
        return  # what it describes is a node of its own
    if kind == "SHOW_SPECIAL" and name in SHOWN:
        return
    raise RefusedError("SHOW TABLES, DESCRIBE and SUMMARIZE tell what is published; nothing else is shown.")
