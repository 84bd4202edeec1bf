"""How much the applications are used: active users and requests by the hour."""

import json
from collections.abc import Iterator

import polars as pl

from aurora.contracts import Row
from ingest.demo.catalog import APPS, App
from ingest.demo.world import HOUR, Slice, World, floor, instants, load, minutes, noise, share

# (metric, unit, aggregation, instrument, how many for each user)
KINDS = (
    ("app.active_users", "{user}", "max", "gauge", 1.0),
    ("app.requests", "{request}", "sum", "delta", 42.0),
    ("app.messages_sent", "{message}", "sum", "delta", 3.5),
)
SENDERS = {"whatsapp-crm", "notification-service"}


def _series(world: World) -> Iterator[tuple[str, App, tuple[str, str, str, str, float]]]:
    for app in APPS:
        for kind in KINDS:
            if kind[0] != "app.messages_sent" or app.app_id in SENDERS:
                yield world.id(f"{kind[0]}/{app.app_id}"), app, kind


def usage_frame(world: World, span: Slice) -> pl.DataFrame:
    """metric_points of the hours that were completed in the slice."""
    begin, end = floor(span.since, HOUR), floor(span.until, HOUR)
    times = pl.DataFrame({"t": range(minutes(begin), minutes(end), 60)}, schema={"t": pl.Int64})
    series = pl.DataFrame(
        [
            {
                "series_id": series_id,
                "metric": kind[0],
                "app_id": app.app_id,
                "agg": kind[2],
                "unit": kind[1],
                "most": app.users * kind[4],
                "number": number,
            }
            for number, (series_id, app, kind) in enumerate(_series(world))
        ]
    )
    rows = series.join(times.with_columns(load=load()), how="cross")
    rows = rows.with_columns(bits=noise("number", "t", salt=world.seed + 2))
    value = (pl.col("most") * pl.col("load") * (1.0 + 0.06 * share("bits", 0))).round(0)
    return rows.select(
        "series_id",
        "metric",
        "app_id",
        instants("t").alias("ts_start"),
        (instants("t") + HOUR).alias("ts_end"),
        "agg",
        value.alias("value"),
        "unit",
        pl.lit("ok").alias("quality"),
    )


def series_rows(world: World, span: Slice) -> Iterator[Row]:
    """metric_series as last seen in the slice."""
    for series_id, app, kind in _series(world):
        yield {
            "series_id": series_id,
            "metric": kind[0],
            "native_metric": kind[0],
            "instrument": kind[3],
            "labels": json.dumps({"app": app.app_id}),
            "app_id": app.app_id,
            "first_seen_at": world.start,
            "last_seen_at": floor(span.until, HOUR),
        }
