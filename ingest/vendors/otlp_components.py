"""Which component a metric is about, from the attributes of its resource.

Conventions: https://opentelemetry.io/docs/specs/semconv/resource/ (service, host, k8s, container, cloud).
"""

import json
from dataclasses import dataclass
from datetime import datetime

from aurora.contracts import Row
from ingest.vendors.environments import TIERS
from ingest.vendors.otlp import Labels

SOURCE = "otlp"
MARKS = (
    "service.namespace",
    "service.name",
    "service.instance.id",
    "deployment.environment.name",
    "deployment.environment",
    "host.id",
    "host.name",
    "k8s.cluster.name",
    "k8s.namespace.name",
    "k8s.pod.uid",
    "k8s.pod.name",
    "k8s.node.name",
    "container.id",
)
WORKLOADS = ("k8s.deployment.name", "k8s.statefulset.name", "k8s.daemonset.name", "k8s.cronjob.name", "k8s.job.name")
COLUMNS = {
    "service_namespace": "service.namespace",
    "provider": "cloud.provider",
    "account_id": "cloud.account.id",
    "region": "cloud.region",
    "zone": "cloud.availability_zone",
    "cloud_resource_id": "cloud.resource_id",
    "host_name": "host.name",
    "cluster": "k8s.cluster.name",
    "k8s_namespace": "k8s.namespace.name",
    "image": "container.image.name",
    "instance_type": "host.type",
}


@dataclass(frozen=True)
class Component:
    """A component as metrics tell it; `native_id` is the one that survives renames."""

    native_id: str
    name: str
    type: str
    kind: str

    @property
    def component_id(self) -> str:
        """`otlp:<native id>`."""
        return f"{SOURCE}:{self.native_id}"


def component_of(resource: Labels, metric: str) -> Component | None:
    """What the metric is about: the host for system metrics, else the service, else what runs there; None for none."""
    host = _host(resource)
    if metric.startswith("system.") and host:
        return host
    return _service(resource) or _kubernetes(resource) or _container(resource) or host


def _host(resource: Labels) -> Component | None:
    name, mark = resource.get("host.name"), resource.get("host.id")
    native = mark or name
    return Component(f"host/{native}", name or native, "server", "host") if native else None


def _service(resource: Labels) -> Component | None:
    name = resource.get("service.name", "")
    if not name or name.startswith("unknown_service"):  # what SDKs say when nobody named the service
        return None
    space = resource.get("service.namespace") or resource.get("k8s.namespace.name") or ""
    tier = _environment(resource)
    native = "/".join(filter(None, (space, name))) + (f"@{tier}" if tier else "")
    return Component(f"service/{native}", name, "api", "other")


def _environment(resource: Labels) -> str | None:
    return resource.get("deployment.environment.name") or resource.get("deployment.environment")


def _kubernetes(resource: Labels) -> Component | None:
    place = "/".join(filter(None, (resource.get("k8s.cluster.name"), resource.get("k8s.namespace.name"))))
    if pod := resource.get("k8s.pod.name"):
        return Component(f"pod/{resource.get('k8s.pod.uid') or f'{place}/{pod}'}", pod, "server", "k8s_pod")
    for mark in WORKLOADS:
        if name := resource.get(mark):
            return Component(f"{mark.split('.')[1]}/{place}/{name}", name, "server", "k8s_workload")
    if node := resource.get("k8s.node.name"):
        native = resource.get("k8s.node.uid") or f"{resource.get('k8s.cluster.name', '')}/{node}"
        return Component(f"node/{native}", node, "server", "k8s_node")
    return None


def _container(resource: Labels) -> Component | None:
    if mark := resource.get("container.id"):
        return Component(f"container/{mark}", resource.get("container.name") or mark[:12], "server", "container")
    return None


def component_row(component: Component, resource: Labels, first_seen_at: datetime, last_seen_at: datetime) -> Row:
    """The row of components; a host has no service, though one may run on it."""
    tier = _environment(resource)
    is_host = component.kind == "host"
    return {
        "component_id": component.component_id,
        "name": component.name,
        "type": component.type,
        "kind": component.kind,
        "env_tier": TIERS.get(tier.lower(), "unknown") if tier else None,
        "service": None if is_host or component.kind == "k8s_node" else resource.get("service.name"),
        **{column: resource.get(mark) for column, mark in COLUMNS.items()},
        "tags": json.dumps(resource, sort_keys=True, ensure_ascii=False),
        "first_seen_at": first_seen_at,
        "last_seen_at": last_seen_at,
    }


def labels_of(resource: Labels, labels: Labels) -> Labels:
    """The labels that tell a series from others: those of the point, and what its resource is called."""
    return {name: resource[name] for name in MARKS if name in resource} | labels
