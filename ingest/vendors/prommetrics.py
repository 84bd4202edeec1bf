"""Points and series of a PromQL figure: pure rows of metric_points and metric_series."""

import json
from collections.abc import Iterator

from aurora.contracts import Row
from ingest.vendors import promql
from ingest.vendors.promapi import PromRun
from ingest.vendors.promql import Labels, MetricQuery, Series


def series_id(run: PromRun, wanted: MetricQuery, labels: Labels) -> str:
    """The series' id: metric and sorted labels."""
    return run.id(promql.series_name(wanted.metric, labels))


def point_rows(run: PromRun, wanted: MetricQuery, series: Series, quality: str) -> Iterator[Row]:
    """One row per finite sample, which stands for the step before it."""
    key, about = series_id(run, wanted, series.labels), series.labels.get(run.options.component_label)
    for at, value in series.samples.items():
        end = promql.utc(at)
        yield {
            "series_id": key,
            "metric": wanted.metric,
            "component_id": run.id(about) if about else None,
            "ts_start": end - run.options.step,
            "ts_end": end,
            "agg": wanted.agg,
            "value": value,
            "unit": wanted.unit,
            "quality": quality,
        }


def series_row(run: PromRun, wanted: MetricQuery, labels: Labels, seen: list[int]) -> Row:
    """The series with its labels."""
    about = labels.get(run.options.component_label)
    return {
        "series_id": series_id(run, wanted, labels),
        "metric": wanted.metric,
        "native_metric": labels.get("__name__") or wanted.query,
        "labels": json.dumps(labels, sort_keys=True),
        "component_id": run.id(about) if about else None,
        "first_seen_at": promql.utc(seen[0]),
        "last_seen_at": promql.utc(seen[1]),
    }
