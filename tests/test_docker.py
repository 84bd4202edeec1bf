"""Docker: CPU and memory by hand, a real Unix socket, containers that come and go, the API version."""

import http.server
import json
import socketserver
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from aurora.contracts.estate import Components
from aurora.contracts.operations import ComponentHealth, WorkloadStates
from aurora.errors import SourceError
from ingest.connectors.docker import connector, part_of, unique
from ingest.http import Http
from ingest.vendors.docker_api import DockerOptions, connect, dialled, version_of
from ingest.vendors.docker_stats import cpu_cores, cpu_limit, memory_used, online_cpus
from tests.replay import Recording, Replay, cursor_of, load, replayed, rows_of, run_of
from tests.servers import binary

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
Json = Any
CONTAINER = {"Id": "c0ffee", "Names": ["/web"], "Image": "web:1", "State": "running", "Created": 1772000000}
DETAILS = {"Id": "c0ffee", "State": {"Status": "running"}, "RestartCount": 0, "HostConfig": {}}
VERSION = {"ApiVersion": "1.50", "MinAPIVersion": "1.24"}


def stats(total: int, system: int | None, cpus: int | None = 4, **more: Any) -> Json:
    """A reading of the CPU counters."""
    told = {"cpu_usage": {"total_usage": total}, "system_cpu_usage": system, "online_cpus": cpus} | more
    return {name: value for name, value in told.items() if value is not None}


def answers(total: int = 100, system: int = 1000) -> dict[str, Json]:
    """What an engine with one container answers by path."""
    return {
        "/version": VERSION,
        "/v1.41/containers/json": [CONTAINER],
        "/v1.41/info": {"ID": "H", "Name": "host-1", "NCPU": 4},
        "/v1.41/containers/c0ffee/json": DETAILS,
        "/v1.41/containers/c0ffee/stats": {"cpu_stats": stats(total, system), "memory_stats": {}},
    }


def recording(told: dict[str, Json], at: datetime = NOW, cursor: Json = None, **options: Any) -> Recording:
    """A recording of answers by path."""
    exchanges = [
        {"request": {"method": "GET", "path": path}, "response": {"body": body}} for path, body in told.items()
    ]
    return Recording({"url": "http://docker.example:2375", **options}, at, exchanges, cursor)


@pytest.mark.parametrize(
    ("now", "before", "cores"),
    [
        (stats(3_000, 20_000), [1_000, 10_000], 0.8),  # 2000 / 10000 * 4 CPUs
        (stats(1_000, 20_000), [1_000, 10_000], 0.0),  # it slept: a measured zero
        (stats(1_000, 10_000), [1_000, 10_000], None),  # no time has passed
        (stats(500, 20_000), [1_000, 10_000], None),  # started anew
        (stats(3_000, 20_000), None, None),
        (stats(3_000, None), [1_000, 10_000], None),
        (stats(3_000, 20_000, None), [1_000, 10_000], None),
    ],
)
def test_cpu_is_computed_as_the_documentation_does(now: Json, before: Json, cores: float | None) -> None:
    assert cpu_cores(now, before) == (pytest.approx(cores) if cores is not None else None)


def test_an_old_engine_lists_its_cpus_one_by_one() -> None:
    assert online_cpus({"cpu_usage": {"percpu_usage": [1, 2, 3]}}) == 3


@pytest.mark.parametrize(
    ("memory", "used"),
    [
        ({"usage": 100, "stats": {"inactive_file": 30, "cache": 99}}, 70),
        ({"usage": 100, "stats": {"total_inactive_file": 40, "inactive_file": 1, "cache": 99}}, 60),
        ({"usage": 100, "stats": {"cache": 10}}, 90),
        ({"usage": 100, "stats": {"inactive_file": 0, "cache": 99}}, 100),
        ({"usage": 100}, 100),
        ({"usage": 10, "stats": {"inactive_file": 30}}, 10),
        ({}, None),
    ],
)
def test_memory_is_what_is_used_without_the_page_cache(memory: Json, used: int | None) -> None:
    assert memory_used(memory) == used


@pytest.mark.parametrize(
    ("host", "cores"),
    [
        ({"NanoCpus": 1_500_000_000}, 1.5),
        ({"CpuQuota": 50_000, "CpuPeriod": 100_000}, 0.5),
        ({"CpuQuota": 50_000, "CpuPeriod": 0}, 0.5),
        ({"CpuQuota": -1}, None),
        ({}, None),
    ],
)
def test_the_limit_of_cores(host: Json, cores: float | None) -> None:
    assert cpu_limit(host) == cores


@pytest.mark.parametrize(
    ("newest", "oldest", "asked"),
    [("1.50", "1.24", "1.41"), ("1.38", "1.12", "1.38"), ("1.52", "1.44", "1.44"), (None, None, "1.41")],
)
def test_the_version_is_one_that_both_sides_know(newest: str | None, oldest: str | None, asked: str) -> None:
    assert version_of({"ApiVersion": newest, "MinAPIVersion": oldest}) == asked


def test_cpu_is_what_was_used_since_the_run_before_unless_that_is_long_ago() -> None:
    """(180 - 100) / (1400 - 1000) * 4 = 0.8 cores of 4 = 20 %."""
    first, _, _ = replayed(connector, "health", recording(answers()))
    assert rows_of(first, ComponentHealth)[0]["cpu_pct"] is None
    later = answers(180, 1400)
    told = recording(later, NOW + timedelta(minutes=1), cursor_of(first))
    assert rows_of(replayed(connector, "health", told)[0], ComponentHealth)[0]["cpu_pct"] == pytest.approx(20.0)
    told = recording(later, NOW + timedelta(hours=1), cursor_of(first))
    assert rows_of(replayed(connector, "health", told)[0], ComponentHealth)[0]["cpu_pct"] is None


def test_an_error_told_under_200_is_no_answer() -> None:
    with pytest.raises(SourceError, match="no answer of the Docker API") as raised:
        replayed(connector, "health", recording({"/version": VERSION, "/v1.41/containers/json": {"message": "busy"}}))
    assert raised.value.error_class == "schema_drift"


def test_unknown_words_are_counted_once_and_labels_with_secrets_stay_out() -> None:
    items, run, _ = replayed(connector, "health", load("docker", "health"))
    assert dict(run.unknown_words) == {"canary": 1, "hibernating": 2}  # lifecycle and status
    assert not [row for row in rows_of(items, Components) if "$apr1$" in json.dumps(row, default=str)]


def test_a_container_that_ended_well_is_finished_and_one_that_did_not_is_down() -> None:
    told = load("docker", "health")
    items, _, _ = replayed(connector, "health", told)
    ended = {row["status_reason"]: row["status"] for row in rows_of(items, ComponentHealth)}
    assert (ended["exited with code 0"], ended["killed: out of memory"]) == ("unknown", "down")
    wanted = {row["not_ready_reason"]: row["desired"] for row in rows_of(items, WorkloadStates)}
    assert wanted["exited with code 0"] is None


def labelled(state: str = "running", created: int = 1, **labels: str) -> Json:
    """A listed container with labels of Compose or Swarm."""
    named = {f"com.docker.{name.replace('__', '.').replace('_', '-')}": text for name, text in labels.items()}
    return {"Id": "abc", "State": state, "Created": created, "Labels": named}


COMPOSE = {"compose__project": "shop", "compose__service": "web", "compose__container_number": "1"}


@pytest.mark.parametrize(
    ("listed", "part"),
    [
        (labelled(**COMPOSE), "shop/web/1"),
        (labelled(**COMPOSE, compose__oneoff="True"), "abc"),
        (labelled(swarm__task__name="shop_web.3.k2j4"), "shop_web.3"),
        ({"Id": "abc", "Labels": None}, "abc"),
    ],
)
def test_a_container_is_what_it_is_for(listed: Json, part: str) -> None:
    assert part_of(listed) == part


def test_of_two_containers_of_one_part_the_running_one_counts() -> None:
    running, ended = labelled(created=1, **COMPOSE), labelled("exited", 2, **COMPOSE)
    assert unique([running, ended]) == unique([ended, running]) == {"shop/web/1": running}


class Engine(http.server.BaseHTTPRequestHandler):
    """An engine with one container, over whatever socket it is served."""

    told: dict[str, Json] = {}

    def do_GET(self) -> None:
        body = json.dumps(self.told.get(self.path.partition("?")[0], {"message": "no such container"})).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def address_string(self) -> str:
        return "socket"

    def log_message(self, *_: Any) -> None:
        """Quiet."""


@pytest.fixture
def socket_path() -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="a b") as folder:  # short: a socket's path has 107 characters at most
        path = str(Path(folder) / "docker.sock")
        Engine.told = answers()
        with socketserver.UnixStreamServer(path, Engine) as server:
            thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
            thread.start()
            yield path
            server.shutdown()
            thread.join()


def test_an_engine_behind_a_socket_answers(socket_path: str) -> None:
    run = run_of(connector, "health", recording({}, url=f"unix://{socket_path}"), None)
    items = list(connector.streams["health"].fetch(run))
    assert [row["name"] for row in rows_of(items, Components)] == ["host-1", "web"]
    assert run.http.request_count == 5


@pytest.mark.parametrize("kind", ["nothing", "a file"])
def test_what_is_no_socket_is_said_to_be_none(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "docker.sock"
    if kind == "a file":
        path.write_text("")
    run = run_of(connector, "health", recording({}, url=f"unix://{path}"), None)
    with pytest.raises(SourceError, match=r"docker\.sock is no socket") as raised:
        list(connector.streams["health"].fetch(run))
    assert raised.value.error_class == "not_found"


def test_a_certificate_is_shown_where_one_is_given(tmp_path: Path) -> None:
    for name in ("cert.pem", "key.pem"):
        (tmp_path / name).write_text("x")
    pair = {"cert": str(tmp_path / "cert.pem"), "key": str(tmp_path / "key.pem")}
    run = run_of(connector, "health", recording({}, url="https://docker.example:2376", **pair), Replay([]))
    assert dialled(run)._session.cert == (pair["cert"], pair["key"])
    with pytest.raises(ValidationError, match="both cert and key"):
        DockerOptions.model_validate({"cert": pair["cert"]})


def test_a_container_that_is_gone_between_two_questions_is_left_out() -> None:
    told = load("docker", "health")
    names = [row["name"] for row in rows_of(replayed(connector, "health", told)[0], Components)]
    assert "gone" not in names
    assert len(names) == 1 + 6


def test_one_container_that_cannot_be_read_hides_no_other_and_makes_the_run_partial() -> None:
    told = recording(answers())
    told.exchanges[-1]["response"] = {"status": 500, "body": {"message": "cannot get cgroup path"}}
    items, run, _ = replayed(connector, "health", told)
    (row,) = rows_of(items, ComponentHealth)
    assert (row["status"], row["cpu_pct"]) == ("healthy", None)
    assert ["cannot get cgroup path" in warning for warning in run.warnings] == [True]


def test_podman_makes_up_an_id_so_its_name_counts() -> None:
    told = answers() | {"/v1.41/info": {"ID": "made-up", "Name": "host-1", "BuildahVersion": "1.28.2"}}
    items, _, _ = replayed(connector, "health", recording(told))
    assert rows_of(items, Components)[0]["component_id"] == "test:host/host-1"


def test_stopped_containers_are_left_out_on_demand() -> None:
    told = recording(answers(), stopped=False)
    told.exchanges[1]["request"]["params"] = {"all": "false"}
    assert len(rows_of(replayed(connector, "health", told)[0], ComponentHealth)) == 1


def test_a_real_engine_answers() -> None:
    """Podman's compatible service over its socket: no container, so no rows, but version and list are understood."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "podman.sock"
        start = [
            binary("podman", may_be_absent=True),
            "--storage-driver",
            "vfs",
            "--root",
            f"{folder}/root",
            "--runroot",
            f"{folder}/run",
            "system",
            "service",
        ]
        process = subprocess.Popen([*start, "--time", "0", f"unix://{path}"], stderr=subprocess.DEVNULL)
        try:
            end = time.monotonic() + 10
            while not path.exists() and process.poll() is None and time.monotonic() < end:
                time.sleep(0.05)
            told = replace(recording({}), options={"url": f"unix://{path}"})
            run = run_of(connector, "health", told, None)
            assert rows_of(connector.streams["health"].fetch(run), ComponentHealth) == []
        finally:
            process.terminate()
            process.wait(10)


def test_no_raw_answer_is_kept_because_it_may_hold_passwords() -> None:
    told, kept = load("docker", "health"), []
    run = run_of(connector, "health", told, None)
    site = connect(run.options)
    run.open_http = lambda run: Http(
        "test", site, run.remaining_s, lambda *one: kept.append(one), Replay(told.exchanges)
    )
    assert len(list(connector.streams["health"].fetch(run))) > 1
    assert kept == []
