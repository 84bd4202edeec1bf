"""What people and workflows write: rows of their own tables, visible to whoever wrote them as soon as this returns."""

import json
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import polars as pl

from aurora.contracts import TABLES, Table
from aurora.contracts.estate import Edits
from aurora.contracts.operations import Anomalies
from aurora.errors import ContractError, LostRaceError
from warehouse.heartbeat import nudge
from warehouse.lake import Batch, Lake
from warehouse.locks import is_held, locked
from warehouse.publish import current, publish

# Held by who reads anomalies to write them: the job of each hour, and people.
ANOMALIES_LOCK = "anomalies.lock"


@dataclass(frozen=True)
class Change:
    """One field as a person leaves it; `before` and `after` are JSON, None for a confirmation or a return."""

    field: str
    after: str | None = None
    before: str | None = None
    action: Literal["set", "confirm", "revert"] = "set"


def record_edit(
    data: Path, lake: Lake, entity: tuple[str, str], field: str, after: str | None, changed_by: str, reason: str = ""
) -> None:
    """Write one edits row about `entity` (type, id); returns once it is published."""
    record_edits(data, lake, entity, [Change(field, after)], changed_by, reason)


def record_edits(
    data: Path,
    lake: Lake,
    entity: tuple[str, str],
    changes: Sequence[Change],
    changed_by: str,
    reason: str = "",
    seen: Mapping[str, str | None] | None = None,
) -> None:
    """Write edits rows about one thing; returns once they are published.

    `seen` says which edit of each field stood last when the person decided (None: no edit): raises LostRaceError, and
    writes nothing, if another one stands there now. Raises ContractError for a value of an application that is no JSON.
    """
    if entity[0] == "app":
        _refuse_no_json(entity[1], changes)
    with locked(data / "locks" / "edits.lock"):
        if seen is not None:
            _refuse_overtaken(lake, entity, seen)
        now = datetime.now(UTC)
        about = {"entity_type": entity[0], "entity_id": entity[1], "changed_by": changed_by, "changed_at": now}
        rows = [
            asdict(change) | about | {"edit_id": f"people:{uuid.uuid4().hex}", "reason": reason or None}
            for change in changes
        ]
        _write(lake, Edits, rows)
    make_visible(data, lake)


def _refuse_no_json(app_id: str, changes: Sequence[Change]) -> None:
    for change in changes:
        try:
            for told in (change.before, change.after):
                json.loads("null" if told is None else told)
        except (ValueError, RecursionError):
            raise ContractError(
                f"edits: {change.field} of {app_id}: {told!r:.60} is no JSON, nothing is written"
            ) from None
        if change.action == "set" and change.after is None:
            raise ContractError(f"edits: {change.field} of {app_id}: nothing is set; JSON null clears a field")


def _refuse_overtaken(lake: Lake, entity: tuple[str, str], seen: Mapping[str, str | None]) -> None:
    rows = lake.read(Edits)
    mine = (rows["entity_type"] == entity[0]) & (rows["entity_id"] == entity[1]) & rows["field"].is_in(list(seen))
    made = rows.filter(mine & (rows["action"] != "confirm")).sort("changed_at", "edit_id")
    for last in made.unique("field", keep="last", maintain_order=True).iter_rows(named=True):
        if last["edit_id"] != seen[last["field"]]:
            raise LostRaceError(
                f"{last['changed_by']} changed {last['field']} of {entity[1]} at {last['changed_at']:%H:%M} UTC, "
                "after you opened it: look at it again, then decide"
            )


def record(data: Path, lake: Lake, table: type[Table], rows: list[dict[str, Any]]) -> None:
    """Write rows of a table that people own. Raises ContractError with the first row that breaks the contract."""
    _write(lake, table, rows)
    make_visible(data, lake)


def record_version(data: Path, lake: Lake, table: type[Table], row: dict[str, Any], expected: int) -> None:
    """Write `row` as version `expected` + 1 of its thing (0 = it is new); returns once it is published.

    Raises LostRaceError, and writes nothing, if somebody else wrote that version first; ContractError as record().
    """
    write_version(lake, table, row, expected)
    make_visible(data, lake)


def write_version(lake: Lake, table: type[Table], row: dict[str, Any], expected: int) -> None:
    """As record_version, without publishing."""
    stamped = {"is_deleted": False, "changed_at": datetime.now(UTC)} | row | {"version": expected + 1}
    lake.write_version(table, _checked(table, [stamped]), expected)


def record_decision(
    data: Path,
    lake: Lake,
    anomaly_id: str,
    said: tuple[str, str],
    changed_by: str,
    now: datetime | None = None,
) -> None:
    """Write what a person says of an open anomaly, (explained or dismissed, words); returns once it is published.

    Raises LostRaceError if it is open no more, or gone. Who said it, and when, is kept in its parts.
    """
    now, (state, explanation) = now or datetime.now(UTC), said
    with locked(data / "locks" / ANOMALIES_LOCK):
        found = lake.scan(Anomalies).filter(pl.col("anomaly_id") == anomaly_id).collect().to_dicts()
        if not found or found[0]["state"] != "open":
            raise LostRaceError("this anomaly was decided by somebody else meanwhile: look at it again")
        row = {name: _zoned(found[0][name]) for name in Anomalies.own_columns()}
        parts = json.loads(row["parts"] or "{}") | {"decided": {"by": changed_by, "at": f"{now:%Y-%m-%dT%H:%M:%S}"}}
        decided = {"state": state, "explanation": explanation, "updated_at": now}
        told = row | decided | {"parts": json.dumps(parts, ensure_ascii=False)}
        _write(lake, Anomalies, [told], found[0]["source_instance"])  # in the place of the row, not beside it
    make_visible(data, lake)


def _zoned(value: Any) -> Any:
    return value.replace(tzinfo=UTC) if isinstance(value, datetime) else value


def _write(lake: Lake, table: type[Table], rows: list[dict[str, Any]], source_instance: str = "people") -> None:
    frame = _checked(table, rows, source_instance)
    stream = f"people/{table.spec.name}"
    while lake.write(table, frame, Batch(stream, lake.cursor(table, stream)[0] + 1)).repeated:
        pass


def _checked(table: type[Table], rows: list[dict[str, Any]], source_instance: str = "people") -> pl.DataFrame:
    now = datetime.now(UTC)
    common = {"source": "people", "source_instance": source_instance, "ingested_at": now, "run_id": uuid.uuid4().hex}
    full = [dict.fromkeys(table.own_columns()) | row | common for row in rows]
    result, failure = table.filter(pl.DataFrame(full, schema=table.dtypes(), orient="row"))
    if len(failure):
        raise ContractError(f"{table.spec.name}: refused: {', '.join(failure.counts())}")
    return pl.DataFrame(result)


def make_visible(data: Path, lake: Lake, wait_s: float = 5.0) -> None:
    """Have what was just committed published: by the worker if one runs, else here."""
    if not is_held(data / "locks" / "worker.lock"):
        publish(lake, data)
        return
    wanted = {name: version for name, table in TABLES.items() if (version := lake.version(table)) is not None}
    nudge(data)
    until = time.monotonic() + wait_s
    while time.monotonic() < until:
        newest = current(data / "published")
        if newest and all(newest.versions.get(name, -1) >= version for name, version in wanted.items()):
            return
        time.sleep(0.05)
    publish(lake, data)
