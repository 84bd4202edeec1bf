"""PromQL that asks a server for the calls of API endpoints: which histograms are there, and what came in a step.

An increase is the counter less itself a step ago, so that counts are whole and add up over steps. A series that was not
there a step ago, such as that of a first failure, counts whole if its target was up then; so does one that began anew.
"""

from collections.abc import Iterable
from typing import Annotated, Literal

from pydantic import Field

from aurora.settings import Frozen

Name = Annotated[str, Field(pattern="^[a-zA-Z_:][a-zA-Z0-9_:]*$")]
Label = Annotated[str, Field(pattern="^[a-zA-Z_][a-zA-Z0-9_]*$")]
ROUTE, METHOD, CODE = "endpoint_route", "endpoint_method", "endpoint_code"
QUANTILES = {"p50_ms": 0.5, "p95_ms": 0.95, "p99_ms": 0.99}


class EndpointMetric(Frozen):
    """A histogram of requests; of several labels the first that a series has counts, `calls` is a better counter."""

    name: Name
    calls: Name | None = None
    unit: Literal["s", "ms"] = "s"
    route: tuple[Label, ...] = ("http_route", "route", "uri", "handler", "path")
    method: tuple[Label, ...] = ("http_request_method", "http_method", "method")
    code: tuple[Label, ...] = ("http_response_status_code", "http_status_code", "status_code", "status", "code")

    @property
    def counter(self) -> str:
        """The counter of calls."""
        return self.calls or f"{self.name}_count"


ENDPOINTS = (
    EndpointMetric(name="http_server_request_duration_seconds"),
    EndpointMetric(name="http_server_duration_milliseconds", unit="ms"),
    EndpointMetric(name="http_server_requests_seconds"),
    EndpointMetric(name="http_request_duration_seconds"),
    EndpointMetric(name="prometheus_http_request_duration_seconds", calls="prometheus_http_requests_total"),
)


def present(wanted: Iterable[EndpointMetric]) -> str:
    """Which of the counters there are, by __name__."""
    return f'count by (__name__) ({{__name__=~"{"|".join(one.counter for one in wanted)}"}})'


def calls(one: EndpointMetric, component: str, step_s: int) -> str:
    """Calls of a step by component, route, method and status code."""
    told = _named(_named(_named(_since(one.counter, step_s), ROUTE, one.route), METHOD, one.method), CODE, one.code)
    return f"sum by ({component}, {ROUTE}, {METHOD}, {CODE}) ({told})"


def times(one: EndpointMetric, component: str, step_s: int) -> dict[str, str]:
    """Mean and percentiles of a step, in the unit of the histogram; nothing where nothing was called."""

    def summed(part: str, *more: str) -> str:
        told = _named(_named(_since(f"{one.name}_{part}", step_s), ROUTE, one.route), METHOD, one.method)
        return f"sum by ({', '.join((*more, component, ROUTE, METHOD))}) ({told})"

    mean = {"response_time_ms": f"{summed('sum')} / ({summed('count')} > 0)"}
    return mean | {column: f"histogram_quantile({q}, {summed('bucket', 'le')})" for column, q in QUANTILES.items()}


def _since(series: str, step_s: int) -> str:
    ago = f"offset {step_s}s"
    return f"({series} - {series} {ago} >= 0 or {series} and on (job, instance) (up {ago} == 1))"


def _named(series: str, name: str, labels: tuple[str, ...]) -> str:
    """The series with one more label, `name`: that of the first of `labels` which it has."""
    for label in reversed(labels):
        series = f'label_replace({series}, "{name}", "$1", "{label}", "(.+)")'
    return series
