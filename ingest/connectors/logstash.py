"""Logstash and its pipelines: are they up, how many events pass, how long do they take, how full is the heap.

Reads the node statistics. API: https://www.elastic.co/guide/en/logstash/current/node-stats-api.html. Needs: a way to
the monitoring API (port 9600), with user and password where it is secured. Requests are events that came in, the
response time is the mean time an event spends in filters and outputs; both since the run before.
"""

from collections.abc import Iterator
from datetime import datetime

from aurora.contracts import Row
from aurora.contracts.estate import ComponentEdges, Components
from aurora.contracts.operations import ComponentHealth
from aurora.errors import SourceError
from ingest.connector import Checkpoint, Connector, Item, Json, Run
from ingest.vendors.cloud import health_row
from ingest.vendors.elastic_api import SignIn, connect
from ingest.vendors.elastic_rates import Counters, part, rates
from ingest.vendors.promql import instant
from ingest.vendors.seen import components_seen

COLOURS = {"green": "healthy", "yellow": "degraded", "red": "down", "unknown": "unknown"}
MAX_REASON = 300
INTERNAL = "."  # pipelines that Logstash runs for itself start so

connector = Connector("logstash", SignIn, connect)


@connector.stream(ComponentHealth, Components, ComponentEdges, every="1m")
def fetch_health(run: Run[SignIn]) -> Iterator[Item]:
    """The node and each of its pipelines as they stand; the counters of events travel in the cursor."""
    stats = node_stats(run)
    pipelines = {name: told for name, told in (stats.get("pipelines") or {}).items() if is_meant(name, told)}
    before, since = (run.cursor or {}).get("events", {}), components_seen(run)
    if pipelines:
        yield Components, component_row(run, stats, since)
        yield ComponentHealth, node_health(run, stats, before.get(""))
    for name, told in pipelines.items():
        pipeline = pipeline_row(run, stats, name, since)
        yield Components, pipeline
        yield ComponentEdges, edge_row(run, stats, pipeline)
        yield ComponentHealth, pipeline_health(run, pipeline["component_id"], told, before.get(name))
    events = {"": counters(run, stats.get("events"))}
    events |= {name: counters(run, told.get("events")) for name, told in pipelines.items()}
    yield Checkpoint({"events": {name: told for name, told in events.items() if told}})


def node_stats(run: Run[SignIn]) -> Json:
    """The answer. Raises SourceError when it is none of Logstash."""
    stats = run.http.get("_node/stats")
    if not isinstance(stats, dict) or not stats.get("id") or "jvm" not in stats:
        raise SourceError(f"{run.source_instance}: this is no answer of Logstash: check url", "schema_drift")
    return stats


def is_meant(name: str, told: Json) -> bool:
    """Whether a pipeline is one of the user's; one that could not start tells null for its plugins and is meant too."""
    plugins = told.get("plugins")
    return not name.startswith(INTERNAL) and (plugins is None or any(plugins.values()))


def counters(run: Run[SignIn], events: Json) -> Counters | None:
    """Events that came in and the time spent on them since the start."""
    count, spent_ms = part(events, "in"), part(events, "duration_in_millis")
    return [run.now.timestamp(), count, spent_ms] if count is not None and spent_ms is not None else None


def component_row(run: Run[SignIn], stats: Json, since: dict[str, datetime]) -> Row:
    """The node as a component; its id is kept in its data folder and survives a new name."""
    component_id = run.id(stats["id"])
    return {
        "component_id": component_id,
        "name": stats.get("name") or stats["id"],
        "type": "unknown",
        "type_raw": f"logstash {stats['version']}" if stats.get("version") else "logstash",
        "kind": "other",
        "host_name": stats.get("host") or None,
        "lifecycle": "running",
        "first_seen_at": since.get(component_id, run.now),
        "last_seen_at": run.now,
    }


def pipeline_row(run: Run[SignIn], stats: Json, name: str, since: dict[str, datetime]) -> Row:
    """A pipeline as a component of its node."""
    component_id = run.id(f"{stats['id']}/{name}")
    first_seen_at = since.get(component_id, run.now)
    told = {"component_id": component_id, "name": name, "kind": "queue", "first_seen_at": first_seen_at}
    return component_row(run, stats, since) | told


def edge_row(run: Run[SignIn], stats: Json, pipeline: Row) -> Row:
    """The pipeline is part of the node."""
    return {
        "from_id": pipeline["component_id"],
        "from_type": "component",
        "to_id": run.id(stats["id"]),
        "to_type": "component",
        "kind": "part_of",
        "evidence": "catalog",
        "first_seen_at": pipeline["first_seen_at"],
        "last_seen_at": run.now,
    }


def node_health(run: Run[SignIn], stats: Json, before: Counters | None) -> Row:
    """Usage and events of the node; a Logstash that tells no status but its figures is up."""
    colour = stats.get("status")
    fields = {
        "cpu_pct": part(stats, "process", "cpu", "percent"),
        "memory_pct": part(stats, "jvm", "mem", "heap_used_percent"),
        "status": run.word(COLOURS, colour) if colour else "healthy",
        "status_raw": colour,
        **rates(counters(run, stats.get("events")), before),
    }
    return health_row(run.id(stats["id"]), run.now - run.every, run.every, fields)


def pipeline_health(run: Run[SignIn], component_id: str, told: Json, before: Counters | None) -> Row:
    """Events of a pipeline, and whether it runs in the configuration that is meant."""
    fields = {**pipeline_status(told), **rates(counters(run, told.get("events")), before)}
    return health_row(component_id, run.now - run.every, run.every, fields)


def pipeline_status(told: Json) -> Row:
    """Down when it could not start, degraded while its newest configuration was refused, else healthy."""
    reloads = told.get("reloads") or {}
    failed, worked = (reloads.get(f"last_{what}_timestamp") for what in ("failure", "success"))
    reason = str(part(reloads, "last_error", "message") or "")[:MAX_REASON]
    if told.get("plugins") is None:
        return {"status": "down", "status_reason": reason or "the pipeline did not start"}
    if failed and (not worked or instant(worked) < instant(failed)):
        return {"status": "degraded", "status_reason": reason or "the newest configuration was refused"}
    return {"status": "healthy"}
