"""The Applications page over 2,000 applications with 20,000 links: its server time with empty caches."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import polars as pl

from aurora.bench.demo import settings_in
from aurora.bench.frame import Bench, Figure, benchmark
from aurora.bench.history import landed
from aurora.bench.measure import seconds
from aurora.bench.pages import page_figures
from aurora.bench.registry import entry
from aurora.contracts.cost import FocusCost
from aurora.contracts.delivery import Deployments, Repositories
from aurora.contracts.estate import Components
from aurora.contracts.operations import ComponentHealth
from aurora.settings import ROOT, SourceSettings
from ingest.connector import load_connectors
from ingest.run import Ingest
from warehouse.lake import Lake
from warehouse.publish import publish

APPLICATIONS = 2_000
DEPLOYMENTS_EACH = 10
SAMPLES_EACH = 60
PAGE = ROOT / "pages" / "estate" / "applications.py"


@benchmark
def applications(bench: Bench) -> Iterator[Figure]:
    """Milliseconds of the page, first and cached, and of publishing everything that it reads anew."""
    count = bench.size(APPLICATIONS, 10)
    settings = settings_in(bench.folder)
    lake = Lake(settings.lake)
    _land_estate(lake, count)
    file = bench.folder / "applications.toml"
    file.write_text("\n".join(entry(number) for number in range(count)), encoding="utf-8")
    source = SourceSettings.model_validate({"name": "registry", "connector": "registry", "paths": [str(file)]})
    Ingest(lake, settings, load_connectors()).run(source)
    bare = bench.folder / "bare"
    floor = seconds(lambda: publish(Lake(bare / "lake"), bare))
    ours = seconds(lambda: publish(lake, settings.data))
    yield Figure(f"publish {count:,} applications / an empty lake", ours, "s", floor)
    yield from page_figures(bench, PAGE, settings, "applications page", (300, None))


def _land_estate(lake: Lake, count: int) -> None:
    """What the links of the registry's entries point to: repositories, components with an hour of health, costs."""
    now = datetime.now(UTC).replace(second=0, microsecond=0)
    numbers = pl.DataFrame({"n": range(count)})
    components = [f"prod:{letter}-{n}" for n in range(count) for letter in "abc"]
    landed(lake, Repositories, [_repository(n, now) for n in range(count)], now)
    landed(lake, Components, [_component(name, now) for name in components], now)
    samples = pl.DataFrame({"component_id": components}).join(pl.DataFrame({"m": range(SAMPLES_EACH)}), how="cross")
    start = pl.lit(now) - pl.duration(minutes=pl.col("m") + 1)
    landed(lake, ComponentHealth, samples.select(
        "component_id", start.alias("ts_start"), (start + timedelta(minutes=1)).alias("ts_end"),
        response_time_ms=20.0 + pl.col("m"), requests_per_minute=pl.lit(60.0), error_rate_pct=pl.lit(0.1),
        status=pl.lit("healthy"),
    ), now)  # fmt: skip
    landed(lake, Deployments, [_deployment(n, k, now) for n in range(count) for k in range(DEPLOYMENTS_EACH)], now)
    landed(lake, FocusCost, [_charge(n, now) for n in numbers["n"]], now)


def _repository(n: int, now: datetime) -> dict[str, object]:
    return {"repo_id": f"git:company/app-{n}", "full_name": f"company/app-{n}", "first_seen_at": now, "head_at": now}


def _component(name: str, now: datetime) -> dict[str, object]:
    return {"component_id": name, "name": name, "type": "api", "first_seen_at": now, "last_seen_at": now}


def _deployment(n: int, k: int, now: datetime) -> dict[str, object]:
    at = now - timedelta(days=3 * k, minutes=n % 600)
    return {
        "deployment_id": f"prod:{n}-{k}", "repo_id": f"git:company/app-{n}", "environment": "production",
        "env_tier": "production", "sha": f"{n}-{k}", "created_at": at, "started_at": at, "finished_at": at,
        "status": "success", "is_inferred": False, "updated_at": at,
    }  # fmt: skip


def _charge(n: int, now: datetime) -> dict[str, object]:
    month = now.replace(day=1, hour=0, minute=0)
    cost = dict.fromkeys(("BilledCost", "EffectiveCost", "ContractedCost", "ListCost"), "12.5")
    return cost | {
        "x_RowId": f"prod:{n}", "x_SourceExport": "bench", "x_FocusVersion": "1.2", "x_IsEstimated": False,
        "BillingAccountId": "1", "BillingCurrency": "USD", "BillingPeriodStart": month,
        "BillingPeriodEnd": month + timedelta(days=31), "ChargeCategory": "Usage", "ChargePeriodStart": month,
        "ChargePeriodEnd": month + timedelta(days=1), "InvoiceIssuerName": "x", "ProviderName": "x",
        "PublisherName": "x", "ServiceCategory": "Compute", "ServiceName": "vm", "Tags": f'{{"app": "app-{n}"}}',
    }  # fmt: skip
