"""Redis and Valkey servers: is it up, how fast does it answer, memory, clients, hit ratio, evictions, replication.

Reads PING, INFO and SLOWLOG: https://redis.io/docs/latest/commands/info/. One source is one server.
Needs: a user that may run those: `ACL SETUSER aurora on >... +ping +info +slowlog|get +slowlog|len`; without SLOWLOG
the slow commands stay unknown. Counters are told as what happened since the last run. CPU is that of the main thread,
which is the one that limits Redis.
"""

import ssl
import time
from collections.abc import Iterator

from pydantic import Field

from aurora.contracts import Row
from aurora.contracts.estate import Components
from aurora.contracts.operations import ComponentHealth, DbReplication, DbStats
from aurora.errors import SourceError
from ingest.connector import Checkpoint, Connector, Item, Run
from ingest.vendors.databases import (
    WHOLE,
    Increases,
    Reading,
    ServerOptions,
    Unreachable,
    component_row,
    first_seen,
    health_row,
    known_host,
)
from ingest.vendors.resp import Resp, RespError, connected

ROLES = {"master": "primary", "slave": "replica"}
STATES = {
    "online": "streaming",
    **dict.fromkeys(("wait_bgsave", "send_bulk", "bg_transfer", "send_bulk_and_stream"), "catching_up"),
}
REFUSED = {"NOAUTH": "auth", "WRONGPASS": "auth", "NOPERM": "permission"}
COUNTERS = (
    "total_commands_processed",
    "total_error_replies",
    "keyspace_hits",
    "keyspace_misses",
    "evicted_keys",
    "used_cpu_user_main_thread",
    "used_cpu_sys_main_thread",
)
Info = dict[str, str]


class RedisOptions(ServerOptions):
    """One Redis server; `user` only where ACLs are used."""

    port: int = Field(6379, ge=1, le=65535)


connector = Connector("redis", RedisOptions)


@connector.stream(ComponentHealth, Components, DbStats, DbReplication, every="1m")
def fetch_server(run: Run[RedisOptions]) -> Iterator[Item]:
    """One reading of the server; its counters travel in the cursor. A server that does not answer is a row too."""
    known_host(run, run.options.host)
    before = dict(run.cursor or {})
    try:
        info, slow, ping_ms = asked(run)
    except Unreachable as found:
        yield ComponentHealth, health_row(run, run.options, found.status, str(found))
        yield Components, component_row(run, run.options, "redis", False, before.get("about"))
        yield Checkpoint({**before, "first_seen_at": first_seen(run).isoformat()})
        return
    now = reading(run.now.timestamp(), info)
    grown = Increases(before.get("reading"), now, run.every)
    status, reason = judged(info)
    about = {"version": info.get("redis_version"), "mode": info.get("redis_mode")}
    yield ComponentHealth, health_row(run, run.options, status, reason, **measures(info, grown, ping_ms))
    yield Components, component_row(run, run.options, info.get("server_name", "redis"), True, about)
    is_same_life = (before.get("reading") or {}).get("life") == now.life
    yield DbStats, stats_row(run, info, grown, slow_count(before.get("slow") if is_same_life else None, slow))
    for row in replication_rows(run, info):
        yield DbReplication, row
    seen = {"first_seen_at": first_seen(run).isoformat(), "about": about}
    yield Checkpoint({**seen, "reading": now.kept(), "slow": slow})


def asked(run: Run[RedisOptions]) -> tuple[Info, list[int] | None, float]:
    """INFO, [number of the newest slow command, length of the slow log], and how long PING took in ms."""
    server, limit_s = run.options, min(run.options.timeout_s, run.remaining_s())
    password = server.secret()
    try:
        with connected(server.host, server.port, limit_s, server.tls or server.ca is not None, server.ca) as redis:
            if password:
                redis.ask("AUTH", *([server.user] if server.user else []), password)
            began = time.perf_counter()
            redis.ask("PING")
            ping_ms = (time.perf_counter() - began) * 1000
            return parsed(redis.ask("INFO")), slow_log(redis), ping_ms
    except RespError as error:
        if error.code in REFUSED or (error.code == "ERR" and "AUTH" in str(error)):
            raise SourceError(
                f"{run.source_instance}: {server.address} refuses ({error}): check user, password and the rights "
                "that docs/connectors.md names",
                "permission" if error.code == "NOPERM" else "auth",
            ) from error
        raise Unreachable(f"it answers {error}") from error  # LOADING, MASTERDOWN, BUSY
    except ssl.SSLCertVerificationError as error:
        raise SourceError(
            f"{run.source_instance}: {server.address} has a certificate that is not trusted: set ca", "auth"
        ) from error
    except OSError as error:
        late = f"no answer within {limit_s:.0f} s" if isinstance(error, TimeoutError) else None
        raise Unreachable(late or error.strerror or str(error)) from error


def slow_log(redis: Resp) -> list[int] | None:
    """[number of the newest entry (-1: none), entries]; None where the user may not read it."""
    try:
        newest = redis.ask("SLOWLOG", "GET", "1")
        return [newest[0][0] if newest else -1, redis.ask("SLOWLOG", "LEN")]
    except RespError:
        return None


def slow_count(before: list[int] | None, now: list[int] | None) -> int | None:
    """Slow commands since the last reading: numbers go up by one; a log that was empty holds only new ones."""
    if before is None or now is None:
        return None
    if before[0] < 0:
        return now[1]
    return now[0] - before[0] if now[0] >= before[0] else None


def parsed(text: str) -> Info:
    """INFO as names and values, whatever its sections."""
    lines = (line.partition(":") for line in text.splitlines() if line and not line.startswith("#"))
    return {name: value.strip() for name, _, value in lines}


def number(info: Info, name: str) -> float | None:
    """A value of INFO as a number; None if it is absent or none."""
    try:
        return float(info[name])
    except (KeyError, ValueError):
        return None


def whole(info: Info, name: str, *, is_limit: bool = False) -> int | None:
    """A value of INFO as an integer; a limit of 0 is no limit."""
    value = number(info, name)
    return None if value is None or (is_limit and value == 0) else int(value)


def reading(at: float, info: Info) -> Reading:
    """The counters; `run_id` is new whenever the server starts."""
    counts = {name: number(info, name) for name in COUNTERS}
    return Reading(at, info.get("run_id", ""), {name: value for name, value in counts.items() if value is not None})


def judged(info: Info) -> tuple[str, str | None]:
    """Status and reason: it answers, so it is healthy unless it says itself what is wrong."""
    if info.get("master_link_status") == "down":
        return "degraded", "the link to its primary is down: it serves old data"
    if info.get("rdb_last_bgsave_status", "ok") != "ok":
        return "degraded", "the last save to disk failed: writes may be refused"
    if info.get("aof_last_write_status", "ok") != "ok":
        return "degraded", "the last write to the append-only file failed: writes may be refused"
    return "healthy", None


def measures(info: Info, grown: Increases, ping_ms: float) -> dict[str, float | None]:
    """The measures of the wide health table."""
    used, limit = whole(info, "used_memory"), whole(info, "maxmemory", is_limit=True)
    cpu = [grown.real(f"used_cpu_{kind}_main_thread") for kind in ("user", "sys")]
    busy_s = None if None in cpu else sum(spent for spent in cpu if spent is not None)
    calls, errors = grown.real("total_commands_processed"), grown.real("total_error_replies")
    return {
        "cpu_pct": None if busy_s is None else min(100.0, 100 * busy_s / grown.elapsed_s),
        "memory_pct": min(100.0, 100 * used / limit) if used is not None and limit else None,
        "response_time_ms": ping_ms,
        "requests_per_minute": grown.per_minute("total_commands_processed"),
        "error_rate_pct": min(100.0, 100 * errors / calls) if calls and errors is not None else None,
    }


def stats_row(run: Run[RedisOptions], info: Info, grown: Increases, slow_queries: int | None) -> Row:
    """The server's row of db_stats."""
    role = info.get("role")
    return {
        "component_id": run.id(run.options.address),
        "database": WHOLE,
        "observed_at": run.now,
        "role": run.word(ROLES, role) if role else None,
        "connections_used": whole(info, "connected_clients"),
        "connections_max": whole(info, "maxclients", is_limit=True),
        "blocked": whole(info, "blocked_clients"),
        "cache_hit_ratio": grown.ratio("keyspace_hits", "keyspace_misses"),
        "slow_query_count": slow_queries,
        "ops_per_minute": grown.per_minute("total_commands_processed"),
        "used_memory_bytes": whole(info, "used_memory"),
        "max_memory_bytes": whole(info, "maxmemory", is_limit=True),
        "evicted_count": grown.count("evicted_keys"),
    }


def replication_rows(run: Run[RedisOptions], info: Info) -> Iterator[Row]:
    """A row per replica that a primary feeds, and a row for the link of a replica to its primary."""
    index = 0
    while line := info.get(f"slave{index}"):
        yield fed_row(run, info, dict(part.partition("=")[::2] for part in line.split(",")))
        index += 1
    if "master_link_status" in info:
        yield link_row(run, info)


def fed_row(run: Run[RedisOptions], info: Info, told: Info) -> Row:
    """A replica as its primary sees it; `lag` counts seconds since it last acknowledged."""
    state = run.word(STATES, told.get("state"))
    written, acknowledged = number(info, "master_repl_offset"), number(told, "offset")
    behind = None
    if state == "streaming" and written is not None and acknowledged is not None:
        behind = max(0, int(written - acknowledged))
    return {
        "component_id": run.id(run.options.address),
        "replica_id": f"{told.get('ip', '?')}:{told.get('port', '?')}",
        "observed_at": run.now,
        "state": state,
        "state_raw": told.get("state"),
        "lag_s": 0.0 if behind == 0 else number(told, "lag") if behind else None,
        "lag_bytes": behind,
    }


def link_row(run: Run[RedisOptions], info: Info) -> Row:
    """The link to the primary as this replica sees it; how far it is behind is known only while the link is up."""
    is_up, is_syncing = info["master_link_status"] == "up", info.get("master_sync_in_progress") == "1"
    got, applied = number(info, "slave_read_repl_offset"), number(info, "slave_repl_offset")
    behind = max(0, int(got - applied)) if is_up and got is not None and applied is not None else None
    since_s = number(info, "master_link_down_since_seconds")  # -1: since ever
    broken = None if is_up or since_s is None else f"no link for {since_s:.0f} s" if since_s >= 0 else "never linked"
    return {
        "component_id": run.id(run.options.address),
        "replica_id": run.options.address,
        "observed_at": run.now,
        "state": "streaming" if is_up else "catching_up" if is_syncing else "stopped",
        "state_raw": info["master_link_status"],
        "lag_s": 0.0 if behind == 0 else None,
        "lag_bytes": behind,
        "last_error": broken,
    }
