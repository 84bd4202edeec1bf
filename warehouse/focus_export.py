"""Charge lines as a file in the shape of FOCUS, for finance and for other tools; written piece by piece."""

import os
from datetime import date
from pathlib import Path

from aurora.contracts import COMMON
from aurora.contracts.cost import FocusCost
from aurora.errors import AuroraError
from warehouse.query import Warehouse

OURS = ("x_RowId", "x_SourceExport", "x_FocusVersion", "x_IsEstimated", "x_Other")
# As the specification orders them: by name.
COLUMNS = sorted(name for name in FocusCost.own_columns() if name not in (*OURS, *COMMON))
KINDS = {".csv": "format csv, header", ".csv.gz": "format csv, header, compression gzip", ".parquet": "format parquet"}
INSTANT = "%Y-%m-%dT%H:%M:%SZ"


def export_focus(warehouse: Warehouse, out: Path, since: date | None, until: date | None, source: str | None) -> int:
    """Write the lines of billing periods that begin in [since, until); returns how many. Raises AuroraError.

    Instants are UTC; columns beyond FOCUS stand after those of FOCUS, each under its own name.
    """
    kind = next((ending for ending in sorted(KINDS, key=len, reverse=True) if out.name.lower().endswith(ending)), None)
    if kind is None:
        raise AuroraError(f"{out}: its name says no format: end it with {', '.join(KINDS)}")
    if not out.parent.is_dir():
        raise AuroraError(f"{out}: there is no folder {out.parent}")
    where = _where(since, until, source)
    keys = warehouse.rows(
        f"select distinct unnest(json_keys(x_Other)) as key from focus_cost where {where} order by key"
    )
    query = f"select {', '.join(_columns(keys['key'].to_list(), kind != '.parquet'))} from focus_cost where {where}"
    draft = out.with_name(f".{out.name}.{os.getpid()}")
    try:
        count = warehouse.copy(query, draft, KINDS[kind])
        draft.replace(out)
    finally:
        draft.unlink(missing_ok=True)
    return count


def _where(since: date | None, until: date | None, source: str | None) -> str:
    parts = ["true"]
    if since:
        parts.append(f"BillingPeriodStart >= timestamp '{since.isoformat()}'")
    if until:
        parts.append(f"BillingPeriodStart < timestamp '{until.isoformat()}'")
    if source:
        parts.append(f"source_instance = {_quoted(source)}")
    return " and ".join(parts)


def _columns(keys: list[str], is_text: bool) -> list[str]:
    """What is selected: FOCUS' columns in order, then what else the exports told."""
    others: dict[str, list[str]] = {}
    for key in keys:
        others.setdefault(key.lower(), []).append(key)
    told = [_column(name, others.pop(name.lower(), []), is_text) for name in COLUMNS]
    told.append("x_FocusVersion")
    taken = {name.lower() for name in (*OURS, *COMMON)}
    # Of names that differ in case only, a reader would see one: they are one.
    told += [f"{_value(names)} as {_name(names[0])}" for name, names in others.items() if name not in taken]
    return told


def _column(name: str, keys: list[str], is_text: bool) -> str:
    """A column of FOCUS, and what of it could not be read when it came."""
    if is_text and name.endswith(("PeriodStart", "PeriodEnd")):
        return f"strftime({name}, '{INSTANT}') as {name}"
    return f"coalesce({name}, {_value(keys)}) as {name}" if keys else name


def _value(keys: list[str]) -> str:
    pointers = [_quoted("/" + key.replace("~", "~0").replace("/", "~1")) for key in keys]
    return f"coalesce({', '.join(f'json_extract_string(x_Other, {pointer})' for pointer in pointers)})"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _name(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'
