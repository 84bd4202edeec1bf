"""Rows from the measurements of one MongoDB process at one instant: pure functions over names with their units."""

from datetime import datetime, timedelta

from aurora.contracts import Row
from ingest.connector import Json
from ingest.vendors.atlas import AtlasRun
from ingest.vendors.databases import WHOLE

SILENT = timedelta(minutes=10)  # a process that pinged Atlas no later than this is not known to be well
BUSY = ("USER", "KERNEL", "NICE", "IRQ", "SOFTIRQ", "STEAL")
# kind of operation -> its mean time, and the rates that it is the mean of
OPERATIONS = {
    "READS": ("QUERY", "GETMORE"),
    "WRITES": ("INSERT", "UPDATE", "DELETE"),
    "COMMANDS": ("CMD",),
}
WANTED = {
    *(f"SYSTEM_NORMALIZED_CPU_{kind}" for kind in BUSY),
    *(f"OPCOUNTER_{name}" for names in OPERATIONS.values() for name in names),
    *(f"OP_EXECUTION_TIME_{kind}" for kind in OPERATIONS),
    "SYSTEM_MEMORY_USED",
    "SYSTEM_MEMORY_AVAILABLE",
    "DISK_PARTITION_SPACE_PERCENT_USED",
    "NETWORK_NUM_REQUESTS",
    "CONNECTIONS",
    "GLOBAL_LOCK_CURRENT_QUEUE_TOTAL",
    "MEMORY_RESIDENT",
    "OPLOG_SLAVE_LAG_MASTER_TIME",
}
STATUSES = {
    **dict.fromkeys(
        (
            "replica_primary",
            "replica_secondary",
            "replica_arbiter",
            "shard_primary",
            "shard_secondary",
            "shard_mongos",
            "shard_config",
            "shard_config_primary",
            "shard_config_secondary",
            "shard_standalone",
            "standalone",
        ),
        "healthy",
    ),
    "recovering": "degraded",
    "no_data": "unknown",
}
Status = tuple[str, str | None]
Values = dict[str, float]


def status_of(run: AtlasRun, process: Json) -> Status:
    """Status and reason of a process as Atlas sees it now."""
    raw, ping = process.get("typeName"), process.get("lastPing")
    if ping and run.now - datetime.fromisoformat(ping) > SILENT:
        return "unknown", f"Atlas has not heard of it since {ping}"
    status = run.word(STATUSES, raw)
    return status, None if status == "healthy" else f"Atlas calls it {raw}"


def role_of(process: Json) -> str:
    """The part that the process plays in its replica set."""
    raw = str(process.get("typeName"))
    return "primary" if raw.endswith("PRIMARY") else "replica" if raw.endswith("SECONDARY") else "unknown"


def total(values: Values, names: list[str]) -> float | None:
    """The sum of those that are there; null if none is."""
    there = [values[name] for name in names if name in values]
    return sum(there) if there else None


def cpu_pct(values: Values) -> float | None:
    """Busy share of all cores together, 0 to 100; null without its two main parts."""
    names = [f"SYSTEM_NORMALIZED_CPU_{kind} pct" for kind in BUSY]
    if names[0] not in values or names[1] not in values:
        return None
    return min(100.0, total(values, names) or 0.0)


def memory_pct(values: Values) -> float | None:
    """Used share of the host's memory, 0 to 100."""
    used, free = values.get("SYSTEM_MEMORY_USED bytes"), values.get("SYSTEM_MEMORY_AVAILABLE bytes")
    return 100.0 * used / (used + free) if used is not None and free is not None and used + free > 0 else None


def operation_rates(values: Values) -> dict[str, float]:
    """Operations a minute by kind; those that replication applies are not counted."""
    rates = {
        kind: total(values, [f"OPCOUNTER_{name} per_minute" for name in names]) for kind, names in OPERATIONS.items()
    }
    return {kind: rate for kind, rate in rates.items() if rate is not None}


def response_time_ms(values: Values) -> float | None:
    """Mean time of an operation: the means of reads, writes and commands, weighed by how many there were."""
    rates = operation_rates(values)
    timed = [(values.get(f"OP_EXECUTION_TIME_{kind} ms"), rate) for kind, rate in rates.items() if rate > 0]
    known = [(spent, rate) for spent, rate in timed if spent is not None]
    return sum(spent * rate for spent, rate in known) / sum(rate for _, rate in known) if known else None


def health_row(
    run: AtlasRun, process: Json, at: datetime, step: timedelta, values: Values, status: Status | None
) -> Row:
    """The process's row of the wide health table for the step that ends at `at`."""
    return {
        "component_id": run.id(process["id"]),
        "ts_start": at - step,
        "ts_end": at,
        "cpu_pct": cpu_pct(values),
        "memory_pct": memory_pct(values),
        "disk_pct": values.get("DISK_PARTITION_SPACE_PERCENT_USED pct"),
        "response_time_ms": response_time_ms(values),
        "requests_per_minute": values.get("NETWORK_NUM_REQUESTS per_minute"),
        "status": status and status[0],
        "status_raw": process.get("typeName") if status else None,
        "status_reason": status and status[1],
    }


def stats_row(run: AtlasRun, process: Json, at: datetime, values: Values) -> Row:
    """The process's row of db_stats."""
    rates = operation_rates(values)
    return {
        "component_id": run.id(process["id"]),
        "database": WHOLE,
        "observed_at": at,
        "role": role_of(process),
        "connections_used": whole(values.get("CONNECTIONS count")),
        "blocked": whole(values.get("GLOBAL_LOCK_CURRENT_QUEUE_TOTAL count")),
        "ops_per_minute": sum(rates.values()) if rates else None,
        "used_memory_bytes": whole(values.get("MEMORY_RESIDENT bytes")),
    }


def replication_row(run: AtlasRun, process: Json, at: datetime, values: Values, status: Status) -> Row:
    """How far a secondary's oplog is behind its primary's."""
    states = {"healthy": "streaming", "degraded": "catching_up"}
    return {
        "component_id": run.id(process["id"]),
        "replica_id": process["id"],
        "observed_at": at,
        "state": states.get(status[0], "unknown"),
        "state_raw": process.get("typeName"),
        "lag_s": values["OPLOG_SLAVE_LAG_MASTER_TIME ms"] / 1000,
    }


def whole(value: float | None) -> int | None:
    """The nearest integer; Atlas tells means of counts."""
    return None if value is None else round(value)
