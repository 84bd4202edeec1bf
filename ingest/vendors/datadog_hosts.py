"""Hosts and services of Datadog as components and health rows; asks nothing itself."""

import json
import re
from collections.abc import Iterator
from typing import Any

from aurora.contracts import Row
from ingest.connector import Json, Run
from ingest.vendors import datadog
from ingest.vendors.apm import FRESH, Window, at_seconds, instant, millis, tier, warn_once
from ingest.vendors.datadog import Wide, tags_of

HOST_TAGS = {
    "region": ("region",),
    "zone": ("availability-zone", "zone"),
    "instance_type": ("instance-type", "instance_type"),
    "cluster": ("kube_cluster_name", "cluster_name"),
}


def host_health(run: Run[Any], hosts: list[Json], values: Wide, span: Window) -> Iterator[Row]:
    """Rows of hosts; a listed host that does not report has one in the last bucket, which says that it is unknown."""
    ids = {name: host_key(host) for host in hosts for name in names_of(host)}
    known = {host_key(host): status_fields(host) for host in hosts}
    met: set[tuple[str, int]] = set()
    for (name, at), measured in values.items():
        native = ids.get(name.lower())
        if native and (native, at) not in met:
            met.add((native, at))
            row = bucket(run, native, at)
            yield row | datadog.host_measures(measured) | (known[native] if row["ts_end"] > run.now - FRESH else {})
    if strange := {name for name, _ in values if name.lower() not in ids}:
        warn_once(run, f"hosts that are measured but not listed are left out: {len(strange)}, such as {min(strange)}")
    heard = {native for native, _ in met}
    for native, status in known.items():
        if status.get("status") == "unknown" and native not in heard and span[1] > run.now - FRESH:
            yield bucket(run, native, millis(span[1] - run.options.step)) | status


def names_of(host: Json) -> set[str]:
    """All names under which metrics may speak of a host, lower case."""
    names = [host.get("name"), host.get("host_name"), *(host.get("aliases") or [])]
    return {name.lower() for name in names if name}


def host_key(host: Json) -> str:
    """The id that survives renames: Datadog's own, or that of the cloud where Datadog shows only that."""
    return str(host.get("id") or host.get("aws_id") or host["name"])


def status_fields(host: Json) -> Row:
    """What `up` says: it reports, or nothing is known of it; {} where Datadog does not say."""
    if host.get("up") is None:
        return {}
    if host["up"]:
        return {"status": "healthy", "status_raw": "up"}
    return {"status": "unknown", "status_raw": "???", "status_reason": "Datadog receives no metrics from this host"}


def bucket(run: Run[Any], native: str, start_ms: int) -> Row:
    """Component and interval of a health row."""
    start = instant(start_ms)
    return {"component_id": run.id(native), "ts_start": start, "ts_end": start + run.options.step}


def host_row(run: Run[Any], host: Json) -> Row:
    """A component for a host, its place from its tags."""
    listed, meta = list(datadog.flat_tags(host.get("tags_by_source"))), host.get("meta") or {}
    tags, seen = tags_of(listed), at_seconds(host.get("last_reported_time")) or run.now
    memory = re.search(r'"memory":\s*\{[^{}]*"total":\s*"(\d+)\s*kB"', meta.get("gohai") or "")
    sources = [source.lower() for source in host.get("sources") or []]
    return {
        "component_id": run.id(host_key(host)),
        "name": host.get("host_name") or host["name"],
        "type": "server",
        "kind": "host",
        "env_tier": tier(run, tags.get("env")),
        "provider": next((name for name in ("aws", "azure", "gcp") if name in sources), None),
        "cloud_resource_id": host.get("aws_id"),
        "host_name": host.get("host_name") or host["name"],
        **{column: next((tags[tag] for tag in names if tag in tags), None) for column, names in HOST_TAGS.items()},
        "cpu_count": meta.get("cpuCores"),
        "memory_bytes": int(memory[1]) * 1024 if memory else None,
        "lifecycle": "running" if host.get("up") else "unknown",
        "tags": json.dumps(listed),
        "first_seen_at": seen,
        "last_seen_at": seen,
    }


def service_row(run: Run[Any], name: str) -> Row:
    """A component for a service that traces name."""
    tags = {"service": name} | ({"env": run.options.env} if run.options.env else {})
    about = {"name": name, "type": "api", "service": name, "env_tier": tier(run, run.options.env)}
    seen = {"first_seen_at": run.now, "last_seen_at": run.now}
    return {"component_id": run.id(f"service:{name}"), **about, "tags": json.dumps(tags), **seen}
