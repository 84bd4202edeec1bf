"""One HTTP probe of one address, phase by phase and never longer than its budget.

Phases are those of https://github.com/prometheus/blackbox_exporter (resolve, connect, tls, processing, transfer), in
milliseconds and summed over redirects; a phase that was not reached has no figure. Whatever the other side does becomes
a `Probe`, never an exception: a server may refuse, hang, drip, lie or talk nonsense.
"""

import base64
import http.client
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import SplitResult, quote, unquote, urljoin, urlsplit, urlunsplit

import polars as pl

from ingest.vendors.probe_faults import Phase, ProbeError, error_type, reason
from ingest.vendors.sockets import Address, Certificate, InTime, certificate, dial, is_public, look_up

MAX_BODY_BYTES = 1024 * 1024
_IN_PATH = "/%:=&?~+!$,;'@()*[]"
_REDIRECTS = {301, 302, 303, 307, 308}
_BROKEN = (OSError, http.client.HTTPException, ValueError)


@dataclass(frozen=True)
class Ask:
    """What is asked and what counts as a good answer; `body_match` is a regular expression of the Rust kind."""

    url: str
    method: str = "GET"
    expect_status: tuple[int, ...] = ()
    body_match: str | None = None
    max_redirects: int = 5
    authorization: str | None = None


@dataclass
class Probe:
    """What was seen; `reason` says in a few words of Aurora's own why the probe failed."""

    error_type: str | None = None  # a word of the contract's closed list
    reason: str | None = None
    duration_ms: float = 0.0
    phases_ms: dict[Phase, float] = field(default_factory=dict)
    http_status: int | None = None
    redirect_count: int = 0
    body_bytes: int | None = None
    ip: str | None = None
    tls_version: str | None = None
    certificate: Certificate | None = None
    is_cert_trusted: bool | None = None


def probe(ask: Ask, trust: ssl.SSLContext, budget_s: float) -> Probe:
    """The outcome of asking once, after at most `budget_s` seconds; raises nothing that a server can provoke."""
    walk = _Walk(ask, trust, time.monotonic(), budget_s)
    try:
        walk.follow()
    except ProbeError as failure:
        walk.seen.error_type, walk.seen.reason = failure.error_type, failure.reason
    except _BROKEN as error:  # an address that cannot be read, such as http://[ in a redirect
        walk.seen.error_type, walk.seen.reason = "other", f"the address cannot be used ({type(error).__name__})"
    walk.seen.duration_ms = (time.monotonic() - walk.began) * 1000
    return walk.seen


class _Walk:
    """A probe under way: one hop per address, redirects included."""

    def __init__(self, ask: Ask, trust: ssl.SSLContext, began: float, budget_s: float) -> None:
        self.ask, self.trust, self.began, self.budget_s = ask, trust, began, budget_s
        self.seen = Probe()
        self.first_ip: str | None = None

    def left_s(self) -> float:
        left = self.began + self.budget_s - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left

    @contextmanager
    def phase(self, name: Phase) -> Iterator[None]:
        began = time.monotonic()
        try:
            self.left_s()
            yield
        except _BROKEN as error:
            raise ProbeError(error_type(name, error), reason(name, error, self.budget_s)) from error
        spent = (time.monotonic() - began) * 1000
        self.seen.phases_ms[name] = self.seen.phases_ms.get(name, 0.0) + spent

    def follow(self) -> None:
        url: str | None = self.ask.url
        while url:
            parts = urlsplit(url)
            if parts.scheme not in ("http", "https") or not parts.hostname:
                raise ProbeError("other", "leads to an address that is not http or https")
            url = self.hop(parts)

    def hop(self, parts: SplitResult) -> str | None:
        """Ask one address; the next one if it redirects."""
        host, is_tls = parts.hostname or "", parts.scheme == "https"
        addresses = self.resolve(host, parts.port or (443 if is_tls else 80))
        with ExitStack() as stack:
            address, plain = self.connect(addresses)
            sock = stack.enter_context(plain)
            if is_tls:
                sock = stack.enter_context(self.secure(plain, host, address))
            response = stack.enter_context(self.exchange(sock, parts))
            onward = self.onward(response, parts)
            if onward is None:
                self.judge(response)
        return onward

    def resolve(self, host: str, port: int) -> list[Address]:
        with self.phase("resolve"):
            found = look_up(host, port, self.left_s())
            return [address for address in found if _lets_in(self.first_ip, address[1][0])] or _refuse()

    def connect(self, addresses: list[Address]) -> tuple[Address, socket.socket]:
        """The first address that answers, IPv6 first; each gets its share of the time that is left."""
        for position, (family, place) in enumerate(addresses):
            try:
                with self.phase("connect"):
                    sock = dial(family, place, self.left_s() / (len(addresses) - position))
            except ProbeError:
                if position == len(addresses) - 1:
                    raise
            else:
                self.seen.ip = str(place[0])
                self.first_ip = self.first_ip or self.seen.ip
                return (family, place), sock
        raise AssertionError("there is at least one address")

    def secure(self, plain: socket.socket, host: str, address: Address) -> ssl.SSLSocket:
        try:
            with self.phase("tls"):
                plain.settimeout(self.left_s())  # Python bounds the whole handshake by it
                sock = self.trust.wrap_socket(plain, server_hostname=host)
        except ProbeError as failure:
            if failure.error_type == "tls_verify":
                self.seen.is_cert_trusted = False
                with suppress(*_BROKEN):
                    self.seen.certificate = self.distrusted(host, address)
            raise
        self.seen.is_cert_trusted, self.seen.tls_version = True, sock.version()
        self.seen.certificate = certificate(sock.getpeercert(True))
        return sock

    def distrusted(self, host: str, address: Address) -> Certificate | None:
        """The certificate of a server that is not trusted, by a second handshake that checks nothing."""
        blind = ssl.create_default_context()
        blind.check_hostname = False
        blind.verify_mode = ssl.CERT_NONE
        with dial(*address, self.left_s()) as plain:
            plain.settimeout(self.left_s())
            with blind.wrap_socket(plain, server_hostname=host) as sock:
                self.seen.tls_version = sock.version()
                return certificate(sock.getpeercert(True))

    def exchange(self, sock: socket.socket, parts: SplitResult) -> http.client.HTTPResponse:
        path = urlunsplit(("", "", parts.path or "/", parts.query, ""))
        with self.phase("processing"):
            connection = http.client.HTTPConnection("-")  # its socket is given, so it never looks at the host
            connection.sock = InTime(sock, self.left_s)
            connection.request(self.ask.method, quote(path, safe=_IN_PATH), headers=self.headers(parts))
            response = connection.getresponse()
        self.seen.http_status = response.status
        return response

    def headers(self, parts: SplitResult) -> dict[str, str]:
        """Request headers; credentials go to the address that was configured and nowhere else."""
        host = parts.netloc.rpartition("@")[2]
        host = host if host.isascii() else host.encode("idna").decode()
        headers = {"Host": host, "User-Agent": "aurora", "Accept": "*/*", "Connection": "close"}
        asked = urlsplit(self.ask.url)
        if (asked.scheme, asked.hostname, asked.port) != (parts.scheme, parts.hostname, parts.port):
            return headers
        if self.ask.authorization:
            headers["Authorization"] = self.ask.authorization
        elif asked.username:
            pair = f"{unquote(asked.username)}:{unquote(asked.password or '')}"
            headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        return headers

    def onward(self, response: http.client.HTTPResponse, parts: SplitResult) -> str | None:
        """The address that the answer redirects to, None if it is to be judged as it is."""
        target, limit = response.getheader("Location"), self.ask.max_redirects
        if response.status not in _REDIRECTS - {*self.ask.expect_status} or not target or limit == 0:
            return None
        if self.seen.redirect_count >= limit:
            raise ProbeError("http_status", f"more than {limit} redirects")
        self.seen.redirect_count += 1
        return urljoin(parts.geturl(), target)

    def judge(self, response: http.client.HTTPResponse) -> None:
        with self.phase("transfer"):
            body = self.body(response)
        status, expected = response.status, self.ask.expect_status
        if status not in expected if expected else not 200 <= status < 300:
            raise ProbeError("http_status", f"answered {status}")
        if self.ask.body_match and not matches(self.ask.body_match, body.decode("utf-8", errors="replace")):
            raise ProbeError("body_mismatch", "the body does not match body_match")

    def body(self, response: http.client.HTTPResponse) -> bytes:
        """The body, up to MAX_BODY_BYTES; one that ends before its stated length is broken off."""
        body = b""
        while len(body) < MAX_BODY_BYTES and (part := response.read(65536)):
            body += part
        if response.length and len(body) < MAX_BODY_BYTES:
            raise http.client.IncompleteRead(b"")
        self.seen.body_bytes = len(body)
        return body


def matches(pattern: str, text: str) -> bool:
    """Whether the pattern is found in the text, in linear time whatever both are. Raises ValueError if no pattern."""
    try:
        return bool(pl.Series([text]).str.contains(pattern)[0])
    except pl.exceptions.ComputeError as error:
        raise ValueError(f"{pattern!r} is no regular expression (look-around is not supported)") from error


def _lets_in(first_ip: str | None, ip: str) -> bool:
    """A page on the internet must not send the prober into the private network by a redirect."""
    return not first_ip or not is_public(first_ip) or is_public(ip)


def _refuse() -> list[Address]:
    raise ProbeError("other", "redirected from the internet into a private network: refused")
