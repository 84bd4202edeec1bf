"""Results of probing the company's web addresses from two places: hourly in the past, every five minutes since."""

import polars as pl

from ingest.demo.catalog import PARTS, PROBED
from ingest.demo.health import Grid, dents
from ingest.demo.stories import PORTAL_WEB, certificate_ends
from ingest.demo.world import DAY, HOUR, MINUTE, Slice, World, ceil, instants, minutes, noise, share

LOCATIONS = ("dubai", "frankfurt")
EVERY = 5 * MINUTE


def probe_frame(world: World, span: Slice) -> pl.DataFrame:
    """probe_results of all probes that began in the slice."""
    begin = ceil(span.since, EVERY)
    is_due = (pl.col("t") >= minutes(world.anchor - DAY)) | (pl.col("t") % (HOUR // MINUTE) == 0)
    times = pl.DataFrame({"t": range(minutes(begin), minutes(span.until), EVERY // MINUTE)}, schema={"t": pl.Int64})
    rows = _probes(world).join(times.filter(is_due), how="cross")
    rows = rows.join(dents(world, Grid(begin, span.until, EVERY)), on=["part", "t"], how="left", maintain_order="left")
    bits = noise("part", "t", "place", salt=world.seed + 1)
    rows = rows.with_columns(bits=bits, up=pl.col("rank").fill_null(0) < 2, slow=pl.col("latency_x").fill_null(1.0))
    return rows.select("probe_id", "component_id", "location", "target", *_outcome(), *_certificate(world, span))


def _probes(world: World) -> pl.DataFrame:
    index = {part.key: number for number, part in enumerate(PARTS)}
    return pl.DataFrame(
        [
            {
                "part": index[key],
                "key": key,
                "probe_id": world.id(f"probe/{key}"),
                "component_id": world.id(key),
                "location": location,
                "place": place,
                "target": target,
                "usual_ms": PARTS[index[key]].answer_ms,
            }
            for key, target in PROBED.items()
            for place, location in enumerate(LOCATIONS)
        ]
    )


def _outcome() -> list[pl.Expr]:
    """What came of each probe; parts of a time that never came are null."""
    up, far = pl.col("up"), pl.col("place") * 38.0

    def when_up(value: pl.Expr, name: str) -> pl.Expr:
        return pl.when(up).then(value.round(1)).alias(name)

    resolve = 3.0 + share("bits", 0)
    connect = 6.0 + far / 2 + share("bits", 1)
    tls = 14.0 + far + 2 * share("bits", 2)
    processing = pl.col("usual_ms") * pl.col("slow") * (1.0 + 0.12 * share("bits", 3))
    transfer = 5.0 + far / 4 + share("bits", 4)
    return [
        pl.lit("http").alias("kind"),
        instants("t").alias("started_at"),
        up.alias("is_success"),
        pl.when(~up).then(pl.lit("read_timeout")).alias("error_type"),
        when_up(resolve + connect + tls + processing + transfer, "duration_ms"),
        when_up(resolve, "resolve_ms"),
        when_up(connect, "connect_ms"),
        when_up(tls, "tls_ms"),
        when_up(processing, "processing_ms"),
        when_up(transfer, "transfer_ms"),
        pl.when(up).then(pl.lit(200, dtype=pl.Int64)).alias("http_status"),
        pl.lit(0, dtype=pl.Int64).alias("redirect_count"),
        pl.when(up).then(pl.lit("TLSv1.3")).alias("tls_version"),
    ]


def _certificate(world: World, span: Slice) -> list[pl.Expr]:
    """The certificate that was served, null where nothing answered."""
    soon, later = certificate_ends(world, span.since), certificate_ends(world, span.until)
    changes = soon - 2 * DAY
    portal = pl.when(instants("t") < changes).then(pl.lit(soon)).otherwise(pl.lit(later))
    served = pl.when(pl.col("key") == PORTAL_WEB).then(portal).otherwise(pl.lit(world.anchor + 200 * DAY))
    return [
        pl.when(pl.col("up")).then(served).alias("cert_not_after_at"),
        pl.when(pl.col("up")).then(pl.lit("CN=*.example.com")).alias("cert_subject"),
        pl.when(pl.col("up")).then(pl.lit("Horizon Test CA")).alias("cert_issuer"),
        pl.when(pl.col("up")).then(pl.lit(True)).alias("is_cert_trusted"),
    ]
