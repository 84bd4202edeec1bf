"""What a source's stream is worth now: good, late, partial, failing, or not run yet; worst first."""

from datetime import datetime

import polars as pl

PLAN: dict[str, type[pl.DataType]] = {
    "source_instance": pl.String,
    "connector": pl.String,
    "stream": pl.String,
    "every_s": pl.Float64,
    "next_run_at": pl.String,
    "is_running": pl.Boolean,
}
RANK = {"failed": 0, "partial": 1, "idle": 2, "late": 3, "new": 4}
IDLE = "Nothing landed for 24 hours, while another stream of this source fails: mend that one first."
LATE_AFTER_RUNS, LATE_AFTER_S = 3, 60.0


def judged(plan: pl.DataFrame, fresh: pl.DataFrame, now: datetime) -> pl.DataFrame:
    """Plan (columns of PLAN) and source_freshness joined, with `age_s` and `state`; `now` is UTC without a zone.

    A stream is late when its last good run is older than three of its intervals (and a minute). Planned streams that
    never ran, and runs of sources that are no longer planned, both stay in. A stream that ran well is idle, not good,
    where it landed no row for 24 hours while another stream of its source fails.
    """
    plan = plan.with_columns(pl.col("next_run_at").str.to_datetime(time_zone="UTC").dt.replace_time_zone(None))
    both = plan.join(fresh, on=["source_instance", "stream"], how="full", coalesce=True, suffix="_ran")
    age_s = (pl.lit(now) - pl.col("last_good_at")).dt.total_microseconds() / 1e6
    is_late = pl.col("age_s") > (LATE_AFTER_RUNS * pl.col("every_s")).clip(lower_bound=LATE_AFTER_S)
    is_good = pl.col("status") == "success"
    state = (
        pl.when(pl.col("status").is_null())
        .then(pl.lit("new"))
        .when(is_good & _is_idle(both))
        .then(pl.lit("idle"))
        .when(is_good & is_late)
        .then(pl.lit("late"))
        .otherwise(pl.col("status"))
    )
    error = pl.when(pl.col("state") == "idle").then(pl.lit(IDLE)).when(~is_good).then(pl.col("error")).fill_null("")
    return (
        both.with_columns(age_s.alias("age_s"), pl.coalesce("connector", "connector_ran").alias("connector"))
        .with_columns(state.alias("state"))
        .with_columns(error.alias("error"))
        .sort(pl.col("state").replace_strict(RANK, default=9), "source_instance", "stream")
    )


def _is_idle(both: pl.DataFrame) -> pl.Expr:
    if "row_count_24h" not in both.columns:
        return pl.lit(False)
    fails = pl.col("status").is_in(["failed", "partial"]).any().over("source_instance")
    return fails & (pl.col("row_count_24h") == 0)
