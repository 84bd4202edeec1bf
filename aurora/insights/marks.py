"""Deployments as marks on a chart."""

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
    return deployments.select("at", title.alias("title"), state.alias("state"))
