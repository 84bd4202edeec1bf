"""Publishing: the lake's newest versions become one DuckDB file of views and marts, a new file per generation.

Readers of an older generation go on undisturbed. data/aurora.duckdb is the same for outsiders, replaced atomically.
"""

import hashlib
import json
import logging
import os
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import polars as pl

from aurora.contracts import TABLES, Table
from aurora.contracts.operations import ComponentHealth1h
from aurora.errors import LakeError
from warehouse.lake import Lake
from warehouse.locks import locked
from warehouse.model import Model, load_models, macros, models_hash, sources_read

log = logging.getLogger("aurora.publish")
INCOMPLETE = "incomplete"
# Written by who reads: who asks twice has not changed what is known.
OF_READING = {"report_runs", "query_runs"}
KEPT_GENERATIONS = 5
# Other tools bring a DuckDB of their own, most often an older one: what the file needs is no more than 1.4 understands.
READABLE: dict[str, str | bool | int | float | list[str]] = {"storage_compatibility_version": "v1.4.0"}
FULL_REBUILD_EVERY = 500
SQL_TYPES: dict[type[pl.DataType], str] = {
    pl.String: "VARCHAR",
    pl.Int64: "BIGINT",
    pl.Float64: "DOUBLE",
    pl.Boolean: "BOOLEAN",
    pl.Date: "DATE",
    pl.Datetime: "TIMESTAMP",
    pl.Decimal: "DECIMAL(38,18)",
    pl.Binary: "BLOB",
}
UTC_NOW = "make_timestamp(epoch_us(now()))"


@dataclass(frozen=True)
class Generation:
    """What is published: its number, file, the table versions in it, and when (UTC, ISO)."""

    number: int
    file: str
    published_at: str
    versions: dict[str, int]
    models: str
    root: str

    @property
    def fingerprint(self) -> str:
        """The state of the lake in eight characters: the same for the same versions of all tables but OF_READING."""
        told = {name: version for name, version in self.versions.items() if name not in OF_READING}
        return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:8]


def current(folder: Path) -> Generation | None:
    """The newest published generation, None before the first one."""
    try:
        told = json.loads((folder / "current.json").read_text(encoding="utf-8"))
        return Generation(**told)
    except (OSError, ValueError, TypeError):
        return None


def publish(lake: Lake, data: Path, *, rebuild: bool = False, now: datetime | None = None) -> Generation:
    """Publish the lake as it is now; returns the newest generation, the standing one if nothing changed.

    `now` fixes what utc_now() answers, for tests. Only views of tables that changed are written again.
    """
    folder = data / "published"
    try:
        return _publish(lake, data, folder, rebuild, now)
    except duckdb.Error as error:
        first = str(error).splitlines()[0]
        raise LakeError(
            f"{folder}: publishing failed, the old generation stays ({first}): is the disk full?"
        ) from error


def _publish(lake: Lake, data: Path, folder: Path, rebuild: bool, now: datetime | None) -> Generation:
    with locked(data / "locks" / "publish.lock"):
        before = current(folder)
        if before and not (folder / before.file).exists():
            before = None
        versions = {name: version for name, table in TABLES.items() if (version := lake.version(table)) is not None}
        is_ours = before is not None and before.root == str(data) and before.models in (models_hash(), INCOMPLETE)
        if before and is_ours and not rebuild and now is None and before.versions == versions:
            return before
        # What could not be filled is tried again with the next news, not each second.
        full = rebuild or before is None or not is_ours or before.models == INCOMPLETE
        full = full or (before is not None and before.number % FULL_REBUILD_EVERY == 0)
        return _write(lake, data, before, versions, full, now)


def _write(
    lake: Lake, data: Path, before: Generation | None, versions: dict[str, int], full: bool, now: datetime | None
) -> Generation:
    folder = data / "published"
    folder.mkdir(parents=True, exist_ok=True)
    number = before.number + 1 if before else 1
    file = folder / f"{number:08d}.duckdb"
    for left in folder.glob(f"{file.name}*"):  # by a publish that was killed; its journal would spoil ours
        left.unlink()
    if before and not full:
        shutil.copyfile(folder / before.file, file)
    known = before.versions if before and not full else {}
    changed = [table for name, table in TABLES.items() if full or versions.get(name) != known.get(name)]
    state = models_hash() if _fill(lake, file, changed, full, now) else INCOMPLETE
    generation = Generation(number, file.name, datetime.now(UTC).isoformat(), versions, state, str(data))
    _replace(folder / "current.json", json.dumps(asdict(generation)).encode())
    _replace(data / "aurora.duckdb", file.read_bytes())
    _forget_old(folder, number)
    _forget_unfinished(data)
    return generation


def _fill(lake: Lake, file: Path, changed: list[type[Table]], full: bool, now: datetime | None) -> bool:
    """Define what the file holds; False if a stored mart could not be filled."""
    with duckdb.connect(str(file), config=READABLE) as con:
        con.execute("BEGIN")
        try:
            _define(con, lake, changed, full, now, con.execute)
        except duckdb.Error:
            # One mart that cannot be filled must not keep everything else from being seen: again, one by one.
            con.execute("ROLLBACK")
            _define(con, lake, changed, full, now, lambda ddl: _attempted(con, ddl))
            return False
        con.execute("COMMIT")
        return True


def _define(
    con: duckdb.DuckDBPyConnection,
    lake: Lake,
    changed: list[type[Table]],
    full: bool,
    now: datetime | None,
    store: Callable[[str], object],
) -> None:
    """Views of the tables that changed, and the models: all of them, or the stored ones that read what changed."""
    for table in changed:
        con.execute(view_of(lake, table))
    if full or now:
        clock = f"TIMESTAMP '{now.astimezone(UTC).replace(tzinfo=None).isoformat()}'" if now else UTC_NOW
        con.execute(f"CREATE OR REPLACE MACRO utc_now() AS {clock}")
    if full:
        con.execute(macros())
    if full or ComponentHealth1h in changed:
        con.execute(_rolled_until(con))
    news = {table.spec.name for table in changed}
    for model in load_models():
        if full:
            (store if model.is_stored else con.execute)(model.ddl)
        elif model.is_stored and sources_read()[model.name] & news and _has_news(con, model, store):
            news.add(model.name)


def _has_news(con: duckdb.DuckDBPyConnection, model: Model, store: Callable[[str], object]) -> bool:
    """Fill a stored model again; False if it says what it said, so that nothing after it needs to be asked again."""
    said = f"SELECT count(*), sum(hash(whole_row)) FROM {model.name} AS whole_row"
    before = con.execute(said).fetchall()
    store(model.ddl)
    return con.execute(said).fetchall() != before


def _rolled_until(con: duckdb.DuckDBPyConnection) -> str:
    """The statement that fixes rolled_until(): a literal, so that a query knows at once which files it needs."""
    newest = con.sql("SELECT max(ts_end) FROM component_health_1h").fetchall()[0][0]
    return f"CREATE OR REPLACE MACRO rolled_until() AS TIMESTAMP '{newest or datetime(1970, 1, 1)}'"  # noqa: DTZ001


def _attempted(con: duckdb.DuckDBPyConnection, ddl: str) -> None:
    """Fill a stored model, or leave it as it was (empty if it is new) and say so."""
    try:
        con.execute(ddl)
    except duckdb.Error as error:
        head, _, sql = ddl.partition(" AS ")
        log.error("%s failed, it stays as it was: %s", head, str(error).splitlines()[0])
        con.execute(f"{head.replace('OR REPLACE TABLE', 'TABLE IF NOT EXISTS')} AS SELECT * FROM ({sql}) LIMIT 0")


def view_of(lake: Lake, table: type[Table]) -> str:
    """The statement that publishes one table as a view over the files of its newest version."""
    name, part = table.spec.name, table.spec.part_column
    columns = ", ".join(f'"{column}"' for column in [*table.own_columns(), *([part] if part else [])])
    files = lake.files(table)
    if not files:
        return f"CREATE OR REPLACE VIEW {name} AS SELECT {_nothing(table)} WHERE false"
    listed = ", ".join("'" + file.replace("'", "''") + "'" for file in files)
    hive = f", hive_partitioning = true, hive_types = {{'{part}': DATE}}" if part else ", hive_partitioning = false"
    union = ", union_by_name = true" if lake.has_evolved(table) else ""
    return f"CREATE OR REPLACE VIEW {name} AS SELECT {columns} FROM read_parquet([{listed}]{hive}{union})"


def sql_type(kind: pl.DataType) -> str:
    """How DuckDB calls a type of the contracts."""
    if isinstance(kind, pl.List) and isinstance(kind.inner, pl.DataType):
        return f"{sql_type(kind.inner)}[]"
    return SQL_TYPES[type(kind)]


def _nothing(table: type[Table]) -> str:
    """Typed nulls for a table that has no files yet, since a view over no file does not bind."""
    plain = [f'NULL::{sql_type(kind)} AS "{name}"' for name, kind in table.dtypes().items()]
    part = table.spec.part_column
    return ", ".join([*plain, *([f"NULL::DATE AS {part}"] if part else [])])


def _replace(path: Path, content: bytes) -> None:
    """Write a file so that a reader sees the old one or the new one, never a part."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    fresh.write_bytes(content)
    fresh.replace(path)


def _forget_old(folder: Path, number: int) -> None:
    """Remove generations that no reader opens any more, and what a killed publish left behind."""
    for file in folder.glob("[0-9]*.duckdb*"):
        told = file.name.split(".")[0]
        if told.isdecimal() and not number - KEPT_GENERATIONS < int(told) <= number:
            file.unlink(missing_ok=True)


def _forget_unfinished(data: Path) -> None:
    """Remove half-written files of killed publishers; we hold the lock, so none of them is being written."""
    for left in (*data.glob(".aurora.duckdb.*"), *(data / "published").glob(".current.json.*")):
        left.unlink(missing_ok=True)
