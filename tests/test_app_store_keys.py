"""App Store Connect: how one signs in, what a key that is none says, limits, and answers that are no lists."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pydantic import ValidationError

from aurora.errors import SourceError
from ingest.connectors.app_store_connect import AppStoreOptions, connect
from ingest.http import Answer
from ingest.vendors import app_store_keys
from ingest.vendors.app_store_api import BUSY_S, limited
from ingest.vendors.app_store_keys import KEPT_S, bearer, signed
from tests.apple import APP_ID, Apple, Json, world
from tests.peers import API

KEY = ec.generate_private_key(ec.SECP256R1())
TEAM = {"key_id": "ABC123DEFG", "issuer_id": "69a6de7e-0000-47e3-e053-5b8c7c11a4d1", "private_key": "env:APPLE_KEY"}


def pem(key: Any) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()  # type: ignore[no-any-return]


@pytest.fixture(autouse=True)
def _no_word_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app_store_keys, "_words", {})
    monkeypatch.setenv("APPLE_KEY", pem(KEY).replace("\n", "\\n"))


def unpacked(word: str) -> tuple[Json, Json]:
    """Header and claims of a token whose signature is the key's: r and s of 32 bytes each (RFC 7518, 3.4)."""
    head, claims, signature = (base64.urlsafe_b64decode(one + "=" * (-len(one) % 4)) for one in word.split("."))
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    assert len(signature) == 64
    text = word.rpartition(".")[0].encode()
    KEY.public_key().verify(encode_dss_signature(r, s), text, ec.ECDSA(SHA256()))
    return json.loads(head), json.loads(claims)


def test_a_team_signs_for_its_issuer_and_a_person_for_the_user() -> None:
    head, claims = unpacked(signed(pem(KEY), "ABC", "issuer-1", 1_700_000_000))
    assert head == {"alg": "ES256", "kid": "ABC", "typ": "JWT"}
    assert claims == {"iss": "issuer-1", "iat": 1_700_000_000, "exp": 1_700_001_140, "aud": "appstoreconnect-v1"}
    assert claims["exp"] - claims["iat"] <= 20 * 60
    assert "iss" not in unpacked(signed(pem(KEY), "ABC", None, 0))[1]
    assert unpacked(signed(pem(KEY), "ABC", None, 0))[1]["sub"] == "user"


def test_a_word_is_used_for_a_quarter_of_an_hour(monkeypatch: pytest.MonkeyPatch) -> None:
    options, clock = AppStoreOptions.model_validate(TEAM), [1000.0]
    monkeypatch.setattr("time.monotonic", lambda: clock[0])
    first = bearer(options)
    clock[0] += KEPT_S - 1
    assert bearer(options) == first
    clock[0] += 1
    assert bearer(options) != first


def test_the_key_may_be_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "AuthKey.p8").write_text(pem(KEY), encoding="utf-8")
    monkeypatch.setenv("APPLE_KEY", str(tmp_path / "AuthKey.p8"))
    unpacked(bearer(AppStoreOptions.model_validate(TEAM)))


@pytest.mark.parametrize(
    "key",
    [
        pem(rsa.generate_private_key(65537, 2048)),
        pem(ec.generate_private_key(ec.SECP384R1())),
        "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----",
        "MIGTAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBHkwd",
    ],
)
def test_a_key_that_is_none_is_named_and_not_shown(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("APPLE_KEY", key)
    with pytest.raises(SourceError) as raised:
        connect(AppStoreOptions.model_validate(TEAM))
    assert raised.value.error_class == "auth"
    assert "private_key" in str(raised.value)
    assert not any(part in str(raised.value) for part in key.split() if len(part) > 12)


def test_a_key_of_another_product_s_tests_is_read() -> None:
    """fastlane's recording of a key (MIT): an EC key in the older form, SEC 1."""
    path = API / "appstoreconnect-fixtures" / "connect_api" / "asc_key_base64.json"
    if not path.exists():
        pytest.skip(f"{path} is not there")
    told = json.loads(path.read_text(encoding="utf-8"))
    assert signed(base64.b64decode(told["key"]).decode(), told["key_id"], told["issuer_id"], 0).count(".") == 2


@pytest.mark.parametrize(
    "options",
    [{}, TEAM | {"token": "env:PATH"}, TEAM | {"key_id": None}, TEAM | {"apps": ["com.example"]}],
)
def test_options_that_contradict_are_refused(options: Json) -> None:
    with pytest.raises(ValidationError):
        AppStoreOptions.model_validate(options)


def test_neither_key_nor_word_is_kept(tmp_path: Path) -> None:
    """Raw answers are kept, and what failed is told: a server that repeats our header finds it hidden."""
    apple = Apple()
    ingest, source = world(tmp_path, apple, **TEAM)
    word = bearer(AppStoreOptions.model_validate(TEAM))
    apple.said["/v1/apps"] = [{"status": 403, "body": {"errors": [{"code": "FORBIDDEN", "detail": f"Bearer {word}"}]}}]
    (outcome,) = ingest.run(source, {"apps"})
    assert outcome.error_class == "permission"
    assert "FORBIDDEN" in str(outcome.error)
    assert apple.asked[0].headers["Authorization"] == f"Bearer {word}"
    kept = b"".join(file.read_bytes() for file in (tmp_path / "data").rglob("*") if file.is_file())
    assert word.encode() not in kept + str(outcome.error).encode()


@pytest.mark.parametrize(
    ("status", "headers", "wait"),
    [
        (429, {"X-Rate-Limit": "user-hour-lim:3500;user-hour-rem:0;"}, 3600.0),  # nothing is left of this hour
        (429, {"X-Rate-Limit": "user-hour-lim:3500;user-hour-rem:900;"}, 2 * BUSY_S),  # the limit by the minute
        (429, {}, 2 * BUSY_S),
        (429, {"Retry-After": "7"}, None),  # then the client waits as told
        (503, {"X-Rate-Limit": "user-hour-lim:3500;user-hour-rem:0;"}, None),
    ],
)
def test_a_refusal_for_limits_is_waited_out_or_not(status: int, headers: dict[str, str], wait: float | None) -> None:
    assert limited(Answer("https://x", status, headers, ""), 2) == wait


def test_a_run_stops_before_the_hour_of_the_key_is_used_up(tmp_path: Path) -> None:
    """2 % of 3,500 are 70, which are left to others; what was read before has landed."""
    apple = Apple()
    apple.headers = {"X-Rate-Limit": "user-hour-lim:3500;user-hour-rem:70;"}
    (outcome,) = world(tmp_path, apple)[0].run(world(tmp_path, apple)[1], {"versions"})
    assert (outcome.status, outcome.error_class, len(apple.asked)) == ("failed", "rate_limited", 1)


@pytest.mark.parametrize("body", [{"errors": [{"code": "UNEXPECTED"}]}, {"data": {}}, [], "text", None])
def test_an_answer_that_is_no_list_is_no_success(body: Json, tmp_path: Path) -> None:
    apple = Apple()
    apple.said["/v1/apps"] = [{"body": json.dumps(body)}]
    ingest, source = world(tmp_path, apple)
    assert ingest.run(source, {"versions"})[0].error_class == "schema_drift"


def test_a_page_that_leads_elsewhere_is_refused(tmp_path: Path) -> None:
    apple = Apple()
    apple.said["/v1/apps"] = [{"body": {"data": [], "links": {"next": "https://elsewhere.example/v1/apps"}}}]
    (outcome,) = world(tmp_path, apple)[0].run(world(tmp_path, apple)[1], {"versions"})
    assert "another host" in str(outcome.error)
    assert len(apple.asked) == 1


def test_an_application_that_is_named_and_not_seen_is_told(tmp_path: Path) -> None:
    apple = Apple()
    apple.lists[f"/v1/apps/{APP_ID}/appStoreVersions"] = []
    ingest, source = world(tmp_path, apple, apps=[APP_ID, "42"])
    (outcome,) = ingest.run(source, {"versions"})
    assert (outcome.status, apple.params("filter[id]")) == ("partial", [f"{APP_ID},42"])
    assert "42" in str(outcome.error)
