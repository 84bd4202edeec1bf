"""How the Kubernetes API is asked: options, sign-in, lists with continue tokens that expire, quantities, usage."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

from pydantic import Field, FilePath, model_validator

from aurora.errors import SettingsError, SourceError
from aurora.settings import Frozen, Secret
from ingest.connector import Json, Run
from ingest.http import Answer, Site
from ingest.vendors.promql import instant

ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
RESTARTS = 3
MAX_PAGES = 400
STALE = timedelta(minutes=5)
_OPTIONAL = ("not_found", "vendor_5xx", "permission")
_SUFFIXES = {"n": 1e-9, "u": 1e-6, "m": 1e-3, "": 1.0, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15, "E": 1e18}
_BINARY = {f"{letter}i": 1024.0**power for power, letter in enumerate("KMGTPE", 1)}
T = TypeVar("T")


class KubernetesOptions(Frozen):
    """Inside a cluster nothing is needed: the pod's service account is used; `cluster` is the name shown for it."""

    url: str = Field("https://kubernetes.default.svc", pattern="^https?://[^/]")
    token: Secret | None = None
    token_file: FilePath | None = None
    ca: FilePath | None = None
    verify: bool = True
    cluster: str | None = Field(None, min_length=1, max_length=200)
    metrics: bool = True
    page_size: int = Field(500, ge=1, le=5000)

    @model_validator(mode="after")
    def _one_way_in(self) -> "KubernetesOptions":
        if self.token and self.token_file:
            raise ValueError("give either token or token_file, not both")
        return self


KubeRun = Run[KubernetesOptions]


def connect(options: KubernetesOptions) -> Site:
    """The site; a token file is read anew for each run because the cluster replaces it about once an hour."""
    token = token_of(options)
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    ca = options.ca or next((path for path in [ACCOUNT / "ca.crt"] if path.is_file()), None)
    verify = (str(ca) if ca else True) if options.verify else False
    return Site(options.url, headers, verify=verify, secrets=(token,) if token else ())


def token_of(options: KubernetesOptions) -> str | None:
    """The bearer token, None where there is none (kubectl proxy). Raises SettingsError for an empty file."""
    if options.token:
        return options.token.reveal()
    path = options.token_file or ACCOUNT / "token"
    if not path.is_file():
        return None
    token = path.read_text(encoding="utf-8").strip()
    if not token:
        raise SettingsError(f"{path} is empty: it must hold the token of a service account")
    return token


def listed(run: KubeRun, path: str, made: Callable[[Json], T]) -> list[T]:
    """Every item of a list as `made` of it, read anew from its start when a continue token expired (410 Gone)."""
    for _ in range(RESTARTS):
        try:
            return _pages(run, path, made)
        except SourceError as error:
            if " answered 410 " not in str(error):
                raise
    raise SourceError(
        f"{run.source_instance}: {path} changed {RESTARTS} times while it was read: raise page_size", "timeout"
    )


def _pages(run: KubeRun, path: str, made: Callable[[Json], T]) -> list[T]:
    found: list[T] = []
    pages = run.http.pages(path, {"limit": run.options.page_size}, following=_following)
    for number, page in enumerate(pages, 1):
        found += [made(item) for item in _items(run, path, page)]
        run.remaining_s()
        if number >= MAX_PAGES:
            raise SourceError(f"{run.source_instance}: {path} has over {number} pages: raise page_size", "bad_query")
    return found


def _following(page: Json, answer: Answer, asked: dict[str, Any]) -> dict[str, Any] | None:
    token = (page.get("metadata") or {}).get("continue")
    return {**asked, "continue": token} if token else None


def _items(run: KubeRun, path: str, page: Json) -> list[Json]:
    """The items of a page. Raises SourceError for a Status or anything else that is no list, also under HTTP 200."""
    kind = str(page.get("kind")) if isinstance(page, dict) else type(page).__name__
    if not kind.endswith("List"):
        said = str(page.get("message", ""))[:160] if isinstance(page, dict) else ""
        raise SourceError(
            f"{run.source_instance}: {path} answered a {kind}, no list ({said}): check url", "schema_drift"
        )
    return page.get("items") or []


def quantity(text: str | int | float | None) -> float | None:
    """A resource quantity as a plain number (cores, bytes); None for none. Raises ValueError for anything else.

    https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
    """
    if text is None or text == "":
        return None
    told = str(text)
    for suffix, factor in _BINARY.items():
        if told.endswith(suffix):
            return float(told.removesuffix(suffix)) * factor
    suffix = told[-1] if told[-1].isalpha() else ""
    if suffix not in _SUFFIXES:
        raise ValueError(f"{told!r} is no quantity")
    return float(told.removesuffix(suffix)) * _SUFFIXES[suffix]


@dataclass(frozen=True)
class Usage:
    """What a node or pod used of late: cores and bytes of working set."""

    cpu_cores: float | None
    memory_bytes: float | None


@dataclass(frozen=True)
class Measured:
    """Usage of nodes by name and of pods by namespace and name; empty without metrics-server."""

    nodes: dict[str, Usage]
    pods: dict[tuple[str, str], Usage]


def measured_usage(run: KubeRun) -> Measured:
    """Usage from metrics.k8s.io; without it the run goes on, partial, and the measures stay null."""
    if not run.options.metrics:
        return Measured({}, {})
    try:
        version = run.http.get("apis/metrics.k8s.io").get("preferredVersion", {}).get("version", "v1beta1")
        nodes, pods = (listed(run, f"apis/metrics.k8s.io/{version}/{what}", _item) for what in ("nodes", "pods"))
    except SourceError as error:
        if error.error_class not in _OPTIONAL:
            raise
        run.warn(f"no CPU and memory: {error}; install metrics-server, or set metrics = false")
        return Measured({}, {})
    fresh_nodes, fresh_pods = _fresh(run, nodes), _fresh(run, pods)
    return Measured(
        {item["metadata"]["name"]: _usage([item]) for item in fresh_nodes},
        {(item["metadata"]["namespace"], item["metadata"]["name"]): _usage(item["containers"]) for item in fresh_pods},
    )


def _item(item: Json) -> Json:
    return item


def _fresh(run: KubeRun, items: list[Json]) -> list[Json]:
    """The items whose figures are of the last minutes; metrics-server keeps the last ones when it cannot scrape."""
    fresh = [item for item in items if run.now - instant(item["timestamp"]) <= STALE]
    if len(fresh) < len(items):
        run.warn(f"{len(items) - len(fresh)} figures of metrics-server are older than {STALE}: left out")
    return fresh


def _usage(parts: list[Json]) -> Usage:
    cpu, memory = (total(part.get("usage", {}).get(name) for part in parts) for name in ("cpu", "memory"))
    return Usage(cpu, memory)


def total(told: Any) -> float | None:
    """The sum of quantities, None when there are none or one of them is absent."""
    numbers = [quantity(one) for one in told]
    known = [number for number in numbers if number is not None]
    return sum(known) if known and len(known) == len(numbers) else None


def share(used: float | None, room: float | None) -> float | None:
    """Used of room in percent, None when either is not known."""
    return 100 * used / room if used is not None and room else None


def whole(number: float | None) -> int | None:
    """The number without its fraction."""
    return int(number) if number is not None else None
