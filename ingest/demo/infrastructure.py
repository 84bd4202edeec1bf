"""Rows of databases, workloads and a messaging number, every five minutes from a day before the first run on."""

from collections.abc import Iterator
from datetime import datetime

from aurora.contracts import Row, Table
from aurora.contracts.operations import DbReplication, DbStats, MessagingChannels, MessagingVolumes, WorkloadStates
from ingest.demo.catalog import PARTS, Part
from ingest.demo.world import DAY, HOUR, MINUTE, Slice, World, ceil

STEP = 5 * MINUTE
MIB = 1024**2
PRIMARY, REPLICA, NUMBER = "postgresql-primary", "postgresql-replica", "whatsapp-business-api"
# Component, database, role, most connections, share of them that is usually in use.
DATABASES = (
    (PRIMARY, "residents", "primary", 400, 0.42),
    (PRIMARY, "pgbouncer", "pooler", 1000, 0.31),
    (REPLICA, "residents", "replica", 400, 0.18),
    ("payments-db", "payments", "primary", 200, 0.84),
    ("keycloak-db", "identity", "primary", 150, 0.37),
)
WORKLOADS = tuple(part for part in PARTS if part.kind == "k8s_workload")
SHORT = "lead-scoring-api"


def infrastructure_rows(world: World, span: Slice) -> Iterator[tuple[type[Table], Row]]:
    """What was seen at each five minutes of the slice; messages by the hour, once the hour is over."""
    at = ceil(max(span.since, world.anchor - DAY), STEP)
    while at < span.until:
        yield from ((DbStats, stats_row(world, at, *told)) for told in DATABASES)
        yield DbReplication, replication_row(world, at)
        yield from ((WorkloadStates, workload_row(world, at, part)) for part in WORKLOADS)
        yield MessagingChannels, channel_row(world, at)
        if at == ceil(at, HOUR):
            yield MessagingVolumes, volume_row(world, at)
        at += STEP


def stats_row(world: World, at: datetime, key: str, database: str, role: str, most: int, usual: float) -> Row:
    """The row of a database; a pooler has a queue and no cache."""
    used = int(most * (usual + world.between(-0.03, 0.03, key, database, at, "used")))
    active = int(used * world.between(0.15, 0.3, key, database, at, "active"))
    row: Row = {
        "component_id": world.id(key), "database": database, "observed_at": at, "role": role,
        "connections_used": used, "connections_max": most, "connections_active": active,
    }  # fmt: skip
    if role == "pooler":
        return row | {"pool_waiting": int(world.dice(at, "waiting") * 4), "connections_idle": used - active}
    return row | {
        "connections_idle": used - active - 1,
        "connections_idle_in_tx": 1,
        "blocked": int(world.dice(key, at, "blocked") * 1.2),
        "longest_tx_s": round(world.between(0.2, 9, key, at, "longest"), 1),
        "cache_hit_ratio": round(world.between(0.985, 0.999, key, at, "cache"), 4),
        "deadlock_count": 0,
        "slow_query_count": int(world.dice(key, at, "slow") * 5),
        "ops_per_minute": round(world.between(1500, 4000, key, at, "operations"), 1),
    }


def replication_row(world: World, at: datetime) -> Row:
    """How far the replica is behind its primary."""
    lag_s = round(world.between(0.1, 1.8, at, "lag"), 2)
    return {
        "component_id": world.id(PRIMARY), "replica_id": world.id(REPLICA), "observed_at": at, "state": "streaming",
        "state_raw": "streaming", "sync_state": "async", "lag_s": lag_s, "lag_bytes": int(lag_s * 200_000),
        "slot_retained_bytes": int(world.between(16, 64, at, "slot")) * MIB,
    }  # fmt: skip


def workload_row(world: World, at: datetime, part: Part) -> Row:
    """The row of a workload: all of its copies ready, but for one that lacks room for its third."""
    desired = 3 if part.key == SHORT else world.pick((2, 3, 4), part.key, "copies")
    ready = desired - 1 if part.key == SHORT else desired
    return {
        "component_id": world.id(part.key), "observed_at": at, "desired": desired, "ready": ready,
        "available": ready, "updated": desired, "restart_count": int(world.dice(part.key, "restarts") * 4),
        "not_ready_reason": None if ready == desired else "Unschedulable: insufficient memory",
        "cpu_cores": round(ready * world.between(0.15, 0.4, part.key, at, "cores"), 3),
        "cpu_request_cores": 0.5 * ready, "cpu_limit_cores": 1.0 * ready,
        "memory_used_bytes": int(ready * world.between(300, 420, part.key, at, "memory")) * MIB,
        "memory_request_bytes": ready * 384 * MIB, "memory_limit_bytes": ready * 768 * MIB,
    }  # fmt: skip


def channel_row(world: World, at: datetime) -> Row:
    """The row of the one WhatsApp number."""
    return {
        "component_id": world.id(NUMBER), "account_id": "demo-business", "display_name": "Horizon Sales",
        "observed_at": at, "can_send": "available", "can_send_raw": "AVAILABLE", "quality": "green",
        "quality_raw": "GREEN", "throughput_per_minute": round(world.between(300, 900, at, "sent"), 1),
        "throughput_limit_per_minute": 4800.0, "tier_raw": "TIER_100K",
    }  # fmt: skip


def volume_row(world: World, end: datetime) -> Row:
    """The messages of the hour that ended then."""
    sent = int(world.between(600, 1500, end, "messages"))
    failed = int(sent * 0.008)
    return {
        "component_id": world.id(NUMBER), "category": "utility", "country": "AE", "ts_start": end - HOUR, "ts_end": end,
        "sent_count": sent, "delivered_count": sent - failed, "failed_count": failed,
    }  # fmt: skip
