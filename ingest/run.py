"""One run of a source: its due streams one after the other, each landing as it goes and leaving one sync_runs row."""

import json
import logging
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import polars as pl
import polars.selectors as cs
from pydantic import ValidationError
from requests.adapters import BaseAdapter

from aurora.contracts import Row, Table
from aurora.contracts.platform import SyncRuns
from aurora.errors import AlreadyRunningError, AuroraError, ErrorClass, SourceError
from aurora.settings import Settings, SourceSettings, option_error
from ingest.check import Stamp
from ingest.connector import Bulk, Checkpoint, Connector, Cursor, Item, Run, Stream
from ingest.history import Outcome, as_json, keeper, record_run, sync_row, told
from ingest.http import Http
from ingest.land import Landed, land, parts_of, quarantine_all
from warehouse.lake import Batch, Lake
from warehouse.locks import locked

log = logging.getLogger("aurora.ingest")
Progress = Callable[[str, Landed], None]


@dataclass
class Ingest:
    """What runs need: the lake, the settings, the connectors, and who wants to know about progress."""

    lake: Lake
    settings: Settings
    connectors: dict[str, Connector]
    adapter: BaseAdapter | None = None
    progress: Progress | None = None
    clock: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))

    def connector_of(self, source: SourceSettings) -> Connector:
        """The source's connector. Raises SourceError naming those that exist."""
        if source.connector not in self.connectors:
            known = ", ".join(self.connectors)
            raise SourceError(
                f"{source.name}: there is no connector {source.connector!r}: use one of {known}", "bad_query"
            )
        return self.connectors[source.connector]

    def run(self, source: SourceSettings, only: set[str] | None = None) -> list[Outcome]:
        """Run the source's streams (or those named), one outcome each; a source that runs already is skipped."""
        try:
            with locked(self.settings.data / "locks" / f"source-{source.name}.lock", wait=False):
                return self._run_streams(source, only)
        except AlreadyRunningError:
            return [Outcome(source.name, "*", "skipped", Landed(), f"{source.name} is running already")]

    def _run_streams(self, source: SourceSettings, only: set[str] | None) -> list[Outcome]:
        try:
            connector = self.connector_of(source)
            options = connector.options.model_validate(source.options)
        except ValidationError as error:
            return [self._refused(source, str(option_error(self.settings, source.name, error)))]
        except SourceError as error:
            return [self._refused(source, str(error))]
        wanted = [stream for name, stream in connector.streams.items() if only is None or name in only]
        return [self._run_stream(source, connector, stream, options) for stream in wanted]

    def _run_stream(self, source: SourceSettings, connector: Connector, stream: Stream, options: Any) -> Outcome:
        try:
            run = StreamRun(self, source, connector, stream, options)
        except Exception as error:
            log.error("%s/%s: the run could not begin", source.name, stream.name, exc_info=error)
            sentence = f"{source.name}/{stream.name}: the run could not begin: {told(error)}"
            return Outcome(source.name, stream.name, "failed", Landed(), sentence[:1000], "internal")
        return run.go()

    def _refused(self, source: SourceSettings, sentence: str) -> Outcome:
        now = self.clock()
        outcome = Outcome(source.name, "*", "failed", Landed(), sentence, "bad_query")
        row = sync_row(source.connector, "*", now, now, outcome)
        record_run(self.lake, source.name, "*", uuid.uuid4().hex, row, now)
        return outcome


class StreamRun:
    """One run of one stream: rows are held until a checkpoint, then land together with the cursor."""

    def __init__(
        self, ingest: Ingest, source: SourceSettings, connector: Connector, stream: Stream, options: Any
    ) -> None:
        self.ingest, self.source, self.connector, self.stream = ingest, source, connector, stream
        self.id = f"{source.name}/{stream.name}"
        self.run_id = uuid.uuid4().hex
        self.started_at = ingest.clock()
        self.stamp = Stamp(connector.name, source.name, self.run_id, self.started_at)
        self.before = ingest.lake.cursor(stream.tables[0], self.id)[1] or self._remembered()
        self.after = self.before
        self.landed = Landed()
        self.held: dict[type[Table], list[Row | pl.DataFrame | Bulk]] = {}
        self.run: Run[Any] = Run(
            source_instance=source.name,
            stream=stream.name,
            options=options,
            now=self.started_at,
            since=self._since(),
            cursor=self.before,
            deadline=time.monotonic() + source.time_limit.total_seconds(),
            every=source.every or stream.every,
            open_http=self._http if connector.connect else None,
            read_landed=self._landed_before,
            read_known=self._known,
        )

    def go(self) -> Outcome:
        """Walk the stream, land what it yields, write the sync_runs row; every fault becomes an outcome."""
        try:
            outcome = self._walk()
        except Exception as error:
            outcome = self._failed(error)
        finished_at = self.ingest.clock()
        try:
            row = sync_row(self.connector.name, self.stream.name, self.started_at, finished_at, outcome)
            record_run(
                self.ingest.lake, self.source.name, self.stream.name, self.run_id, row | self._counts(), finished_at
            )
        except Exception as error:
            log.error("%s: the run could not be recorded: %s", self.id, told(error))
        return outcome

    def _walk(self) -> Outcome:
        checkpointed = False
        for item in self.stream.fetch(self.run):
            self.run.remaining_s()
            checkpointed = self._take(item) or checkpointed
        self._flush(self.after if checkpointed else {"until": self.started_at.isoformat()})
        warned = "; ".join(self.run.warnings)
        if warned:
            return Outcome(self.source.name, self.stream.name, "partial", self.landed, warned, "partial")
        return Outcome(self.source.name, self.stream.name, "success", self.landed)

    def _take(self, item: Item) -> bool:
        """Hold a row or frame, or land what is held; True for a checkpoint."""
        if isinstance(item, Checkpoint):
            self._flush(item.cursor)
            return True
        table, rows = item
        self.held.setdefault(table, []).append(rows)
        return False

    def _flush(self, cursor: Cursor | None) -> None:
        """Land what is held; the first table goes last, so that the cursor moves only when all else is safe."""
        first, held, self.held = self.stream.tables[0], self.held, {}
        refused, self.run.refused = self.run.refused, []
        self.landed += quarantine_all(self.ingest.lake, refused, self.stamp, self.id)
        for table in [table for table in held if table is not first]:
            self._land(table, held[table], None)
        self._land(first, held.get(first, []), cursor)
        self.after = cursor

    def _land(self, table: type[Table], items: list[Row | pl.DataFrame | Bulk], cursor: Cursor | None) -> None:
        parts = parts_of(items)
        if not parts and cursor is not None:
            parts.append([])
        for number, part in enumerate(parts, 1):
            # The cursor moves with the last part only: a kill in between reads all of them again.
            reached = cursor if number == len(parts) else self.after
            turn = self.ingest.lake.cursor(table, self.id)[0] + 1
            batch = Batch(self.id, turn, reached, bool(items), bool(items) and self.stream.is_whole)
            landed = land(self.ingest.lake, table, part, self.stamp, batch)
            self.landed += landed
            if self.ingest.progress:
                self.ingest.progress(self.id, landed)

    def _failed(self, error: Exception) -> Outcome:
        """The outcome of a run that broke; rows read before it broke still land, the cursor stays."""
        try:
            if (self.held or self.run.refused) and not self.stream.is_whole:
                self._flush(self.after)
        except Exception as second:
            log.error("%s: what was read before the fault could not land: %s", self.id, told(second))
        if isinstance(error, SourceError):
            return self._outcome(str(error), error.error_class)
        if isinstance(error, AuroraError):
            return self._outcome(str(error), "internal")
        if isinstance(error, KeyError | TypeError | ValueError | AttributeError | IndexError):
            log.warning("%s: an answer has an unexpected shape", self.id, exc_info=error)
            sentence = f"{self.id}: an answer has an unexpected shape ({type(error).__name__}: {error}): see the log"
            return self._outcome(sentence, "schema_drift")
        log.error("%s: the run broke", self.id, exc_info=error)
        return self._outcome(f"{self.id}: {told(error)}: see the log", "internal")

    def _outcome(self, error: str, kind: ErrorClass) -> Outcome:
        return Outcome(self.source.name, self.stream.name, "failed", self.landed, error[:1000], kind)

    def _counts(self) -> Row:
        http = self.run.__dict__.get("http")
        return {
            "unknown_enum_count": sum(self.run.unknown_words.values()),
            "request_count": http.request_count if http else None,
            "rate_limited_s": http.rate_limited_s if http else None,
            "cursor_before": as_json(self.before),
            "cursor_after": as_json(self.after),
            "new_fields": sorted(self.run.new_fields) or None,
        }

    def _since(self) -> datetime:
        """Where to read from: a little before the cursor, never in the future even if a clock was."""
        stored = (self.before or {}).get("until")
        try:
            until = datetime.fromisoformat(str(stored))
        except ValueError:
            return self.started_at - self.stream.lookback
        if until.tzinfo is None:
            until = until.replace(tzinfo=UTC)
        return min(until, self.started_at) - self.stream.overlap

    def _remembered(self) -> Cursor | None:
        """The cursor as the last sync_runs row tells it, for when the lake's log no longer reaches back."""
        table, lake = self.stream.tables[0], self.ingest.lake
        if lake.cursor(table, self.id)[0] == 0 or lake.was_reset(table, self.id):
            return None
        mine = (pl.col("source_instance") == self.source.name) & (pl.col("stream") == self.stream.name)
        runs = lake.read(SyncRuns).filter(mine & pl.col("cursor_after").is_not_null()).sort("started_at")
        return json.loads(runs["cursor_after"][-1]) if runs.height else None

    def _landed_before(self, table: type[Table]) -> pl.DataFrame:
        """Rows of this source as they stand in the lake, instants aware."""
        return self._known(table).filter(pl.col("source_instance") == self.source.name)

    def _known(self, table: type[Table]) -> pl.DataFrame:
        """All rows of a table, instants aware."""
        frame = self.ingest.lake.read(table)
        return frame.select(table.own_columns()).with_columns(cs.datetime().dt.replace_time_zone("UTC"))

    def _http(self, run: Run[Any]) -> Http:
        if self.connector.connect is None:
            raise SourceError(f"{self.id}: its connector states no site to connect to", "internal")
        keep = keeper(self.ingest.settings.data / "raw", self.source.name, self.run_id, self.started_at)
        return Http(self.source.name, self.connector.connect(run.options), run.remaining_s, keep, self.ingest.adapter)
