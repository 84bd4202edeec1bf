"""How vendors are asked, against servers of our own that answer well, badly, slowly or never."""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from aurora.errors import SourceError
from ingest import http as http_module
from ingest.http import BACKOFF_S, TRIES, Answer, Http, Keep, Site
from ingest.paging import by_cursor, by_link, by_offset, by_page

Serve = Callable[..., str]
Reply = Callable[[str, str], bytes]


def answer(status: int = 200, body: str | bytes = "{}", **headers: object) -> bytes:
    """A whole HTTP answer; header names are written with _ for -."""
    content = body if isinstance(body, bytes) else body.encode()
    told: dict[str, object] = {"Content_Type": "application/json", "Content_Length": len(content)} | headers
    lines = [
        f"HTTP/1.1 {status} x",
        "Connection: close",
        *(f"{name.replace('_', '-')}: {v}" for name, v in told.items()),
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + content


@pytest.fixture
def serve() -> Iterator[Serve]:
    """A server on loopback: `reply(path, request)` gives the bytes, or `talk(connection)` does what it likes."""
    sockets: list[socket.socket] = []
    threads: list[threading.Thread] = []

    def start(reply: Reply | None = None, talk: Callable[[socket.socket], None] | None = None) -> str:
        listener = socket.create_server(("127.0.0.1", 0))
        sockets.append(listener)

        def one(connection: socket.socket) -> None:
            with closing(connection), suppress(OSError):
                request = b""
                while b"\r\n\r\n" not in request and (part := connection.recv(65536)):
                    request += part
                if talk:
                    talk(connection)
                elif reply and request:
                    text = request.decode()
                    connection.sendall(reply(text.split(" ")[1], text))

        def accept() -> None:
            with suppress(OSError):
                while True:
                    connection = listener.accept()[0]
                    sockets.append(connection)
                    thread = threading.Thread(target=one, args=(connection,))
                    threads.append(thread)
                    thread.start()

        threads.append(threading.Thread(target=accept))
        threads[-1].start()
        return f"http://127.0.0.1:{listener.getsockname()[1]}"

    yield start
    for opened in sockets:
        with suppress(OSError):
            opened.shutdown(socket.SHUT_RDWR)
        opened.close()
    for thread in threads:
        thread.join(5)
        assert not thread.is_alive()


def client(url: str, seconds: float = 20, keep: Keep | None = None, **site: Any) -> tuple[Http, list[float]]:
    until = time.monotonic() + seconds
    slept: list[float] = []

    def remaining_s() -> float:
        left = until - time.monotonic()
        if left <= 0:
            raise SourceError("past its time limit", "timeout")
        return left

    return Http("web", Site(url, **site), remaining_s, keep, sleep=slept.append), slept


def failure(http: Http, path: str = "/") -> SourceError:
    with pytest.raises(SourceError) as caught:
        http.get(path)
    return caught.value


def scripted(*answers: bytes) -> Reply:
    left = list(answers)
    return lambda path, request: left.pop(0) if len(left) > 1 else left[0]


def test_a_plain_answer(serve: Serve) -> None:
    seen: list[str] = []

    def reply(path: str, request: str) -> bytes:
        seen.append(request)
        return answer(body='{"é": [1, null]}'.encode())

    http, _ = client(serve(reply) + "/api/", headers={"Authorization": "Bearer x"})
    assert http.get("/v1/things", {"q": "a b", "n": 3}) == {"é": [1, None]}
    assert seen[0].startswith("GET /api/v1/things?q=a+b&n=3 HTTP/1.1")
    assert "Authorization: Bearer x" in seen[0]
    assert http.post("v1/things", body={"a": 1}) == {"é": [1, None]}
    assert seen[1].startswith("POST /api/v1/things ")
    assert http.request_count == 2


@pytest.mark.parametrize(
    ("after", "least", "most"),
    [
        ({"Retry_After": 7}, 7, 7),
        ({"Retry_After": "date"}, 1, 15),
        ({"X_RateLimit_Reset": "epoch"}, 1, 15),
        ({"RateLimit_Reset": "epoch"}, 1, 15),
        ({"Retry_After": "soon"}, BACKOFF_S, 2 * BACKOFF_S),
        ({"Retry_After": -5}, 0, 0),
        ({}, BACKOFF_S, 2 * BACKOFF_S),
    ],
)
def test_429_waits_as_it_is_told_then_goes_on(serve: Serve, after: dict[str, Any], least: float, most: float) -> None:
    soon = datetime.now(UTC) + timedelta(seconds=15)
    spelled = {"date": format_datetime(soon, usegmt=True), "epoch": int(soon.timestamp())}
    told: dict[str, Any] = {name: spelled.get(value, value) for name, value in after.items()}
    http, slept = client(serve(scripted(answer(429, **told), answer())))
    assert http.get("/") == {}
    (waited,) = slept
    assert least <= waited <= most
    assert http.rate_limited_s == waited


def test_what_every_answer_says_of_limits_is_no_reason_to_wait_for_a_broken_gateway(serve: Serve) -> None:
    http, slept = client(serve(scripted(answer(502, X_RateLimit_Reset=int(time.time()) + 3000), answer())))
    assert http.get("/") == {}
    assert max(slept) < 2


def test_a_vendor_that_refuses_for_its_limits_in_its_own_way_is_waited_for(serve: Serve) -> None:
    def limited(told: Answer, attempt: int) -> float | None:
        return 3.0 * attempt if told.status == 403 and "slow" in told.text else None

    http, slept = client(serve(scripted(answer(403, "slow"), answer(403, "slow"), answer())), limited=limited)
    assert http.get("/") == {}
    assert (slept, http.rate_limited_s) == ([3.0, 6.0], 9.0)
    http, slept = client(serve(scripted(answer(403, "slow"))), limited=limited)
    assert failure(http).error_class == "rate_limited"
    http, slept = client(serve(scripted(answer(403, "no"))), limited=limited)
    assert (failure(http).error_class, slept) == ("permission", [])


def test_what_did_not_change_is_an_answer(serve: Serve) -> None:
    http, _ = client(serve(scripted(answer(304, ""))))
    assert http.ask("GET", "/", headers={"If-None-Match": '"1"'}).status == 304


def test_429_for_an_hour_ends_at_once(serve: Serve) -> None:
    http, slept = client(serve(scripted(answer(429, Retry_After=3600))))
    assert failure(http).error_class == "rate_limited"
    assert (slept, http.request_count) == ([], 1)


def test_429_for_ever_ends_after_some_tries(serve: Serve) -> None:
    http, slept = client(serve(scripted(answer(429, Retry_After=1))))
    assert failure(http).error_class == "rate_limited"
    assert (len(slept), http.request_count) == (TRIES - 1, TRIES)


def test_503_is_tried_again_and_500_is_not(serve: Serve) -> None:
    http, slept = client(serve(scripted(answer(503), answer(502), answer())))
    assert http.get("/") == {}
    assert len(slept) == 2
    assert http.rate_limited_s == 0
    http, slept = client(serve(scripted(answer(500), answer())))
    assert failure(http).error_class == "vendor_5xx"
    assert slept == []
    http, _ = client(serve(scripted(answer(503))))
    assert failure(http).error_class == "vendor_5xx"
    assert http.request_count == TRIES


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, "bad_query"),
        (401, "auth"),
        (403, "permission"),
        (404, "not_found"),
        (410, "not_found"),
        (418, "bad_query"),
        (422, "bad_query"),
        (501, "vendor_5xx"),
    ],
)
def test_each_refusal_has_its_class_and_advice(serve: Serve, status: int, kind: str) -> None:
    http, _ = client(serve(scripted(answer(status, '{"why": "so"}'))))
    error = failure(http, "/x?q=1")
    assert error.error_class == kind
    assert f'/x answered {status} ({{"why": "so"}})' in str(error)
    assert http.request_count == 1


def test_a_sign_in_page_is_no_json(serve: Serve) -> None:
    http, _ = client(serve(scripted(answer(200, "<html>\n  <title>Sign in</title>", Content_Type="text/html"))))
    error = failure(http)
    assert error.error_class == "schema_drift"
    assert "<html> <title>Sign in</title>" in str(error)


@pytest.mark.parametrize("body", ["", "{", "[" * 200_000, "1" * 5000])
def test_odd_bodies_are_schema_drift(serve: Serve, body: str) -> None:
    assert failure(client(serve(scripted(answer(200, body))))[0]).error_class == "schema_drift"


@pytest.mark.parametrize(
    "kind", ["application/json", "application/json; charset=nonsense", "text/plain; version=0.0.4"]
)
def test_text_is_utf_8_unless_told_otherwise(serve: Serve, kind: str) -> None:
    http, _ = client(serve(scripted(answer(200, '"é"'.encode(), Content_Type=kind))))
    assert http.get("/") == "é"
    latin, _ = client(serve(scripted(answer(200, '"é"'.encode("latin-1"), Content_Type="text/plain; charset=latin-1"))))
    assert latin.get("/") == "é"


def test_a_body_that_breaks_off_is_tried_again(serve: Serve) -> None:
    broken = answer(200, "{}", Content_Length=500)
    http, slept = client(serve(scripted(broken, answer())))
    assert http.get("/") == {}
    assert len(slept) == 1
    for cut in (broken, b'HTTP/1.1 200 x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"a"'):
        assert failure(client(serve(scripted(cut)))[0]).error_class == "partial"


def test_chunked_and_compressed_bodies_are_read(serve: Serve) -> None:
    import gzip

    chunks = b"HTTP/1.1 200 x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n[1,\r\n3\r\n22]\r\n0\r\n\r\n"
    assert client(serve(scripted(chunks)))[0].get("/") == [1, 22]
    packed = gzip.compress(json.dumps(["x" * 200_000]).encode())
    assert client(serve(scripted(answer(200, packed, Content_Encoding="gzip"))))[0].get("/") == ["x" * 200_000]
    assert failure(client(serve(scripted(answer(200, b"junk", Content_Encoding="gzip"))))[0]).error_class == "partial"


def test_a_body_past_the_cap_is_refused(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_module, "MAX_BODY_BYTES", 100_000)
    http, _ = client(serve(scripted(answer(200, "[" + "1," * 100_000 + "1]"))))
    assert failure(http).error_class == "bad_query"


def test_a_socket_that_never_answers_ends_in_time(serve: Serve) -> None:
    http, _ = client(serve(talk=lambda connection: time.sleep(1.5)), seconds=0.5)
    began = time.monotonic()
    assert failure(http).error_class == "timeout"
    assert time.monotonic() - began < 1.2


def test_a_body_that_drips_ends_in_time(serve: Serve) -> None:
    def drip(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 x\r\nContent-Length: 1000000\r\n\r\n")
        for _ in range(40):
            connection.sendall(b"[")
            time.sleep(0.05)

    http, _ = client(serve(talk=drip), seconds=0.5)
    began = time.monotonic()
    assert failure(http).error_class == "timeout"
    assert time.monotonic() - began < 1.2


def test_nothing_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    http, slept = client(f"http://127.0.0.1:{port}")
    error = failure(http)
    assert error.error_class == "timeout"
    assert "nothing answers at" in str(error)
    assert len(slept) == TRIES - 1


@pytest.mark.parametrize("talk", [b"", b"SSH-2.0-OpenSSH\r\n", b"HTTP/1.1 200 x\r\n" + b"a: b\r\n" * 300 + b"\r\n"])
def test_what_is_no_http_is_told(serve: Serve, talk: bytes) -> None:
    http, _ = client(serve(talk=lambda connection: connection.sendall(talk)))
    assert failure(http).error_class in ("timeout", "partial")


def test_a_redirect_is_refused_and_told(serve: Serve) -> None:
    asked: list[str] = []
    other = serve(lambda path, request: asked.append(request) or answer())  # type: ignore[func-returns-value]
    http, _ = client(serve(scripted(answer(302, Location=f"{other}/login?token=abc"))), headers={"Authorization": "x"})
    error = failure(http)
    assert error.error_class == "not_found"
    assert f"redirected to {other}/login?token=***" in str(error)
    assert asked == []


@pytest.mark.parametrize(
    "other", ["http://127.0.0.1:1/x", "https://{place}/x", "http://{place}@127.0.0.1:1/x", "ftp://{place}/"]
)
def test_another_host_or_scheme_is_refused(serve: Serve, other: str) -> None:
    url = serve(scripted(answer()))
    http, _ = client(url)
    error = failure(http, other.replace("{place}", urlsplit(url).netloc))
    assert error.error_class == "schema_drift"
    assert http.request_count == 0


def numbers(path: str) -> dict[str, int]:
    return {name: int(values[0]) for name, values in parse_qs(urlsplit(path).query).items()}


@pytest.mark.parametrize("way", ["page", "offset", "cursor", "link"])
def test_lists_are_read_past_the_second_page(serve: Serve, way: str) -> None:
    items = list(range(11))
    where: dict[str, str] = {}

    def reply(path: str, request: str) -> bytes:
        asked = numbers(path)
        assert way == "link" or asked["kind"] == 7
        start = {"page": 3 * (asked.get("page", 1) - 1), "offset": asked.get("offset", 0)}.get(
            way, asked.get("after", 0)
        )
        some = items[start : start + 3]
        more = start + 3 if start + 3 < len(items) else None
        following = f'<{where["url"]}/list?after={more}>; rel="next", <x>; rel="last"'
        return answer(
            200, json.dumps({"items": some, "next": more}), **({"Link": following} if way == "link" and more else {})
        )

    where["url"] = serve(reply)
    http, _ = client(where["url"])
    following = {
        "page": by_page(lambda page: page["items"], 3),
        "offset": by_offset(lambda page: page["items"], 3),
        "cursor": by_cursor("next", "after"),
        "link": by_link,
    }[way]
    assert [item for page in http.pages("/list", {"kind": 7}, following=following) for item in page["items"]] == items
    assert http.request_count == 4


@pytest.mark.parametrize(
    "following",
    [by_page(lambda page: page["items"], 1), by_offset(lambda page: page["items"], 1), by_cursor("next", "after")],
)
def test_a_page_that_repeats_for_ever_ends(serve: Serve, following: Any) -> None:
    http, _ = client(serve(scripted(answer(200, '{"items": [1], "next": "same"}'))))
    assert list(http.pages("/", following=following)) == [{"items": [1], "next": "same"}]


def test_pages_that_go_in_a_circle_end(serve: Serve) -> None:
    def reply(path: str, request: str) -> bytes:
        return answer(200, json.dumps({"next": 1 + numbers(path).get("after", 0) % 3}))

    http, _ = client(serve(reply))
    assert len(list(http.pages("/", following=by_cursor("next", "after")))) == 4


SECRET = 'p/w"+ü'


def test_secrets_are_in_nothing_that_is_kept_or_told(serve: Serve) -> None:
    kept: list[tuple[str, str, int, str]] = []
    echo = {"you": SECRET, "access_token": "eyJ0", "password": 'my "pass" w0rd', "n": 1}
    said = json.dumps(echo, ensure_ascii=False)
    http, _ = client(
        serve(
            scripted(
                answer(200, said),
                answer(403, said),
                answer(200, f"<{SECRET}>"),
                answer(302, Location=f"/?api_key=k9&x={SECRET.encode().hex()}"),
            )
        ),
        keep=lambda *told: kept.append(told),
        headers={"Authorization": f"Bearer {SECRET}".encode().decode("latin-1")},
        secrets=(SECRET, ""),
    )
    assert http.get("/a", {"key": SECRET, "token": "t0p"}) == echo
    told = [str(failure(http)) for _ in range(3)]
    assert len(kept) == 4
    everything = json.dumps(kept, ensure_ascii=False) + "".join(told)
    for hidden in (SECRET, json.dumps(SECRET)[1:-1], "p%2Fw", "eyJ0", "my \\", "w0rd", "t0p", "k9"):
        assert hidden not in everything, hidden
    assert json.loads(kept[0][3])["n"] == 1


def test_no_proxy_or_netrc_of_the_machine_is_used(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    http, _ = client(serve(scripted(answer())))
    assert http.get("/") == {}
