"""Containers of a Docker Engine: do they run, are they healthy, how often did they restart, what do they use.

Reads the containers, their details and one sample of each per run; CPU is what was used since the sample before. API:
https://docs.docker.com/reference/api/engine/ (1.41 and later; Podman answers alike). Needs: the socket, which is as
good as root on that machine: better a proxy in front of it that lets only GET on /version, /info and /containers
through. A container of Compose or Swarm keeps its id when it is created anew, any other is a new component then.
`restart_count` is the engine's count since the container was created.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime

from aurora.contracts import Row
from aurora.contracts.estate import ComponentEdges, Components
from aurora.contracts.operations import ComponentHealth, WorkloadStates
from ingest.connector import Checkpoint, Connector, Item, Json
from ingest.vendors.cloud import health_row, tag_fields
from ingest.vendors.docker_api import DockerOptions, DockerRun, Engine, connect
from ingest.vendors.docker_stats import Sample, cpu_cores, cpu_limit, memory_used, online_cpus, sample_of, share
from ingest.vendors.promql import instant, kind_of
from ingest.vendors.seen import components_seen

MAX_REASON = 300
PAUSE = 20  # intervals after which a sample is too old to be compared with
STATES = {
    "running": "healthy",
    "paused": "maintenance",
    **dict.fromkeys(("restarting", "exited", "dead"), "down"),
    **dict.fromkeys(("created", "removing"), "unknown"),
}
HEALTHS = {"healthy": "healthy", "unhealthy": "down", "starting": "unknown"}
LIFECYCLES = {
    **dict.fromkeys(("running", "restarting", "paused"), "running"),
    **dict.fromkeys(("created", "exited", "removing"), "stopped"),
    "dead": "terminated",
}
COMPOSE, SWARM = "com.docker.compose", "com.docker.swarm"
_PRIVATE = re.compile(r"auth|pass|secret|token|key|cred", re.I)


connector = Connector("docker", DockerOptions, connect)


@connector.stream(ComponentHealth, WorkloadStates, Components, ComponentEdges, every="1m")
def fetch_health(run: DockerRun) -> Iterator[Item]:
    """Every container as it stands; the samples of the running ones travel in the cursor."""
    engine = Engine(run)
    before, since = earlier(run), components_seen(run)
    now: dict[str, Sample] = {}
    containers = unique(engine.containers())
    host = host_row(run, engine.get("info"), since) if containers else {}
    if host:
        yield Components, host
    for listed in containers.values():
        about = engine.details(listed["Id"])
        if about is None:  # removed since the list was read
            continue
        stats = engine.stats(listed["Id"]) if about["State"].get("Status") == "running" else {}
        if sample := sample_of(stats.get("cpu_stats") or {}):
            now[listed["Id"]] = sample
        component = component_row(run, listed, about, since) | {"host_name": host["name"]}
        state = state_row(run, component["component_id"], about, stats, before.get(listed["Id"]))
        health = container_health(run, about["State"], stats, state)
        yield Components, component
        yield ComponentEdges, edge_row(component, host["component_id"])
        yield ComponentHealth, health
        yield WorkloadStates, state | {"ready": int(health["status"] == "healthy")}
    yield Checkpoint({"at": run.now.isoformat(), "samples": now})


def earlier(run: DockerRun) -> dict[str, Sample]:
    """The samples of the run before by container; none after a pause, over which an average says nothing."""
    cursor = run.cursor or {}
    if "at" not in cursor or not run.now - PAUSE * run.every < instant(cursor["at"]) < run.now:
        return {}
    samples: dict[str, Sample] = cursor["samples"]
    return samples


def unique(containers: list[Json]) -> dict[str, Json]:
    """Containers by what they are over time; of two that play one part the one that runs counts, then the newest."""
    ordered = sorted(containers, key=lambda one: (one.get("State") == "running", one.get("Created") or 0))
    return {part_of(one): one for one in ordered}


def part_of(listed: Json) -> str:
    """`project/service/number` (Compose), `stack_service.slot` (Swarm), else the container's id."""
    labels = listed.get("Labels") or {}
    told = [labels.get(f"{COMPOSE}.{name}") for name in ("project", "service", "container-number")]
    if all(told) and str(labels.get(f"{COMPOSE}.oneoff")).lower() != "true":
        return "/".join(str(part) for part in told)
    task = labels.get(f"{SWARM}.task.name")  # service.slot.task, or service.node.task for a global service
    return task.rsplit(".", 1)[0] if task else str(listed["Id"])


def host_row(run: DockerRun, info: Json, since: dict[str, datetime]) -> Row:
    """The machine of the engine."""
    # Podman, which alone names Buildah, makes a new ID up for each answer
    native = info["Name"] if "BuildahVersion" in info else info.get("ID") or info["Name"]
    component_id = run.id(f"host/{native}")
    return {
        "component_id": component_id,
        "name": info["Name"],
        "type": "server",
        "type_raw": info.get("OperatingSystem") or None,
        "kind": "host",
        "host_name": info["Name"],
        "cpu_count": info.get("NCPU") or None,
        "memory_bytes": info.get("MemTotal") or None,
        "lifecycle": "running",
        "first_seen_at": since.get(component_id, run.now),
        "last_seen_at": run.now,
    }


def component_row(run: DockerRun, listed: Json, about: Json, since: dict[str, datetime]) -> Row:
    """A container as a component."""
    told = listed.get("Labels") or {}
    labels = {name: text for name, text in told.items() if name != "tier" and not _PRIVATE.search(name)}
    component_id, created_at = run.id(part_of(listed)), datetime.fromtimestamp(listed["Created"], UTC)
    image, raw = listed.get("Image") or None, about["State"].get("Status")
    return tag_fields(run, labels) | {
        "component_id": component_id,
        "name": next(iter(listed.get("Names") or []), listed["Id"][:12]).lstrip("/"),
        "type": kind_of("", image or "")[0],
        "kind": "container",
        "service": labels.get(f"{COMPOSE}.service") or labels.get(f"{SWARM}.service.name") or None,
        "service_namespace": labels.get(f"{COMPOSE}.project") or labels.get("com.docker.stack.namespace") or None,
        "image": image,
        "lifecycle": run.word(LIFECYCLES, raw),
        "lifecycle_raw": raw,
        "created_at": created_at,
        "first_seen_at": since.get(component_id, created_at),
        "last_seen_at": run.now,
    }


def edge_row(component: Row, host_id: str) -> Row:
    """The container runs on the machine."""
    return {
        "from_id": component["component_id"],
        "from_type": "component",
        "to_id": host_id,
        "to_type": "component",
        "kind": "runs_on",
        "evidence": "catalog",
        "first_seen_at": component["first_seen_at"],
        "last_seen_at": component["last_seen_at"],
    }


def state_row(run: DockerRun, component_id: str, about: Json, stats: Json, before: Sample | None) -> Row:
    """Whether the container is wanted, its restarts and what it uses; limits are null where none are set."""
    host, now = about.get("HostConfig") or {}, stats.get("cpu_stats") or {}
    # an engine without one-shot samples has waited for two and tells both
    before = sample_of(stats.get("precpu_stats") or {}) or before
    return {
        "component_id": component_id,
        "observed_at": run.now,
        "desired": 1 if about["State"].get("Status") in ("running", "restarting", "paused") else None,
        "restart_count": about.get("RestartCount"),
        "not_ready_reason": reason_of(about["State"]),
        "cpu_cores": cpu_cores(now, before),
        "cpu_limit_cores": cpu_limit(host),
        "memory_used_bytes": memory_used(stats.get("memory_stats") or {}),
        "memory_request_bytes": host.get("MemoryReservation") or None,
        "memory_limit_bytes": host.get("Memory") or None,
    }


def container_health(run: DockerRun, said: Json, stats: Json, state: Row) -> Row:
    """CPU against the container's limit, else against all CPUs of the machine; memory against its limit."""
    room = state["cpu_limit_cores"] or online_cpus(stats.get("cpu_stats") or {})
    fields = {
        "cpu_pct": share(state["cpu_cores"], room),
        "memory_pct": share(state["memory_used_bytes"], (stats.get("memory_stats") or {}).get("limit")),
        "status": status_of(run, said),
        "status_raw": "/".join(filter(None, (said.get("Status"), health_of(said)))) or None,
        "status_reason": state["not_ready_reason"],
    }
    return health_row(state["component_id"], run.now - run.every, run.every, fields)


def health_of(state: Json) -> str | None:
    """What the container's own check says; None without a check."""
    told = (state.get("Health") or {}).get("Status")
    return told if told not in ("", "none") else None


def status_of(run: DockerRun, state: Json) -> str:
    """The canonical status; a container that ended by itself with code 0 is finished: neither up nor down."""
    said, health = state.get("Status"), health_of(state)
    if said == "exited" and state.get("ExitCode") == 0 and not state.get("OOMKilled"):
        return "unknown"
    return run.word(HEALTHS, health) if said == "running" and health else run.word(STATES, said)


def reason_of(state: Json) -> str | None:
    """Why the container is not ready; None when it is or nothing tells."""
    said, failed = state.get("Status"), (state.get("Health") or {}).get("FailingStreak") or 0
    if said == "running":
        return f"health check failed {failed} times in a row" if failed else None
    if state.get("OOMKilled"):
        return "killed: out of memory"
    ended = f"exited with code {state.get('ExitCode')}" if said in ("exited", "dead", "restarting") else None
    return str(state["Error"])[:MAX_REASON] if state.get("Error") else ended
