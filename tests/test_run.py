"""One run of a source: whatever the connector does, what was read lands and the outcome says what happened."""

import gzip
import json
import threading
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from deltalake import DeltaTable

from aurora.contracts.estate import Components
from aurora.contracts.operations import Alerts, ComponentHealth
from aurora.contracts.platform import Quarantine, SyncRuns
from aurora.errors import SourceError
from aurora.settings import Frozen, SourceSettings
from ingest.connector import Checkpoint, Connector, Item, Run
from ingest.history import Outcome, keeper
from ingest.http import Site
from ingest.land import Landed
from ingest.run import Ingest
from tests.frames import DAY, HOUR, MINUTE, NOW, component, health, put, row, settings
from warehouse import delta as delta_module
from warehouse.lake import Lake
from warehouse.locks import locked

Fetch = Callable[[Run[Any]], Iterable[Item]]


class Options(Frozen):
    """Options of the made-up vendor."""

    limit: int = 5


class Rig:
    """A made-up connector of one stream, `fetch_health`, and runs of it under a clock that is set."""

    def __init__(self, lake: Lake, data: Path, fetch: Fetch, **source: Any) -> None:
        self.now = NOW
        self.seen: list[Run[Any]] = []
        connector = Connector("fake", Options, connect=lambda options: Site("http://127.0.0.1:1"))

        @connector.stream(ComponentHealth, Components, every="1m", lookback="2h", overlap="5m")
        def fetch_health(run: Run[Any]) -> Iterable[Item]:
            self.seen.append(run)
            return fetch(run)

        self.source = SourceSettings(name="t1", connector="fake", **source)
        self.lake, self.data = lake, data
        mine = settings(data=data, source=(self.source,))
        self.ingest = Ingest(lake, mine, {"fake": connector}, clock=lambda: self.now)

    def run(self) -> Outcome:
        (outcome,) = self.ingest.run(self.source)
        return outcome

    def told(self) -> dict[str, Any]:
        """The newest sync_runs row."""
        return self.lake.read(SyncRuns).sort("started_at", "finished_at").row(-1, named=True)

    def cursor(self) -> dict[str, Any] | None:
        return Lake(self.lake.root).cursor(ComponentHealth, "t1/health")[1]


@pytest.fixture
def rig(lake: Lake, data: Path) -> Callable[..., Rig]:
    return lambda fetch, **source: Rig(lake, data, fetch, **source)


def two(run: Run[Any]) -> Iterator[Item]:
    yield Components, component("a")
    yield ComponentHealth, health("a", run.now, cpu_pct=1.0)
    yield ComponentHealth, health("b", run.now, cpu_pct=2.0)


def test_success(rig: Callable[..., Rig], lake: Lake) -> None:
    mine = rig(two)
    outcome = mine.run()
    assert (outcome.status, outcome.error) == ("success", None)
    assert outcome.landed == Landed(3)
    assert mine.cursor() == {"until": NOW.isoformat()}
    told = mine.told()
    wanted = {
        "connector": "fake", "stream": "health", "status": "success", "row_count": 3, "quarantined_count": 0,
        "error": None, "error_class": None, "cursor_before": None, "source_instance": "t1", "request_count": None,
    }  # fmt: skip
    assert {name: told[name] for name in wanted} == wanted
    assert json.loads(told["cursor_after"]) == {"until": NOW.isoformat()}
    rows = lake.read(ComponentHealth)
    assert rows["run_id"].unique().to_list() == [told["sync_run_id"]]
    assert rows["source"].unique().to_list() == ["fake"]


def test_the_first_run_looks_back_and_the_next_ones_overlap(rig: Callable[..., Rig]) -> None:
    mine = rig(two)
    mine.run()
    mine.now = NOW + HOUR
    mine.run()
    first, second = mine.seen
    assert (first.since, first.cursor) == (NOW - 2 * HOUR, None)
    assert (second.since, second.cursor) == (NOW - 5 * MINUTE, {"until": NOW.isoformat()})
    assert mine.lake.read(SyncRuns).height == 2


def test_warnings_make_it_partial(rig: Callable[..., Rig]) -> None:
    def fetch(run: Run[Any]) -> Iterator[Item]:
        run.warn("page 2 is missing")
        run.word({"up": "healthy"}, "sideways")
        run.new_fields.add("colour")
        yield from two(run)

    mine = rig(fetch)
    outcome = mine.run()
    assert (outcome.status, outcome.error, outcome.error_class) == ("partial", "page 2 is missing", "partial")
    told = mine.told()
    assert (told["unknown_enum_count"], told["new_fields"], told["row_count"]) == (1, ["colour"], 3)


@pytest.mark.parametrize(
    "kind", ["auth", "permission", "not_found", "rate_limited", "bad_query", "timeout", "vendor_5xx"]
)
def test_a_source_error_keeps_its_class(rig: Callable[..., Rig], kind: Any) -> None:
    def fetch(run: Run[Any]) -> Iterator[Item]:
        raise SourceError(f"t1: {kind} it is", kind)
        yield

    mine = rig(fetch)
    outcome = mine.run()
    assert (outcome.status, outcome.error, outcome.error_class) == ("failed", f"t1: {kind} it is", kind)
    assert (mine.told()["error_class"], mine.told()["error"]) == (kind, f"t1: {kind} it is")
    assert mine.cursor() is None


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (KeyError("id"), "schema_drift"),
        (TypeError("None"), "schema_drift"),
        (RuntimeError("boom"), "internal"),
        (MemoryError(), "internal"),
    ],
)
def test_a_fault_amid_the_stream_lands_what_was_read_and_leaves_the_cursor(
    rig: Callable[..., Rig], lake: Lake, error: Exception, kind: str
) -> None:
    def fetch(run: Run[Any]) -> Iterator[Item]:
        yield from two(run)
        if run.now > NOW:
            raise error

    mine = rig(fetch)
    mine.run()
    mine.now = NOW + HOUR
    outcome = mine.run()
    assert (outcome.status, outcome.error_class) == ("failed", kind)
    assert outcome.landed.row_count == 2
    assert outcome.error
    assert "\n" not in outcome.error
    assert mine.cursor() == {"until": NOW.isoformat()}
    assert lake.read(ComponentHealth).height == 4


def test_bad_rows_are_quarantined_while_the_others_land(rig: Callable[..., Rig], lake: Lake) -> None:
    def fetch(run: Run[Any]) -> Iterator[Item]:
        yield from two(run)
        yield ComponentHealth, health("c", run.now, cpu_pct="3")
        yield ComponentHealth, health("half \ud800", run.now)
        yield ComponentHealth, pl.DataFrame([health("d", run.now, cpu_pct=4.0)])
        yield ComponentHealth, pl.DataFrame([health("e", run.now, cpu_pct="5")])
        yield ComponentHealth, pl.DataFrame([health("f", run.now)])

    mine = rig(fetch)
    outcome = mine.run()
    assert (outcome.status, outcome.landed.row_count, outcome.landed.quarantined_count) == ("success", 5, 3)
    assert sorted(lake.read(ComponentHealth)["component_id"]) == ["a", "b", "d", "f"]
    assert lake.read(Quarantine).height == mine.told()["quarantined_count"] == 3


class Killed(BaseException):
    """The process ends here."""


def test_a_killed_run_goes_on_from_its_checkpoint(rig: Callable[..., Rig], lake: Lake) -> None:
    def fetch(run: Run[Any]) -> Iterator[Item]:
        for number in range((run.cursor or {"done": 0})["done"], 5):
            yield ComponentHealth, health("a", NOW + number * MINUTE)
            yield Checkpoint({"done": number + 1})
            if number == 2 and len(mine.seen) == 1:
                yield ComponentHealth, health("a", NOW + 9 * MINUTE)
                raise Killed

    mine = rig(fetch)
    with pytest.raises(Killed):
        mine.run()
    assert mine.cursor() == {"done": 3}
    outcome = mine.run()
    assert mine.seen[1].cursor == {"done": 3}
    assert (outcome.status, outcome.landed) == ("success", Landed(2))
    assert mine.cursor() == {"done": 5}
    assert lake.read(ComponentHealth).height == 5


def test_a_kill_between_two_parts_of_a_batch_does_not_move_the_cursor(
    rig: Callable[..., Rig], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fetch(run: Run[Any]) -> Iterator[Item]:
        yield ComponentHealth, pl.DataFrame([health("a", run.now)])
        yield ComponentHealth, health("b", run.now)

    mine = rig(fetch)
    mine.run()
    writes: list[object] = []
    write = Lake.write

    def second_time(lake: Lake, table: Any, *args: Any) -> Any:
        writes.append(table)
        if len(writes) == 2:
            raise Killed
        return write(lake, table, *args)

    mine.now = NOW + HOUR
    with monkeypatch.context() as patch:
        patch.setattr(Lake, "write", second_time)
        with pytest.raises(Killed):
            mine.run()
    assert mine.cursor() == {"until": NOW.isoformat()}
    mine.run()
    assert mine.seen[-1].since == NOW - 5 * MINUTE


def test_a_cursor_in_the_future_does_not_stall(rig: Callable[..., Rig]) -> None:
    mine = rig(two)
    mine.now = NOW + 2 * HOUR
    mine.run()
    mine.now = NOW
    outcome = mine.run()
    assert outcome.status == "success"
    assert mine.seen[-1].since == NOW - 5 * MINUTE
    assert mine.cursor() == {"until": NOW.isoformat()}
    assert mine.told()["finished_at"] >= mine.told()["started_at"]


@pytest.mark.parametrize(
    "cursor", [{"until": "yesterday"}, {"until": "2026-03-01T00:00:00"}, {"until": 5}, {"page": "x"}]
)
def test_an_odd_cursor_is_no_crash(rig: Callable[..., Rig], cursor: dict[str, Any]) -> None:
    def fetch(run: Run[Any]) -> Iterator[Item]:
        yield from two(run)
        yield Checkpoint(cursor)

    mine = rig(fetch)
    mine.run()
    outcome = mine.run()
    assert outcome.status == "success"
    assert outcome.error is None or "the run could not begin" in outcome.error


def test_a_run_past_its_time_limit_ends(rig: Callable[..., Rig], monkeypatch: pytest.MonkeyPatch) -> None:
    def fetch(run: Run[Any]) -> Iterator[Item]:
        yield ComponentHealth, health("a", run.now)
        yield Checkpoint({"done": 1})
        run.deadline = 0.0
        while True:
            yield ComponentHealth, health("b", run.now)

    mine = rig(fetch, time_limit="10s")
    outcome = mine.run()
    assert (outcome.status, outcome.error_class) == ("failed", "timeout")
    assert "raise time_limit" in (outcome.error or "")
    assert mine.cursor() == {"done": 1}
    monkeypatch.setattr("ingest.run.time.monotonic", lambda: 100.0)
    mine.run()
    assert mine.seen[-1].every == timedelta(minutes=1)


def test_a_source_that_runs_already_is_skipped(rig: Callable[..., Rig], data: Path) -> None:
    mine = rig(two)
    with locked(data / "locks" / "source-t1.lock"):
        outcome = mine.run()
    assert (outcome.status, outcome.error) == ("skipped", "t1 is running already")
    assert mine.seen == []
    assert mine.run().status == "success"


def test_two_threads_run_one_source_once_at_a_time(rig: Callable[..., Rig]) -> None:
    inside, leave = threading.Event(), threading.Event()

    def fetch(run: Run[Any]) -> Iterator[Item]:
        inside.set()
        assert leave.wait(10)
        yield from two(run)

    mine = rig(fetch)
    first: list[Outcome] = []
    thread = threading.Thread(target=lambda: first.append(mine.run()))
    thread.start()
    assert inside.wait(10)
    assert mine.run().status == "skipped"
    leave.set()
    thread.join()
    assert first[0].status == "success"


@pytest.mark.parametrize("where", ["commit", "read"])
def test_a_full_disk_is_told_and_nothing_crashes(
    rig: Callable[..., Rig], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, where: str
) -> None:
    def full(*args: object, **kwargs: object) -> None:
        raise OSError(28, "No space left on device")

    def fetch(run: Run[Any]) -> Iterator[Item]:
        yield from two(run)
        if where == "read" and run.now == NOW:
            full()

    mine = rig(fetch)
    with monkeypatch.context() as patch:
        patch.setattr(delta_module, "write_deltalake", full)
        outcome = mine.run()
    assert (outcome.status, outcome.error_class) == ("failed", "internal")
    assert "No space left" in (outcome.error or "") or "the disk is full" in (outcome.error or "")
    assert "could not be recorded" in caplog.text
    assert mine.cursor() is None
    mine.now = NOW + MINUTE
    assert mine.run().status == "success"
    assert mine.lake.read(ComponentHealth).height == 2


def test_a_lake_that_cannot_be_read_fails_the_run_only(
    rig: Callable[..., Rig], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    mine = rig(two)
    with monkeypatch.context() as patch:
        patch.setattr(Lake, "cursor", lambda *args: (_ for _ in ()).throw(OSError(28, "No space left on device")))
        outcome = mine.run()
    assert (outcome.status, outcome.error_class) == ("failed", "internal")
    assert "the disk is full" in (outcome.error or "")
    assert mine.run().status == "success"


def test_wrong_options_and_unknown_connectors_are_failed_runs(rig: Callable[..., Rig]) -> None:
    mine = rig(two, limit="many")
    outcome = mine.run()
    assert (outcome.status, outcome.error_class) == ("failed", "bad_query")
    assert "limit" in (outcome.error or "")
    mine.source = SourceSettings(name="t2", connector="nagios")
    assert "no connector 'nagios': use one of fake" in (mine.run().error or "")
    assert mine.lake.read(SyncRuns)["status"].to_list() == ["failed", "failed"]


def test_only_the_streams_that_are_due_run(rig: Callable[..., Rig]) -> None:
    mine = rig(two)
    assert mine.ingest.run(mine.source, {"other"}) == []
    assert [outcome.stream for outcome in mine.ingest.run(mine.source, {"health"})] == ["health"]


def test_the_cursor_is_remembered_when_the_log_has_forgotten(
    rig: Callable[..., Rig], monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = rig(two)
    mine.run()
    monkeypatch.setattr(DeltaTable, "history", lambda *args: [])
    mine.ingest.lake = Lake(mine.lake.root)
    assert mine.ingest.lake.cursor(ComponentHealth, "t1/health") == (1, None)
    mine.now = NOW + DAY
    mine.run()
    assert mine.seen[-1].cursor == {"until": NOW.isoformat()}


def test_a_forgotten_source_begins_again(rig: Callable[..., Rig], lake: Lake) -> None:
    mine = rig(two)
    mine.run()
    for table in (ComponentHealth, Components):
        lake.forget(table, "t1", ["t1/health"])
    mine.now = NOW + MINUTE
    mine.run()
    assert (mine.seen[-1].cursor, mine.seen[-1].since) == (None, NOW + MINUTE - 2 * HOUR)


def test_progress_is_told(rig: Callable[..., Rig]) -> None:
    mine = rig(two)
    told: list[tuple[str, int]] = []
    mine.ingest.progress = lambda stream, landed: told.append((stream, landed.row_count))
    mine.run()
    assert told == [("t1/health", 1), ("t1/health", 2)]


def test_raw_answers_are_kept_by_day_and_run(rig: Callable[..., Rig], data: Path) -> None:
    keep = keeper(data / "raw", "t1", "run-9", NOW)
    keep("GET", "http://x/", 200, '{"é": 1}')
    keep("GET", "http://x/2", 404, "no")
    (file,) = (data / "raw").rglob("*.gz")
    assert file == data / "raw" / "2026-03-10" / "t1" / "12.jsonl.gz"
    lines = [json.loads(line) for line in gzip.decompress(file.read_bytes()).splitlines()]
    assert [(line["status"], line["body"]) for line in lines] == [(200, '{"é": 1}'), (404, "no")]
    assert {line["run_id"] for line in lines} == {"run-9"}


def test_a_connector_finds_its_helpers(rig: Callable[..., Rig], lake: Lake) -> None:
    def fetch(run: Run[Any]) -> Iterator[Item]:
        assert run.id(5) == "t1:5"
        assert run.word({"firing": "firing"}, "FIRING") == "firing"
        assert run.word({"firing": "firing"}, None) == "unknown"
        assert run.options.limit == 7
        assert run.http.site.url == "http://127.0.0.1:1"
        yield Components, component(run.id(5))

    mine = rig(fetch, limit=7)
    assert mine.run().status == "success"
    assert mine.told()["request_count"] == 0


def test_an_alert_that_changes_is_one_row(lake: Lake) -> None:
    least = row(Alerts, alert_id="t1:1", started_at=NOW, updated_at=NOW, last_seen_at=NOW)
    put(lake, Alerts, [least | {"state": "firing"}])
    put(lake, Alerts, [least | {"state": "resolved", "updated_at": datetime.max.replace(tzinfo=NOW.tzinfo)}])
    assert lake.read(Alerts)["state"].to_list() == ["resolved"]
