"""The worker: a scheduler that ticks, a pool that runs what is due, a publisher that shows what landed."""

import logging
import os
import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import schedule

from aurora.contracts.estate import Edits
from aurora.errors import AuroraError, SettingsError
from aurora.settings import Settings, SourceSettings
from ingest.history import Outcome
from ingest.plan import SELF
from ingest.run import Ingest
from warehouse.heartbeat import Heartbeat, Planned, beat, nudged_at
from warehouse.lake import Lake
from warehouse.maintain import compact_all, tidy
from warehouse.publish import publish
from warehouse.rollup import roll_up

log = logging.getLogger("aurora.worker")
POOL = 128  # threads are made when needed: one for every source that may hang, so that it delays no other
JUMP_S = 2.0
PUBLISH_EVERY_S = 1.0
SETTLE_S = 10.0
JUDGE_AFTER_S, JUDGE_EVERY_MIN = 20, 5
ROLL_EVERY_MIN = 2
Sources = Callable[[Settings, Lake], tuple[SourceSettings, ...]]
Judge = Callable[[Settings, Lake], None]


class Worker:
    """Runs every source at its own pace until told to stop; a slow source delays no other."""

    def __init__(
        self,
        ingest: Ingest,
        sources: Sources,
        reload: Callable[[], Settings],
        judge: Judge | None = None,
        objectives: Judge | None = None,
        costs: Judge | None = None,
        rules: Judge | None = None,
        reports: Judge | None = None,
    ) -> None:
        self.ingest, self._sources, self._reload = ingest, sources, reload
        self._judge, self._objectives, self._costs = judge, objectives, costs
        self._rules, self._reports = rules, reports
        self.data = ingest.settings.data
        self.stop = threading.Event()
        self._pool = ThreadPoolExecutor(POOL, thread_name_prefix="source")
        self._running: dict[str, Future[list[Outcome]]] = {}
        self._last_run: dict[tuple[str, str], float] = {}
        self._started_at = datetime.now(UTC)
        self._began = time.monotonic()
        self._requests_seen_at = self._started_at
        self._settings_error: str | None = None
        self._settings_seen = _mtime(ingest.settings.config)
        self._plan: tuple[SourceSettings, ...] = sources(ingest.settings, ingest.lake)
        self._nudge_seen = 0
        self._edits_seen: int | None = None
        self._upkeep = ThreadPoolExecutor(1, thread_name_prefix="upkeep")
        self._asked: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._jobs = schedule.Scheduler()
        self._offset = _offset()
        self._plan_jobs()

    def _plan_jobs(self) -> None:
        self._jobs.every(1).seconds.do(self._tick)
        self._jobs.every(2).seconds.do(self._look_at_settings)
        self._jobs.every(1).minutes.do(self._plan_anew)
        self._jobs.every(ROLL_EVERY_MIN).minutes.do(self._roll_up)
        self._jobs.every(10).minutes.do(self._in_pool, "compaction", lambda: compact_all(self.ingest.lake, self.data))
        self._jobs.every(6).hours.do(self._in_pool, "tidying", lambda: tidy(self.ingest.lake, self.ingest.settings))
        self._jobs.every(JUDGE_AFTER_S).seconds.do(self._judge_first)
        self._jobs.every(JUDGE_EVERY_MIN).minutes.do(self._of_ours, "judging", self._judge)
        for what, job in (("objectives", self._objectives), ("rules", self._rules), ("reports", self._reports)):
            self._jobs.every(1).minutes.do(self._of_ours, what, job)
        self._jobs.every(1).hours.do(self._of_ours, "cost anomalies", self._costs)

    def work(self) -> None:
        """Tick until `stop` is set, then wait for running sources to end."""
        publisher = threading.Thread(target=self._publish_loop, name="publisher")
        publisher.start()
        _guarded("the first tick", self._tick)
        while not self.stop.wait(0.2):
            self._notice_a_set_clock()
            _guarded("a tick", self._jobs.run_pending)
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._upkeep.shutdown(wait=True, cancel_futures=True)
        publisher.join()

    def _notice_a_set_clock(self) -> None:
        """The scheduler counts by the wall clock: set back by two hours, it would sleep for two hours."""
        offset = _offset()
        if abs(offset - self._offset) > JUMP_S:
            log.warning("the clock was set by %.0f s: all jobs are planned anew", offset - self._offset)
            self._jobs.clear()
            self._plan_jobs()
        self._offset = offset

    def _tick(self) -> None:
        """Start every source that has a stream due, unless it runs; tell that we are alive."""
        now = datetime.now(UTC)
        while not self._asked.empty():
            asked = self._asked.get()
            self._last_run = {key: at for key, at in self._last_run.items() if key[0] != asked}
        for source in self._plan:
            due = {name for name, every in self._streams(source) if self._due_in_s(source, name, every) <= 0}
            if due and not self._is_running(source.name):
                self._last_run |= {(source.name, name): time.monotonic() for name in due}
                self._running[source.name] = self._pool.submit(self._run, source, due)
        beat(self.data, self._heartbeat(now))

    def _run(self, source: SourceSettings, due: set[str]) -> list[Outcome]:
        try:
            outcomes = self.ingest.run(source, due)
        except Exception as error:
            log.error("%s: the run broke", source.name, exc_info=error)
            return []
        for outcome in outcomes:
            if outcome.error:
                log.warning("%s/%s %s: %s", outcome.source, outcome.stream, outcome.status, outcome.error)
        return outcomes

    def _streams(self, source: SourceSettings) -> list[tuple[str, timedelta]]:
        connector = self.ingest.connectors.get(source.connector)
        if connector is None:
            return [("*", timedelta(minutes=5))]
        return [(name, source.every or stream.every) for name, stream in connector.streams.items()]

    def _due_in_s(self, source: SourceSettings, stream: str, every: timedelta) -> float:
        """Seconds until the stream's next run, by a clock that nobody can set."""
        last = self._last_run.get((source.name, stream))
        if last is not None:
            return last + every.total_seconds() - time.monotonic()
        # The web process starts beside this one: asked too early, it would count as down.
        return self._began + SETTLE_S - time.monotonic() if source.name == SELF else 0.0

    def _is_running(self, name: str) -> bool:
        future = self._running.get(name)
        return future is not None and not future.done()

    def _in_pool(self, what: str, job: Callable[[], object]) -> None:
        if not self._is_running(f"#{what}"):
            self._running[f"#{what}"] = self._upkeep.submit(_guarded, what, job)

    def _roll_up(self) -> None:
        self._in_pool("rolling up", lambda: roll_up(self.ingest.lake, self.data / "published", datetime.now(UTC)))

    def _judge_first(self) -> type[schedule.CancelJob]:
        """Once, when the first runs have landed."""
        self._of_ours("judging", self._judge)
        self._of_ours("cost anomalies", self._costs)
        return schedule.CancelJob

    def _of_ours(self, what: str, job: Judge | None) -> None:
        if job is not None:
            self._in_pool(what, lambda: job(self.ingest.settings, self.ingest.lake))

    def _look_at_settings(self) -> None:
        """Take up a changed aurora.toml; a wrong one leaves the old settings and says so."""
        seen = _mtime(self.ingest.settings.config)
        if seen == self._settings_seen:
            return
        self._settings_seen = seen
        try:
            self.ingest.settings = self._reload()
            self._settings_error = None
        except SettingsError as error:
            self._settings_error = str(error)
            log.error("aurora.toml is wrong, the old settings stay: %s", error)
        self._plan = self._sources(self.ingest.settings, self.ingest.lake)

    def _plan_anew(self) -> None:
        """A Prometheus may have come up beside us, or a person may have taken the demo out."""
        self._plan = self._sources(self.ingest.settings, self.ingest.lake)

    def _publish_loop(self) -> None:
        while not self.stop.wait(0.25):
            started = time.monotonic()
            try:
                self._look_at_requests()
                publish(self.ingest.lake, self.data)
            except Exception as error:  # a publisher that ends would leave every page as it is, silently
                log.error("publishing failed, the old generation stays: %s", error)
            self.stop.wait(max(0.0, PUBLISH_EVERY_S - (time.monotonic() - started)) if self._is_calm() else 0.0)

    def _is_calm(self) -> bool:
        """False when another process has nudged since the last look."""
        seen, self._nudge_seen = self._nudge_seen, nudged_at(self.data)
        return seen == self._nudge_seen

    def _look_at_requests(self) -> None:
        """Act on what people asked for in `edits`: run a source now, take the demo in or out."""
        version = self.ingest.lake.version(Edits)
        if version == self._edits_seen:
            return
        self._edits_seen = version
        since = self._requests_seen_at.replace(tzinfo=None)
        rows = self.ingest.lake.read(Edits)
        asked = rows.filter((rows["entity_type"] == "settings") & (rows["changed_at"] > since)).sort("changed_at")
        for field, entity in asked.select("field", "entity_id").iter_rows():
            if field == "run_requested_at":
                self._asked.put(entity)
        if asked.height:
            self._requests_seen_at = asked["changed_at"][-1].replace(tzinfo=UTC)
            self._plan = self._sources(self.ingest.settings, self.ingest.lake)

    def _heartbeat(self, now: datetime) -> Heartbeat:
        plan = tuple(
            Planned(
                source.name,
                source.connector,
                name,
                every.total_seconds(),
                (now + timedelta(seconds=max(0.0, self._due_in_s(source, name, every)))).isoformat(),
                self._is_running(source.name),
            )
            for source in self._plan
            for name, every in self._streams(source)
        )
        return Heartbeat(os.getpid(), self._started_at.isoformat(), now.isoformat(), self._settings_error, plan)


def _guarded(what: str, job: Callable[[], object]) -> list[Outcome]:
    try:
        job()
    except Exception as error:
        log.error("%s failed: %s", what, error, exc_info=not isinstance(error, AuroraError))
    return []


def _offset() -> float:
    """Seconds between the wall clock and one that nobody can set."""
    return time.time() - time.monotonic()


def _mtime(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0
