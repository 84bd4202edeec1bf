"""What every test stands on: no network but loopback, no AURORA_* around it, a lake of its own, spawn and not fork."""

import atexit
import ipaddress
import json
import multiprocessing
import os
import shutil
import socket
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.frames import NOW
from warehouse.lake import Lake
from warehouse.publish import current, publish
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
    """The published folder of an empty lake: what all models look like before there is a row."""
    data = tmp_path_factory.mktemp("unfilled")
    publish(Lake(data / "lake"), data, now=NOW)
    return data / "published"


@pytest.fixture
def published(lake: Lake, data: Path, unfilled: Path) -> Published:
    """Publish the lake with a clock that stands still, and read it.

    A second is saved each time by going on from the generation of an empty lake, as Aurora itself does from the last.
    """

    def at(now: datetime = NOW, *, rebuild: bool = False) -> Warehouse:
        if current(data / "published") is None:
            shutil.copytree(unfilled, data / "published")
            told = json.loads((unfilled / "current.json").read_text(encoding="utf-8")) | {"root": str(data)}
            (data / "published" / "current.json").write_text(json.dumps(told), encoding="utf-8")
        publish(lake, data, rebuild=rebuild, now=now)
        return Warehouse(data / "published")

    return at


def pytest_unconfigure() -> None:
    """Runner and workers end without a word: DuckDB's binding would count, on stderr, what pytest still refers to, and
    a test of pages leaves Streamlit's folder. Told last, so that it is done first."""
    atexit.register(lambda: os.dup2(os.open(os.devnull, os.O_WRONLY), 2))
