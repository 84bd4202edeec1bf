"""`aurora import`: a file becomes rows of a canonical table; columns match by name, the rest is told."""

import re
import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

import polars as pl

from aurora.contracts import COMMON, Table, table_named
from aurora.errors import ContractError
from ingest import formats
from ingest.catalog.yaml_documents import MAX_BYTES
from ingest.cells import cell
from ingest.check import Checked, Reject, Stamp, check, unique_keys
from ingest.focus.files import recognised
from ingest.focus.importing import import_focus
from ingest.history import Outcome, record_run, sync_row
from ingest.import_report import Imported, land_report
from ingest.land import Landed, quarantine
from ingest.objectives.files import tool_of
from ingest.repositories import repo_id_of
from warehouse.lake import Batch, Lake

SLICE = 50_000
HEAD = 1 << 16
Given = dict[str, str | None]


def import_file(
    lake: Lake,
    path: Path,
    *,
    format: str | None = None,
    table: str | None = None,
    source_instance: str | None = None,
    app_id: str | None = None,
    repo: str | None = None,
    sha: str | None = None,
    is_estimated: bool = False,
    is_check: bool = False,
) -> Imported:
    """Land a file; the same file again changes nothing more. Raises ContractError with one sentence.

    `app_id`, `repo` (an id or a full name) and `sha` are for rows that do not tell theirs; the last two for exports of
    FOCUS, which may be folders: that no invoice was made of them yet, and that they are only looked at.
    """
    if path.suffix.lower() in (".yml", ".yaml") and (tool := _tool_of(path)):
        raise ContractError(f"{path}: these are objectives of {tool}: run aurora slo import {path} > slos.toml")
    is_focus = format == "focus" or (format is None and table is None and recognised(path))
    if not is_focus and is_check:
        raise ContractError(f"{path}: only exports of FOCUS are checked: leave --check out")
    kind, reader = ("focus", None) if is_focus else _reader_of(path, format)
    name = source_instance or re.sub(r"[^a-z0-9_-]+", "-", path.stem.lower()).strip("-") or "import"
    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]*", name) or name == "demo":
        raise ContractError(f"{path}: {name!r} is no name for its source: use --source with a-z, 0-9, '-' and '_'")
    given = {"app_id": app_id, "repo_id": repo_id_of(lake, repo) if repo else None, "sha": sha}
    stamp = Stamp("import", name, uuid.uuid4().hex, datetime.now(UTC))
    if is_focus:
        return import_focus(lake, path, stamp, is_estimated=is_estimated, is_check=is_check)
    if hasattr(reader, "rows"):
        if table:
            raise ContractError(f"{path}: a report of {kind} fills its own tables: leave --table out")
        return Imported(*land_report(lake, path, kind, reader, given, stamp), ())
    return _import_rows(lake, path, _table_of(path, table), _read(path, kind, reader), given, stamp)


def _import_rows(
    lake: Lake, path: Path, target: type[Table], read: tuple[pl.DataFrame, list[int]], given: Given, stamp: Stamp
) -> Imported:
    for column, option in (("app_id", "--app"), ("repo_id", "--repo"), ("sha", "--sha")):
        if given[column] and column not in target.own_columns():
            raise ContractError(f"{path}: {target.spec.name} has no {column}: leave {option} out")
    frame, lines = read
    columns = [column for column in target.own_columns() if column not in COMMON]
    left_out = tuple(column for column in frame.columns if column not in columns and column not in COMMON)
    frame = frame.select([column for column in frame.columns if column in columns])
    if not frame.width:
        raise ContractError(f"{path}: no column is named like one of {target.spec.name}: {', '.join(columns)}")
    for column, said in given.items():
        if said:
            have = pl.col(column) if column in frame.columns else pl.lit(None, dtype=pl.String)
            frame = frame.with_columns(have.fill_null(said).alias(column))
    # Slices bound the memory of the check; the write is one, since each write of a replaced slice is the whole of it.
    slices = [
        _checked(target, frame.slice(start, SLICE), lines[start : start + SLICE], path.name, stamp)
        for start in range(0, frame.height, SLICE)
    ]
    landed = _land(lake, target, slices, stamp)
    stream = f"import-{target.spec.name}"
    name = stamp.source_instance
    told = sync_row("import", stream, stamp.at, datetime.now(UTC), Outcome(name, stream, "success", landed))
    record_run(lake, name, stream, stamp.run_id, told, stamp.at)
    return Imported(target.spec.name, landed, left_out)


def _land(lake: Lake, table: type[Table], slices: list[Checked], stamp: Stamp) -> Landed:
    stream = f"{stamp.source_instance}/import-{table.spec.name}"
    rejects = [reject for checked in slices for reject in checked.rejects]
    quarantine(lake, table, rejects, stamp, stream)
    given = pl.concat([checked.good for checked in slices]) if slices else table.empty()
    good = unique_keys(table, given)
    twice = sum(checked.duplicate_count for checked in slices) + given.height - good.height
    while (written := lake.write(table, good, Batch(stream, lake.cursor(table, stream)[0] + 1))).repeated:
        pass
    return Landed(written.row_count, written.duplicate_count + twice, len(rejects))


def _checked(table: type[Table], frame: pl.DataFrame, lines: list[int], file: str, stamp: Stamp) -> Checked:
    """Rows with text read as its column's kind, checked; every rejected one names file and line."""
    kinds = table.dtypes()
    rows, at, unreadable = [], [], []
    for line, row in zip(lines, frame.iter_rows(named=True), strict=True):
        try:
            rows.append({name: cell(name, value, kinds[name]) for name, value in row.items()})
            at.append(line)
        except ValueError as error:
            unreadable.append(_in_file(Reject("unreadable", str(error), row), file, line))
    checked = check(table, rows, stamp)
    broken = [_in_file(reject, file, at[reject.place or 0]) for reject in checked.rejects]
    return replace(checked, rejects=unreadable + broken)


def _in_file(reject: Reject, file: str, line: int) -> Reject:
    told = {name: value for name, value in reject.payload.items() if value is not None}
    return Reject(reject.rule, f"{file}, line {line}: {reject.message}", told | {"file": file, "line": line})


def _table_of(path: Path, table: str | None) -> type[Table]:
    try:
        return table_named(table or path.stem)
    except KeyError as error:
        raise ContractError(f"{path}: {error.args[0]}: say which with --table") from error


def _reader_of(path: Path, format: str | None) -> tuple[str, Any]:
    """The format's name and module: the one that is asked for, else by the file's ending, else by what stands in it."""
    readers = dict(_readers())
    if format in readers:
        return format, readers[format]
    head = b"" if format else _head(path)
    for name, module in readers.items():
        if path.suffix.lower() in getattr(module, "ENDINGS", ()) and not format:
            return name, module
    for name, module in readers.items():
        if head and hasattr(module, "recognises") and module.recognises(head):
            return name, module
    raise ContractError(f"{path}: cannot tell its format: say --format {' or '.join(readers)}")


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(HEAD)
    except FileNotFoundError as error:
        raise ContractError(f"{path}: there is no such file") from error
    except OSError as error:
        raise ContractError(f"{path}: this cannot be read: {error.strerror}") from error


def _read(path: Path, kind: str, reader: Any) -> tuple[pl.DataFrame, list[int]]:
    try:
        read: tuple[pl.DataFrame, list[int]] = reader.read(path)
    except FileNotFoundError as error:
        raise ContractError(f"{path}: there is no such file") from error
    except (OSError, ValueError, pl.exceptions.PolarsError) as error:
        first = str(error).strip().splitlines()
        raise ContractError(f"{path}: this cannot be read as {kind}: {first[0] if first else error}") from error
    return read


def _tool_of(path: Path) -> str | None:
    try:
        with path.open("rb") as file:
            return tool_of(file.read(MAX_BYTES + 1))
    except OSError:
        return None


def _readers() -> Iterator[tuple[str, Any]]:
    for module in iter_modules(formats.__path__):
        yield module.name, import_module(f"{formats.__name__}.{module.name}")
