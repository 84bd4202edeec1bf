"""Events as marks on a chart: deployments by their end, counts per bucket."""

from datetime import datetime

import polars as pl


def deployment_marks(deployments: pl.DataFrame) -> pl.DataFrame:
    """at, title and state (deployed, failed, rolled back) of each deployment."""
    state = (
        pl.when(pl.col("status") == "failed")
        .then(pl.lit("failed"))
        .when(pl.col("is_rollback") | (pl.col("status") == "rolled_back"))
        .then(pl.lit("rolled back"))
        .otherwise(pl.lit("deployed"))
    )
    title = pl.concat_str([pl.col("app_id"), pl.col("version")], separator=" ", ignore_nulls=True)
    return deployments.select(pl.col("shipped_at").alias("at"), title.alias("title"), state.alias("state"))


def counts_per_bucket(instants: pl.Series, since: datetime, until: datetime, buckets: int) -> list[int]:
    """How many of the instants fall into each of `buckets` equal parts of [since, until); empty parts are 0."""
    width_s = (until - since).total_seconds() / buckets
    counts = [0] * buckets
    for instant in instants.drop_nulls():
        place = int((instant - since).total_seconds() // width_s)
        if 0 <= place < buckets:
            counts[place] += 1
    return counts
