"""Deployments that are recorded: once however often it is said, each status in its turn, a return as one of its own."""

import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from aurora.contracts.delivery import Deployments, Repositories
from aurora.contracts.platform import SyncRuns
from aurora.errors import UsageError
from ingest.pushes import Push, record_deployment
from tests.command import aurora
from tests.conftest import Published
from tests.frames import HOUR, MINUTE, NOW, ROOT, put, row
from warehouse.heartbeat import nudge
from warehouse.lake import Lake
from warehouse.query import Warehouse

LEAST = {"app_id": "shop", "environment": "production", "status": "success", "version": "1.2"}


def recorded(data: Path, lake: Lake, minutes: float = 0, **said: Any) -> str:
    """The id of what is recorded so many minutes after NOW."""
    return record_deployment(data, lake, Push(**(LEAST | said)), NOW + minutes * MINUTE).deployment_id


def rows(lake: Lake, *columns: str) -> list[tuple[Any, ...]]:
    return lake.read(Deployments).sort("created_at", "deployment_id").select(columns).rows()


def naive(at: datetime) -> datetime:
    return at.replace(tzinfo=None)


def test_every_column_by_hand(lake: Lake, data: Path) -> None:
    said = {"sha": "abc", "started_at": NOW - HOUR, "finished_at": NOW - MINUTE, "url": "https://ci/7", "actor": "ann"}
    said |= {"rollback_plan": "deploy 1.1", "changes": ("one", "two"), "repo_id": "git:1"}
    recorded(data, lake, **said)
    [told] = lake.read(Deployments).to_dicts()
    assert re.fullmatch(r"pushes:[0-9a-f]{24}", told.pop("deployment_id"))
    assert len(told.pop("run_id")) == 32
    assert {name: value for name, value in told.items() if value is not None} == {
        "app_id": "shop",
        "repo_id": "git:1",
        "environment": "production",
        "env_tier": "production",
        "sha": "abc",
        "version": "1.2",
        "created_at": naive(NOW - HOUR),
        "started_at": naive(NOW - HOUR),
        "finished_at": naive(NOW - MINUTE),
        "duration_s": 3540.0,
        "status": "success",
        "is_inferred": False,
        "actor": "ann",
        "url": "https://ci/7",
        "changes": ["one", "two"],
        "rollback_plan": "deploy 1.1",
        "updated_at": naive(NOW),
        "source": "push",
        "source_instance": "pushes",
        "ingested_at": naive(NOW),
    }
    assert lake.read(SyncRuns).select("connector", "stream", "row_count").rows() == [("push", "deployments", 1)]


def test_saying_it_twice_changes_nothing(lake: Lake, data: Path) -> None:
    first = recorded(data, lake, sha="abc")
    versions = lake.version(Deployments), lake.version(SyncRuns)
    assert recorded(data, lake, 5, sha="abc") == first
    assert recorded(data, lake, 6) == first, "what is not said does not differ"
    assert (lake.version(Deployments), lake.version(SyncRuns)) == versions


def test_a_later_status_updates_the_row(lake: Lake, data: Path) -> None:
    """By hand: queued at 0, running from 1, well at 4: three minutes; what was said once stays."""
    recorded(data, lake, 0, status="queued", actor="ann", changes=("one",))
    recorded(data, lake, 1, status="running", sha="abc")
    recorded(data, lake, 1, status="running")
    recorded(data, lake, 4)
    columns = ("status", "sha", "actor", "changes", "created_at", "started_at", "finished_at", "duration_s")
    times = [naive(NOW), naive(NOW + MINUTE), naive(NOW + 4 * MINUTE)]
    assert rows(lake, *columns) == [("success", "abc", "ann", ["one"], *times, 180.0)]
    recorded(data, lake, 60, status="rolled_back")
    assert rows(lake, "status", "finished_at") == [("rolled_back", times[2])]


def test_a_second_try_ends_when_it_ends(lake: Lake, data: Path) -> None:
    recorded(data, lake, 0, status="failed", id="7")
    recorded(data, lake, 5, status="running", id="7")
    assert rows(lake, "status", "started_at", "finished_at") == [("running", naive(NOW + 5 * MINUTE), None)]
    recorded(data, lake, 9, id="7")
    recorded(data, lake, 10, status="failed", id="7")
    assert rows(lake, "status", "finished_at") == [("failed", naive(NOW + 10 * MINUTE))]


def test_a_return_is_a_deployment_of_its_own(lake: Lake, data: Path, published: Published) -> None:
    """1.1, then 1.2, then 1.1 again: three rows, and the mart knows the third for a rollback of the second."""
    names = [
        recorded(data, lake, minutes, version=version, sha=version)
        for minutes, version in ((0, "1.1"), (9, "1.2"), (20, "1.1"))
    ]
    assert len(set(names)) == 3
    assert recorded(data, lake, 21, version="1.1", sha="1.1") == names[2]
    told = published().rows("select version, status, is_rollback from deployments_by_app order by created_at").rows()
    assert told == [("1.1", "success", False), ("1.2", "rolled_back", False), ("1.1", "success", True)]


def test_taken_back_is_said_of_the_version_that_was_deployed(lake: Lake, data: Path) -> None:
    bad = recorded(data, lake, 0, version="1.2")
    recorded(data, lake, 9, version="1.1")
    assert recorded(data, lake, 10, version="1.2", status="rolled_back") == bad
    assert rows(lake, "version", "status") == [("1.2", "rolled_back"), ("1.1", "success")]


def test_two_that_run_side_by_side_end_each_for_itself(lake: Lake, data: Path) -> None:
    first = recorded(data, lake, 0, version="1", status="running")
    second = recorded(data, lake, 1, version="2", status="running")
    assert [recorded(data, lake, 2, version="1"), recorded(data, lake, 3, version="2")] == [first, second]


def test_a_history_can_be_told_again(lake: Lake, data: Path) -> None:
    """With the instants at which they began, deployments are known however often and in whatever order."""
    history = [("1", NOW - 9 * HOUR), ("2", NOW - 8 * HOUR), ("1", NOW - 7 * HOUR)]
    for told in (history, history, history[::-1]):
        for version, at in told:
            recorded(data, lake, version=version, started_at=at)
    assert rows(lake, "version", "started_at") == [(version, naive(at)) for version, at in history]


def test_ids_are_those_of_an_application_and_environment(lake: Lake, data: Path) -> None:
    told = {recorded(data, lake, id="7", app_id=app, environment=env) for app in ("a", "b") for env in ("prod", "qa")}
    assert told == {"pushes:a/prod/7", "pushes:a/qa/7", "pushes:b/prod/7", "pushes:b/qa/7"}
    assert recorded(data, lake, 1, id="8", app_id="a", environment="prod") == "pushes:a/prod/8"
    assert sorted(set(rows(lake, "env_tier"))) == [("production",), ("testing",)]


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"status": "done"}, "there is no status 'done': use queued, running, blocked, success, failed"),
        ({"status": "unknown"}, "there is no status 'unknown'"),
        ({"app_id": "The Shop"}, "'The Shop' is no app_id"),
        ({"environment": "blue"}, "environment 'blue' tells no tier: say which: production, staging"),
        ({"env_tier": "prod"}, "there is no tier 'prod'"),
        ({"version": None}, "say what is deployed"),
        ({"started_at": NOW, "finished_at": NOW - MINUTE}, "it ended before it began"),
        ({"started_at": NOW + 2 * HOUR}, "its start .* lies ahead of now"),
        ({"status": "running", "finished_at": NOW}, "it has an end and is running"),
    ],
)  # fmt: skip
def test_words_that_nobody_knows_are_refused(lake: Lake, data: Path, said: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        recorded(data, lake, **said)
    assert lake.version(Deployments) is None


def test_of_several_at_once_one_is_written(lake: Lake, data: Path) -> None:
    told: list[str] = []
    people = [threading.Thread(target=lambda: told.append(recorded(data, Lake(data / "lake")))) for _ in range(6)]
    for one in people:
        one.start()
    for one in people:
        one.join()
    assert len(told) == 6
    assert len(set(told)) == 1
    assert lake.read(Deployments).height == 1


@pytest.fixture
def config(tmp_path: Path) -> Path:
    file = tmp_path / "aurora.toml"
    file.write_text("detect_prometheus = false\ndemo = false\n")
    return file


SAID = ("record", "deployment", "--app", "shop", "--env", "production", "--version", "1.2", "--sha", "abc")


def test_the_command(lake: Lake, data: Path, config: Path) -> None:
    put(lake, Repositories, [row(Repositories, repo_id="git:1", full_name="shop/web")])
    more = (
        "--started",
        "2026-03-01T10:00:00Z",
        "--finished",
        "2026-03-01T12:05:00+02:00",
        "--change",
        "a",
        "--change",
        "b, c",
    )
    first = aurora(data, config, *SAID, "--status", "success", "--repo", "shop/web", *more)
    assert first.code == 0, first.err
    assert re.fullmatch(
        r"shop on production: success, as pushes:\w{24}; no application is registered as shop\n", first.text
    )
    again = aurora(data, config, *SAID, "--status", "success", *more[:2])
    assert "(known already)" in again.text
    told = Warehouse(data / "published").rows("select repo_id, duration_s, changes from deployments").rows()
    assert told == [("git:1", 300.0, ["a", "b, c"])]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ((*SAID, "--status", "done"), "there is no status 'done'"),
        ((*SAID, "--status", "success", "--started", "noon"), "--started 'noon' is no instant"),
        ((*SAID, "--status", "success", "--started", "2026-03-01T10:00:00"), "tells no zone"),
        (SAID, "--status"),
    ],
)
def test_the_command_ends_with_2_for_what_it_does_not_know(
    data: Path, config: Path, words: tuple[str, ...], sentence: str
) -> None:
    said = aurora(data, config, *words)
    assert said.code == 2
    assert sentence in said.err
    assert not (data / "lake").exists()


@contextmanager
def working(data: Path, config: Path) -> Iterator[None]:
    """A worker without sources on the folder."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AURORA_")}
    command = [sys.executable, "-m", "aurora.cli", "--data", str(data), "--config", str(config), "worker"]
    process = subprocess.Popen(command, env=environment, cwd=ROOT, stderr=subprocess.DEVNULL)
    try:
        until = time.monotonic() + 60
        while not (data / "worker.json").exists() or not (data / "published" / "current.json").exists():
            assert process.poll() is None
            assert time.monotonic() < until
            time.sleep(0.05)
        yield
    finally:
        process.terminate()
        process.wait(15)


def test_a_recorded_deployment_is_seen_within_two_seconds(data: Path, config: Path) -> None:
    """While a worker publishes and nobody else does; the best of three, since the machine has other things to do."""
    lake = Lake(data / "lake")

    def seen_after_s(version: str) -> float:
        began = time.monotonic()
        recorded(data, lake, version=version)
        nudge(data)
        query = f"from deployments_by_app where version = '{version}'"
        while not Warehouse(data / "published").rows(query).height:
            assert time.monotonic() - began < 20
            time.sleep(0.02)
        return time.monotonic() - began

    with working(data, config):
        assert min(seen_after_s(version) for version in ("1", "2", "3")) < 2.0
        said = aurora(data, config, *SAID, "--status", "success", "--id", "8")
        assert said.code == 0
        assert Warehouse(data / "published").rows("from deployments_by_app").height == 4


def test_instants_are_utc() -> None:
    from aurora.cli_record import instant

    assert instant("--started", "2026-03-01T12:00:00+02:00") == datetime(2026, 3, 1, 10, tzinfo=UTC)
    assert instant("--started", None) is None
