"""What people and workflows write: rows of their own tables, visible to whoever wrote them as soon as this returns."""

import time
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl

from aurora.contracts import TABLES, Table
from aurora.contracts.estate import Edits
from aurora.errors import ContractError
from warehouse.heartbeat import nudge
from warehouse.lake import Batch, Lake
from warehouse.locks import is_held
from warehouse.publish import current, publish


def record_edit(
    data: Path, lake: Lake, entity: tuple[str, str], field: str, after: str | None, changed_by: str, reason: str = ""
) -> None:
    """Write one edits row about `entity` (type, id); returns once it is published."""
    row = {
        "edit_id": f"people:{uuid.uuid4().hex}",
        "entity_type": entity[0],
        "entity_id": entity[1],
        "field": field,
        "action": "set",
        "after": after,
        "changed_by": changed_by,
        "changed_at": datetime.now(UTC),
        "reason": reason or None,
    }
    record(data, lake, Edits, [row])


def record(data: Path, lake: Lake, table: type[Table], rows: list[dict[str, Any]]) -> None:
    """Write rows of a table that people own. Raises ContractError with the first row that breaks the contract."""
    now = datetime.now(UTC)
    common = {"source": "people", "source_instance": "people", "ingested_at": now, "run_id": uuid.uuid4().hex}
    full = [dict.fromkeys(table.own_columns()) | row | common for row in rows]
    result, failure = table.filter(pl.DataFrame(full, schema=table.dtypes(), orient="row"))
    if len(failure):
        raise ContractError(f"{table.spec.name}: refused: {', '.join(failure.counts())}")
    stream = f"people/{table.spec.name}"
    while lake.write(table, pl.DataFrame(result), Batch(stream, lake.cursor(table, stream)[0] + 1)).repeated:
        pass
    make_visible(data, lake)


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
