"""API endpoints out of Prometheus' histograms of requests: rows of api_endpoint_stats and api_endpoint_errors."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator

from aurora.contracts import Row
from aurora.contracts.operations import ApiEndpointErrors, ApiEndpointStats
from ingest.connector import Item
from ingest.vendors import promql, promql_endpoints
from ingest.vendors.endpoints import code_of, error_count, error_rows, method_of, route_of
from ingest.vendors.promapi import Api
from ingest.vendors.promql import Labels, Series
from ingest.vendors.promql_endpoints import CODE, METHOD, ROUTE, EndpointMetric

MAX_SERIES = 5_000
Called = tuple[str, str, str, int]  # component, endpoint, method, instant
Calls = dict[Called, Counter[str | None]]
Times = dict[Called, dict[str, float | None]]


def endpoint_items(api: Api, first: int, last: int) -> Iterator[Item]:
    """Rows of the steps that end from first to last, both inclusive; nothing where no histogram is there."""
    wanted, done = api.run.options.endpoints, set[str]()
    there = {
        one.labels.get("__name__") for one in api.series("endpoints", promql_endpoints.present(wanted), first, last)
    }
    for one in wanted:
        if one.counter in there:
            counted, times = _asked(api, one, first, last)
            yield from endpoint_rows(api, {key: told for key, told in counted.items() if key[0] not in done}, times)
            done |= {key[0] for key in counted}


def _asked(api: Api, one: EndpointMetric, first: int, last: int) -> tuple[Calls, Times]:
    component = api.run.options.component_label
    found = api.components(one.counter, promql_endpoints.calls(one, component, api.step), first, last)
    if len(found) > MAX_SERIES:
        api.warn_once(f"{one.counter}: only {MAX_SERIES} of {len(found)} series are kept: check its label of the route")
    told = {
        column: api.series(f"{column} of {one.name}", query, first, last)
        for column, query in promql_endpoints.times(one, component, api.step).items()
    }
    return counted_of(found[:MAX_SERIES], component), times_of(told, component, 1000.0 if one.unit == "s" else 1.0)


def counted_of(series: Iterable[Series], component: str) -> Calls:
    """Calls by status code of each endpoint and instant."""
    counted: Calls = defaultdict(Counter)
    for one in series:
        for at, value in one.samples.items() if one.labels.get(component) else ():
            counted[_called(one.labels, component, at)][code_of(one.labels.get(CODE))] += round(value)
    return counted


def times_of(told: dict[str, list[Series]], component: str, factor: float) -> Times:
    """Mean and percentiles in ms; null where two methods are one to us, since they do not add up."""
    times: Times = defaultdict(dict)
    for column, series in told.items():
        for one in series:
            for at, value in one.samples.items() if one.labels.get(component) else ():
                row = times[_called(one.labels, component, at)]
                row[column] = None if column in row else factor * value
    return times


def _called(labels: Labels, component: str, at: int) -> Called:
    return labels[component], route_of(labels.get(ROUTE)), method_of(labels.get(METHOD)), at


def endpoint_rows(api: Api, counted: Calls, times: Times) -> Iterator[Item]:
    """Rows of the steps before each instant."""
    for called, codes in sorted(counted.items()):
        component, endpoint, method, at = called
        when: Row = {"ts_start": promql.utc(at - api.step), "ts_end": promql.utc(at)}
        key = {"component_id": api.run.id(component), "endpoint": endpoint, "method": method, **when}
        told = times.get(called, {})
        yield ApiEndpointStats, {**key, "call_count": codes.total(), "error_count": error_count(codes), **told}
        for row in error_rows(key, codes):
            yield ApiEndpointErrors, row
