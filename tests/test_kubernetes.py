"""Kubernetes: quantities and owners by hand, continue tokens that expire, a cluster without metrics, the token file."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from pydantic import ValidationError

from aurora.contracts.estate import ComponentEdges
from aurora.contracts.operations import ComponentHealth, WorkloadStates
from aurora.errors import SettingsError, SourceError
from ingest.connectors.kubernetes import connector, node_status, provider_fields
from ingest.http import Http
from ingest.vendors.kubernetes_api import KubernetesOptions, connect, quantity
from ingest.vendors.kubernetes_workloads import load_of, pod_of, workload_of, workload_status
from tests.replay import Recording, Replay, load, replayed, rows_of, run_of

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
EMPTY = ("/apis/apps/v1/deployments", "/apis/apps/v1/statefulsets", "/apis/apps/v1/daemonsets", "/api/v1/pods")
Json = Any


def exchange(path: str, body: Json, status: int = 200, **params: Any) -> Json:
    """One exchange of the API."""
    return {
        "request": {"method": "GET", "path": path, "params": params},
        "response": {"status": status, "headers": {}, "body": body},
    }


def listing(*items: Json, onward: str | None = None, kind: str = "NodeList") -> Json:
    """A page of a list."""
    return {"kind": kind, "metadata": {"continue": onward} if onward else {}, "items": list(items)}


def node(name: str) -> Json:
    """A node that is ready and tells no more."""
    ready = [{"type": "Ready", "status": "True"}]
    meta = {"name": name, "creationTimestamp": "2026-01-05T08:00:00Z"}
    return {"metadata": meta, "status": {"conditions": ready}}


def recording(*exchanges: Json, **options: Any) -> Recording:
    """A cluster of nodes only, unless exchanges say otherwise."""
    asked = {one["request"]["path"] for one in exchanges}
    nothing = [exchange(path, listing()) for path in EMPTY if path not in asked]
    return Recording({"url": "https://cluster.example", "metrics": False, **options}, NOW, [*exchanges, *nothing])


def gone() -> Json:
    """A page whose continue token expired, as the API tells it."""
    status = {"kind": "Status", "status": "Failure", "reason": "Expired", "code": 410, "metadata": {"continue": "x"}}
    return exchange("/api/v1/nodes", status, 410, **{"continue": "n1"})


@pytest.mark.parametrize(
    ("text", "number"),
    [
        *[("12345678n", 0.012345678), ("250u", 0.00025), ("100m", 0.1), ("2", 2.0), (4, 4.0), ("1.5", 1.5)],
        *[("1k", 1e3), ("3M", 3e6), ("2G", 2e9), ("1T", 1e12), ("1e3", 1000.0), ("2E", 2e18), ("1E3", 1000.0)],
        *[("1Ki", 1024.0), ("2Mi", 2097152.0), ("1.5Gi", 1610612736.0), ("1Ti", 1024.0**4), ("0", 0.0)],
        *[(None, None), ("", None)],
    ],
)
def test_quantities(text: str | int | None, number: float | None) -> None:
    assert quantity(text) == pytest.approx(number)


@pytest.mark.parametrize("text", ["5Q", "MiB", "1Kib", "much"])
def test_what_is_no_quantity_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        quantity(text)


def test_a_list_whose_token_expired_is_read_anew_without_doubles() -> None:
    first, second = exchange("/api/v1/nodes", listing(node("a"), onward="n1")), listing(node("b"))
    told = recording(first, gone(), first, exchange("/api/v1/nodes", second, **{"continue": "n1"}))
    items, _, adapter = replayed(connector, "health", told)
    assert [row["component_id"] for row in rows_of(items, ComponentHealth)] == ["test:node/a", "test:node/b"]
    assert adapter.unused == []


def test_a_list_that_expires_for_ever_ends_with_a_sentence() -> None:
    first = exchange("/api/v1/nodes", listing(node("a"), onward="n1"))
    with pytest.raises(SourceError, match="raise page_size") as raised:
        replayed(connector, "health", recording(*[first, gone()] * 3))
    assert raised.value.error_class == "timeout"


def test_a_status_under_200_is_no_list() -> None:
    status = {"kind": "Status", "status": "Failure", "message": "etcd is sealed", "code": 500}
    with pytest.raises(SourceError, match="etcd is sealed") as raised:
        replayed(connector, "health", recording(exchange("/api/v1/nodes", status)))
    assert raised.value.error_class == "schema_drift"


@pytest.mark.parametrize(("status", "times"), [(404, 1), (503, 4), (403, 1)])
def test_without_metrics_server_the_rest_lands_and_says_so(status: int, times: int) -> None:
    missing = [exchange("/apis/metrics.k8s.io", {"kind": "Status", "reason": "NotFound"}, status)] * times
    items, run, _ = replayed(
        connector, "health", recording(exchange("/api/v1/nodes", listing(node("a"))), *missing, metrics=True)
    )
    (row,) = rows_of(items, ComponentHealth)
    assert (row["status"], row["cpu_pct"], row["memory_pct"]) == ("healthy", None, None)
    assert ["metrics-server" in warning for warning in run.warnings] == [True]


def test_an_edge_keeps_the_day_it_was_first_seen() -> None:
    told = load("kubernetes", "health")
    run = run_of(connector, "health", told, Replay(told.exchanges))
    before = datetime(2026, 2, 1, tzinfo=UTC)
    known = {"from_id": "test:statefulset/shop/db", "to_id": "test:node/worker-1", "first_seen_at": before}
    run.read_landed = lambda table: pl.DataFrame([known])
    edges = {row["from_id"]: row for row in rows_of(connector.streams["health"].fetch(run), ComponentEdges)}
    assert edges["test:statefulset/shop/db"]["first_seen_at"] == before
    assert edges["test:daemonset/kube-system/agent"]["first_seen_at"] == NOW


def test_figures_that_metrics_server_kept_too_long_are_left_out_and_counted() -> None:
    items, run, _ = replayed(connector, "health", load("kubernetes", "health"))
    health = {row["component_id"]: row["cpu_pct"] for row in rows_of(items, ComponentHealth)}
    assert health["test:node/worker-4"] is None
    assert run.warnings == ["1 figures of metrics-server are older than 0:05:00: left out"]
    assert dict(run.unknown_words) == {"Perhaps": 1, "canary": 1}


def owned(kind: str, name: str, **labels: str) -> Json:
    """Metadata of a pod that something controls."""
    told = {name.replace("_", "-"): value for name, value in labels.items()}
    owner = {"kind": kind, "name": name, "controller": True}
    return {"namespace": "shop", "name": "p", "labels": told, "ownerReferences": [owner]}


@pytest.mark.parametrize(
    ("meta", "workload"),
    [
        (owned("ReplicaSet", "web-front-6d5f", pod_template_hash="6d5f"), "deployment/shop/web-front"),
        (owned("ReplicaSet", "by-hand"), None),
        (owned("StatefulSet", "db"), "statefulset/shop/db"),
        (owned("DaemonSet", "agent"), "daemonset/shop/agent"),
        (owned("Job", "report"), None),
        ({"namespace": "shop", "name": "bare"}, None),
    ],
)
def test_a_pod_belongs_to_the_workload_that_controls_it(meta: Json, workload: str | None) -> None:
    assert workload_of(meta) == workload


def pod(name: str, *limits: str | None, reason: str | None = None, sidecar: str | None = None) -> Json:
    """A running pod of the deployment web with one container per limit; `sidecar` is an init container that lasts."""
    containers = [{"name": "c", "resources": {"limits": {"cpu": limit}} if limit else {}} for limit in limits]
    inits = [{"name": "s", "restartPolicy": "Always", "resources": {"limits": {"cpu": sidecar}}}] if sidecar else []
    waiting = {"waiting": {"reason": reason}} if reason else {}
    meta = owned("ReplicaSet", "web-1", pod_template_hash="1") | {"name": name}
    status = {"phase": "Running", "containerStatuses": [{"ready": not reason, "restartCount": 1, "state": waiting}]}
    return {"metadata": meta, "spec": {"containers": containers, "initContainers": inits}, "status": status}


def test_one_container_without_a_limit_makes_the_workload_one_without() -> None:
    """0.5 + 0.25 (sidecar) = 0.75 cores; a second pod of which one container has no limit takes the sum away."""
    limited, unlimited = pod_of(pod("a", "500m", sidecar="250m")), pod_of(pod("b", "1", None))
    assert limited is not None
    assert unlimited is not None
    assert load_of([limited], {}).cpu_limit == pytest.approx(0.75)
    assert load_of([limited, unlimited], {}).cpu_limit is None
    assert load_of([], {}).cpu_limit is None


def test_a_fault_outranks_pods_that_only_start() -> None:
    pods = [pod_of(pod(name, reason="ContainerCreating")) for name in "abc"]
    pods.append(pod_of(pod("d", reason="ImagePullBackOff")))
    assert load_of([one for one in pods if one], {}).reason == "ImagePullBackOff"


@pytest.mark.parametrize(
    ("desired", "ready", "reason", "status"),
    [
        (3, 3, None, "healthy"),
        (3, 3, "ContainerCreating", "healthy"),
        (3, 3, "CrashLoopBackOff", "degraded"),
        (3, 1, None, "degraded"),
        (3, 0, "Unschedulable", "down"),
        (0, 0, None, "unknown"),
    ],
)
def test_the_status_of_a_workload(desired: int, ready: int, reason: str | None, status: str) -> None:
    state = {"desired": desired, "ready": ready, "not_ready_reason": reason}
    assert workload_status({"metadata": {}, "status": {}}, state)[0] == status


def test_a_node_that_tells_no_condition_is_unknown() -> None:
    _, run, _ = replayed(connector, "health", recording(exchange("/api/v1/nodes", listing())))
    assert node_status(run, [], is_cordoned=False)["status"] == "unknown"


@pytest.mark.parametrize(
    ("told", "cloud", "native"),
    [
        ("aws:///eu-central-1a/i-0abc", "aws", "i-0abc"),
        ("azure:///subscriptions/s/vm/1", "azure", "/subscriptions/s/vm/1"),
        ("gce://project/zone/name", "gcp", "project/zone/name"),
        ("kind://docker/kind/worker", None, "docker/kind/worker"),
        ("", None, None),
    ],
)
def test_a_node_is_joined_to_its_machine(told: str, cloud: str | None, native: str | None) -> None:
    assert provider_fields(told) == {"provider": cloud, "cloud_resource_id": native}


def test_the_token_file_is_read_anew_for_each_run_and_hidden(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("first\n")
    options = KubernetesOptions(url="https://cluster.example", token_file=file)
    assert connect(options).headers == {"Authorization": "Bearer first"}
    file.write_text("second\n")
    assert (connect(options).headers, connect(options).secrets) == ({"Authorization": "Bearer second"}, ("second",))
    file.write_text("")
    with pytest.raises(SettingsError, match="is empty"):
        connect(options)


def test_options_that_contradict_each_other_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("t")
    with pytest.raises(ValidationError, match="not both"):
        KubernetesOptions.model_validate({"token": "env:TOKEN", "token_file": str(file)})
    with pytest.raises(ValidationError):
        KubernetesOptions.model_validate({"ca": str(tmp_path / "none.crt")})


def test_workloads_of_one_page_each_are_the_same_as_in_one_page() -> None:
    """The recorded cluster again with all items of a list in one page: the same states."""
    told = load("kubernetes", "health")
    merged: dict[str, Json] = {}
    for one in told.exchanges:
        path, body = one["request"]["path"], one["response"]["body"]
        held = merged.setdefault(path, exchange(path, json.loads(json.dumps(body)) | {"metadata": {}}))
        if "items" in body and held["response"]["body"]["items"] != body["items"]:
            held["response"]["body"]["items"] += body["items"]
    whole, _, _ = replayed(connector, "health", replace(told, exchanges=list(merged.values())))
    paged, _, _ = replayed(connector, "health", load("kubernetes", "health"))
    assert rows_of(whole, WorkloadStates) == rows_of(paged, WorkloadStates)
    assert len(rows_of(whole, ComponentHealth)) == 5 + 6
    assert rows_of(whole, ComponentHealth)[0]["ts_end"] - rows_of(whole, ComponentHealth)[0]["ts_start"] == timedelta(
        minutes=1
    )


def test_no_raw_answer_is_kept_because_it_may_hold_passwords() -> None:
    told, kept = load("kubernetes", "health"), []
    run = run_of(connector, "health", told, None)
    site = connect(run.options)
    run.open_http = lambda run: Http(
        "test", site, run.remaining_s, lambda *one: kept.append(one), Replay(told.exchanges)
    )
    assert len(list(connector.streams["health"].fetch(run))) > 1
    assert kept == []
