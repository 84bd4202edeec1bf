"""Probes against real local servers: every way to answer well, badly, slowly or not at all."""

import contextlib
import datetime as dt
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pydantic import ValidationError

from aurora.contracts import Table
from aurora.contracts.estate import Components
from aurora.contracts.operations import ComponentHealth, ProbeResults
from ingest.connector import Checkpoint, Run
from ingest.connectors.http_probe import ProbeOptions, Target, connector, fetch_probes, judged
from ingest.vendors import probing
from ingest.vendors.probing import Ask, Probe, probe
from ingest.vendors.sockets import is_public, look_up

NOW = dt.datetime(2026, 5, 1, 12, 0, 0, 250_900, tzinfo=dt.UTC)
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
Serve = Callable[[socket.socket, bytes], None]


def says(answer: bytes) -> Serve:
    """A server that sends these bytes and hangs up."""
    return lambda conn, request: conn.sendall(answer)


def hangs(conn: socket.socket, request: bytes) -> None:
    conn.recv(1)  # until the prober hangs up


def drips(answer: bytes) -> Serve:
    """A server that sends a beginning and then one byte at a time for ever."""

    def serve(conn: socket.socket, request: bytes) -> None:
        conn.sendall(answer)
        while True:
            conn.sendall(b"x")
            time.sleep(0.02)

    return serve


@contextlib.contextmanager
def server(serve: Serve, tls: ssl.SSLContext | None = None, first: Serve | None = None) -> Iterator[int]:
    """The port of a local server; `first` speaks before TLS or HTTP is spoken."""
    threads: list[threading.Thread] = []
    listening = socket.create_server(("127.0.0.1", 0))

    def talk(conn: socket.socket) -> None:
        with contextlib.suppress(OSError), contextlib.ExitStack() as stack:
            stack.enter_context(conn)
            conn.settimeout(5)
            if first:
                first(conn, b"")
                return
            if tls:
                conn = stack.enter_context(tls.wrap_socket(conn, server_side=True))
            request = b""
            while b"\r\n\r\n" not in request and (more := conn.recv(4096)):
                request += more
            serve(conn, request)

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                conn, _ = listening.accept()
                threads.append(threading.Thread(target=talk, args=(conn,)))
                threads[-1].start()

    threads.append(threading.Thread(target=accept))
    threads[0].start()
    try:
        yield listening.getsockname()[1]
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        for thread in threads:
            thread.join(5)


def ask(port: int, path: str = "/", budget_s: float = 3.0, trust: ssl.SSLContext | None = None, **how: Any) -> Probe:
    scheme = "https" if trust else "http"
    context = trust or ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    host = how.pop("host", "127.0.0.1")
    return probe(Ask(f"{scheme}://{host}:{port}{path}", **how), context, budget_s)


def test_a_good_answer_has_every_phase_but_tls() -> None:
    with server(says(OK)) as port:
        seen = ask(port)
    assert (seen.error_type, seen.http_status, seen.body_bytes, seen.redirect_count) == (None, 200, 5, 0)
    assert set(seen.phases_ms) == {"resolve", "connect", "processing", "transfer"}
    assert 0 < sum(seen.phases_ms.values()) <= seen.duration_ms
    assert (seen.ip, seen.is_cert_trusted, seen.tls_version, seen.certificate) == ("127.0.0.1", None, None, None)


def test_a_slow_answer_is_slow_in_its_phase() -> None:
    def slow(conn: socket.socket, request: bytes) -> None:
        time.sleep(0.1)
        conn.sendall(OK[:-5])
        time.sleep(0.2)
        conn.sendall(OK[-5:])

    with server(slow) as port:
        phases = ask(port).phases_ms
    assert phases["processing"] >= 95
    assert phases["transfer"] >= 190
    assert phases["connect"] < 95


@pytest.mark.parametrize(
    ("answer", "error_type", "reason"),
    [
        (b"HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n", "http_status", "answered 503"),
        (b"HTTP/1.1 304 Same\r\n\r\n", "http_status", "answered 304"),
        (b"\x00\xff\x00 nonsense\r\n\r\n", "other", "processing failed (BadStatusLine)"),
        (b"", "other", "processing failed (RemoteDisconnected)"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"a" * 70_000 + b"\r\n\r\n", "other", "processing failed (LineTooLong)"),
        (b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 200 + b"\r\n", "other", "processing failed (HTTPException)"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\nhello", "other", "the answer broke off"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "other", "the answer broke off"),
    ],
)
def test_a_bad_answer_has_its_error_type(answer: bytes, error_type: str, reason: str) -> None:
    with server(says(answer)) as port:
        seen = ask(port)
    assert (seen.error_type, seen.reason) == (error_type, reason)
    assert seen.duration_ms > 0


def test_a_truncated_body_has_no_transfer_and_no_size() -> None:
    with server(says(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\nhello")) as port:
        seen = ask(port)
    assert "transfer" not in seen.phases_ms
    assert (seen.body_bytes, seen.http_status) == (None, 200)


@pytest.mark.parametrize(
    "serve",
    [
        hangs,
        drips(b"HTTP/1.1 2"),
        drips(b"HTTP/1.1 200 OK\r\nX-Endless: "),
        drips(b"HTTP/1.1 200 OK\r\n\r\n"),
        says(b"HTTP/1.1 100 Continue\r\n\r\n" * 50_000 + b"HTTP/1.1 2"),
    ],
    ids=["silent", "status drips", "header drips", "body drips", "continues for long"],
)
def test_a_server_that_never_ends_is_left_within_the_budget(serve: Serve) -> None:
    began = time.monotonic()
    with server(serve) as port:
        seen = ask(port, budget_s=0.4)
        spent = time.monotonic() - began
    assert seen.error_type in ("read_timeout", "other")
    assert serve is not hangs or (seen.error_type, seen.reason) == (
        "read_timeout",
        "processing did not end within 0.4 s",
    )
    assert spent < 1.5


def test_a_body_without_end_is_read_up_to_the_cap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probing, "MAX_BODY_BYTES", 100_000)
    with server(says(b"HTTP/1.1 200 OK\r\nContent-Length: 900000000\r\n\r\n" + b"x" * 900_000)) as port:
        seen = ask(port)
    assert seen.error_type is None
    assert 100_000 <= (seen.body_bytes or 0) < 200_000


def test_nobody_listens_is_connect_refused() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    seen = ask(port)
    assert (seen.error_type, seen.http_status, seen.ip) == ("connect_refused", None, None)
    assert set(seen.phases_ms) == {"resolve"}


def test_a_full_backlog_is_connect_timeout() -> None:
    with socket.socket() as listening, contextlib.ExitStack() as stack:
        listening.bind(("127.0.0.1", 0))
        listening.listen(0)
        for _ in range(4):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                filler.connect(listening.getsockname())
        seen = ask(listening.getsockname()[1], budget_s=0.3)
    assert (seen.error_type, set(seen.phases_ms)) == ("connect_timeout", {"resolve"})
    assert 290 <= seen.duration_ms < 1500


def test_unknown_names_and_stuck_resolvers_are_dns(monkeypatch: pytest.MonkeyPatch) -> None:
    assert ask(80, host="a..b").error_type == "dns"
    assert ask(80, host="x" * 70 + ".invalid").error_type == "dns"
    stuck = threading.Event()

    def unknown(*args: Any, **kwargs: Any) -> Any:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    assert ask(80, host="shop.example").error_type == "dns"
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **kwargs: stuck.wait(5) and [])
    seen = ask(80, host="shop.example", budget_s=0.2)
    stuck.set()
    assert (seen.error_type, seen.phases_ms) == ("dns", {})
    assert seen.duration_ms < 1500


def test_ipv6_comes_first_and_ipv4_is_the_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    with server(says(OK)) as port:
        both = [
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port)),
            (socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("::1", port, 0, 0)),
        ]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **kwargs: both)
        assert [address[1][0] for address in look_up("both.example", port, 1.0)] == ["::1", "127.0.0.1"]
        seen = ask(port, host="both.example")
    assert (seen.error_type, seen.ip) == (None, "127.0.0.1")


def test_redirects_are_followed_and_phases_summed() -> None:
    def serve(conn: socket.socket, request: bytes) -> None:
        time.sleep(0.06)
        onward = b"HTTP/1.1 302 Found\r\nLocation: /two%20words?\xc3\xa9\r\nContent-Length: 0\r\n\r\n"
        conn.sendall(onward if request.startswith(b"GET / ") else OK)

    with server(serve) as port:
        seen = ask(port)
    assert (seen.error_type, seen.http_status, seen.redirect_count) == (None, 200, 1)
    assert seen.phases_ms["processing"] >= 110


@pytest.mark.parametrize(
    ("location", "how", "error_type", "redirect_count"),
    [
        (b"/again", {}, "http_status", 5),
        (b"/again", {"max_redirects": 2}, "http_status", 2),
        (b"/again", {"max_redirects": 0}, "http_status", 0),
        (b"/again", {"expect_status": (301,)}, None, 0),
        (b"file:///etc/passwd", {}, "other", 1),
        (b"http://[bad", {}, "other", 1),
        (b"//a:99999/", {}, "other", 1),
    ],
)
def test_redirects_that_lead_nowhere_end(
    location: bytes, how: dict[str, Any], error_type: str | None, redirect_count: int
) -> None:
    with server(says(b"HTTP/1.1 301 Moved\r\nContent-Length: 0\r\nLocation: " + location + b"\r\n\r\n")) as port:
        seen = ask(port, **how)
    assert (seen.error_type, seen.redirect_count) == (error_type, redirect_count)


def test_a_public_page_may_not_redirect_into_the_private_network() -> None:
    assert probing._lets_in(None, "127.0.0.1")
    assert probing._lets_in("10.0.0.1", "10.0.0.2")
    assert not probing._lets_in("8.8.8.8", "169.254.169.254")
    assert not is_public("fe80::1%eth0")


def test_body_match_is_searched_in_the_body_and_cannot_explode() -> None:
    body = b"a" * 50_000 + b"!"
    with server(says(b"HTTP/1.1 200 OK\r\n\r\n" + body)) as port:
        assert ask(port, body_match="a!$").error_type is None
        assert ask(port, body_match="absent").error_type == "body_mismatch"
        assert ask(port, body_match="^(a+)+$").duration_ms < 1500


def test_credentials_go_to_the_configured_address_only() -> None:
    heard: list[bytes] = []

    def listen(conn: socket.socket, request: bytes) -> None:
        heard.append(request)
        conn.sendall(OK)

    with server(listen) as other:
        away = b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:%d/\r\nContent-Length: 0\r\n\r\n" % other

        def send_away(conn: socket.socket, request: bytes) -> None:
            heard.append(request)
            conn.sendall(away)

        with server(send_away) as port:
            assert ask(port, host="me:pass%20word@127.0.0.1").error_type is None
            assert ask(port, authorization="Bearer abc").error_type is None
    assert [b"Authorization" in request for request in heard] == [True, False, True, False]
    assert b"Authorization: Basic bWU6cGFzcyB3b3Jk" in heard[0]
    assert b"Authorization: Bearer abc" in heard[2]
    assert b"Host: 127.0.0.1:%d\r\n" % port in heard[0]


class Authority:
    """A CA of our own that makes server certificates."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.key, self.name = folder, ec.generate_private_key(ec.SECP256R1()), _name("Test CA")
        start = NOW.replace(year=2000)
        self.root = _certificate(self.name, self.name, self.key, self.key, start, NOW.replace(year=2090), None)
        self.file = folder / "ca.pem"
        self.file.write_bytes(self.root.public_bytes(serialization.Encoding.PEM))

    def serves(self, until: dt.datetime, host: str = "127.0.0.1", self_signed: bool = False) -> ssl.SSLContext:
        """A server's TLS context with a certificate for `host` that ends at `until`."""
        key = ec.generate_private_key(ec.SECP256R1())
        issuer, signer = (_name("server"), key) if self_signed else (self.name, self.key)
        start = NOW.replace(year=2000)
        made = _certificate(_name("server"), issuer, key, signer, start, until, host)
        file = self.folder / "server.pem"
        pem = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        file.write_bytes(made.public_bytes(serialization.Encoding.PEM) + pem)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _certificate(
    subject: x509.Name, issuer: x509.Name, key: Any, signer: Any, start: dt.datetime, end: dt.datetime, host: str | None
) -> x509.Certificate:
    builder = (
        x509.CertificateBuilder(issuer, subject, key.public_key(), x509.random_serial_number(), start, end)
        .add_extension(x509.BasicConstraints(ca=host is None, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    if host:
        address = x509.IPAddress(ipaddress.ip_address(host)) if host[0].isdigit() else x509.DNSName(host)
        builder = builder.add_extension(x509.SubjectAlternativeName([address]), critical=False)
    return builder.sign(signer, hashes.SHA256())


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca"))


FAR = dt.datetime(2089, 1, 2, 3, 4, 5, tzinfo=dt.UTC)
PAST = dt.datetime(2020, 1, 2, 3, 4, 5, tzinfo=dt.UTC)


def test_a_trusted_certificate_is_read(authority: Authority) -> None:
    with server(says(OK), authority.serves(FAR)) as port:
        seen = ask(port, trust=ssl.create_default_context(cafile=authority.file))
    assert (seen.error_type, seen.is_cert_trusted, seen.http_status) == (None, True, 200)
    assert set(seen.phases_ms) == {"resolve", "connect", "tls", "processing", "transfer"}
    assert seen.certificate is not None
    assert seen.certificate.not_after_at == FAR
    assert (seen.certificate.subject, seen.certificate.issuer) == ("CN=server", "CN=Test CA")
    assert seen.tls_version in ("TLSv1.2", "TLSv1.3")


@pytest.mark.parametrize(
    ("until", "how", "knows_ca", "word"),
    [
        (PAST, {}, True, "expired"),
        (FAR, {"host": "other.example"}, True, "127.0.0.1"),
        (FAR, {"self_signed": True}, True, "self"),
        (FAR, {}, False, "unable to get local issuer"),
    ],
    ids=["expired", "wrong host", "self-signed", "unknown CA"],
)
def test_an_untrusted_certificate_still_tells_its_end(
    authority: Authority, until: dt.datetime, how: dict[str, Any], knows_ca: bool, word: str
) -> None:
    trust = ssl.create_default_context(cafile=authority.file) if knows_ca else ssl.create_default_context()
    with server(says(OK), authority.serves(until, **how)) as port:
        seen = ask(port, trust=trust)
    assert (seen.error_type, seen.is_cert_trusted, seen.http_status) == ("tls_verify", False, None)
    assert word in (seen.reason or "")
    assert seen.certificate is not None
    assert seen.certificate.not_after_at == until
    assert set(seen.phases_ms) == {"resolve", "connect"}


@pytest.mark.parametrize(
    "first", [says(b"SSH-2.0-nonsense\r\n"), says(b""), hangs], ids=["garbage", "closed", "silent"]
)
def test_what_speaks_no_tls_is_tls_handshake(first: Serve) -> None:
    def after_hello(conn: socket.socket, request: bytes) -> None:
        conn.recv(1)
        first(conn, request)

    with server(says(OK), first=after_hello) as port:
        seen = ask(port, budget_s=0.4, trust=ssl.create_default_context())
    assert (seen.error_type, seen.is_cert_trusted, seen.certificate) == ("tls_handshake", None, None)
    assert seen.duration_ms < 1500


def test_https_that_drips_is_left_within_the_budget(authority: Authority) -> None:
    with server(drips(b"HTTP/1.1 200 OK\r\n\r\n"), authority.serves(FAR)) as port:
        seen = ask(port, budget_s=0.5, trust=ssl.create_default_context(cafile=authority.file))
    assert (seen.error_type, seen.http_status, seen.is_cert_trusted) == ("read_timeout", 200, True)
    assert seen.duration_ms < 1500


def run_of(options: dict[str, Any], cursor: dict[str, Any] | None = None, time_s: float = 20.0) -> Run[ProbeOptions]:
    every = connector.streams["probes"].every
    return Run(
        "web", "probes", ProbeOptions.model_validate(options), NOW, NOW, cursor, time.monotonic() + time_s, every
    )


def landed(run: Run[ProbeOptions]) -> tuple[dict[type[Table], list[dict[str, Any]]], dict[str, Any]]:
    """Rows by table, each checked against its contract, and the last cursor."""
    rows: dict[type[Table], list[dict[str, Any]]] = {}
    cursor: dict[str, Any] = {}
    for item in fetch_probes(run):
        if isinstance(item, Checkpoint):
            cursor = item.cursor
        else:
            rows.setdefault(item[0], []).append(dict(item[1]))  # type: ignore[call-overload]
    common = {"source": "http_probe", "source_instance": "web", "ingested_at": NOW, "run_id": "1"}
    for table, found in rows.items():
        frame = pl.DataFrame([row | common for row in found], schema=table.dtypes())
        _, failures = table.filter(frame)
        assert failures.counts() == {}
    return rows, cursor


def test_rows_keep_their_contracts_and_no_credentials(authority: Authority) -> None:
    with server(says(OK)) as good, server(says(OK), authority.serves(PAST)) as expired:
        address = f"http://me:hush@127.0.0.1:{good}/health?api_key=hush&page=2#hush"
        run = run_of(
            {
                "targets": [
                    {"url": address, "name": "Shop", "env_tier": "production"},
                    {"url": f"https://127.0.0.1:{expired}/", "ca": str(authority.file)},
                ]
            }
        )
        rows, cursor = landed(run)
    assert "hush" not in repr(rows) + repr(cursor)
    shop, old = rows[ProbeResults]
    assert shop["component_id"] == f"web:http://127.0.0.1:{good}/health?api_key=***&page=2"
    assert (shop["is_success"], old["is_success"], old["error_type"]) == (True, False, "tls_verify")
    assert (old.get("tls_ms"), old["http_status"], old["cert_not_after_at"]) == (None, None, PAST)
    health = rows[ComponentHealth][0]
    assert health["ts_end"] - health["ts_start"] == dt.timedelta(seconds=30)
    assert health["ts_end"].microsecond % 1000 == 0
    assert health["ts_end"] >= NOW.replace(microsecond=250_000)
    assert (health["status"], health["network_latency_ms"]) == ("healthy", shop["connect_ms"])
    assert health["response_time_ms"] == shop["duration_ms"]
    assert (rows[ComponentHealth][1]["status"], rows[ComponentHealth][1]["response_time_ms"]) == ("degraded", None)
    assert (rows[Components][0]["name"], rows[Components][0]["kind"], rows[Components][0]["type"]) == (
        "Shop",
        "endpoint",
        "api",
    )


def test_the_cursor_remembers_failures_and_first_sight() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    options = {"urls": [f"http://127.0.0.1:{port}/"]}
    first, cursor = landed(run_of(options))
    second, cursor = landed(run_of(options, cursor))
    assert [rows[ComponentHealth][0]["status"] for rows in (first, second)] == ["degraded", "down"]
    assert second[Components][0]["first_seen_at"] == first[Components][0]["first_seen_at"]
    for _ in range(3):
        third, cursor = landed(run_of(options, cursor))
    assert third[ComponentHealth][0]["status_reason"].endswith("3 of the last 3 failed")
    assert len(next(iter(cursor["targets"].values()))["recent"]) == 3


@pytest.mark.parametrize(
    ("error_type", "recent", "duration_ms", "status"),
    [
        (None, [True, True, True], 10.0, "healthy"),
        (None, [True], 600.0, "degraded"),
        ("dns", [False], 10.0, "degraded"),
        ("dns", [True, True, False], 10.0, "degraded"),
        ("dns", [False, True, False], 10.0, "down"),
        (None, [False, False, True], 10.0, "degraded"),
        (None, [False, True, True], 10.0, "healthy"),
    ],
)
def test_down_is_two_of_the_last_three(
    error_type: str | None, recent: list[bool], duration_ms: float, status: str
) -> None:
    found, reason = judged(Probe(error_type=error_type, duration_ms=duration_ms), recent, 500.0)
    assert found == status
    assert (reason is None) == (status == "healthy")


def test_a_slow_target_delays_no_other() -> None:
    with server(hangs) as slow, server(says(OK)) as good:
        targets = [{"url": f"http://127.0.0.1:{slow}/{number}", "timeout_s": 0.5} for number in range(7)]
        began = time.monotonic()
        rows, _ = landed(run_of({"targets": [*targets, f"http://127.0.0.1:{good}/"]}))
        spent = time.monotonic() - began
    assert [row["is_success"] for row in rows[ProbeResults]] == [False] * 7 + [True]
    assert spent < 2.5


def test_targets_past_the_time_limit_are_said_and_not_probed() -> None:
    with server(hangs) as slow:
        targets = [f"http://127.0.0.1:{slow}/{number}" for number in range(12)]
        run = run_of({"urls": targets}, {"targets": {targets[-1]: {"recent": [True]}, "gone": {}}}, time_s=1.6)
        rows, cursor = landed(run)
    assert run.remaining_s() > 0.3
    assert len(rows[ProbeResults]) == 8
    assert run.warnings == [
        "4 targets were not probed: the time limit was used up: raise time_limit or lower timeout_s"
    ]
    assert cursor["targets"][targets[-1]] == {"recent": [True]}
    assert "gone" not in cursor["targets"]


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"urls": []},
        {"urls": ["shop.example"]},
        {"urls": ["file:///etc/passwd"]},
        {"urls": ["http://a.example:99999/"]},
        {"urls": ["http://a.example/", "http://me:x@a.example/"]},
        {"targets": [{"url": "http://a.example/", "body_match": "("}]},
        {"targets": [{"url": "http://a.example/", "timeout_s": 0}]},
        {"targets": [{"url": "http://a.example/", "method": "DELETE"}]},
    ],
)
def test_options_that_cannot_work_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        ProbeOptions.model_validate(options)


def test_plain_addresses_are_targets() -> None:
    assert ProbeOptions.model_validate({"targets": ["http://a.example/"]}).targets == (Target(url="http://a.example/"),)
