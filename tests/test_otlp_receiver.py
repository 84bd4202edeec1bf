"""POST /v1/metrics over real sockets: both encodings, the SDK's own exporter, tokens, and bodies meant to hurt."""

import gzip
import http.client
import json
import socket
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request

from aurora.contracts.estate import Components
from aurora.contracts.operations import ApiEndpointErrors, ApiEndpointStats, ComponentHealth, MetricPoints, MetricSeries
from aurora.contracts.platform import SyncRuns
from aurora.errors import LakeError
from aurora.gateway import otlp, receiver
from aurora.gateway.admission import is_here
from aurora.gateway.otlp import MAX_BODY_BYTES, Otlp
from aurora.settings import Settings, load
from ingest.vendors.otlp_wire import HAS_PROTOBUF, JSON, PROTOBUF, status_of
from tests.servers import free_ports
from warehouse.lake import Lake
from warehouse.publish import current

Json = Any
Serve = Callable[..., "Served"]
needs_protobuf = pytest.mark.skipif(not HAS_PROTOBUF, reason="opentelemetry-proto is not installed")


class Served:
    """A receiver behind a web server of its own."""

    def __init__(self, settings: Settings, port: int) -> None:
        self.settings, self.port, self.otlp = settings, port, Otlp(settings)

    def post(self, body: bytes, content_type: str = JSON, **headers: str) -> tuple[int, dict[str, str], bytes]:
        """(status, headers in lower case, body) of one request."""
        told = {"Content-Type": content_type} | {name.replace("_", "-"): value for name, value in headers.items()}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        connection.request("POST", "/v1/metrics", body, told)
        answer = connection.getresponse()
        found = answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
        connection.close()
        return found

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1/metrics"

    @property
    def lake(self) -> Lake:
        return Lake(self.settings.lake)


@contextmanager
def served(settings: Settings) -> Iterator[Served]:
    [port] = free_ports(1)
    one = Served(settings, port)
    config = uvicorn.Config(Starlette(routes=[one.otlp.route]), host="127.0.0.1", port=port, log_config=None)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            time.sleep(0.01)
        yield one
    finally:
        server.should_exit = True
        thread.join()
        one.otlp.close()


@pytest.fixture
def serve(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Serve]:
    """Start a receiver with settings of one's own that lands at once; stopped when the test is over."""
    monkeypatch.setattr(receiver, "LAND_EVERY_S", 0.05)
    with ExitStack() as servers:

        def start(**told: Any) -> Served:
            settings = Settings(data=tmp_path / "data", config=tmp_path / "aurora.toml", **told)
            return servers.enter_context(served(settings))

        yield start


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One receiver for all tests that store nothing."""
    folder = tmp_path_factory.mktemp("otlp")
    with served(Settings(data=folder / "data", config=folder / "aurora.toml")) as one:
        yield one


def request(*values: Json, metric: str = "queue.size") -> bytes:
    """A request of gauges, a second apart, up to now."""
    now = time.time_ns() - len(values) * 10**9
    points = [{"asDouble": value, "timeUnixNano": str(now + n * 10**9)} for n, value in enumerate(values)]
    resource = {"attributes": [{"key": "service.name", "value": {"stringValue": "shop"}}]}
    metrics = [{"name": metric, "unit": "{message}", "gauge": {"dataPoints": points}}]
    return json.dumps({"resourceMetrics": [{"resource": resource, "scopeMetrics": [{"metrics": metrics}]}]}).encode()


def within(seconds: float, told: Callable[[], Any]) -> Any:
    """What `told` says as soon as it says something."""
    end = time.monotonic() + seconds
    while not (found := told()) and time.monotonic() < end:
        time.sleep(0.05)
    return found


def test_what_is_sent_is_stored_and_published(serve: Serve) -> None:
    one = serve()
    status, headers, body = one.post(request(3.0, 4.0))
    assert (status, headers["content-type"], body) == (200, JSON, b"{}")
    assert within(10, lambda: current(one.settings.published)), "nobody else publishes here, so the receiver does"
    one.otlp.close()
    rows = one.lake.read(MetricPoints).sort("ts_end")
    assert rows["value"].to_list() == [3.0, 4.0]
    assert set(rows["component_id"]) == {"otlp:service/shop"}
    assert one.lake.read(MetricSeries)["metric"].to_list() == ["queue.size"]
    assert one.lake.read(Components)["service"].to_list() == ["shop"]
    run = one.lake.read(SyncRuns)
    assert (run["connector"].to_list(), run["status"].to_list(), run["row_count"].to_list()) == (
        ["otlp"],
        ["success"],
        [4],
    )


def test_a_component_keeps_when_it_was_first_seen(serve: Serve) -> None:
    first = serve()
    first.post(request(1.0))
    first.otlp.close()
    [before] = first.lake.read(Components)["first_seen_at"].to_list()
    again = serve()
    again.post(request(2.0))
    again.otlp.close()
    assert again.lake.read(Components)["first_seen_at"].to_list() == [before]
    assert again.lake.read(MetricSeries).height == 1


def test_what_was_refused_is_named(shared: Served) -> None:
    status, _, body = shared.post(request(1.0, "NaN", "Infinity"))
    assert status == 200
    told = json.loads(body)["partialSuccess"]
    assert told["rejectedDataPoints"] == "2"
    assert told["errorMessage"] == "2 data points: a value is NaN or infinite"


@needs_protobuf
def test_protobuf_is_answered_in_protobuf(shared: Served) -> None:
    from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
        ExportMetricsServiceRequest,
        ExportMetricsServiceResponse,
    )

    message = ExportMetricsServiceRequest()
    metric = message.resource_metrics.add().scope_metrics.add().metrics.add(name="g")
    now = time.time_ns()
    for value in (1.0, float("nan")):
        metric.gauge.data_points.add(time_unix_nano=now, as_double=value)
    status, headers, body = shared.post(message.SerializeToString(), PROTOBUF)
    assert (status, headers["content-type"]) == (200, PROTOBUF)
    assert ExportMetricsServiceResponse.FromString(body).partial_success.rejected_data_points == 1
    status, _, body = shared.post(b"", PROTOBUF)
    assert (status, body) == (200, b""), "an empty request is a success, and partial_success is left unset"
    status, headers, body = shared.post(b"\xff\xff\xff", PROTOBUF)
    assert (status, headers["content-type"]) == (400, PROTOBUF)
    assert body == status_of(PROTOBUF, "the body is no ExportMetricsServiceRequest in protobuf")


def test_a_status_is_a_google_rpc_status() -> None:
    """Field 2, a text: tag 0x12, its length as a varint (300 = 0b10_0101100 -> 0xAC 0x02), the text."""
    assert status_of(PROTOBUF, "no") == b"\x12\x02no"
    assert status_of(PROTOBUF, "x" * 300) == b"\x12\xac\x02" + b"x" * 300
    assert json.loads(status_of(JSON, "no")) == {"message": "no"}


def test_without_opentelemetry_proto_protobuf_is_refused_with_a_reason(
    shared: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(otlp, "HAS_PROTOBUF", False)
    status, _, body = shared.post(b"", PROTOBUF)
    assert status == 415
    assert b"opentelemetry-proto is not installed" in body


def test_a_real_sdk_sends_and_nothing_is_lost(serve: Serve) -> None:
    """Two exports of the SDK: a counter of 3, then 4 more; three requests of 900 ms together, one of which failed."""
    pytest.importorskip("opentelemetry.exporter.otlp.proto.http", reason="opentelemetry-exporter-otlp-proto-http")
    from opentelemetry.exporter.otlp.proto.http import Compression
    from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
    from opentelemetry.sdk.resources import Resource

    one = serve()
    exporter = OTLPMetricExporter(endpoint=one.url, compression=Compression.Gzip)
    reader = PeriodicExportingMetricReader(exporter, export_interval_millis=3_600_000)
    provider = MeterProvider(
        [reader], resource=Resource({"service.name": "shop", "deployment.environment.name": "prod"})
    )
    meter = provider.get_meter("test")
    orders, requests = meter.create_counter("orders"), meter.create_histogram("http.server.request.duration", "s")
    orders.add(3)
    called = {"http.request.method": "GET", "http.route": "/orders/{id}"}
    for seconds, status in ((0.2, 200), (0.4, 503)):
        requests.record(seconds, called | {"http.response.status_code": status})
    assert provider.force_flush()
    orders.add(4)
    requests.record(0.3, called | {"http.response.status_code": 200})
    provider.shutdown()
    one.otlp.close()
    points = one.lake.read(MetricPoints)
    assert points.filter(points["metric"] == "orders")["value"].sum() == 7.0
    health = one.lake.read(ComponentHealth)
    assert set(health["component_id"]) == {"otlp:service/shop@prod"}
    assert health["requests_per_minute"].sum() == 3.0
    weighed = (health["response_time_ms"] * health["requests_per_minute"]).sum()
    assert weighed == pytest.approx(900.0)
    stats, errors = one.lake.read(ApiEndpointStats), one.lake.read(ApiEndpointErrors)
    assert set(zip(stats["endpoint"], stats["method"], strict=True)) == {("/orders/{id}", "get")}
    assert (stats["call_count"].sum(), stats["error_count"].sum()) == (3, 1)
    assert stats["p99_ms"].max() <= 10_000
    assert list(zip(errors["error_code"], errors["error_count"], strict=True)) == [("503", 1)]


def test_a_token_is_asked_for_where_one_is_set(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTLP_TOKEN", "geheim-ä")
    one = serve(receive={"token": "env:OTLP_TOKEN"})
    right = "Bearer geheim-ä".encode().decode("latin-1")
    assert one.post(request(1.0))[0] == 401
    status, headers, _ = one.post(request(1.0), Authorization="Bearer wrong")
    assert (status, headers["www-authenticate"]) == (401, "Bearer")
    assert one.post(request(1.0), Authorization=right.removeprefix("Bearer "))[0] == 401
    assert one.post(request(1.0), Authorization=right)[0] == 200
    monkeypatch.delenv("OTLP_TOKEN")
    assert one.post(request(1.0), Authorization=right)[0] == 503, "without its token it lets nobody in"


def test_without_a_token_only_this_machine_may_send(shared: Served) -> None:
    for header in ("X-Forwarded-For", "Forwarded", "X-Real-IP"):
        status, _, body = shared.post(request(1.0), **{header: "203.0.113.9"})
        assert status == 403, "what a proxy on this machine brings comes from elsewhere"
        assert b"[receive]" in body


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("203.0.113.9", False),
        ("testclient", False),
        (None, False),
    ],
)
def test_who_is_here(host: str | None, expected: bool) -> None:
    client = (host, 1) if host else None
    assert is_here(Request({"type": "http", "headers": [], "client": client})) is expected


def bomb() -> bytes:
    """64 MiB of blanks in 64 kB."""
    return gzip.compress(b" " * (64 << 20), 9)


HOSTILE: list[tuple[str, bytes, dict[str, str], int]] = [
    ("no JSON", b"{", {}, 400),
    ("no text", b"\xff\xfe\x00", {}, 400),
    ("deep", b"[" * 100_000, {}, 400),
    ("deep object", b'{"resourceMetrics":' * 50_000, {}, 400),
    ("a list", b"[]", {}, 400),
    ("a number that is huge", b"9" * 10_000, {}, 400),
    ("form", b"a=b", {"content_type": "application/x-www-form-urlencoded"}, 415),
    ("plain text", b"{}", {"content_type": "text/plain"}, 415),
    ("nothing said", b"{}", {"content_type": ""}, 415),
    ("no gzip", b"{}", {"Content_Encoding": "gzip"}, 400),
    ("half a gzip", gzip.compress(b"{}" * 9_000)[:-9], {"Content_Encoding": "gzip"}, 400),
    ("two gzips", gzip.compress(b"{}") * 2, {"Content_Encoding": "gzip"}, 400),
    ("zlib", zlib.compress(b"{}"), {"Content_Encoding": "gzip"}, 400),
    ("brotli", b"{}", {"Content_Encoding": "br"}, 400),
    ("a bomb", bomb(), {"Content_Encoding": "gzip"}, 413),
    ("too large", b" " * (MAX_BODY_BYTES + 1), {}, 413),
]


@pytest.mark.parametrize(
    ("body", "headers", "status"), [told[1:] for told in HOSTILE], ids=[told[0] for told in HOSTILE]
)
def test_a_hostile_body_is_refused(shared: Served, body: bytes, headers: dict[str, str], status: int) -> None:
    found, _, told = shared.post(body, **headers)
    assert found == status
    assert len(json.loads(told)["message"]) > 5
    assert shared.post(b"{}")[0] == 200, "and it goes on"


def test_a_body_without_a_length_is_bounded_too(shared: Served) -> None:
    """A chunked body that never ends is cut off after 4 MiB, long before it would have been read whole."""
    chunk = b"10000\r\n" + b" " * 65_536 + b"\r\n"
    with socket.create_connection(("127.0.0.1", shared.port), timeout=20) as sock:
        head = f"POST /v1/metrics HTTP/1.1\r\nHost: a\r\nContent-Type: {JSON}\r\nTransfer-Encoding: chunked\r\n\r\n"
        sock.sendall(head.encode())
        for _ in range(MAX_BODY_BYTES // 65_536 + 1):
            sock.sendall(chunk)
        assert b" 413 " in sock.recv(200)


def test_a_body_that_drips_is_given_up(shared: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(otlp, "READ_S", 0.2)
    with socket.create_connection(("127.0.0.1", shared.port), timeout=20) as sock:
        sock.sendall(
            f"POST /v1/metrics HTTP/1.1\r\nHost: a\r\nContent-Type: {JSON}\r\nContent-Length: 9\r\n\r\n[".encode()
        )
        assert b" 408 " in sock.recv(200)


def test_more_at_once_than_is_read_is_sent_back(shared: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(otlp, "MAX_AT_ONCE", 0)
    status, headers, _ = shared.post(b"{}")
    assert (status, headers["retry-after"]) == (503, "1")


def test_only_post_is_answered(shared: Served) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", shared.port, timeout=20)
    connection.request("GET", "/v1/metrics")
    assert connection.getresponse().status == 405
    connection.close()


def test_while_nothing_can_be_stored_senders_wait_and_nothing_is_lost(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk: what was taken is held, the queue fills, 503 says try again; then all of it lands, once."""
    one = serve()
    one.otlp.receiver._queue.maxsize = 2
    broken = threading.Event()
    broken.set()
    land = receiver.land

    def may_break(*args: Any) -> Any:
        if broken.is_set():
            raise LakeError("the disk is full")
        return land(*args)

    monkeypatch.setattr(receiver, "land", may_break)
    statuses = [one.post(request(float(n), metric=f"m{n}"))[0] for n in range(3)]
    assert within(10, lambda: one.post(request(9.0, metric="m9"))[0] == 503)
    assert statuses[0] == 200
    taken = statuses.count(200)
    broken.clear()
    assert within(10, lambda: one.lake.read(MetricPoints).height >= taken)
    one.otlp.close()
    rows = one.lake.read(MetricPoints)
    assert rows.height == rows["metric"].n_unique()


def test_the_settings_take_the_name_of_a_token_and_no_token(tmp_path: Path) -> None:
    config = tmp_path / "aurora.toml"
    config.write_text('[receive]\ntoken = "env:OTLP_TOKEN"\n', encoding="utf-8")
    assert load(config=config).receive.token == "env:OTLP_TOKEN"
    config.write_text('[receive]\ntoken = "s3cret"\n', encoding="utf-8")
    with pytest.raises(Exception, match="env:NAME"):
        load(config=config)


def test_a_closed_receiver_takes_nothing(serve: Serve) -> None:
    one = serve()
    one.otlp.close()
    assert one.post(request(1.0))[0] == 503
    assert one.lake.read(MetricPoints).height == 0
