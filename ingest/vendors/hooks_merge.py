"""What an event says laid over what is known: nothing that is told later is undone by what arrives late."""

from datetime import datetime
from typing import Any

from aurora.contracts import COMMON, Row
from ingest.vendors.hooks import Said

STEPS = {"unknown": 0, "queued": 1, "blocked": 1, "running": 2}  # any other status is an end


def merged(said: Said, before: Row | None) -> Row | None:
    """The whole row; None where what is known is newer.

    What neither the event nor anybody before told is null. The partition's instant stays as it is known.
    """
    spec = said.table.spec
    if before is not None and _is_older(said.row, before):
        return None
    own = [name for name in said.table.own_columns() if name not in COMMON]
    known = {name: (before or {}).get(name) for name in own} | said.row
    for name, value in said.otherwise.items():
        known[name] = value if known.get(name) is None else known[name]
    if before is not None and spec.part_of:
        known[spec.part_of] = before[spec.part_of]
    return known | _lasted(said, known)


def _is_older(row: Row, before: Row) -> bool:
    """By the instant of the change; where that is the same or not told, by how far a thing has come in its life."""
    for name in ("updated_at", "pushed_at", "head_at"):
        one, other = row.get(name), before.get(name)
        if one is not None and other is not None and one != other:
            return bool(one < other)
    if before.get("status") is None or "status" not in row:
        return "result" in row and row["result"] is None and before.get("result") is not None
    return STEPS.get(row["status"], 3) < STEPS.get(before["status"], 3)


def _lasted(said: Said, known: Row) -> dict[str, Any]:
    """The duration, where an end is told and a duration is not."""
    start, end = known.get("started_at"), known.get("finished_at")
    if "duration_s" in said.row or "duration_s" not in known:
        return {}
    if not isinstance(start, datetime) or not isinstance(end, datetime):
        return {}
    return {"duration_s": max(0.0, (end - start).total_seconds())}
