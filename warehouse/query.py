"""Reading the warehouse: rows(sql, params) as a polars frame, always from the newest published generation."""

import threading
import warnings
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from aurora.errors import NotPublishedError, QueryError
from warehouse.publish import Generation, current

Params = Mapping[str, Any]
CONFIG: dict[str, str | bool | int | float | list[str]] = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "memory_limit": "2GB",
}
# The copy it warns of costs less than the second plan that it advises instead.
warnings.filterwarnings("ignore", message="Arrow output on a DB-API result")


class Warehouse:
    """Read-only access to the published generations of one data folder; safe to share between threads."""

    def __init__(self, folder: Path, limit_s: float | None = None, at: datetime | None = None) -> None:
        """`limit_s`: a query that takes longer is stopped, and raises duckdb.Error; `at` (UTC): its clock stands."""
        self.folder, self._limit_s, self._at = folder, limit_s, at
        self._lock = threading.Lock()
        self._open: tuple[int, duckdb.DuckDBPyConnection] | None = None

    def generation(self) -> Generation:
        """The newest generation. Raises NotPublishedError before the first one."""
        newest = current(self.folder)
        if newest is None:
            raise NotPublishedError("nothing is published yet: start Aurora with `aurora up`, or run `aurora ingest`")
        return newest

    def rows(self, sql: str, params: Params | None = None) -> pl.DataFrame:
        """The result of one query; instants are UTC without a zone. Parameters are named: `$since`."""
        try:
            return self._query(sql, params)
        except duckdb.IOException:
            # Compaction and vacuum may have taken a file away from an old generation: look again, once.
            with self._lock:
                self._open = None
            return self._query(sql, params)

    def copy(self, sql: str, path: Path, how: str) -> int:
        """Write the rows of a query to a file without holding them, and say how many; `how`: DuckDB's words for it."""
        cursor = self._connection().cursor()
        place = str(path).replace("'", "''")
        try:
            told = cursor.execute(f"COPY ({sql}) TO '{place}' ({how})").fetchone()
        except duckdb.Error as error:
            raise QueryError(f"{path}: this cannot be written: {str(error).splitlines()[0]}") from error
        finally:
            cursor.close()
        return int(told[0]) if told else 0

    def _query(self, sql: str, params: Params | None) -> pl.DataFrame:
        cursor = self._connection().cursor()
        try:
            if self._at:
                cursor.execute(f"CREATE TEMP MACRO utc_now() AS TIMESTAMP '{self._at.isoformat()}'")
            # Not cursor.sql(), which plans each query twice: a fifth of the time that a page takes.
            cursor.execute(sql, dict(params) if params else None)
            told = cursor.to_arrow_table()
            if told is None:
                raise QueryError("the query gives no rows: ask with SELECT or FROM")
            return pl.DataFrame(told.rename_columns(_distinct(told.column_names)))
        finally:
            cursor.close()

    def _connection(self) -> duckdb.DuckDBPyConnection:
        newest = self.generation()
        with self._lock:
            if self._open is None or self._open[0] != newest.number:
                # The old connection closes when the last cursor on it is gone.
                file = self.folder / newest.file
                fresh = duckdb.connect(str(file), read_only=True, config=CONFIG)
                fresh.execute("SET GLOBAL parquet_metadata_cache = true")
                if self._limit_s:
                    fresh.execute(f"SET GLOBAL max_execution_time = {round(1000 * self._limit_s)}")
                self._open = (newest.number, fresh)
            return self._open[1]


def _distinct(names: list[str]) -> list[str]:
    """The names, a later one of the same name as DuckDB calls it in a subquery: a, a_1, a_2."""
    seen: dict[str, int] = {}
    told: list[str] = []
    for name in names:
        fresh = name
        while fresh in seen:
            fresh = f"{name}_{seen[name]}"
            seen[name] += 1
        seen[fresh] = 1
        told.append(fresh)
    return told
