"""Recorded exchanges through the whole way into a lake: what a connector's rows and cursor become."""

from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl

from aurora.contracts import Table
from aurora.errors import SourceError
from aurora.settings import Settings, SourceSettings
from ingest.connector import Connector, Item
from ingest.history import Outcome
from ingest.run import Ingest
from tests.replay import SOURCE, Recording, Replay, run_of
from warehouse.lake import Lake

Json = Any


class Landing:
    """A lake that one source of a connector lands in."""

    def __init__(self, folder: Path, connector: Connector, options: dict[str, Json]) -> None:
        self.settings = Settings(data=folder / "data", config=folder / "aurora.toml")
        self.lake, self.connector = Lake(self.settings.lake), connector
        self.source = SourceSettings.model_validate({"name": SOURCE, "connector": connector.name, **options})

    def run(self, stream: str, exchanges: list[Json], now: datetime) -> tuple[Outcome, Replay]:
        """The outcome of one run of a stream at `now`, and the adapter that answered."""
        adapter = Replay(exchanges)
        ingest = Ingest(self.lake, self.settings, {self.connector.name: self.connector}, adapter, clock=lambda: now)
        return ingest.run(self.source, {stream})[0], adapter

    def rows(self, table: type[Table], *columns: str) -> list[tuple[Any, ...]]:
        """Rows of a table, sorted by the columns that are asked for."""
        return sorted(self.lake.read(table).select(columns).rows(), key=str)

    def doubles(self, table: type[Table]) -> int:
        """How many rows stand under a key that another row has."""
        frame: pl.DataFrame = self.lake.read(table)
        return frame.height - frame.unique(list(table.spec.key)).height


def until_it_breaks(connector: Connector, stream: str, recording: Recording) -> list[Item]:
    """What a stream yields before its source refuses an answer."""
    told: list[Item] = []
    run = run_of(connector, stream, recording, Replay(recording.exchanges))
    try:
        for item in connector.streams[stream].fetch(run):
            told.append(item)  # noqa: PERF402
    except SourceError:
        return told
    raise AssertionError("the source refused nothing")
