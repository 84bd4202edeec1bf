"""What each workload of a Kubernetes cluster costs by day, and what the cluster costs while it is idle.

Reads /allocation of OpenCost (or Kubecost: `path = "model/allocation"`), by namespace and controller, one whole UTC day
at a time. API: https://opencost.io/docs/integrations/api. Needs: the address of OpenCost's API (port 9003), which asks
for no sign-in; where a proxy before it does, `token`. Costs are estimates at list price that split a cluster's bill:
they never count beside it. The last two days are read anew, since Prometheus fills late, and today not at all. One
cluster is one source; `workloads_of` names the source of connector kubernetes that tells its workloads, so that a
workload has one id. OpenCost does not say its currency: set `currency` if it is not USD.
"""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from math import isfinite
from typing import Any

from pydantic import Field

from aurora.contracts import Row
from aurora.contracts.cost import CostAllocations
from aurora.errors import ErrorClass, SourceError
from aurora.settings import Frozen, Secret
from ingest.connector import Checkpoint, Connector, Item, Json, Run
from ingest.http import Site
from ingest.vendors.slices import floored

DAY = timedelta(days=1)
SILENT_S = 600.0  # OpenCost reads a day out of Prometheus before it says a word
BY = "namespace,controllerKind,controller"
IDLE = "__idle__"
DECIMALS = 12  # these amounts are computed in floating point: what comes later is noise
# Column -> the fields that add up to it; each cost has a correction of its own.
COSTS = {
    "cpu_cost": ("cpuCost", "cpuCostAdjustment"),
    "memory_cost": ("ramCost", "ramCostAdjustment"),
    "gpu_cost": ("gpuCost", "gpuCostAdjustment"),
    "storage_cost": ("pvCost", "pvCostAdjustment"),
    "network_cost": ("networkCost", "networkCostAdjustment"),
    "load_balancer_cost": ("loadBalancerCost", "loadBalancerCostAdjustment"),
    "shared_cost": ("sharedCost",),
    "total_cost": ("totalCost",),
}


class OpenCostOptions(Frozen):
    """`cluster` is the name shown for the cluster; `resolution` how finely Prometheus is asked (coarser is faster)."""

    url: str = Field("http://opencost.opencost:9003", pattern="^https?://[^/]")
    path: str = Field("allocation", pattern="^[a-zA-Z0-9/_-]+$")
    token: Secret | None = None
    cluster: str | None = Field(None, min_length=1, max_length=200)
    workloads_of: str | None = Field(None, pattern="^[a-z0-9][a-z0-9_-]*$")
    currency: str = Field("USD", pattern="^[A-Z]{3}$")
    resolution: str = Field("1m", pattern="^([1-9]|10)m$")


OpenCostRun = Run[OpenCostOptions]


def connect(options: OpenCostOptions) -> Site:
    """The site, which may take minutes to answer."""
    token = options.token.reveal() if options.token else None
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return Site(options.url, headers, secrets=(token,) if token else (), read_s=SILENT_S)


connector = Connector("opencost", OpenCostOptions, connect)


@connector.stream(CostAllocations, every="12h", lookback="30d", overlap="2d")
def fetch_allocations(run: OpenCostRun) -> Iterator[Item]:
    """One row per workload and UTC day, whole days up to yesterday; a day without data keeps what it had."""
    day, today = floored(run.since, DAY), floored(run.now, DAY)
    without: list[date] = []
    while day < today:
        rows = [allocation_row(run, day.date(), name, told) for name, told in allocations(run, day).items() if told]
        if not rows:
            without.append(day.date())
        yield from ((CostAllocations, row) for row in rows)
        day += DAY
        yield Checkpoint({"until": day.isoformat()})
    if without:
        some = f"{without[0]}" if len(without) == 1 else f"{len(without)} days from {without[0]} to {without[-1]}"
        run.warn(f"OpenCost has no data of {some}: check the Prometheus behind it")


def allocations(run: OpenCostRun, day: datetime) -> dict[str, Json]:
    """Allocations of a day by name. Raises SourceError, for an error under status 200 too."""
    asked = {
        "window": f"{day:%Y-%m-%dT%H:%M:%SZ},{day + DAY:%Y-%m-%dT%H:%M:%SZ}",
        "aggregate": BY,
        "step": "1d",
        "resolution": run.options.resolution,
        "accumulate": "false",
        "includeIdle": "true",
        "shareIdle": "false",
    }
    answer = run.http.get(run.options.path, asked)
    if not isinstance(answer, dict) or "code" not in answer:
        raise SourceError(f"{run.source_instance}: this is no answer of OpenCost: check url and path", "schema_drift")
    if answer["code"] != 200:
        said = " ".join(str(answer.get("message"))[:300].split())
        kind: ErrorClass = "vendor_5xx" if int(answer["code"]) >= 500 else "bad_query"
        told = "check Prometheus behind OpenCost" if kind == "vendor_5xx" else "check its options"
        raise SourceError(
            f"{run.source_instance}: OpenCost says {answer['code']} of {day:%Y-%m-%d}: {said}: {told}", kind
        )
    sets = [one for one in answer.get("data") or [] if one]
    if len(sets) > 1:
        raise SourceError(
            f"{run.source_instance}: OpenCost answers {len(sets)} sets for one day: its version knows no `step`",
            "schema_drift",
        )
    return dict(sets[0]) if sets else {}


def allocation_row(run: OpenCostRun, day: date, name: str, told: Json) -> Row:
    """What one workload cost on a day; of idle capacity, all of it is idle cost, and it has no efficiency."""
    properties = told.get("properties") or {}
    native, namespace = placed(name, properties)
    is_idle = native.endswith(IDLE)
    costs = {column: cost(told, *fields) for column, fields in COSTS.items()}
    return costs | {
        "component_id": f"{run.options.workloads_of or run.source_instance}:{native}",
        "cluster": run.options.cluster or properties.get("cluster"),
        "k8s_namespace": namespace,
        "day": day,
        "idle_cost": costs["total_cost"] if is_idle else cost(told, "cpuCostIdle", "ramCostIdle", "gpuCostIdle"),
        "cpu_efficiency_ratio": None if is_idle else number(told, "cpuEfficiency"),
        "memory_efficiency_ratio": None if is_idle else number(told, "ramEfficiency"),
        "currency": run.options.currency,
    }


def placed(name: str, properties: Json) -> tuple[str, str | None]:
    """(`kind/namespace/name` as connector kubernetes has it, namespace); what is no workload keeps OpenCost's name."""
    parts = name.split("/")
    namespace = properties.get("namespace") or (parts[0] if len(parts) == 3 else None)
    if namespace is None or namespace.startswith("__"):
        return name, None
    if len(parts) != 3 or parts[2].startswith("__"):
        return name, namespace
    return f"{parts[1].lower()}/{namespace}/{parts[2]}", namespace


def cost(told: Json, field: str, *corrections: str) -> Any:
    """A cost with its corrections, exact; None where the cost is not known, and what is no number is left as it is."""
    value = number(told, field)
    if not isinstance(value, float):
        return value
    known = [found for name in corrections if isinstance(found := number(told, name), float)]
    return sum((Decimal(repr(round(one, DECIMALS))) for one in known), Decimal(repr(round(value, DECIMALS))))


def number(told: Json, field: str) -> Any:
    """A field's number; what OpenCost cannot compute is null, and what is no number stays for the check to refuse."""
    value = told.get(field)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    return float(value) if isfinite(value) else None
