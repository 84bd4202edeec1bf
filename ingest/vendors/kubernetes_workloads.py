"""Workloads of Kubernetes: their replicas and status, and their pods folded in (restarts, reasons, requests, usage)."""

from collections import Counter
from dataclasses import dataclass

from aurora.contracts import Row
from ingest.connector import Json
from ingest.vendors.kubernetes_api import Usage, quantity, total

STARTING = ("ContainerCreating", "PodInitializing")  # a pod on its way, no fault
OWNERS = {"StatefulSet": "statefulset", "DaemonSet": "daemonset"}


@dataclass(frozen=True)
class Pod:
    """What matters of one pod that is not finished; cores and bytes, None where a container states none."""

    key: tuple[str, str]
    workload: str
    node: str | None
    is_running: bool
    restart_count: int
    reason: str | None
    cpu_request: float | None
    cpu_limit: float | None
    memory_request: float | None
    memory_limit: float | None


@dataclass(frozen=True)
class Load:
    """The pods of one workload together; usage only where every running pod is measured, limits where all have one."""

    restart_count: int
    reason: str | None
    nodes: tuple[str, ...]
    cpu_cores: float | None
    cpu_request: float | None
    cpu_limit: float | None
    memory_used: float | None
    memory_request: float | None
    memory_limit: float | None


def pod_of(item: Json) -> Pod | None:
    """The pod; None when it is finished or no deployment, stateful set or daemon set owns it."""
    meta, spec, status = item["metadata"], item["spec"], item.get("status") or {}
    workload = workload_of(meta)
    if workload is None or status.get("phase") in ("Succeeded", "Failed"):
        return None
    containers = _lasting(spec)
    return Pod(
        key=(meta["namespace"], meta["name"]),
        workload=workload,
        node=spec.get("nodeName") or None,
        is_running=status.get("phase") == "Running",
        restart_count=sum(one.get("restartCount") or 0 for one in status.get("containerStatuses") or []),
        reason=None if meta.get("deletionTimestamp") else reason_of(status),
        cpu_request=_asked(containers, "requests", "cpu"),
        cpu_limit=total(_resource(one, "limits", "cpu") for one in containers),
        memory_request=_asked(containers, "requests", "memory"),
        memory_limit=total(_resource(one, "limits", "memory") for one in containers),
    )


def workload_of(meta: Json) -> str | None:
    """`kind/namespace/name` of the workload that controls a pod.

    A deployment owns pods through a replica set that is named after it and the label pod-template-hash.
    """
    owner = next((one for one in meta.get("ownerReferences") or [] if one.get("controller")), None)
    if owner is None:
        return None
    if owner["kind"] in OWNERS:
        return f"{OWNERS[owner['kind']]}/{meta['namespace']}/{owner['name']}"
    suffix = "-" + str((meta.get("labels") or {}).get("pod-template-hash"))
    if owner["kind"] != "ReplicaSet" or not owner["name"].endswith(suffix):
        return None
    return f"deployment/{meta['namespace']}/{owner['name'].removesuffix(suffix)}"


def reason_of(status: Json) -> str | None:
    """Why a pod is not ready, in the cluster's word; None when it is ready or nothing tells."""
    for container in [*(status.get("initContainerStatuses") or []), *(status.get("containerStatuses") or [])]:
        waiting = (container.get("state") or {}).get("waiting") or {}
        if waiting.get("reason"):
            return str(waiting["reason"])
    for container in status.get("containerStatuses") or []:
        ended = (container.get("state") or {}).get("terminated") or (container.get("lastState") or {}).get("terminated")
        if not container.get("ready") and ended and ended.get("reason"):
            return str(ended["reason"])
    unscheduled = (one for one in status.get("conditions") or [] if one["type"] == "PodScheduled")
    reason = next((one.get("reason") for one in unscheduled if one["status"] == "False"), None)
    return reason or status.get("reason") or None


def _lasting(spec: Json) -> list[Json]:
    """Containers that run as long as the pod: the plain ones, and init containers that are always restarted."""
    sidecars = [one for one in spec.get("initContainers") or [] if one.get("restartPolicy") == "Always"]
    return [*spec["containers"], *sidecars]


def _resource(container: Json, what: str, name: str) -> str | None:
    told: str | None = ((container.get("resources") or {}).get(what) or {}).get(name)
    return told


def _asked(containers: list[Json], what: str, name: str) -> float | None:
    """The sum of what containers request; one that states nothing requests nothing, None when all state nothing."""
    known = [number for one in containers if (number := quantity(_resource(one, what, name))) is not None]
    return sum(known) if known else None


def load_of(pods: list[Pod], usage: dict[tuple[str, str], Usage]) -> Load:
    """The pods of one workload folded together."""
    running = [pod for pod in pods if pod.is_running]
    used = [usage.get(pod.key, Usage(None, None)) for pod in running]
    reasons = Counter(pod.reason for pod in pods if pod.reason)
    return Load(
        restart_count=sum(pod.restart_count for pod in pods),
        reason=min(reasons, key=lambda word: (word in STARTING, -reasons[word], word)) if reasons else None,
        nodes=tuple(sorted({pod.node for pod in running if pod.node})),
        cpu_cores=total(one.cpu_cores for one in used),
        cpu_request=total(pod.cpu_request for pod in running),
        cpu_limit=total(pod.cpu_limit for pod in running),
        memory_used=total(one.memory_bytes for one in used),
        memory_request=total(pod.memory_request for pod in running),
        memory_limit=total(pod.memory_limit for pod in running),
    )


def name_of(kind: str, item: Json) -> str:
    """`kind/namespace/name`: what stays the same when a workload is deleted and created anew."""
    return f"{kind}/{item['metadata']['namespace']}/{item['metadata']['name']}"


def by_workload(pods: list[Pod | None]) -> dict[str, list[Pod]]:
    """Pods by the workload that owns them."""
    grouped: dict[str, list[Pod]] = {}
    for pod in filter(None, pods):
        grouped.setdefault(pod.workload, []).append(pod)
    return grouped


def counts(kind: str, item: Json) -> dict[str, int]:
    """Replicas wanted, ready, available and updated; the API leaves a zero out, so absent is 0 here."""
    status, spec = item.get("status") or {}, item["spec"]
    if kind == "daemonset":
        desired = int(status.get("desiredNumberScheduled") or 0)
        names = ("numberReady", "numberAvailable", "updatedNumberScheduled")
    else:
        desired = int(spec.get("replicas", 1))
        names = ("readyReplicas", "availableReplicas", "updatedReplicas")
    ready, available, updated = (int(status.get(name) or 0) for name in names)
    return {"desired": desired, "ready": ready, "available": available, "updated": updated}


def stuck(item: Json) -> str | None:
    """Why a deployment cannot get on, from its conditions; None when it can."""
    bad = {("Progressing", "False"), ("Available", "False"), ("ReplicaFailure", "True")}
    conditions = (item.get("status") or {}).get("conditions") or []
    return next((one.get("reason") or one["type"] for one in conditions if (one["type"], one["status"]) in bad), None)


def workload_status(item: Json, state: Row) -> tuple[str, str | None]:
    """Status and reason; a pod that runs but is not ready does not count, and one that keeps failing degrades."""
    if ((item.get("status") or {}).get("observedGeneration") or 0) < (item["metadata"].get("generation") or 0):
        return "unknown", "the controller has not seen the newest specification"
    if state["desired"] == 0:
        return "unknown", "scaled to zero"
    if state["ready"] == 0:
        return "down", state["not_ready_reason"]
    if state["ready"] < state["desired"] or state["not_ready_reason"] not in (None, *STARTING):
        return "degraded", state["not_ready_reason"]
    return "healthy", None
