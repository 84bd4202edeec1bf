"""From points of OpenTelemetry metrics to rows: components, series, minutes of health and everything else."""

import hashlib
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from aurora.contracts import Row, Table
from aurora.contracts.estate import Components
from aurora.contracts.operations import (
    ApiEndpointErrors,
    ApiEndpointStats,
    ComponentHealth,
    MetricPoints,
    MetricSeries,
)
from ingest.vendors.otlp import Decoded, Labels, Point, RefusedError
from ingest.vendors.otlp_components import SOURCE, Component, component_of, component_row, labels_of
from ingest.vendors.otlp_endpoints import endpoint_rows
from ingest.vendors.otlp_health import Minutes, health_row
from ingest.vendors.otlp_series import Deltas, point_rows, series_row
from ingest.vendors.promql import series_name

AGAIN = timedelta(hours=1)
LONGEST_ID = 500
Rows = dict[type[Table], list[Row]]
TABLES: tuple[type[Table], ...] = (
    Components,
    MetricSeries,
    ComponentHealth,
    ApiEndpointStats,
    ApiEndpointErrors,
    MetricPoints,
)


@dataclass
class Taken:
    """Rows to land, and how many points were refused for which reason."""

    rows: Rows = field(default_factory=lambda: {table: [] for table in TABLES})
    refused: Counter[str] = field(default_factory=Counter)


class Intake:
    """Remembers what it has seen since `began_at`; for one thread at a time."""

    def __init__(self, began_at: datetime) -> None:
        self.began_at = began_at
        self._deltas, self._minutes = Deltas(began_at), Minutes()
        self._first: dict[str, datetime] = {}
        self._told: dict[str, datetime] = {}

    def remember(self, first_seen: Mapping[str, datetime]) -> None:
        """Take over when components and series were first seen, by id."""
        self._first |= first_seen

    def take(self, decoded: Decoded, now: datetime) -> Taken:
        """The rows of a request's points; health waits until its minute is over."""
        taken = Taken(refused=Counter(decoded.refused))
        for point in decoded.points:
            try:
                self._take(point, now, taken.rows)
            except RefusedError as error:
                taken.refused[str(error)] += 1
        return taken

    def due(self, now: datetime) -> Rows:
        """Rows of health and endpoints whose minute is over by `now`, which may lie ahead to have all of them."""
        rows: Rows = {ComponentHealth: [], ApiEndpointStats: [], ApiEndpointErrors: []}
        for component_id, minute, points in self._minutes.over(now):
            health = health_row(component_id, minute, points)
            rows[ComponentHealth] += [health] if health else []
            for table, told in endpoint_rows(component_id, minute, points, self.began_at).items():
                rows[table] += told
        return rows

    def _take(self, point: Point, now: datetime, rows: Rows) -> None:
        component = component_of(point.resource, point.metric)
        component_id = component.component_id if component else None
        labels = labels_of(point.resource, point.labels)
        series_id = series_id_of(point.metric, labels)
        happened = self._deltas.delta(f"{series_id} {point.instrument}", point)
        if happened is None:
            return
        if component:
            self._tell(component, point, now, rows)
        if component_id and self._minutes.takes(component_id, happened):
            return
        rows[MetricPoints] += point_rows(series_id, component_id, happened)
        if self._is_new(series_id, now):
            first, shown = self._first.setdefault(series_id, point.at), json.dumps(labels, sort_keys=True)
            rows[MetricSeries].append(series_row(series_id, component_id, shown, point, first))

    def _tell(self, component: Component, point: Point, now: datetime, rows: Rows) -> None:
        if self._is_new(component.component_id, now):
            first = self._first.setdefault(component.component_id, point.at)
            rows[Components].append(component_row(component, point.resource, first, max(first, point.at)))

    def _is_new(self, name: str, now: datetime) -> bool:
        """True once an hour for each component and series: their rows say when they were last seen."""
        if name in self._told and now - self._told[name] < AGAIN:
            return False
        self._told[name] = now
        if len(self._told) > 100_000:
            self._told = {name: at for name, at in self._told.items() if now - at < AGAIN}
        return True


def series_id_of(metric: str, labels: Labels) -> str:
    """`otlp:metric{a="1"}` with sorted labels; where that is long, a digest in place of the labels."""
    told = f"{SOURCE}:{series_name(metric, labels)}"
    if len(told) <= LONGEST_ID:
        return told
    return f"{SOURCE}:{metric}{{{hashlib.sha256(told.encode()).hexdigest()}}}"
