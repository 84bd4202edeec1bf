"""HTTP through a Unix socket: addresses of the form http+unix://<quoted path>/..., for daemons without a port."""

import os
import socket
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection
from urllib3.connectionpool import HTTPConnectionPool

from aurora.errors import SourceError
from ingest.http import Http

SCHEME = "http+unix://"


class _Connection(HTTPConnection):
    def __init__(self, path: str) -> None:
        super().__init__("localhost")
        self.path = path

    def _new_conn(self) -> socket.socket:
        connected = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        timeout = self.timeout
        connected.settimeout(float(timeout) if isinstance(timeout, int | float) else None)
        connected.connect(self.path)
        return connected


class _Pool(HTTPConnectionPool):
    def __init__(self, path: str) -> None:
        super().__init__("localhost", maxsize=1)
        self.path = path

    def _new_conn(self) -> _Connection:
        return _Connection(self.path)


class UnixSocket(HTTPAdapter):
    """Sends every request through one socket, whatever host its address names."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self.pool = _Pool(path)

    def get_connection_with_tls_context(
        self,
        request: requests.PreparedRequest,
        verify: bool | str | None,
        proxies: Mapping[str, str] | None = None,
        cert: Any = None,
    ) -> HTTPConnectionPool:
        """The connection to the socket."""
        return self.pool

    def close(self) -> None:
        """Close the connection."""
        self.pool.close()
        super().close()


def address_of(path: str) -> str:
    """The address under which a socket is asked."""
    return SCHEME + quote(path, safe="")


def through_socket(http: Http, path: str) -> None:
    """Let the client reach addresses of that socket. Raises SourceError when it is none or may not be used."""
    if not Path(path).exists() or not stat.S_ISSOCK(Path(path).stat().st_mode):
        raise SourceError(f"{http.who}: {path} is no socket: is its daemon up, and is url right?", "not_found")
    if not os.access(path, os.R_OK | os.W_OK):
        raise SourceError(
            f"{http.who}: {path} may not be used by this user: add it to the socket's group", "permission"
        )
    # requests picks the adapter by the address; the client itself knows only http and https
    http._session.mount(SCHEME, UnixSocket(path))
