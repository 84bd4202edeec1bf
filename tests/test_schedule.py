"""The worker: no source delays another, wrong settings change nothing, requests are acted on, one at a time."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from aurora.commands import work
from aurora.contracts.operations import ComponentHealth
from aurora.errors import AlreadyRunningError, SettingsError
from aurora.settings import Settings, SourceSettings
from ingest import schedule as schedule_module
from ingest.connector import Connector, Item, Run
from ingest.run import Ingest
from ingest.schedule import Worker
from tests.frames import health, settings
from warehouse.heartbeat import last_beat
from warehouse.lake import Lake
from warehouse.locks import locked
from warehouse.query import Warehouse
from warehouse.record import record_edit

LIMIT_S = 15.0


def until(true: Callable[[], Any], limit_s: float = LIMIT_S) -> None:
    """Wait until it holds; fails when it never does."""
    end = time.monotonic() + limit_s
    while not true():
        assert time.monotonic() < end, "it never came to hold"
        time.sleep(0.02)


class Rig:
    """A worker with made-up sources `quick`, `slow` and `broken`."""

    def __init__(self, lake: Lake, data: Path, *names: str, every: str = "1s") -> None:
        self.runs: dict[str, int] = dict.fromkeys(names, 0)
        self.release, self.config = threading.Event(), data / "aurora.toml"
        connectors: dict[str, Connector] = {}
        for name in names:
            connectors[name] = Connector(name)

            @connectors[name].stream(ComponentHealth, every=every)
            def fetch_health(run: Run[Any], name: str = name) -> Iterator[Item]:
                self.runs[name] += 1
                if name.startswith("slow"):
                    assert self.release.wait(30)
                if name == "broken":
                    raise RuntimeError("boom")
                yield ComponentHealth, health(f"{name}-{self.runs[name]}", run.now)

        sources = tuple(SourceSettings(name=name, connector=name) for name in names)
        mine = settings(data=data, config=self.config, demo=False, source=sources)
        self.answers: Callable[[], Settings] = lambda: mine
        self.settings = mine
        ingest = Ingest(lake, mine, connectors)
        self.worker = Worker(ingest, lambda settings, lake: settings.source, lambda: self.answers())

    @contextmanager
    def working(self) -> Iterator[None]:
        thread = threading.Thread(target=self.worker.work)
        thread.start()
        try:
            yield
        finally:
            self.release.set()
            self.worker.stop.set()
            thread.join(30)
            assert not thread.is_alive()


def test_a_source_that_hangs_or_breaks_delays_no_other(
    lake: Lake, data: Path, caplog: pytest.LogCaptureFixture
) -> None:
    rig = Rig(lake, data, "slow", "broken", "quick")
    with rig.working():
        until(lambda: rig.runs["quick"] >= 2)
        assert rig.runs["slow"] == 1
        warehouse = Warehouse(data / "published")
        until(lambda: (data / "published" / "current.json").exists())
        until(lambda: warehouse.rows("select count(*) as n from component_health")["n"][0] >= 1)
        beat = last_beat(data)
        assert beat is not None
        assert (beat.pid, beat.settings_error) == (os.getpid(), None)
        assert beat.age_s() < 10
        plan = {planned.source: planned for planned in beat.plan}
        assert plan["slow"].is_running
        assert plan["quick"].every_s == 1.0
        until(lambda: rig.runs["broken"] >= 2)
    assert "boom" in caplog.text
    assert lake.read(ComponentHealth)["component_id"].str.starts_with("slow").sum() == 1


def test_settings_that_are_wrong_leave_the_old_ones(lake: Lake, data: Path) -> None:
    rig = Rig(lake, data, "quick", every="1h")

    def wrong() -> Settings:
        raise SettingsError("aurora.toml, line 3: no such setting")

    with rig.working():
        until(lambda: rig.runs["quick"] == 1)
        rig.answers = wrong
        rig.config.write_text("colour = 1\n")
        until(lambda: (beat := last_beat(data)) and beat.settings_error)
        beat = last_beat(data)
        assert beat is not None
        assert beat.settings_error == "aurora.toml, line 3: no such setting"
        assert [planned.source for planned in beat.plan] == ["quick"]

        more = SourceSettings(name="second", connector="quick", every=timedelta(hours=1))
        rig.answers = lambda: rig.settings.model_copy(update={"source": (*rig.settings.source, more)})
        rig.config.write_text("# mended\n")
        until(lambda: rig.runs["quick"] == 2)
        until(lambda: (beat := last_beat(data)) and beat.settings_error is None and len(beat.plan) == 2)


def test_a_person_asks_for_a_run(lake: Lake, data: Path) -> None:
    rig = Rig(lake, data, "quick", every="1h")
    other = Lake(data / "lake")
    with rig.working():
        until(lambda: rig.runs["quick"] == 1)
        for times in (2, 3):
            record_edit(data, other, ("settings", "quick"), "run_requested_at", None, "ann")
            until(lambda: rig.runs["quick"] == times)  # noqa: B023
        time.sleep(1.3)
        assert rig.runs["quick"] == 3
        until(lambda: Warehouse(data / "published").rows("from edits").height == 2)


def test_faults_of_the_worker_itself_do_not_end_it(
    lake: Lake, data: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A full disk under the heartbeat, the publisher and the plan: all go on once there is room again."""
    rig, full, hits = Rig(lake, data, "quick"), threading.Event(), set()
    full.set()

    def failing(name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def instead(*args: Any, **kwargs: Any) -> Any:
            if full.is_set():
                hits.add(name)
                raise OSError(28, "No space left on device") if name == "beat" else RuntimeError("IO Error")
            return real(*args, **kwargs)

        return instead

    for name in ("beat", "publish"):
        monkeypatch.setattr(schedule_module, name, failing(name, getattr(schedule_module, name)))
    with rig.working():
        until(lambda: hits == {"beat", "publish"})
        full.clear()
        until(lambda: last_beat(data))
        until(lambda: (data / "published" / "current.json").exists())
    assert "publishing failed, the old generation stays" in caplog.text


def test_a_second_worker_is_refused_and_names_the_first(data: Path) -> None:
    with (
        locked(data / "locks" / "worker.lock"),
        pytest.raises(AlreadyRunningError, match=rf"as process {os.getpid()}:"),
    ):
        work(settings(data=data))


def test_many_hanging_sources_delay_no_other(lake: Lake, data: Path) -> None:
    slow = [f"slow{number}" for number in range(12)]
    rig = Rig(lake, data, *slow, "quick")
    with rig.working():
        until(lambda: all(rig.runs[name] for name in slow))
        seen = rig.runs["quick"]
        until(lambda: rig.runs["quick"] > seen)


def test_a_clock_that_is_set_back_silences_nothing(lake: Lake, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Back(datetime):
        """Two hours ago."""

        @classmethod
        def now(cls, tz: Any = None) -> datetime:
            return datetime.now(tz) - timedelta(hours=2)

    rig = Rig(lake, data, "quick")
    with rig.working():
        until(lambda: rig.runs["quick"] >= 1)
        monkeypatch.setattr("schedule.datetime.datetime", Back)
        monkeypatch.setattr(schedule_module, "_offset", lambda: time.time() - time.monotonic() - 7200)
        seen = rig.runs["quick"]
        until(lambda: rig.runs["quick"] > seen + 1)
