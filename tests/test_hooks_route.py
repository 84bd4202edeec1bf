"""POST /hooks/<vendor> over real sockets: who may send, what is refused with which sentence, what is seen at once."""

import hashlib
import hmac
import http.client
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from starlette.applications import Starlette

from aurora.contracts import Table
from aurora.contracts.delivery import CiRuns, Deployments, Repositories
from aurora.contracts.platform import ReceivedEvents, SyncRuns
from aurora.errors import LakeError, SettingsError
from aurora.gateway import hooks
from aurora.gateway.hooks import MAX_BODY_BYTES, Hooks
from aurora.settings import Settings, SourceSettings, load
from ingest import inbox
from tests.servers import free_ports
from tests.test_hooks import BUCKET, BUCKET_PULL, TEN, build, commit_status, lab_deployment, status
from warehouse.lake import Lake
from warehouse.query import Warehouse

Json = Any
SECRET = "geheim-ä"
NAMED = {name: {"secret": "env:HOOK_SECRET"} for name in ("github", "gitlab", "bitbucket", "jenkins")}
Serve = Callable[..., "Served"]


class Served:
    """The webhooks behind a web server of their own."""

    def __init__(self, settings: Settings, port: int) -> None:
        self.settings, self.port, self.hooks = settings, port, Hooks(settings)

    def post(self, path: str, body: bytes, headers: dict[str, str]) -> tuple[int, Json]:
        """(status, answer) of one request."""
        told = {"Content-Type": "application/json"} | headers
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        connection.request("POST", path, body, {name: value.encode() for name, value in told.items()})
        answer = connection.getresponse()
        found = answer.status, json.loads(answer.read())
        connection.close()
        return found

    def send(self, vendor: str, kind: str, payload: Json, secret: str = SECRET, **headers: str) -> tuple[int, Json]:
        """An event as the vendor would send it."""
        body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.post(f"/hooks/{vendor}", body, proof(vendor, kind, body, secret) | named)

    @property
    def lake(self) -> Lake:
        return Lake(self.settings.lake)


def proof(vendor: str, kind: str, body: bytes, secret: str) -> dict[str, str]:
    signed = "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return {
        "github": {"X-GitHub-Event": kind, "X-Hub-Signature-256": signed},
        "gitlab": {"X-Gitlab-Event": kind, "X-Gitlab-Token": secret},
        "bitbucket": {"X-Event-Key": kind, "X-Hub-Signature": signed},
        "jenkins": {"Authorization": f"Bearer {secret}"},
    }[vendor]


@contextmanager
def served(settings: Settings) -> Iterator[Served]:
    [port] = free_ports(1)
    one = Served(settings, port)
    config = uvicorn.Config(Starlette(routes=[one.hooks.route]), host="127.0.0.1", port=port, log_config=None)
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
        one.hooks.close()


@pytest.fixture
def serve(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Serve]:
    """Start the webhooks with settings of one's own; stopped when the test is over."""
    monkeypatch.setenv("HOOK_SECRET", SECRET)
    with ExitStack() as servers:

        def start(told: Json = None, **more: Any) -> Served:
            named = {"hooks": NAMED if told is None else told}
            settings = Settings(data=tmp_path / "data", config=tmp_path / "aurora.toml", receive=named, **more)
            return servers.enter_context(served(settings))

        yield start


EVENTS = [
    ("github", "deployment_status", status("success", "01T10:06:00"), Deployments),
    ("gitlab", "Deployment Hook", lab_deployment("success", "01 12:10:00"), Deployments),
    ("bitbucket", "repo:commit_status_updated", commit_status("FAILED", "01T10:05:00"), CiRuns),
    ("jenkins", "", build("COMPLETED", TEN, status="SUCCESS", duration=1), CiRuns),
]
each_vendor = pytest.mark.parametrize(("vendor", "kind", "payload", "table"), EVENTS, ids=[one[0] for one in EVENTS])


@each_vendor
def test_what_is_signed_lands_and_is_published(serve: Serve, vendor: str, kind: str, payload: Json, table: Any) -> None:
    one = serve()
    code, told = one.send(vendor, kind, payload)
    assert (code, told["known"], "note" in told) == (200, False, False)
    assert told["rows"] >= 1
    assert one.lake.read(table)["source_instance"].to_list() == [vendor]
    # Nobody else publishes here, so the web process did before it answered.
    assert Warehouse(one.settings.published).rows(f"from {table.spec.name}").height == 1
    again, known = one.send(vendor, kind, payload)
    assert (again, known) == (200, {"event": told["event"], "rows": 0, "known": True})


@each_vendor
def test_what_is_not_signed_is_not_read(serve: Serve, vendor: str, kind: str, payload: Json, table: Any) -> None:
    one = serve()
    body = json.dumps(payload).encode()
    right = proof(vendor, kind, body, SECRET)
    name = next(name for name in right if "Event" not in name)
    wrongs = [
        {},
        {name: ""},
        proof(vendor, kind, body, "guess"),
        proof(vendor, kind, body + b" ", SECRET) if vendor in ("github", "bitbucket") else {name: right[name] + " x"},
        {name: right[name].upper()},
        {name: "sha256="},
        {name: "\u00e4" * 40},
    ]
    for wrong in wrongs:
        without = {other: value for other, value in right.items() if other != name}
        code, told = one.post(f"/hooks/{vendor}", body, without | wrong)
        assert code == 401
        assert SECRET not in json.dumps(told, ensure_ascii=False)
    assert one.lake.version(ReceivedEvents) is None
    assert one.lake.version(table) is None


def test_a_signature_of_another_body_is_wrong(serve: Serve) -> None:
    one = serve()
    signed = proof("github", "deployment_status", json.dumps(status("failure", "01T10:06:00")).encode(), SECRET)
    code, _ = one.post("/hooks/github", json.dumps(status("success", "01T10:06:00")).encode(), signed)
    assert code == 401


def test_without_a_secret_the_door_is_closed(serve: Serve) -> None:
    one = serve({})
    for vendor, kind, payload, _ in EVENTS:
        code, told = one.send(vendor, kind, payload)
        assert (code, told["error"]) == (
            403,
            f'set [receive.hooks.{vendor}] secret = "env:NAME" in aurora.toml to receive this',
        )
    assert one.post("/hooks/trello", b"{}", {})[0] == 404


def test_a_secret_that_is_not_set_lets_nobody_in(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    one = serve()
    for value in (None, ""):
        monkeypatch.delenv("HOOK_SECRET") if value is None else monkeypatch.setenv("HOOK_SECRET", value)
        assert one.send("github", "push", {}, secret="")[0] == 503


HOSTILE: list[tuple[str, bytes, int]] = [
    ("nothing", b"", 400),
    ("no JSON", b"{", 400),
    ("a list", b"[]", 400),
    ("no text", b"\xff\xfe", 400),
    ("no number", b'{"a": Infinity}', 400),
    ("a number that is huge", b'{"a": ' + b"9" * 10_000 + b"}", 400),
    ("deep", b'{"a":' * 100_000, 400),
    ("another shape", b'{"repository": [[[]]], "deployment_status": {"state": {}}}', 200),
    ("too large", b" " * (MAX_BODY_BYTES + 1), 413),
]


@pytest.mark.parametrize(("body", "code"), [one[1:] for one in HOSTILE], ids=[one[0] for one in HOSTILE])
def test_a_hostile_body_harms_nothing(serve: Serve, body: bytes, code: int) -> None:
    one = serve()
    found, told = one.send("github", "deployment_status", body)
    assert found == code
    assert len(told.get("error") or told["note"]) > 5
    assert one.send("github", "deployment_status", status("success", "01T10:06:00"))[0] == 200, "and it goes on"


@pytest.mark.parametrize("kind", ["", "text/plain", "application/x-www-form-urlencoded"])
def test_only_json_is_read(serve: Serve, kind: str) -> None:
    code, told = serve().send("github", "push", b"payload=%7B%7D", Content_Type=kind)
    assert (code, told["error"]) == (415, "send content-type application/json")


def test_a_body_without_a_length_is_bounded_too(serve: Serve) -> None:
    one = serve()
    chunk = b"10000\r\n" + b" " * 65_536 + b"\r\n"
    with socket.create_connection(("127.0.0.1", one.port), timeout=20) as sock:
        head = "POST /hooks/gitlab HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nX-Gitlab-Token: x\r\n"
        sock.sendall(f"{head}Transfer-Encoding: chunked\r\n\r\n".encode())
        for _ in range(MAX_BODY_BYTES // 65_536 + 1):
            sock.sendall(chunk)
        assert b" 413 " in sock.recv(200)


def test_more_at_once_than_is_read_is_sent_back(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    one = serve()
    monkeypatch.setattr(hooks, "MAX_AT_ONCE", 0)
    assert one.send("github", "push", {})[0] == 503


def test_what_could_not_be_stored_is_sent_again(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk, once before rows and once before the event is stored; sent again, all of it is there, once."""
    one, land = serve(), inbox.land
    breaks: list[type[Table]] = [Repositories, ReceivedEvents]

    def may_break(lake: Lake, table: type[Table], *told: Any) -> Any:
        if breaks and table is breaks[0]:
            raise LakeError("the disk is full")
        return land(lake, table, *told)

    monkeypatch.setattr(inbox, "land", may_break)
    payload = status("success", "01T10:06:00")
    while breaks:
        code, told = one.send("github", "deployment_status", payload, X_GitHub_Delivery="d-1")
        assert (code, told["error"]) == (503, "it could not be stored: try again")
        breaks.pop(0)
    code, told = one.send("github", "deployment_status", payload, X_GitHub_Delivery="d-1")
    assert (code, told["known"]) == (200, False)
    assert [one.lake.read(table).height for table in (Deployments, Repositories, ReceivedEvents)] == [1, 1, 1]


def test_many_at_once_land_once_each(serve: Serve) -> None:
    one, codes = serve(), list[int]()

    def send(number: int) -> None:
        payload = status("success", "01T10:06:00", number // 2)
        codes.append(one.send("github", "deployment_status", payload, X_GitHub_Delivery=f"d-{number // 2}")[0])

    threads = [threading.Thread(target=send, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert codes == [200] * 12
    assert sorted(one.lake.read(ReceivedEvents)["event_id"]) == [f"github:d-{number}" for number in range(6)]
    assert one.lake.read(Deployments).height == 1


def test_a_hook_takes_the_name_of_the_source_that_reads_the_same(serve: Serve) -> None:
    source = SourceSettings.model_validate({"name": "bucket", "connector": "bitbucket"})
    named = {"bitbucket": {"secret": "env:HOOK_SECRET", "source": "bucket"}}
    one = serve(named, source=(source,))
    code, told = one.send("bitbucket", "repo:commit_status_updated", commit_status("FAILED", "01T10:05:00"))
    assert (code, told["event"].startswith("bucket:")) == (200, True)
    assert one.lake.read(CiRuns).height == 0, "the connector reads the pipelines themselves"
    one.send("bitbucket", "pullrequest:fulfilled", {"pullrequest": BUCKET_PULL, "repository": BUCKET})
    rows = Warehouse(one.settings.published).rows("select pull_request_id from pull_requests")
    assert rows["pull_request_id"].to_list() == ["bucket:aa-1/4"]


def test_what_was_received_is_told_when_it_ends(serve: Serve) -> None:
    one = serve()
    for number in range(3):
        one.send("github", "star", {"n": number})
    one.hooks.close()
    assert sum(one.lake.read(SyncRuns)["row_count"]) == 3


def test_the_settings_name_hooks(tmp_path: Path) -> None:
    config = tmp_path / "aurora.toml"
    config.write_text(
        '[receive.hooks.github]\nsecret = "env:A"\nsource = "hub"\nenvironments = {"blue-*" = "production"}\n'
        '[receive.hooks.jenkins]\nsecret = "env:B"\n'
        '[[receive.hooks.jenkins.deploys]]\njob = "shop/.*"\nenvironment = "production"\napp = "shop"\n'
    )
    told = load(config=config).receive.hooks
    assert (told.github.secret, told.github.source, told.github.environments) == (
        "env:A",
        "hub",
        {"blue-*": "production"},
    )
    assert told.jenkins.deploys[0].app == "shop"
    assert told.gitlab.secret is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[receive.hooks.github]\nsecret = "s3cret"\n', 'line 2: receive.hooks.github.secret: .*write "env:NAME"'),
        ('[receive.hooks.trello]\nsecret = "env:A"\n', "receive.hooks.trello: there is no such setting"),
        ('[receive.hooks.github]\nsource = "My Hub"\n', "line 2: receive.hooks.github: 'My Hub': use lower-case"),
        ('[receive.hooks.github.environments]\nblue = "prod"\n', "receive.hooks.github.environments.blue"),
        ('[[receive.hooks.jenkins.deploys]]\njob = "["\nenvironment = "x"\n', "job"),
        ('[[receive.hooks.jenkins.deploys]]\njob = "x"\n', "say where the job deploys"),
    ],
)
def test_wrong_settings_are_named(tmp_path: Path, text: str, words: str) -> None:
    config = tmp_path / "aurora.toml"
    config.write_text(text)
    with pytest.raises(SettingsError, match=words) as caught:
        load(config=config)
    assert "s3cret" not in str(caught.value)
