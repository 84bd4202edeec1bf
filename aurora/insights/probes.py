"""Where the time of a probe goes."""

import polars as pl


def phase_means(probes: pl.DataFrame, bucket_s: int) -> pl.DataFrame:
    """Mean of each phase per bucket, long, for the chart."""
    names = ["resolve", "connect", "tls", "processing", "transfer"]
    return (
        probes.sort("started_at")
        .group_by_dynamic("started_at", every=f"{bucket_s}s")
        .agg(pl.col(f"{name}_ms").mean().alias(name) for name in names)
        .rename({"started_at": "bucket_at"})
        .unpivot(index="bucket_at", on=names, variable_name="phase", value_name="ms")
        .with_columns(pl.col("phase").replace_strict({name: rank for rank, name in enumerate(names)}).alias("rank"))
        .drop_nulls("ms")
    )
