"""The process of one query: it opens the generation, locks itself up, answers once and is gone.

It is started in advance, with nothing of the parent's but two pipes. What it reads comes from the parent and is
trusted (pickle); what it tells is an Arrow stream on its output and one line of JSON on its error output.
"""

import json
import os
import pickle
import re
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from aurora.errors import RefusedError
from aurora.explore.files import Format, write
from aurora.explore.guard import Question, checked
from aurora.explore.kinds import Column, as_text, columns_of, is_zoned, quoted_name
from aurora.explore.sandbox import confine, die_first, limit

CONFIG: dict[str, str | bool | int | float | list[str]] = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "allow_community_extensions": "false",
    "allow_persistent_secrets": "false",
    "python_enable_replacements": "false",
    "temp_directory": "",
    "memory_limit": "2GB",
    "threads": str(min(4, os.cpu_count() or 1)),
}
MAX_ANSWER_BYTES = 64 << 20
MAX_SAVED_BYTES = 50 << 30
MAX_MESSAGE = 2000


@dataclass(frozen=True)
class Place:
    """Where a query reads: the generation's file and the folder of the lake; `folder` is what it may write, if any."""

    file: str
    lake: str
    folder: str = ""

    def is_beside(self, other: "Place") -> bool:
        """True if a process that is confined to the one can read the other: another generation of the same lake."""
        return (self.lake, self.folder) == (other.lake, other.folder) and self.published == other.published

    @property
    def published(self) -> Path:
        """The folder of the generations."""
        return Path(self.file).parent


@dataclass(frozen=True)
class Request:
    """What the parent asks for."""

    place: Place
    sql: str
    params: dict[str, Any] = field(default_factory=dict)
    memory_mb: int = 4000
    cpu_s: int = 30
    wall_s: float = 30.0
    rows: int = 5000
    save: tuple[str, Format] | None = None  # a path in the place's folder: all rows go there, and none are answered


def main() -> None:
    """Answer the one request of the input; the exit code is 0 if that went to its end."""
    requests, answers = sys.stdin.buffer, sys.stdout.buffer
    die_first()
    try:
        place: Place = pickle.load(requests)  # noqa: S301 (the parent's)
        confine([place.published, Path(place.lake)], [Path(place.folder)] if place.folder else [])
        con = _opened(place)
        os.write(2, b"\n")  # ready
        request: Request = pickle.load(requests)  # noqa: S301 (the parent's)
    except EOFError:
        os._exit(0)  # the app is gone before anybody asked
    told, rows = _answered(request, con if request.place == place else None)
    with suppress(OSError):
        answers.write(rows)
        answers.flush()
        os.write(2, b"\n" + json.dumps(told).encode())
    os._exit(0)


def _opened(place: Place) -> duckdb.DuckDBPyConnection | duckdb.Error:
    try:
        return opened(place)
    except duckdb.Error as error:
        return error


def opened(place: Place) -> duckdb.DuckDBPyConnection:
    """The generation, with the engine's own locks: no file outside of the lake, no setting changes any more."""
    con = duckdb.connect(place.file, read_only=True, config=CONFIG)
    con.execute("SET TimeZone = 'UTC'")
    folders = [folder + "/" for folder in (place.lake, place.folder) if folder]
    con.execute(f"SET allowed_directories = [{', '.join(_quoted(folder) for folder in folders)}]")
    con.execute("SET enable_external_access = false")
    con.execute("SET lock_configuration = true")
    return con


def _answered(request: Request, con: duckdb.DuckDBPyConnection | duckdb.Error | None) -> tuple[dict[str, Any], bytes]:
    """What is told of the request, and its rows as an Arrow stream."""
    limit(request.memory_mb, request.cpu_s, request.wall_s, MAX_SAVED_BYTES if request.save else 0)
    started = time.perf_counter()
    try:
        con = con if isinstance(con, duckdb.DuckDBPyConnection) else opened(request.place)
        told, rows = _answer(request, con)
        return told | {"kind": "ok", "duration_ms": 1000 * (time.perf_counter() - started)}, rows
    except RefusedError as error:
        return _failed("refused", error, request.place)
    except (MemoryError, duckdb.OutOfMemoryException):
        return {"kind": "memory"}, b""
    except Exception as error:
        return _failed(_kind(error), error, request.place)


def _failed(kind: str, error: Exception, place: Place) -> tuple[dict[str, Any], bytes]:
    return {"kind": kind, "message": without_places(str(error), place)[:MAX_MESSAGE]}, b""


def _kind(error: Exception) -> str:
    if isinstance(error, duckdb.IOException) and "No such file" in str(error):
        return "gone"
    return "memory" if "bad_alloc" in str(error) else "failed"


def _answer(request: Request, con: duckdb.DuckDBPyConnection) -> tuple[dict[str, Any], bytes]:
    question = checked(con, request.sql)
    try:
        if request.save:
            return {"row_count": _saved(con, question, request, *request.save)}, b""
        table = _rows(con, question, request)
    except duckdb.Error as error:
        raise type(error)(_one_line_up(str(error))) from error
    if table.nbytes > MAX_ANSWER_BYTES:
        size = f"{table.nbytes / 1e6:,.0f} MB"
        raise RefusedError(f"The answer has {size}, {MAX_ANSWER_BYTES >> 20} are the most: ask for fewer columns.")
    if question.is_explain:
        table = _redacted(table, request.place)
    return {"is_capped": table.num_rows > request.rows}, _stream(table.slice(0, request.rows))


def _stream(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue().to_pybytes()


def _rows(con: duckdb.DuckDBPyConnection, question: Question, request: Request) -> pa.Table:
    """One row more than may be told, so that it is known whether there are more."""
    if question.is_explain:
        con.execute(question.sql, request.params)
        return _told(con)
    con.execute(f"SELECT * FROM (\n{question.sql}\n) LIMIT {request.rows + 1}", request.params)
    columns = _told_as(columns_of(con))
    if columns != "*":
        con.execute(f"SELECT {columns} FROM (\n{question.sql}\n) LIMIT {request.rows + 1}", request.params)
    return _told(con)


def _saved(con: duckdb.DuckDBPyConnection, question: Question, request: Request, path: str, how: Format) -> int:
    if question.is_explain:
        raise RefusedError("EXPLAIN gives no rows to save: save the query itself.")
    columns = columns_of(con.execute(f"SELECT * FROM (\n{question.sql}\n) LIMIT 0", request.params))
    return write(con, question.sql, request.params, columns, Path(path), how)


def _told(con: duckdb.DuckDBPyConnection) -> pa.Table:
    told = con.to_arrow_table()
    if told is None:
        raise RefusedError("The statement gives no rows: ask with SELECT or FROM.")
    return told


def _told_as(columns: list[Column]) -> str:
    """The select list that turns an answer into what frames can hold: `*` if it is that already."""
    changes = []
    for column in columns:
        name = quoted_name(column.name)
        if as_text(column):
            changes.append(f"{name}::VARCHAR AS {name}")
        elif is_zoned(column):
            changes.append(f"{name}::TIMESTAMP AS {name}")
    return f"* REPLACE ({', '.join(changes)})" if changes else "*"


def _one_line_up(message: str) -> str:
    """What runs has a line before the one that was asked for."""
    return re.sub(r"^LINE (\d+):", lambda found: f"LINE {int(found[1]) - 1}:", message, flags=re.MULTILINE)


def without_places(text: str, place: Place) -> str:
    """The text with files as they lie in the lake, and no folder of the machine."""
    for folder, name in ((place.folder, "file:"), (place.lake, "lake:"), (str(place.published), "warehouse:")):
        if folder:
            text = text.replace(folder + "/", name).replace(folder, name)
    return text


def _redacted(table: pa.Table, place: Place) -> pa.Table:
    columns = [
        [value and without_places(value, place) if isinstance(value, str) else value for value in column.to_pylist()]
        for column in table.columns
    ]
    return pa.table(columns, schema=table.schema)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
