"""API endpoints of New Relic: NRQL over events of web transactions, and what its facets say; asks nothing itself."""

from collections import Counter, defaultdict
from collections.abc import Iterable

from aurora.contracts import Row
from ingest.connector import Json
from ingest.vendors.apm import Window
from ingest.vendors.endpoints import CallsByCode, code_of, method_of, route_of
from ingest.vendors.nerdgraph import between

MAX_FACETS = 5_000  # what LIMIT MAX gives
Called = tuple[str, str, str]  # guid, endpoint, method
_WEB = "FROM Transaction WHERE transactionType = 'Web'"
_FACETS = "entityGuid, name, request.method"
_MEASURES = (
    "SELECT count(*) AS calls, filter(count(*), WHERE error IS true) AS errors, average(duration) AS mean_s,"
    " percentile(duration, 50, 95, 99) AS percentiles_s, max(duration) AS max_s"
)


def calls(span: Window) -> str:
    """The NRQL of calls and times of a span by application, name and method."""
    return f"{_MEASURES} {_WEB} FACET {_FACETS} {between(*span)} LIMIT MAX"


def codes(span: Window) -> str:
    """The NRQL of calls that were answered with 4xx or 5xx, also by status code."""
    where = f"{_WEB} AND http.statusCode >= 400"
    return f"SELECT count(*) AS calls {where} FACET {_FACETS}, http.statusCode {between(*span)} LIMIT MAX"


def called(facet: Json) -> Called | None:
    """Application, endpoint and method of a row; None for an event that no entity is known for."""
    guid, name, method = facet["facet"][:3]
    route = str(name or "").removeprefix("WebTransaction/").removesuffix(f" ({method})")
    return (str(guid), route_of(route), method_of(method)) if guid else None


def measures(facet: Json) -> Row:
    """Counts and times in ms of a row."""
    told = facet.get("percentiles_s") or {}
    return {
        "call_count": facet["calls"],
        "error_count": facet.get("errors"),
        "response_time_ms": _ms(facet.get("mean_s")),
        **{f"p{whole}_ms": _ms(told.get(str(whole))) for whole in (50, 95, 99)},
        "max_ms": _ms(facet.get("max_s")),
    }


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else 1000.0 * seconds


def joined(facets: Iterable[Json]) -> dict[Called, Row]:
    """Measures by endpoint; where two methods are one to us their counts add up, and their times are not known."""
    found: dict[Called, Row] = {}
    for facet in facets:
        key, row = called(facet), measures(facet)
        if key in found:
            row = {name: _sum(found[key][name], row[name]) if name.endswith("_count") else None for name in row}
        if key:
            found[key] = row
    return found


def _sum(one: int | None, other: int | None) -> int | None:
    return None if one is None or other is None else one + other


def by_code(facets: Iterable[Json]) -> dict[Called, CallsByCode]:
    """Calls by status code of each endpoint."""
    found: dict[Called, Counter[str | None]] = defaultdict(Counter)
    for facet in facets:
        if key := called(facet):
            found[key][code_of(facet["facet"][3])] += facet["calls"]
    return dict(found)
