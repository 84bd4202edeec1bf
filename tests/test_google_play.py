"""Google Play: signing in to its three hosts, what its errors mean, and groups of crashes."""

import json
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
import requests
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from google.auth import jwt
from pydantic import ValidationError

from aurora.contracts.operations import ErrorGroups
from aurora.errors import SourceError
from ingest.connectors.google_play import PlayOptions, connector
from tests.google_play_fake import APP, OPTIONS, Console, Play, at
from tests.replay import Recording, response, run_of

DAY = timedelta(days=1)
CRASH = "crashRateMetricSet"
Json = Any


@pytest.fixture
def console(tmp_path: Path) -> Console:
    return Console(tmp_path)


@cache
def key() -> tuple[str, str]:
    """A service account's key as JSON, and the public half."""
    made = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem, none = serialization.Encoding.PEM, serialization.NoEncryption()
    private = made.private_bytes(pem, serialization.PrivateFormat.PKCS8, none).decode()
    public = made.public_key().public_bytes(pem, serialization.PublicFormat.SubjectPublicKeyInfo).decode()
    told = {"client_email": "aurora@shop.iam.gserviceaccount.com", "private_key": private, "private_key_id": "1"}
    return json.dumps(told | {"type": "service_account", "token_uri": "https://elsewhere.example"}), public


class SigningIn(Play):
    """Google's sign-in before Google Play; `grants` are the forms that it got."""

    def __init__(self, status: int = 200, body: Json = None) -> None:
        super().__init__()
        self.told = {"status": status, "body": body or {"access_token": "ya29.secret", "expires_in": 3599}}
        self.grants: list[dict[str, str]] = []
        self.hosts: set[tuple[str, str]] = set()

    def send(self, request: requests.PreparedRequest, *args: Any, **more: Any) -> requests.Response:
        url = str(request.url)
        if url == "https://oauth2.googleapis.com/token":
            self.grants.append({name: values[0] for name, values in parse_qs(str(request.body)).items()})
            return response(self.told, request)
        self.hosts.add((url.split("/")[2], str(request.headers["Authorization"])))
        return super().send(request, *args, **more)


def signing_in(monkeypatch: pytest.MonkeyPatch, play: SigningIn, stream: str = "listings") -> list[Any]:
    monkeypatch.setenv("KEY", key()[0])
    options = {name: value for name, value in OPTIONS.items() if name != "token"} | {"service_account": "env:KEY"}
    recording = Recording(options, datetime(2026, 3, 10, tzinfo=UTC), [])
    return list(connector.streams[stream].fetch(run_of(connector, stream, recording, play)))


def test_the_key_signs_a_claim_for_three_scopes_and_its_token_goes_to_every_host(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    play = SigningIn()
    for stream in ("listings", "reports", "reviews"):
        signing_in(monkeypatch, play, stream)
    assert [one["grant_type"] for one in play.grants] == ["urn:ietf:params:oauth:grant-type:jwt-bearer"] * 3
    claim = jwt.decode(
        play.grants[0]["assertion"], certs=key()[1].encode(), audience="https://oauth2.googleapis.com/token"
    )
    names = ("androidpublisher", "playdeveloperreporting", "devstorage.read_only")
    assert claim["scope"] == " ".join(f"https://www.googleapis.com/auth/{name}" for name in names)
    assert (claim["iss"], claim["exp"] - claim["iat"]) == ("aurora@shop.iam.gserviceaccount.com", 3600)
    hosts = ("androidpublisher", "playdeveloperreporting", "storage")
    assert play.hosts == {(f"{host}.googleapis.com", "Bearer ya29.secret") for host in hosts}


def test_a_refused_key_is_a_matter_of_signing_in(monkeypatch: pytest.MonkeyPatch) -> None:
    told = {"error": "invalid_grant", "error_description": "Invalid JWT Signature."}
    with pytest.raises(SourceError, match=r"Invalid JWT Signature.*make a new key") as raised:
        signing_in(monkeypatch, SigningIn(400, told))
    assert raised.value.error_class == "auth"


@pytest.mark.parametrize("text", ["nothing", "{}", "{", '{"client_email": "a", "private_key": "b"}', "/"])
def test_a_key_that_is_none_is_said_without_showing_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setenv("KEY", text)
    console = Console(tmp_path, token=None, service_account="env:KEY")
    outcome = console.run("listings")
    assert (outcome.status, outcome.error_class) == ("failed", "auth")
    assert "Secret(env:KEY) is no service account key" in str(outcome.error)


@pytest.mark.parametrize(
    "wrong",
    [
        {"token": None},
        {"service_account": "env:KEY"},
        {"packages": []},
        {"packages": ["shop"]},
        {"packages": ["com.example/../x"]},
        {"bucket": "Not A Bucket"},
        {"url": "file:///etc/passwd"},
        {"vitals_history": "1h"},
    ],
)
def test_options_that_cannot_be_are_refused(wrong: Json) -> None:
    with pytest.raises(ValidationError):
        PlayOptions.model_validate(OPTIONS | wrong)
    assert PlayOptions.model_validate(OPTIONS).bucket == "pubsite_prod_rev_01234567890987654321"


def test_a_403_for_a_limit_is_a_limit() -> None:
    recording = Recording(OPTIONS, datetime(2026, 3, 10, tzinfo=UTC), [])
    kinds = dict.fromkeys(("rateLimitExceeded", "userRateLimitExceeded", "quotaExceeded", "RATE_LIMIT_EXCEEDED"))
    for reason, kind in (kinds | {"SERVICE_DISABLED": "permission"}).items():
        play, told = Play(), {"error": {"code": 403, "status": "DENIED", "details": [{"reason": reason}]}}
        play.refusals = {"/reviews": [{"status": 403, "body": told}] * 9}
        with pytest.raises(SourceError) as raised:
            list(connector.streams["reviews"].fetch(run_of(connector, "reviews", recording, play)))
        assert raised.value.error_class == (kind or "rate_limited")


def issue(name: str, **told: Any) -> Json:
    usual = {"name": f"apps/{APP}/{name}", "type": "CRASH", "cause": "SIGSEGV", "errorReportCount": "5"}
    return usual | {"lastErrorReportTime": "2026-03-09T10:00:00Z", "lastAppVersion": {"versionCode": "2400"}} | told


def test_a_group_keeps_the_first_hour_at_which_it_was_seen(console: Console) -> None:
    console.play.issues = [issue(str(number)) for number in range(5)]
    assert console.run("issues").status == "success"
    console.play.issues = [issue("0", lastErrorReportTime="2026-03-10T01:00:00Z", errorReportCount="9")]
    console.run("issues")
    columns = ("error_group_id", "first_seen_at", "last_seen_at", "event_count")
    rows = console.rows(ErrorGroups, *columns)
    assert rows[0] == (f"{APP}/0", at(3, 9, 10), at(3, 10, 1), 9)
    assert len(rows) == 5


def test_hostile_issues_are_refused_and_a_new_type_is_an_error(console: Console) -> None:
    odd = [issue("1", lastErrorReportTime="soon"), issue("2", errorReportCount="many"), {"type": "CRASH"}]
    console.play.issues = [*odd, issue("3", type="FREEZE", cause="", location="")]
    assert console.run("issues").status == "success"
    assert console.rows(ErrorGroups, "kind", "title", "is_unhandled") == [("error", "issue 3", None)]
    assert len(console.refused()) == 3
