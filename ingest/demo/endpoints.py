"""Calls of API endpoints and their errors by code: by the hour in the past, every five minutes since."""

import polars as pl

from ingest.demo.catalog import PART, PARTS
from ingest.demo.health import Grid, dents
from ingest.demo.world import DAY, HOUR, MINUTE, Slice, World, floor, instants, load, minutes, noise, share

FINE = 5 * MINUTE
# component: method, route, share of its requests, how slow against the usual, failing %, queries a call (0: not known)
ROUTES = """
damac-crm-api: get /api/v1/leads 0.34 0.9 0.1 2; get /api/v1/leads/{id} 0.28 0.6 0.2 3
damac-crm-api: post /api/v1/leads 0.08 1.4 0.5 6; get /api/v1/reports/{id}/export 0.01 5.5 2.6 64
auth-service: post /oauth/token 0.6 1.1 0.4 2; get /oauth/userinfo 0.35 0.5 0.1 1; post /oauth/revoke 0.02 0.8 0.1 1
booking-api: get /v2/units 0.5 1.0 0.1 4; post /v2/bookings 0.1 1.9 0.7 11; delete /v2/bookings/{id} 0.02 1.2 0.6 5
payment-api: post /v1/payments 0.45 1.3 0.8 5; get /v1/payments/{id} 0.4 0.5 0.1 1; post /v1/refunds 0.03 2.6 1.4 9
checkout: post /checkout 0.4 1.5 0.6 8; get /checkout/{id} 0.5 0.7 0.1 2; patch /checkout/{id} 0.1 0.9 0.3 3
notification-api: post /v1/messages 0.8 1.0 0.3 2; get /v1/messages/{id} 0.2 0.6 0.1 1
document-api: get /documents/{id} 0.7 0.7 0.2 2; post /documents 0.2 2.1 0.9 4; put /documents/{id} 0.1 1.6 0.4 5
whatsapp-webhooks: post /webhooks/whatsapp 0.95 1.0 0.1 0; get /webhooks/whatsapp 0.05 0.4 0.0 0
mobile-bff: get /mobile/home 0.5 1.2 0.2 0; get /mobile/units/{id} 0.4 0.8 0.1 0; post /mobile/devices 0.02 1.0 0.5 0
analytics-api: get /analytics/dashboards/{id} 0.7 0.9 0.3 21; post /analytics/queries 0.3 1.8 1.2 37
lead-scoring-api: post /score 0.9 1.0 0.2 3; get /models 0.1 0.3 0.0 1
admin-api: get /admin/users 0.6 1.0 0.1 41; patch /admin/users/{id} 0.2 1.1 0.4 4
"""
UNCOUNTED = {"whatsapp-webhooks"}  # its gateway tells calls and times, but not how many failed
CODES = ("500", "429", "404")
SHARES = (0.2, 0.1)  # of the second and third code; the first has the rest


def endpoint_frames(world: World, span: Slice) -> tuple[pl.DataFrame, pl.DataFrame]:
    """api_endpoint_stats and api_endpoint_errors of the intervals that were completed in the slice."""
    calls = pl.concat([_calls(world, grid) for grid in _grids(world, span)])
    return _stats(calls), _errors(calls)


def _grids(world: World, span: Slice) -> tuple[Grid, Grid]:
    fine_from = floor(world.anchor - DAY, HOUR)
    coarse = Grid(floor(span.since, HOUR), min(floor(span.until, HOUR), fine_from), HOUR)
    return coarse, Grid(max(floor(span.since, FINE), fine_from), floor(span.until, FINE), FINE)


def _routes(world: World) -> pl.DataFrame:
    index = {part.key: number for number, part in enumerate(PARTS)}
    rows: list[dict[str, object]] = []
    for line in ROUTES.strip().splitlines():
        key, _, routes = line.partition(": ")
        for method, endpoint, portion, slow, failing, queries in (route.split() for route in routes.split("; ")):
            rows.append(
                {
                    "part": index[key],
                    "number": len(rows),
                    "component_id": world.id(key),
                    "endpoint": endpoint,
                    "method": method,
                    "busy": PART[key].busy * float(portion),
                    "usual_ms": PART[key].answer_ms * float(slow),
                    "failing": float(failing),
                    "queries": int(queries) or None,
                    "is_counted": key not in UNCOUNTED,
                }
            )
    return pl.DataFrame(rows)


def _calls(world: World, grid: Grid) -> pl.DataFrame:
    """One row per endpoint and interval; none under maintenance, and few calls reach what is down, all in vain."""
    step = grid.step // MINUTE
    times = pl.DataFrame({"t": range(minutes(grid.since), minutes(grid.until), step)}, schema={"t": pl.Int64})
    rows = _routes(world).join(times.with_columns(load=load()), how="cross")
    rows = rows.join(dents(world, grid), on=["part", "t"], how="left", maintain_order="left")
    rank, usual = pl.col("rank").fill_null(0), pl.col("busy") * pl.col("load") * step
    rows = rows.with_columns(is_down=rank == 2, bits=noise("number", "t", salt=world.seed + 5)).filter(rank < 3)
    reached = pl.when("is_down").then(usual * 0.2).otherwise(usual * (1 + 0.08 * share("bits", 0)))
    rate = pl.col("failing") * (1 + share("bits", 1)) + pl.col("errors_add").fill_null(0.0)
    slow = pl.col("usual_ms") * (0.85 + 0.3 * pl.col("load") + 0.06 * share("bits", 2))
    rows = rows.with_columns(
        call_count=reached.round(0).cast(pl.Int64),
        rate=pl.when("is_down").then(100.0).otherwise(rate.clip(0, 100)) / 100,
        ms=pl.when(~pl.col("is_down")).then(slow * pl.col("latency_x").fill_null(1.0)),
    )
    failed = (pl.col("call_count") * pl.col("rate") + (share("bits", 3) + 1) / 2).floor().cast(pl.Int64)
    return rows.with_columns(
        ts_start=instants("t"),
        ts_end=instants("t") + grid.step,
        failed=pl.min_horizontal(failed, "call_count"),
        last_occurred_at=instants("t") + grid.step * 0.9,
    )


def _stats(calls: pl.DataFrame) -> pl.DataFrame:
    times = {"response_time_ms": 1.0, "p50_ms": 0.85, "p95_ms": 2.1, "p99_ms": 3.4, "max_ms": 5.2}
    answered = pl.col("call_count") > 0
    return calls.select(
        *("component_id", "endpoint", "method", "ts_start", "ts_end", "call_count"),
        pl.when("is_counted").then("failed").alias("error_count"),
        *(pl.when(answered).then(pl.col("ms") * factor).round(1).alias(name) for name, factor in times.items()),
        query_count=pl.col("call_count") * pl.col("queries"),
    )


def _errors(calls: pl.DataFrame) -> pl.DataFrame:
    """The failed calls split by code: all 503 while a component is down."""
    up = ~pl.col("is_down")
    second, third = (pl.when(up).then((pl.col("failed") * part).floor()).otherwise(0).cast(pl.Int64) for part in SHARES)
    counts = (pl.col("failed") - second - third, second, third)
    codes = (pl.when(up).then(pl.lit(CODES[0])).otherwise(pl.lit("503")), pl.lit(CODES[1]), pl.lit(CODES[2]))
    split = [
        calls.filter("is_counted").select(
            *("component_id", "endpoint", "method", "ts_start", "ts_end", "last_occurred_at"),
            error_code=code,
            error_count=count,
        )
        for code, count in zip(codes, counts, strict=True)
    ]
    return pl.concat(split).filter(pl.col("error_count") > 0)
