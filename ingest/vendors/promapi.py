"""How the Prometheus HTTP API is asked: options, the step grid, errors and warnings inside answers, POST or GET."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Annotated, Any

from pydantic import Field, model_validator

from aurora.errors import ErrorClass, SourceError
from aurora.settings import Duration, Frozen, Secret
from ingest.connector import Json, Run
from ingest.vendors import promql
from ingest.vendors.promql import MetricQuery, Queries, Series
from ingest.vendors.promql_endpoints import ENDPOINTS, EndpointMetric

CLASSES: dict[str, ErrorClass] = {
    "timeout": "timeout",
    "canceled": "timeout",
    "internal": "vendor_5xx",
    "unavailable": "vendor_5xx",
    "not_found": "not_found",
    "too_many_requests": "rate_limited",
}


class PrometheusOptions(Frozen):
    """`step` is the health grid, `settle` how long recent samples may still change, `params` go with each query.

    `endpoints` are the histograms of requests that are looked for, the first that a component has counts.
    """

    url: str = Field(pattern="^https?://[^/]")
    token: Secret | None = None
    user: str | None = None
    password: Secret | None = None
    headers: dict[str, Annotated[Secret | str, Field(union_mode="left_to_right")]] = {}
    params: dict[str, str] = {}
    verify: bool = True
    ca: str | None = None
    step: Duration = timedelta(seconds=15)
    settle: Duration = timedelta(seconds=30)
    rate_window: Duration = timedelta(minutes=5)
    window_points: int = Field(240, ge=1, le=promql.MAX_POINTS)
    component_label: str = Field("instance", pattern="^[a-zA-Z_][a-zA-Z0-9_]*$")
    queries: Queries = Queries()
    metrics: tuple[MetricQuery, ...] = ()
    endpoints: tuple[EndpointMetric, ...] = ENDPOINTS
    endpoint_step: Duration = timedelta(minutes=5)

    @model_validator(mode="after")
    def _one_way_in(self) -> "PrometheusOptions":
        if bool(self.user) != bool(self.password) or (self.user and self.token):
            raise ValueError("give either token, or user and password, or none of them")
        plain = [name for name, value in self.headers.items() if isinstance(value, str)] + list(self.params)
        for name in plain:
            if re.search(r"auth|cookie|token|secret|passw|api.?key", name, re.I):
                raise ValueError(f'{name} is a secret: write headers = {{ {name} = "env:NAME" }}')
        return self


PromRun = Run[PrometheusOptions]


class Api:
    """The HTTP API as one run asks it; remembers that a proxy allows GET only, and that an answer was partial."""

    def __init__(self, run: PromRun, step: timedelta | None = None) -> None:
        self.run, self.method, self.is_partial = run, "POST", False
        self.step = int((step or run.options.step).total_seconds())

    def data(self, answer: Json) -> Json:
        """`data` of an answer; its warnings make the run partial. Raises SourceError for status "error"."""
        who = self.run.source_instance
        if not isinstance(answer, dict) or answer.get("status") not in ("success", "error"):
            raise SourceError(f"{who}: this is no answer of the Prometheus API: check url", "schema_drift")
        if answer["status"] == "error":
            kind, said = str(answer.get("errorType")), str(answer.get("error"))[:300]
            raise SourceError(f"{who}: {kind}: {said}: check queries and the server", CLASSES.get(kind, "bad_query"))
        self.is_partial |= bool(answer.get("warnings"))
        for warning in (answer.get("warnings") or [])[:5]:
            self.warn_once(f"{who} warns: {str(warning)[:300]}")
        return answer.get("data")

    def warn_once(self, sentence: str) -> None:
        """Warn, unless this run already said so."""
        if sentence not in self.run.warnings:
            self.run.warn(sentence)

    def grid(self) -> tuple[int, int]:
        """First and last instant to read, multiples of the step: after the cursor, up to what has settled."""
        last = (self.run.cursor or {}).get("end")
        since = promql.instant(last) + timedelta(seconds=self.step) if last else self.run.since
        until = self.run.now - self.run.options.settle
        return promql.floor_to(since.timestamp(), self.step), promql.floor_to(until.timestamp(), self.step)

    def windows(self) -> Iterator[tuple[int, int]]:
        """The grid in pieces that the server does not refuse."""
        return promql.windows(*self.grid(), self.step, self.run.options.window_points)

    def series(self, name: str, query: str, first: int, last: int) -> list[Series]:
        """The series of a query from first to last, both inclusive. Raises SourceError."""
        options = self.run.options
        text = promql.filled(query, options.component_label, int(options.rate_window.total_seconds()))
        data = self.data(self._query({**options.params, "query": text, "start": first, "end": last, "step": self.step}))
        try:
            found = promql.matrix(data, first, last, self.step)
        except (AttributeError, KeyError, OverflowError, TypeError, ValueError) as error:
            raise SourceError(
                f"{self.run.source_instance}: the answer to {name} is no matrix", "schema_drift"
            ) from error
        if any(one.is_native for one in found):
            self.warn_once(f"{name}: native histograms are not read: make the query return numbers")
        return found

    def components(self, name: str, query: str, first: int, last: int) -> list[Series]:
        """Like `series`, for queries of components; warns when there is more than their label can tell apart."""
        found, label = self.series(name, query, first, last), self.run.options.component_label
        if any(not one.labels.get(label) for one in found):
            self.warn_once(f"{name}: series without label {label} are left out: aggregate by ({label})")
        return found

    def _query(self, form: dict[str, Any]) -> Json:
        try:
            if self.method == "POST":
                return self.run.http.post("api/v1/query_range", form=form)
        except SourceError as error:
            if " answered 405 " not in str(error):
                raise
            self.method = "GET"
        return self.run.http.get("api/v1/query_range", form)
