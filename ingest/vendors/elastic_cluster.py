"""The cluster of an Elasticsearch and its nodes: status by colour, usage and searches per node."""

from collections.abc import Iterator
from datetime import datetime

from aurora.contracts import Row
from aurora.contracts.estate import ComponentEdges, Components
from aurora.contracts.operations import ComponentHealth
from aurora.errors import SourceError
from ingest.connector import Checkpoint, Item, Json
from ingest.vendors.cloud import health_row, used_pct
from ingest.vendors.elastic_api import ElasticRun, warn_once
from ingest.vendors.elastic_rates import Counters, part, rates
from ingest.vendors.promql import utc
from ingest.vendors.seen import components_seen

COLOURS = {"green": "healthy", "yellow": "degraded", "red": "down"}
STATS = "_nodes/stats/os,jvm,fs,indices"
FIGURES = ("host", "timestamp", "os.cpu", "os.mem", "jvm.mem.heap_used_percent", "fs.total", "indices.search")
KEPT = ",".join(["_nodes", *(f"nodes.*.{name}" for name in FIGURES)])


def items(run: ElasticRun) -> Iterator[Item]:
    """Rows of the cluster and of every member, also of one that did not tell its figures in time."""
    members = _of_kind(run, run.http.get("_cat/nodes", {"format": "json", "full_id": "true", "h": "id,name"}), list)
    about, health = (_of_kind(run, run.http.get(path), dict) for path in ("", "_cluster/health"))
    stats = _of_kind(run, run.http.get(STATS, {"filter_path": KEPT}), dict)
    complain(run, health, stats)
    since, before = components_seen(run), (run.cursor or {}).get("nodes", {})
    nodes = stats.get("nodes") or {}
    if members:
        yield Components, cluster_row(run, about, since)
        yield ComponentHealth, cluster_health(run, about, health)
    for member in members:
        node = nodes.get(member["id"])
        component = node_row(run, about, member, node or {}, since)
        yield Components, component
        yield ComponentEdges, edge_row(run, component, about)
        yield ComponentHealth, node_health(run, component["component_id"], node, before.get(member["id"]))
    yield Checkpoint({"nodes": {native: told for native in nodes if (told := counters(nodes[native]))}})


def _of_kind(run: ElasticRun, answer: Json, kind: type) -> Json:
    if not isinstance(answer, kind) or (isinstance(answer, dict) and "error" in answer):
        raise SourceError(f"{run.source_instance}: this is no answer of Elasticsearch: check url", "schema_drift")
    return answer


def complain(run: ElasticRun, health: Json, stats: Json) -> None:
    """Mark the run as partial where an answer of 200 says that it is."""
    if health.get("timed_out"):
        warn_once(run, "the cluster health ran out of time: its figures may be old")
    failed = (stats.get("_nodes") or {}).get("failed")
    if failed:
        warn_once(run, f"{failed} nodes did not tell their figures")


def cluster_id(run: ElasticRun, about: Json) -> str:
    """The cluster by its uuid, which survives a new name."""
    return run.id(about.get("cluster_uuid") or about["cluster_name"])


def cluster_row(run: ElasticRun, about: Json, since: dict[str, datetime]) -> Row:
    """The cluster as a component."""
    return common(run, cluster_id(run, about), about, since) | {"name": about["cluster_name"], "kind": "other"}


def node_row(run: ElasticRun, about: Json, member: Json, node: Json, since: dict[str, datetime]) -> Row:
    """A node as a component."""
    return common(run, run.id(member["id"]), about, since) | {
        "name": member.get("name") or member["id"],
        "kind": "db_instance",
        "host_name": node.get("host") or None,
        "memory_bytes": part(node, "os", "mem", "total_in_bytes"),
        "disk_bytes": part(node, "fs", "total", "total_in_bytes"),
    }


def common(run: ElasticRun, component_id: str, about: Json, since: dict[str, datetime]) -> Row:
    """What the cluster and its nodes have in common."""
    version = about.get("version") or {}
    return {
        "component_id": component_id,
        "type": "database",
        "type_raw": version.get("number"),
        "db_system": version.get("distribution") or "elasticsearch",
        "cluster": about["cluster_name"],
        "lifecycle": "running",
        "first_seen_at": since.get(component_id, run.now),
        "last_seen_at": run.now,
    }


def cluster_health(run: ElasticRun, about: Json, health: Json) -> Row:
    """The colour of the cluster and why."""
    colour, missing = health.get("status"), health.get("unassigned_shards")
    fields = {
        "status": run.word(COLOURS, colour),
        "status_raw": colour,
        "status_reason": f"{missing} unassigned shards" if missing else None,
    }
    return health_row(cluster_id(run, about), run.now - run.every, run.every, fields)


def node_health(run: ElasticRun, component_id: str, node: Json | None, before: Counters | None) -> Row:
    """Usage of a node and its searches since the last run; a member that does not tell its figures is unknown."""
    if node is None:
        silent = {"status": "unknown", "status_reason": "the node did not tell its figures"}
        return health_row(component_id, run.now - run.every, run.every, silent)
    free = part(node, "fs", "total", "available_in_bytes")
    fields = {
        "cpu_pct": part(node, "os", "cpu", "percent"),
        "memory_pct": part(node, "jvm", "mem", "heap_used_percent"),
        "disk_pct": used_pct(free, part(node, "fs", "total", "total_in_bytes")) if free is not None else None,
        "status": "healthy",
        **rates(counters(node), before),
    }
    at = utc(node["timestamp"] // 1000)
    return health_row(component_id, at - run.every, run.every, fields)


def counters(node: Json) -> Counters | None:
    """Searches of the node's shards and the time spent on them, both since it started."""
    count, spent_ms = (part(node, "indices", "search", name) for name in ("query_total", "query_time_in_millis"))
    return [node["timestamp"] / 1000, count, spent_ms] if count is not None and spent_ms is not None else None


def edge_row(run: ElasticRun, component: Row, about: Json) -> Row:
    """The node is part of the cluster."""
    return {
        "from_id": component["component_id"],
        "from_type": "component",
        "to_id": cluster_id(run, about),
        "to_type": "component",
        "kind": "part_of",
        "evidence": "catalog",
        "first_seen_at": component["first_seen_at"],
        "last_seen_at": run.now,
    }
