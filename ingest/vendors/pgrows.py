"""Rows from what a PostgreSQL server told: pure functions, one reading in, rows out."""

from collections.abc import Iterator
from typing import Any

from aurora.contracts import Row
from ingest.connector import Cursor, Run
from ingest.vendors.databases import WHOLE, Increases, Reading, ServerOptions
from ingest.vendors.pgapi import MAX_STATEMENTS, Facts

STATES = {
    "streaming": "streaming",
    **dict.fromkeys(("catchup", "startup", "starting", "restarting", "waiting"), "catching_up"),
    **dict.fromkeys(("stopping", "stopped"), "stopped"),
}
COUNTERS = ("transactions", "blks_hit", "blks_read", "deadlocks")
SESSION_COLUMNS = (
    "connections_used",
    "connections_active",
    "connections_idle",
    "connections_idle_in_tx",
    "blocked",
    "longest_tx_s",
)


def role_of(told: Facts) -> str:
    """The part that the server plays in replication."""
    return "replica" if told.server["is_replica"] else "primary"


def reading(run: Run[Any], told: Facts, row: Row) -> Reading:
    """Counters of a database; they start anew with a reset, and after a crash with the server."""
    life = f"{row['reset_at']:.0f} {told.server['started_at']:.0f}"
    return Reading(run.now.timestamp(), life, {name: float(row[name]) for name in COUNTERS})


def total(values: "list[float | None]") -> float | None:
    """The sum of those that are known; null if none is."""
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def measures(told: Facts, grown: list[Increases]) -> dict[str, float | None]:
    """The measures of the wide health table: the probe's answer, and transactions of all databases."""
    return {
        "response_time_ms": told.answered_ms,
        "requests_per_minute": total([one.per_minute("transactions") for one in grown]),
    }


def stats_rows(
    run: Run[Any], server: ServerOptions, told: Facts, grown: dict[str, Increases], slow: dict[str, int] | None
) -> Iterator[Row]:
    """A row per database, after one for the whole server, whose limit of connections is the one that counts."""
    common = {"component_id": run.id(server.address), "observed_at": run.now, "role": role_of(told)}
    sessions = None if told.sessions is None else {row["database"]: row for row in told.sessions}
    all_grown = list(grown.values())
    yield {
        **common,
        "database": WHOLE,
        **({} if told.sessions is None else session_totals(told.sessions)),
        "connections_max": told.server["connections_max"],
        **growth_columns(all_grown),
        "slow_query_count": None if slow is None else sum(slow.values()),
    }
    for row in told.databases:
        name = row["database"]
        yield {
            **common,
            "database": name,
            **session_columns(row, sessions),
            "connections_max": row["connections_max"],
            **growth_columns([grown[row["id"]]]),
            "slow_query_count": None if slow is None else slow.get(name, 0),
        }


def growth_columns(grown: list[Increases]) -> Row:
    """What the counters of one or more databases say of the interval."""
    hits, reads = (total([one.real(name) for one in grown]) for name in ("blks_hit", "blks_read"))
    deadlocks = total([one.count("deadlocks") for one in grown])
    return {
        "cache_hit_ratio": hits / (hits + reads) if hits is not None and reads is not None and hits + reads else None,
        "deadlock_count": None if deadlocks is None else int(deadlocks),
        "ops_per_minute": total([one.per_minute("transactions") for one in grown]),
    }


def session_columns(row: Row, sessions: dict[str, Row] | None) -> Row:
    """Connections of one database by what they do; only their number where the role may not see more."""
    if sessions is None:
        return {"connections_used": row["connections_used"]}
    mine = sessions.get(row["database"])
    return {name: mine[name] if mine else None if name == "longest_tx_s" else 0 for name in SESSION_COLUMNS}


def session_totals(sessions: list[Row]) -> Row:
    """Connections of the whole server by what they do."""
    longest = [row["longest_tx_s"] for row in sessions if row["longest_tx_s"] is not None]
    counts = {name: sum(row[name] for row in sessions) for name in SESSION_COLUMNS if name != "longest_tx_s"}
    return counts | {"longest_tx_s": max(longest, default=None)}


def judged(told: Facts) -> tuple[str, str | None]:
    """Status and reason: it answers, so it is healthy unless it is a replica that receives nothing."""
    receiver = told.receiver
    if told.server["may_see_all"] and receiver and not receiver["status"] and not receiver["restore_command"]:
        return "degraded", "it is a replica and receives nothing from its primary: it serves old data"
    return "healthy", None


def replication_rows(run: Run[Any], server: ServerOptions, told: Facts) -> Iterator[Row]:
    """A row per replica or slot that the server feeds, and on a replica a row for its own receiver."""
    for row in told.replicas:
        yield fed_row(run, server, row)
    if told.receiver is not None and told.server["may_see_all"]:
        yield receiver_row(run, server, told.receiver)


def fed_row(run: Run[Any], server: ServerOptions, row: Row) -> Row:
    """A replica, or a slot that waits for one and holds back WAL for it."""
    state = row["state"] or ("inactive" if row["active"] is False else None)
    return {
        "component_id": run.id(server.address),
        "replica_id": row["replica_id"],
        "observed_at": run.now,
        "state": "stopped" if state == "inactive" else run.word(STATES, state) if state else None,
        "state_raw": state,
        "sync_state": row["sync_state"],
        "lag_s": 0.0 if row["lag_bytes"] == 0 else row["lag_s"],
        "lag_bytes": row["lag_bytes"],
        "slot_retained_bytes": row["retained_bytes"],
        "last_error": "the slot lost WAL that it needs: build the replica anew"
        if row["wal_status"] == "lost"
        else None,
    }


def receiver_row(run: Run[Any], server: ServerOptions, row: Row) -> Row:
    """This replica's own link; how far it is behind its primary is known only while it streams."""
    state, is_streaming = row["status"], row["status"] == "streaming"
    return {
        "component_id": run.id(server.address),
        "replica_id": server.address,
        "observed_at": run.now,
        "state": run.word(STATES, state) if state else "stopped",
        "state_raw": state,
        "lag_s": (0.0 if row["lag_bytes"] == 0 else row["since_s"]) if is_streaming else None,
        "lag_bytes": row["lag_bytes"] if is_streaming else None,
    }


def slow_kept(told: Facts) -> Cursor | None:
    """Calls and ms of the statements that were ever slow, as they travel in the cursor."""
    if told.statements is None:
        return None
    return {row["id"]: [row["calls"], round(row["total_ms"], 1)] for row in told.statements}


def slow_counts(before: Cursor | None, told: Facts, slow_ms: float) -> dict[str, int] | None:
    """Slow calls by database since the last reading, at least: those of statements whose mean was slow meanwhile.

    A statement that is new here was slow for the first time, so one of its calls was.
    """
    if before is None or told.statements is None:
        return None
    found: dict[str, int] = {}
    for row in told.statements:
        calls = _slow_calls(before.get(row["id"]), row, slow_ms, len(before) < MAX_STATEMENTS)
        found[row["database"]] = found.get(row["database"], 0) + calls
    return found


def _slow_calls(old: list[float] | None, row: Row, slow_ms: float, all_were_listed: bool) -> int:
    if old is None:
        return int(all_were_listed)
    calls, spent_ms = int(row["calls"] - old[0]), row["total_ms"] - old[1]
    return calls if calls > 0 and spent_ms / calls >= slow_ms else 0
