"""A client of the Redis protocol (RESP2), as small as monitoring needs: sign in, ask, read replies within a time limit.

Protocol: https://redis.io/docs/latest/develop/reference/protocol-spec/
"""

import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ingest.vendors.sockets import InTime, dial, look_up

MAX_REPLY_BYTES = 4 * 1024 * 1024
MAX_DEPTH = 8


class RespError(Exception):
    """The server refused a command; `code` is the first word it said, such as NOAUTH, WRONGPASS, NOPERM, LOADING."""

    def __init__(self, said: str) -> None:
        super().__init__(said)
        self.code = said.partition(" ")[0]


class Resp:
    """One connection. Raises OSError when it breaks, TimeoutError after `timeout_s` seconds in all."""

    def __init__(self, sock: Any, timeout_s: float) -> None:
        end = time.monotonic() + timeout_s

        def left_s() -> float:
            left = end - time.monotonic()
            if left <= 0:
                raise TimeoutError("no time is left")
            return left

        self._wire = InTime(sock, left_s)
        self._reader = self._wire.makefile("rb")
        self._budget = MAX_REPLY_BYTES

    def ask(self, *words: str) -> Any:
        """The reply: text, int, None or a list of these. Raises RespError for a refusal."""
        parts = [word.encode() for word in words]
        self._wire.sendall(b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%s\r\n" % (len(one), one) for one in parts))
        return self._reply(0)

    def _reply(self, depth: int) -> Any:
        line = self._line()
        kind, rest = line[:1], line[1:]
        if kind == "+":
            return rest
        if kind == "-":
            raise RespError(rest)
        if kind == ":":
            return int(rest)
        if kind == "$":
            return None if rest == "-1" else self._exactly(int(rest))
        if kind == "*" and depth < MAX_DEPTH:
            return None if rest == "-1" else [self._reply(depth + 1) for _ in range(self._spent(int(rest)))]
        raise ConnectionError(f"this is not the Redis protocol ({line[:40]!r})")

    def _line(self) -> str:
        line = self._reader.readline(4096)
        self._spent(len(line))
        if not line.endswith(b"\r\n"):
            raise ConnectionError("the connection broke off" if not line else "a line without an end")
        return line[:-2].decode(errors="replace")

    def _exactly(self, size: int) -> str:
        data = self._reader.read(self._spent(size) + 2)
        if len(data) != size + 2:
            raise ConnectionError("the connection broke off")
        return data[:-2].decode(errors="replace")

    def _spent(self, size: int) -> int:
        """The size, if it is sane and a reply of it fits into what one connection may bring."""
        self._budget -= size
        if size < 0 or self._budget < 0:
            raise ConnectionError(f"a reply is larger than {MAX_REPLY_BYTES >> 20} MiB")
        return size


@contextmanager
def connected(host: str, port: int, timeout_s: float, tls: bool, ca: Path | None) -> Iterator[Resp]:
    """A connection to the first address that answers. Raises OSError (ssl.SSLError for a certificate)."""
    sock = _dialled(host, port, timeout_s)
    try:
        if tls:
            sock.settimeout(timeout_s)
            sock = ssl.create_default_context(cafile=ca).wrap_socket(sock, server_hostname=host)
        yield Resp(sock, timeout_s)
    finally:
        sock.close()


def _dialled(host: str, port: int, timeout_s: float) -> Any:
    failure: OSError = ConnectionError("no address is known")
    for family, place in look_up(host, port, timeout_s):
        try:
            return dial(family, place, timeout_s)
        except OSError as error:
            failure = error
    raise failure
