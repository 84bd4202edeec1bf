"""What every test stands on: no network but loopback, no AURORA_* around it, a lake of its own, spawn and not fork."""

import atexit
import ipaddress
import multiprocessing
import os
import socket
import sys
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from aurora.contracts.delivery import Commits
from aurora.explore import ask
from tests.frames import NOW, put, row
from tests.templates import copy_of, shared
from warehouse.lake import Lake
from warehouse.publish import Generation, _publish, current, publish
from warehouse.query import Warehouse

# The lake's native threads do not survive a fork.
multiprocessing.set_start_method("spawn", force=True)

_connect, _connect_ex, _getaddrinfo = socket.socket.connect, socket.socket.connect_ex, socket.getaddrinfo


def _refuse_the_world(sock: socket.socket, address: Any) -> None:
    if sock.family == socket.AF_UNIX or ipaddress.ip_address(_named(address[0])).is_loopback:
        return
    raise AssertionError(f"a test reached out to {address}: tests speak to loopback only")


def _named(host: str) -> str:
    return "127.0.0.1" if host in ("", "localhost") else host.partition("%")[0]


def _look_up(host: Any, *args: Any, **kwargs: Any) -> Any:
    name = host.decode() if isinstance(host, bytes) else host
    if name and name.endswith(".invalid"):  # RFC 6761: a name that never resolves
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
    if name not in (None, "localhost"):
        name.encode("idna")  # what is no name at all is refused before anybody is asked: UnicodeError
        try:
            ipaddress.ip_address(name.partition("%")[0])
        except ValueError:
            raise AssertionError(f"a test looked up {name}: tests speak to loopback only") from None
    return _getaddrinfo(host, *args, **kwargs)


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def connect(sock: socket.socket, address: Any) -> None:
        _refuse_the_world(sock, address)
        _connect(sock, address)

    def connect_ex(sock: socket.socket, address: Any) -> int:
        _refuse_the_world(sock, address)
        return _connect_ex(sock, address)

    monkeypatch.setattr(socket.socket, "connect", connect)
    monkeypatch.setattr(socket.socket, "connect_ex", connect_ex)
    monkeypatch.setattr(socket, "getaddrinfo", _look_up)


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AURORA_DATA", "AURORA_CONFIG", "AURORA_NO_DEMO", "PORT"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(autouse=True)
def _own_main(monkeypatch: pytest.MonkeyPatch) -> None:
    """A page under test becomes the main module, and a process spawned later would run that page first."""
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """An empty data folder."""
    folder = tmp_path / "data"
    folder.mkdir()
    return folder


@pytest.fixture
def lake(data: Path) -> Lake:
    """The empty lake of that folder."""
    return Lake(data / "lake")


Published = Callable[..., Warehouse]


@pytest.fixture(scope="session")
def unfilled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with an empty lake, published: what all models look like before there is a row. Take a copy."""
    return shared(tmp_path_factory, "unfilled", lambda data: publish(Lake(data / "lake"), data, rebuild=True))


@pytest.fixture
def begun(data: Path, unfilled: Path) -> Path:
    """The data folder with its empty lake published."""
    return copy_of(unfilled, data)


@pytest.fixture(autouse=True)
def _begun(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first publish of a folder goes on from an empty lake's, as every later one does: seconds saved each time.

    `publish(rebuild=True)` is whole as ever, and so is the first one under the mark `whole`.
    """
    if request.node.get_closest_marker("whole"):
        return

    def on_from_there(lake: Lake, data: Path, folder: Path, rebuild: bool, now: datetime | None) -> Generation:
        if current(folder) is None and not rebuild:
            copy_of(request.getfixturevalue("unfilled"), data)
        return _publish(lake, data, folder, rebuild, now)

    monkeypatch.setattr("warehouse.publish._publish", on_from_there)


@pytest.fixture
def published(lake: Lake, data: Path) -> Published:
    """Publish the lake with a clock that stands still, and read it."""

    def at(now: datetime = NOW, *, rebuild: bool = False) -> Warehouse:
        publish(lake, data, rebuild=rebuild, now=now)
        return Warehouse(data / "published")

    return at


@pytest.fixture(scope="session")
def explored(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A published folder, with one commit in its lake, to ask questions of people; do not write to it."""

    def build(folder: Path) -> None:
        put(Lake(folder / "lake"), Commits, [row(Commits)])
        _publish(Lake(folder / "lake"), folder, folder / "published", False, None)

    yield shared(tmp_path_factory, "explored", build) / "published"
    ask.close()


def pytest_unconfigure() -> None:
    """Runner and workers end without a word: DuckDB's binding would count, on stderr, what pytest still refers to, and
    a test of pages leaves Streamlit's folder. Told last, so that it is done first."""
    atexit.register(lambda: os.dup2(os.open(os.devnull, os.O_WRONLY), 2))
