"""Nodes and workloads of a Kubernetes cluster: are they up, how many replicas are ready, what do they use.

Reads nodes, deployments, stateful sets, daemon sets, their pods, and usage from metrics.k8s.io where metrics-server
runs; jobs and bare pods are left out. API: https://kubernetes.io/docs/reference/kubernetes-api/. Needs: a service
account with a ClusterRole of get and list on nodes, pods, deployments, statefulsets and daemonsets, and on nodes and
pods of metrics.k8s.io; nothing that writes. `restart_count` is the sum over the pods that there are now.
"""

import json
from collections.abc import Iterator
from datetime import datetime

from aurora.contracts import Row
from aurora.contracts.estate import ComponentEdges, Components
from aurora.contracts.operations import ComponentHealth, WorkloadStates
from ingest.connector import Connector, Item, Json
from ingest.vendors.cloud import TIERS, health_row, tag_fields
from ingest.vendors.kubernetes_api import (
    KubernetesOptions,
    KubeRun,
    Usage,
    connect,
    listed,
    measured_usage,
    quantity,
    share,
    whole,
)
from ingest.vendors.kubernetes_workloads import (
    Load,
    by_workload,
    counts,
    load_of,
    name_of,
    pod_of,
    stuck,
    workload_status,
)
from ingest.vendors.promql import instant, kind_of
from ingest.vendors.seen import edges_seen

KINDS = ("deployment", "statefulset", "daemonset")
READY = {"true": "healthy", "false": "down", "unknown": "unknown"}
PRESSURES = ("MemoryPressure", "DiskPressure", "PIDPressure", "NetworkUnavailable")
CLOUDS = {"aws": "aws", "azure": "azure", "gce": "gcp"}
INSTANCE_TYPE, TOPOLOGY = "node.kubernetes.io/instance-type", "topology.kubernetes.io"

connector = Connector("kubernetes", KubernetesOptions, connect)


@connector.stream(ComponentHealth, WorkloadStates, Components, ComponentEdges, every="1m")
def fetch_health(run: KubeRun) -> Iterator[Item]:
    """The cluster as it stands: one health row per node and workload, replicas and resources per workload."""
    # pods tell the values of their environment, passwords among them: no raw answer is kept
    run.http._keep = None
    nodes = listed(run, "api/v1/nodes", lambda item: item)
    found = {kind: listed(run, f"apis/apps/v1/{kind}s", slim) for kind in KINDS}
    pods = listed(run, "api/v1/pods", pod_of)
    usage = measured_usage(run)
    for node in nodes:
        yield Components, node_row(run, node)
        yield ComponentHealth, node_health(run, node, usage.nodes.get(node["metadata"]["name"]))
    grouped = by_workload(pods)
    since = edges_seen(run)
    for kind, items in found.items():
        for item in items:
            load = load_of(grouped.get(name_of(kind, item), []), usage.pods)
            yield from workload_items(run, kind, item, load, since)


def slim(item: Json) -> Json:
    """The item without its bulk; `managedFields` and annotations are most of it."""
    return item | {"metadata": {**item["metadata"], "managedFields": None, "annotations": None}}


def workload_items(
    run: KubeRun, kind: str, item: Json, load: Load, since: dict[tuple[str, str], datetime]
) -> Iterator[Item]:
    """All rows of one workload."""
    state = state_row(run, kind, item, load)
    yield Components, workload_row(run, kind, item)
    yield ComponentHealth, workload_health(run, item, state, load)
    yield WorkloadStates, state
    for node in load.nodes:
        edge = edge_row(run, state["component_id"], node)
        yield ComponentEdges, edge | {"first_seen_at": since.get((edge["from_id"], edge["to_id"]), run.now)}


def common(run: KubeRun, meta: Json) -> Row:
    """Fields that nodes and workloads share; the object's creation is also when it was first seen."""
    created_at = instant(meta["creationTimestamp"])
    labels = meta.get("labels") or {}
    # the label `tier` of a cluster says frontend or backend, not which environment
    fields = tag_fields(run, {name: value for name, value in labels.items() if name != "tier"})
    fields["tags"] = json.dumps(labels, sort_keys=True) if labels else None
    return fields | {"cluster": run.options.cluster, "created_at": created_at, "first_seen_at": created_at}


def node_row(run: KubeRun, node: Json) -> Row:
    """A node as a component; its provider id joins it to the machine of a cloud."""
    meta, spec, capacity = node["metadata"], node.get("spec") or {}, (node.get("status") or {}).get("capacity") or {}
    labels = meta.get("labels") or {}
    return common(run, meta) | {
        "component_id": run.id(f"node/{meta['name']}"),
        "name": meta["name"],
        "type": "server",
        "kind": "k8s_node",
        "host_name": meta["name"],
        "instance_type": labels.get(INSTANCE_TYPE),
        "region": labels.get(f"{TOPOLOGY}/region"),
        "zone": labels.get(f"{TOPOLOGY}/zone"),
        **provider_fields(spec.get("providerID") or ""),
        "cpu_count": whole(quantity(capacity.get("cpu"))),
        "memory_bytes": whole(quantity(capacity.get("memory"))),
        "disk_bytes": whole(quantity(capacity.get("ephemeral-storage"))),
        "lifecycle": "running",
        "last_seen_at": run.now,
    }


def provider_fields(provider_id: str) -> Row:
    """Cloud and the id of the machine there, from `aws:///zone/i-1`, `azure:///subscriptions/...`, `gce://a/b/c`."""
    cloud, _, rest = provider_id.partition("://")
    native = rest.rsplit("/", 1)[-1] if cloud == "aws" else rest
    return {"provider": CLOUDS.get(cloud), "cloud_resource_id": native or None}


def node_health(run: KubeRun, node: Json, used: Usage | None) -> Row:
    """Usage against what pods may use of the node (allocatable), and what its conditions say."""
    status = node.get("status") or {}
    room = status.get("allocatable") or {}
    fields = {
        "cpu_pct": share(used.cpu_cores if used else None, quantity(room.get("cpu"))),
        "memory_pct": share(used.memory_bytes if used else None, quantity(room.get("memory"))),
        **node_status(run, status.get("conditions") or [], bool((node.get("spec") or {}).get("unschedulable"))),
    }
    return health_row(run.id(f"node/{node['metadata']['name']}"), run.now - run.every, run.every, fields)


def node_status(run: KubeRun, conditions: list[Json], is_cordoned: bool) -> Row:
    """Ready says up, down or not known; pressure degrades, and a node closed for new pods is under maintenance."""
    said = {one["type"]: one for one in conditions}
    ready = said.get("Ready") or {"status": "Unknown", "reason": "NoReadyCondition"}
    pressed = [name for name in PRESSURES if (said.get(name) or {}).get("status") == "True"]
    status, reason = run.word(READY, ready["status"]), ready.get("reason") or None
    if status == "healthy" and is_cordoned:
        status, reason = "maintenance", "SchedulingDisabled"
    elif status == "healthy":
        status, reason = ("degraded", ", ".join(pressed)) if pressed else ("healthy", None)
    return {"status": status, "status_raw": f"Ready={ready['status']}", "status_reason": reason}


def workload_row(run: KubeRun, kind: str, item: Json) -> Row:
    """A workload as a component; its environment is that of its labels, else of a namespace with a telling name."""
    meta, labels = item["metadata"], item["metadata"].get("labels") or {}
    image = item["spec"]["template"]["spec"]["containers"][0].get("image") or None
    fields = common(run, meta)
    return fields | {
        "component_id": run.id(name_of(kind, item)),
        "name": meta["name"],
        "type": kind_of("", image or "")[0],
        "type_raw": kind,
        "kind": "k8s_workload",
        "env_tier": fields["env_tier"] or TIERS.get(meta["namespace"].lower()),
        "service": fields["service"] or labels.get("app.kubernetes.io/name") or meta["name"],
        "service_namespace": labels.get("app.kubernetes.io/part-of") or None,
        "k8s_namespace": meta["namespace"],
        "image": image,
        "lifecycle": "stopped" if counts(kind, item)["desired"] == 0 else "running",
        "last_seen_at": run.now,
    }


def state_row(run: KubeRun, kind: str, item: Json, load: Load) -> Row:
    """Replicas, restarts and resources of a workload at this instant."""
    told = counts(kind, item)
    return told | {
        "component_id": run.id(name_of(kind, item)),
        "observed_at": run.now,
        "restart_count": load.restart_count,
        "not_ready_reason": load.reason or stuck(item),
        "cpu_cores": load.cpu_cores,
        "cpu_request_cores": load.cpu_request,
        "cpu_limit_cores": load.cpu_limit,
        "memory_used_bytes": whole(load.memory_used),
        "memory_request_bytes": whole(load.memory_request),
        "memory_limit_bytes": whole(load.memory_limit),
    }


def workload_health(run: KubeRun, item: Json, state: Row, load: Load) -> Row:
    """Usage against the limits, where every container has one, and a status from the replicas."""
    status, reason = workload_status(item, state)
    fields = {
        "cpu_pct": share(load.cpu_cores, load.cpu_limit),
        "memory_pct": share(load.memory_used, load.memory_limit),
        "status": status,
        "status_raw": f"{state['ready']}/{state['desired']} ready",
        "status_reason": reason,
    }
    return health_row(state["component_id"], run.now - run.every, run.every, fields)


def edge_row(run: KubeRun, component_id: str, node: str) -> Row:
    """The workload runs on the node."""
    return {
        "from_id": component_id,
        "from_type": "component",
        "to_id": run.id(f"node/{node}"),
        "to_type": "component",
        "kind": "runs_on",
        "evidence": "catalog",
        "last_seen_at": run.now,
    }
