"""DORA's figures over five years of 200 repositories: 100,000 deployments with 500,000 commits, from the marts."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import polars as pl

from aurora.bench.demo import settings_in
from aurora.bench.frame import Bench, Figure, Goal, benchmark
from aurora.bench.measure import medians, seconds
from aurora.contracts import Table
from aurora.contracts.delivery import DeploymentCommits, Deployments
from aurora.contracts.estate import Applications, AppLinks
from ingest.check import Stamp
from ingest.land import land
from warehouse.lake import Batch, Lake
from warehouse.publish import publish
from warehouse.query import Warehouse

REPOSITORIES, DAYS, EACH, BROUGHT = 200, 1_826, 500, 5
TIMES = 9
ASKED = "from dora(since := $since, until := $until)"
SCANNED = "select app_id, count(*) as n, median(lead_s) as median_s from deployment_changes group by app_id"


@benchmark
def dora(bench: Bench) -> Iterator[Figure]:
    """Milliseconds of all five figures of every application and team over five years, and seconds of publishing."""
    repositories, each = bench.size(REPOSITORIES, 3), bench.size(EACH, 4)
    settings, now = settings_in(bench.folder), datetime.now(UTC).replace(second=0, microsecond=0)
    lake = Lake(settings.lake)
    _declare(lake, repositories, now)
    deployments = _deployments(repositories, each, now)
    _land(lake, Deployments, deployments, now)
    commits = _commits(deployments)
    _land(lake, DeploymentCommits, commits, now)
    took = seconds(lambda: publish(lake, settings.data))
    yield Figure(f"publish {deployments.height:,} deployments with {commits.height:,} commits", took, "s")
    warehouse, until = Warehouse(settings.published), now.replace(tzinfo=None)
    span = {"since": until - timedelta(days=DAYS), "until": until}
    ours, floor = medians(TIMES, lambda: warehouse.rows(ASKED, span), lambda: warehouse.rows(SCANNED))
    name = f"DORA over five years, {repositories} repositories / one median over the changes"
    yield Figure(name, 1000 * ours, "ms", 1000 * floor, Goal("value", "<=", 300))


def _declare(lake: Lake, count: int, now: datetime) -> None:
    apps = [
        {"app_id": f"app-{n}", "name": f"App {n}", "type": "api", "env_tier": "production", "team_id": f"team-{n % 20}",
         "lifecycle": "active", "updated_at": now}
        for n in range(count)
    ]  # fmt: skip
    links = [
        {"app_id": f"app-{n}", "kind": "repository", "native_id": f"bench:{n}", "path_prefix": "", "is_pattern": False,
         "method": "explicit", "state": "confirmed", "updated_at": now}
        for n in range(count)
    ]  # fmt: skip
    _land(lake, Applications, pl.DataFrame(apps), now)
    _land(lake, AppLinks, pl.DataFrame(links), now)


def _deployments(repositories: int, each: int, now: datetime) -> pl.DataFrame:
    """Evenly over the years; one in twenty fails, one in fifty is a hotfix."""
    frame = pl.DataFrame({"r": range(repositories)}).join(pl.DataFrame({"d": range(each)}), how="cross")
    at = (
        pl.lit(now) - pl.duration(minutes=DAYS * 1440 // each) * (each - pl.col("d")) + pl.duration(minutes=pl.col("r"))
    )
    name = pl.format("bench:{}@{}", "r", "d")
    return frame.select(
        name.alias("deployment_id"), pl.format("bench:{}", "r").alias("repo_id"), name.alias("sha"),
        pl.lit("production").alias("environment"), pl.lit("production").alias("env_tier"), at.alias("created_at"),
        at.alias("started_at"), at.alias("finished_at"), at.alias("updated_at"),
        (pl.col("d") % 50 == 7).alias("is_hotfix"),
        pl.when(pl.col("d") % 20 == 3).then(pl.lit("failed")).otherwise(pl.lit("success")).alias("status"),
        pl.lit(False).alias("is_inferred"),
    )  # fmt: skip


def _commits(deployments: pl.DataFrame) -> pl.DataFrame:
    """Five of each deployment, the oldest a day before it."""
    return deployments.join(pl.DataFrame({"c": range(BROUGHT)}), how="cross").select(
        "deployment_id", "repo_id", pl.format("{}.{}", "deployment_id", "c").alias("sha"),
        (pl.col("created_at") - pl.duration(hours=pl.col("c") * 6)).alias("authored_at"),
    )  # fmt: skip


def _land(lake: Lake, table: type[Table], frame: pl.DataFrame, now: datetime) -> None:
    land(lake, table, frame, Stamp("bench", "bench", "bench-run", now), Batch(f"bench/{table.spec.name}", 1))
