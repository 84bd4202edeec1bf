"""Sockets with a time limit that holds: looking up, dialling, reading; and what a certificate says of itself."""

import io
import ipaddress
import queue
import socket
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cryptography import x509

Address = tuple[socket.AddressFamily, tuple[Any, ...]]

MAX_ADDRESSES = 8


@dataclass(frozen=True)
class Certificate:
    """The certificate that the server showed, trusted or not."""

    not_after_at: datetime
    subject: str
    issuer: str


class InTime(io.RawIOBase):
    """A socket whose every read gets only the time that is left, so that dripping does not help."""

    def __init__(self, sock: socket.socket, left_s: Callable[[], float]) -> None:
        self._sock, self._left_s = sock, left_s

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._sock.settimeout(self._left_s())
        return self._sock.recv_into(buffer)

    def sendall(self, data: bytes) -> None:
        self._sock.settimeout(self._left_s())
        self._sock.sendall(data)

    def makefile(self, mode: str) -> io.BufferedReader:
        return io.BufferedReader(InTime(self._sock, self._left_s))  # http.client closes its socket before it reads on


def look_up(host: str, port: int, left_s: float) -> Sequence[Address]:
    """Addresses, IPv6 first. The system's resolver knows no time limit, so it is asked in a thread that may be left."""
    answers: queue.SimpleQueue[Sequence[Address] | Exception] = queue.SimpleQueue()

    def ask() -> None:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            answers.put(sorted([(a[0], a[4]) for a in found], key=lambda a: a[0] != socket.AF_INET6)[:MAX_ADDRESSES])
        except (OSError, ValueError) as error:
            answers.put(error)

    threading.Thread(target=ask, daemon=True).start()
    try:
        answer = answers.get(timeout=left_s)
    except queue.Empty:
        raise TimeoutError from None
    if isinstance(answer, Exception):
        raise answer
    return answer


def dial(family: socket.AddressFamily, place: tuple[Any, ...], timeout_s: float) -> socket.socket:
    """A connected TCP socket. Raises OSError; TimeoutError after `timeout_s` seconds."""
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.settimeout(timeout_s)
        sock.connect(place)
    except BaseException:
        sock.close()
        raise
    return sock


def is_public(ip: str) -> bool:
    """Whether the address is one of the open internet."""
    return ipaddress.ip_address(ip.partition("%")[0]).is_global


def certificate(der: bytes | None) -> Certificate | None:
    """What the certificate says of itself, None if it cannot be read."""
    try:
        read = x509.load_der_x509_certificate(der or b"")
        return Certificate(read.not_valid_after_utc, read.subject.rfc4514_string(), read.issuer.rfc4514_string())
    except (ValueError, TypeError, x509.InvalidVersion):
        return None
