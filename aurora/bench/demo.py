"""Landing the demo estate with its 90 days of history, against a bare Parquet write of the rows that landed."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path

from aurora.bench.frame import Bench, Figure, Goal, SkippedError, benchmark
from aurora.bench.measure import arrow, bare_write, seconds
from aurora.contracts import TABLES
from aurora.settings import Settings, SourceSettings, load
from ingest.connector import load_connectors
from ingest.run import Ingest
from warehouse.lake import Lake

DAYS = 90


@benchmark
def demo(bench: Bench) -> Iterator[Figure]:
    """Seconds from an empty lake to the whole estate."""
    settings = settings_in(bench.folder)
    ours = seconds(lambda: land_demo(settings, bench.size(DAYS, 2)))
    lake = Lake(settings.lake)
    landed = {name: arrow(frame) for name, table in TABLES.items() if (frame := lake.read(table)).height}
    floor = sum(seconds(partial(bare_write, rows, bench.folder / f"{name}.parquet")) for name, rows in landed.items())
    rows = sum(table.num_rows for table in landed.values())
    yield Figure(
        f"landing of the demo estate ({rows:,} rows) / bare write", ours, "s", floor, Goal("value", "<=", 20.0)
    )


def settings_in(folder: Path) -> Settings:
    """Settings of a fresh Aurora in that folder, without a file of its own."""
    return load(folder / "data", folder / "aurora.toml")


def land_demo(settings: Settings, days: int) -> None:
    """Run the demo source once with that many days of history. Raises SkippedError if it does not load."""
    connectors = load_connectors()
    estate = connectors["demo"]
    whole = dict(estate.streams)
    try:
        for name, stream in whole.items():
            estate.streams[name] = replace(stream, lookback=timedelta(days=days))
        outcomes = Ingest(Lake(settings.lake), settings, connectors).run(SourceSettings(name="demo", connector="demo"))
    finally:
        estate.streams.update(whole)
    for outcome in outcomes:
        if outcome.status != "success":
            raise SkippedError(f"the demo estate does not load: {outcome.error}")
