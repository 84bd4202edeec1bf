"""The mobile pages over millions of rows of reviews and vitals: server time, and what publishing them takes."""

from collections.abc import Iterator
from datetime import UTC, datetime

import numpy as np
import polars as pl

from aurora.bench.demo import settings_in
from aurora.bench.frame import Bench, Figure, benchmark
from aurora.bench.history import landed
from aurora.bench.measure import seconds
from aurora.bench.pages import page_figures
from aurora.contracts.mobile import MobileApps, MobileVitalsDaily, StoreReviews
from aurora.settings import ROOT
from warehouse.lake import Lake
from warehouse.publish import publish

VITALS, REVIEWS, DAYS, CHUNK = 4_000_000, 1_000_000, 90, 500_000
APPS, MODELS = 4, 60
KINDS = ("user_perceived_crash", "user_perceived_anr", "crash", "anr")
WORDS = (
    "Crashes after login since the update", "Great app, love it", "Payment fails every time", "Slow and full of ads",
    "Good", "Ne marche plus depuis la mise à jour", "Sehr gut, weiter so", "Battery drains, phone gets hot",
)  # fmt: skip
PAGES = ("mobile", "releases", "crashes", "reviews", "engagement")
GOALS_MS = (300, 150)


@benchmark
def mobile(bench: Bench) -> Iterator[Figure]:
    """Milliseconds of each mobile page with empty caches and with full ones."""
    vitals, reviews = bench.size(VITALS, 5000), bench.size(REVIEWS, 1000)
    now = datetime.now(UTC)
    settings = settings_in(bench.folder)
    lake, random = Lake(settings.lake), np.random.default_rng(11)
    landed(lake, MobileApps, [_listing(number, now) for number in range(APPS)], now)
    for start in range(0, vitals, CHUNK):
        landed(lake, MobileVitalsDaily, _vitals(random, start, min(CHUNK, vitals - start), vitals, now), now)
    for start in range(0, reviews, CHUNK):
        landed(lake, StoreReviews, _reviews(random, start, min(CHUNK, reviews - start), now), now)
    took = seconds(lambda: publish(lake, settings.data))
    yield Figure(f"publishing {vitals:,} vitals and {reviews:,} reviews", took, "s")
    for name in PAGES:
        page = ROOT / "pages" / "mobile" / f"{name}.py"
        yield from page_figures(bench, page, settings, f"page mobile/{name}", GOALS_MS)


def _listing(number: int, now: datetime) -> dict[str, object]:
    return {
        "store_app_id": f"play:{number}", "platform": "android", "store_native_id": f"com.example.app{number}",
        "name": f"App {number}", "current_version": "9.0", "day": now.date(),
    }  # fmt: skip


def _vitals(random: np.random.Generator, start: int, size: int, of: int, now: datetime) -> pl.DataFrame:
    """Rows from `start` on of `of`: day by day each app and vital as a whole, and by phone model and country."""
    number = pl.int_range(start, start + size, eager=True).alias("number").to_frame().lazy()
    a_day = -(-of // DAYS)
    cut = pl.col("number") % a_day // (APPS * len(KINDS))
    model = pl.when(cut > 0).then(pl.format("phone-{}", cut % MODELS)).otherwise(pl.lit(""))
    country = pl.when(cut > 0).then(pl.format("c{}", cut // MODELS)).otherwise(pl.lit(""))
    return number.select(
        pl.format("play:{}", pl.col("number") % a_day % APPS).alias("store_app_id"),
        pl.lit("").alias("version"),
        model.alias("device_model"),
        country.alias("country"),
        (pl.col("number") % a_day // APPS % len(KINDS)).replace_strict(dict(enumerate(KINDS))).alias("vital"),
        (pl.lit(now.date()) - pl.duration(days=DAYS - pl.col("number") // a_day)).cast(pl.Date).alias("day"),
        pl.lit("America/Los_Angeles").alias("day_tz"),
        pl.Series("value", random.gamma(2, 0.003, size)),
        pl.lit("ratio").alias("unit"),
        pl.Series("user_count", random.integers(100, 9000, size)),
    ).collect()


def _reviews(random: np.random.Generator, start: int, size: int, now: datetime) -> pl.DataFrame:
    """Reviews of two ranges of 90 days, oldest first."""
    number = pl.int_range(start, start + size, eager=True)
    ago = pl.Series(np.sort(random.integers(60, 2 * DAYS * 86_400, size))[::-1]).cast(pl.Int64)
    at = pl.lit(now) - pl.duration(seconds=ago)
    return pl.select(
        pl.format("play:r{}", number).alias("review_id"),
        pl.format("play:{}", number % APPS).alias("store_app_id"),
        pl.Series("country", random.choice(["DE", "FR", "US", "BR"], size)),
        pl.Series("language", random.choice(["en", "de", "fr"], size)),
        pl.Series("rating", random.integers(1, 6, size)),
        pl.Series("body", random.choice(WORDS, size)),
        pl.Series("version", random.choice(["8.0", "8.1", "9.0"], size)),
        at.alias("created_at"),
        at.alias("updated_at"),
    )
