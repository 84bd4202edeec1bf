"""WhatsApp Cloud API: error codes whatever the HTTP status, the proof of the app secret, and what a number's day is."""

from datetime import UTC, datetime
from typing import Any

import pytest

from aurora.contracts.operations import ComponentHealth, MessagingVolumes
from aurora.errors import ErrorClass, SourceError
from ingest.connectors.whatsapp_cloud import WhatsappOptions, connect, connector
from ingest.vendors.graphapi import class_of, digits, proof
from tests.replay import Recording, Replay, cursor_of, load, replayed, rows_of, run_of

NOW = datetime(2026, 3, 4, 12, 10, tzinfo=UTC)
OPTIONS = {"account_id": "1", "token": "env:HOME"}
Json = Any


def refusal(status: int, message: str, code: Json, subcode: Json = None) -> Json:
    error = {"message": message, "type": "OAuthException", "code": code, "error_subcode": subcode, "fbtrace_id": "A"}
    request = {"method": "GET", "path": "/v25.0/1/phone_numbers"}
    return {"request": request, "response": {"status": status, "body": {"error": error}}}


EXPIRED = "Error validating access token: Session has expired on Wednesday, 04-Mar-26 03:00:00 PST. " + "x" * 90
ERRORS: list[tuple[int, str, Json, Json, ErrorClass]] = [
    (200, "token", 190, 463, "auth"),
    (400, EXPIRED, 190, 463, "auth"),
    (401, EXPIRED, 190, None, "auth"),
    (200, "(#4) Application request limit reached", 4, None, "rate_limited"),
    (400, "(#4) Application request limit reached", 4, None, "rate_limited"),
    (400, "(#80007) There have been too many calls from this WhatsApp account", 80007, None, "rate_limited"),
    (200, "too many calls", 80008, None, "rate_limited"),
    (400, "(#10) Application does not have permission for this action", 10, None, "permission"),
    (403, "(#200) You do not have the necessary permissions", 200, None, "permission"),
    (200, "Unsupported get request", 100, 33, "not_found"),
    (400, "(#100) Tried accessing nonexisting field", 100, None, "bad_query"),
    (200, "An unknown error occurred", 1, None, "vendor_5xx"),
    (200, "a new one", 999999, None, "bad_query"),
    (200, "no code", None, None, "bad_query"),
]


@pytest.mark.parametrize(("status", "message", "code", "subcode", "kind"), ERRORS)
def test_an_error_has_the_class_of_its_code(
    status: int, message: str, code: Json, subcode: Json, kind: ErrorClass
) -> None:
    with pytest.raises(SourceError) as raised:
        replayed(connector, "channels", Recording(OPTIONS, NOW, [refusal(status, message, code, subcode)]))
    assert raised.value.error_class == kind
    assert len(str(raised.value)) < 600


def test_an_error_that_is_no_object_is_an_error_still() -> None:
    told = {"request": {"method": "GET", "path": "/v25.0/1/phone_numbers"}, "response": {"body": {"error": "broken"}}}
    with pytest.raises(SourceError, match="broken"):
        replayed(connector, "channels", Recording(OPTIONS, NOW, [told]))


@pytest.mark.parametrize("code", [True, "abc", -1, "²", 10**400])
def test_strange_codes_have_a_class(code: Json) -> None:
    assert class_of(code, None) == "bad_query"


def test_the_proof_is_the_token_hashed_with_the_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    """HMAC-SHA256, test case 2 of RFC 4231: key Jefe, text "what do ya want for nothing?"."""
    monkeypatch.setenv("WA_SECRET", "Jefe")
    monkeypatch.setenv("WA_TOKEN", "what do ya want for nothing?")
    options = WhatsappOptions(account_id="1", token="env:WA_TOKEN", app_secret="env:WA_SECRET")  # type: ignore[arg-type]
    told = proof(options)
    assert told == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    assert {"Jefe", "what do ya want for nothing?", told} == set(connect(options).secrets)


def test_every_request_is_proved_and_none_holds_the_token() -> None:
    recording = load("whatsapp_cloud", "channels")
    adapter = Replay(recording.exchanges)
    list(connector.streams["channels"].fetch(run_of(connector, "channels", recording, adapter)))
    assert all("appsecret_proof=" in str(request.url) for request in adapter.asked)
    assert all("access_token" not in str(request.url) for request in adapter.asked)


def test_without_a_secret_nothing_is_proved() -> None:
    told = {"request": {"method": "GET", "path": "/v25.0/1/phone_numbers"}, "response": {"body": {"data": []}}}
    _, _, adapter = replayed(connector, "channels", Recording(OPTIONS, NOW, [told]))
    assert "proof" not in str(adapter.asked[0].url)


def test_a_number_keeps_the_instant_it_was_first_seen() -> None:
    items, _, _ = replayed(connector, "channels", load("whatsapp_cloud", "channels"))
    cursor = cursor_of(items)
    assert cursor is not None
    assert cursor["seen"]["106540352242922"] == "2026-01-01T00:00:00+00:00"
    assert set(cursor["seen"].values()) == {"2026-01-01T00:00:00+00:00", "2026-03-04T12:10:00+00:00"}


@pytest.mark.parametrize(
    ("can_send", "status", "judged"),
    [
        ("AVAILABLE", "CONNECTED", "healthy"),
        ("LIMITED", "CONNECTED", "degraded"),
        ("BLOCKED", "CONNECTED", "down"),
        ("AVAILABLE", "RATE_LIMITED", "degraded"),
        ("AVAILABLE", "BANNED", "down"),
        (None, "CONNECTED", "unknown"),
        ("SOMEHOW", "CONNECTED", "unknown"),
        ("AVAILABLE", None, "healthy"),
    ],
)
def test_the_worse_of_health_and_status_counts(can_send: str | None, status: str | None, judged: str) -> None:
    phones = {"data": [{"id": "7", "display_phone_number": "+1", "status": status}]}
    health = {"health_status": {"can_send_message": can_send}} if can_send else {}
    exchanges = [
        {"request": {"method": "GET", "path": "/v25.0/1/phone_numbers"}, "response": {"body": phones}},
        {"request": {"method": "GET", "path": "/v25.0/7"}, "response": {"body": health}},
    ]
    items, _, _ = replayed(connector, "channels", Recording(OPTIONS, NOW, exchanges))
    assert [row["status"] for row in rows_of(items, ComponentHealth)] == [judged]


def test_a_cost_without_a_currency_is_none_and_foreign_numbers_are_told() -> None:
    recording = load("whatsapp_cloud", "volumes")
    recording.exchanges[-1]["response"]["body"].pop("currency")
    items, run, _ = replayed(connector, "volumes", recording)
    assert {row.get("billed_cost") for row in rows_of(items, MessagingVolumes)} == {None}
    assert run.warnings == ["costs of 19995550000 are left out: it is no number of this account any more"]


@pytest.mark.parametrize(("shown", "told"), [("+1 631-555-1111", "16315551111"), ("", ""), (None, "")])
def test_a_number_is_its_digits(shown: str | None, told: str) -> None:
    assert digits(shown) == told
