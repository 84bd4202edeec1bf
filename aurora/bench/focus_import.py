"""Importing a large FOCUS export of thirteen months, against rewriting and reading the bare file."""

import resource
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow.parquet as pq

from aurora.bench.frame import Bench, Figure, Goal, benchmark
from aurora.bench.measure import in_child, seconds
from aurora.contracts.columns import MONEY
from aurora.contracts.cost import FocusCost

ROWS, MONTHS, CHUNK = 10_000_000, 13, 100_000
MEMORY = 2 << 30
Words = tuple[str, ...]


@benchmark
def focus_import(bench: Bench) -> Iterator[Figure]:
    """Rows per second of `aurora import` from Parquet and CSV, and the most memory that it held."""
    rows = bench.size(ROWS, MONTHS)
    parquet, table = bench.folder / "bill.parquet", bench.folder / "bill.csv"
    in_child(write_export, parquet, table, rows)
    # Each in a process of its own: what one has cached or still holds is none of the other's.
    rewriting_s = in_child(rewrite, parquet, bench.folder / "bare.parquet")
    reading_s, text_s = in_child(read, table), in_child(read_text, table)
    for path, floor_s, name, least in (
        (parquet, rewriting_s, "bare Parquet rewrite", 0.4),
        (table, reading_s, "polars reading its amounts and instants", 0.5),
    ):
        took, peak = in_child(import_into, path, bench.folder / f"data-{path.suffix[1:]}")
        bench.say(f"{path.suffix[1:]}: {rows:,} rows in {took:.1f} s, at most {peak / 1e6:,.0f} MB of memory")
        title = f"FOCUS import of {path.suffix[1:]}"
        yield Figure(f"{title} / {name}", rows / took, "rows/s", rows / floor_s, Goal("ratio", ">=", least))
        yield Figure(f"{title}: memory", peak, "bytes", None, Goal("value", "<=", MEMORY))
    yield Figure("polars reading that CSV / as text alone", rows / reading_s, "rows/s", rows / text_s)


def import_into(path: Path, data: Path) -> tuple[float, int]:
    """Seconds that an import takes, and the most resident memory of the process."""
    from ingest.importing import import_file
    from warehouse.lake import Lake

    took = seconds(partial(import_file, Lake(data / "lake"), path, source_instance="bench"))
    return took, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def rewrite(path: Path, out: Path) -> float:
    """Seconds of reading a Parquet file and writing its rows again, as compressed as the lake's."""
    return seconds(lambda: pl.scan_parquet(path).sink_parquet(out, compression="zstd", compression_level=3))


def read(path: Path) -> float:
    """Seconds of reading a CSV file piece by piece, amounts as exact decimals and times as instants."""
    names = pl.scan_csv(path, n_rows=0).collect_schema().names()
    amounts = {name: MONEY for name in names if name in FocusCost.dtypes() and FocusCost.dtypes()[name] == MONEY}
    return seconds(lambda: _every(pl.scan_csv(path, schema_overrides=amounts, try_parse_dates=True)))


def read_text(path: Path) -> float:
    """Seconds of reading a CSV file piece by piece, all of it as text."""
    return seconds(lambda: _every(pl.scan_csv(path, infer_schema=False)))


def _every(rows: pl.LazyFrame) -> None:
    for _ in rows.collect_batches(chunk_size=CHUNK):
        pass


def write_export(parquet: Path, table: Path, rows: int) -> None:
    """An export of that many lines, month by month, as both kinds of file."""
    random = np.random.default_rng(7)
    writer: pq.ParquetWriter | None = None
    with table.open("wb") as out:
        for month in range(MONTHS):
            size = rows * (month + 1) // MONTHS - rows * month // MONTHS
            for start in range(0, size, CHUNK):
                frame = lines(random, month, min(CHUNK, size - start))
                plain = frame.with_columns(pl.col(pl.Datetime).dt.strftime("%Y-%m-%dT%H:%M:%SZ"))
                plain.write_csv(out, include_header=out.tell() == 0)
                arrow = frame.to_arrow(compat_level=pl.CompatLevel.oldest())
                writer = writer or pq.ParquetWriter(parquet, arrow.schema, compression="zstd")
                writer.write_table(arrow)
    if writer:
        writer.close()


def lines(random: np.random.Generator, month: int, size: int) -> pl.DataFrame:
    """Charge lines of one month as a provider tells them: FOCUS 1.2, tags, two columns of its own."""
    start = datetime(2025, 1, 1, tzinfo=UTC).replace(year=2025 + month // 12, month=month % 12 + 1)
    end = (start + timedelta(days=32)).replace(day=1)
    hours = random.integers(0, 28 * 24, size)
    charged = pl.Series(hours).cast(pl.Int64) * 3_600_000_000 + int(start.timestamp()) * 1_000_000
    at = charged.cast(pl.Datetime("us", "UTC"))
    cost = (pl.Series(random.lognormal(-4, 2, size)) * 10**8).cast(pl.Int64)
    amount = cost.cast(pl.Decimal(38, 0)).cast(pl.String).str.zfill(9)
    money = (amount.str.head(-8) + "." + amount.str.tail(8)).cast(pl.Decimal(28, 10))

    def some(word: str, many: int) -> pl.Series:
        names = np.array([f"{word}-{number:05d}" for number in range(many)])
        return pl.Series(names[random.integers(0, many, size)])

    tags = pl.Series([f'{{"team":"team-{n % 40}","app":"app-{n % 200}","env":"prod"}}' for n in range(2000)])
    sku = random.integers(0, 4000, size)
    frame = pl.DataFrame(
        {
            "BilledCost": money, "EffectiveCost": money, "ListCost": money, "ContractedCost": money,
            "ConsumedQuantity": random.lognormal(0, 2, size), "PricingQuantity": random.lognormal(0, 2, size),
            "ListUnitPrice": money, "ContractedUnitPrice": money, "ChargePeriodStart": at,
            "ChargePeriodEnd": at + timedelta(hours=1), "BillingAccountId": some("account", 3),
            "SubAccountId": some("sub", 120), "SubAccountName": some("name", 120), "ServiceName": some("service", 90),
            "ResourceId": some("arn:aws:ec2:eu-central-1:123456789012:instance/i", 20_000),
            "ResourceType": some("type", 40), "RegionId": some("region", 20), "RegionName": some("place", 20),
            "ChargeDescription": some("per hour of something that is charged", 4000),
            "SkuId": pl.Series(sku).cast(pl.String), "SkuPriceId": pl.Series(sku * 7).cast(pl.String),
            "Tags": tags.gather(random.integers(0, 2000, size)), "x_Operation": some("run", 50),
            "x_UsageType": some("usage", 300),
        }
    )  # fmt: skip
    constants = {
        "BillingPeriodStart": start, "BillingPeriodEnd": end, "BillingAccountName": "Example", "BillingCurrency": "USD",
        "ChargeCategory": "Usage", "ChargeClass": None, "ChargeFrequency": "Usage-Based", "ConsumedUnit": "Hours",
        "InvoiceId": f"INV-{month}", "InvoiceIssuerName": "Cloud", "PricingCategory": "Standard",
        "PricingUnit": "Hours", "ProviderName": "Cloud", "PublisherName": "Cloud", "ServiceCategory": "Compute",
        "CommitmentDiscountId": None, "CommitmentDiscountName": None, "CommitmentDiscountType": None,
    }  # fmt: skip
    return frame.with_columns(pl.lit(value).alias(name) for name, value in constants.items()).with_columns(
        pl.col(pl.Null).cast(pl.String)
    )
