"""The Costs page over thirteen months of a large bill: server time, and what publishing the bill takes."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow.parquet as pq

from aurora.bench.demo import settings_in
from aurora.bench.focus_import import CHUNK, MONTHS, ROWS, import_into, lines
from aurora.bench.frame import Bench, Figure, benchmark
from aurora.bench.history import landed
from aurora.bench.measure import in_child, seconds
from aurora.bench.pages import page_figures
from aurora.contracts.estate import Applications, AppLinks
from aurora.settings import ROOT
from warehouse.lake import Lake
from warehouse.publish import publish

APPS, PAGE = 200, ROOT / "pages" / "cost" / "costs.py"


@benchmark
def costs(bench: Bench) -> Iterator[Figure]:
    """Milliseconds of the page with empty caches and with full ones."""
    rows, now = bench.size(ROWS, MONTHS), datetime.now(UTC)
    settings, bill = settings_in(bench.folder), bench.folder / "bill.parquet"
    in_child(write_bill, bill, rows, now)
    took, _ = in_child(import_into, bill, settings.data)
    bench.say(f"{rows:,} rows imported in {took:.1f} s")
    lake = Lake(settings.lake)
    names = [f"app-{number}" for number in range(APPS)]
    landed(lake, Applications, [_application(name, now) for name in names], now)
    landed(lake, AppLinks, [_link(name, now) for name in names], now)
    yield Figure(f"publishing {rows:,} charges", seconds(lambda: publish(lake, settings.data)), "s")
    yield from page_figures(bench, PAGE, settings, "Costs", (300, 150))


def write_bill(path: Path, rows: int, now: datetime) -> None:
    """A bill of the thirteen months that end now; a resource has one account, service and set of tags."""
    random, writer = np.random.default_rng(7), None
    newest = (now.year - 2025) * 12 + now.month - 1
    number = pl.col("ResourceId").str.tail(5).cast(pl.Int64)
    app = (number % APPS).cast(pl.String)
    owned = pl.concat_str(pl.lit('{"app":"app-'), app, pl.lit('","env":"prod"}')).alias("Tags")
    places = [pl.format(f"{name}-{{}}", number % many) for name, many in (("service", 90), ("sub", 120))]
    for month in range(MONTHS):
        size = rows * (month + 1) // MONTHS - rows * month // MONTHS
        for start in range(0, size, CHUNK):
            frame = lines(random, newest - MONTHS + 1 + month, min(CHUNK, size - start))
            frame = frame.with_columns(owned, places[0].alias("ServiceName"), places[1].alias("SubAccountId"))
            frame = frame.filter(pl.col("ChargePeriodStart") < now)
            arrow = frame.to_arrow(compat_level=pl.CompatLevel.oldest())
            writer = writer or pq.ParquetWriter(path, arrow.schema, compression="zstd")
            writer.write_table(arrow)
    if writer:
        writer.close()


def _application(name: str, now: datetime) -> dict[str, object]:
    return {"app_id": name, "name": name, "type": "api", "env_tier": "production", "updated_at": now}


def _link(name: str, now: datetime) -> dict[str, object]:
    return {
        "app_id": name, "kind": "cost", "native_id": f"tag:app={name}", "path_prefix": "", "is_pattern": False,
        "method": "explicit", "state": "confirmed", "updated_at": now,
    }  # fmt: skip
