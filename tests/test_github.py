"""GitHub: signing in, what its errors and limits mean, which repositories are read and which are passed over."""

import base64
import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
)
from pydantic import ValidationError

from aurora.contracts.delivery import Repositories, WorkItems
from aurora.errors import ErrorClass, SourceError
from ingest.connector import Checkpoint
from ingest.connectors.github import GitHubOptions, connector
from ingest.vendors import github_auth
from ingest.vendors.github_api import root_of
from ingest.vendors.work_keys import work_keys
from tests.github_fake import OPTIONS, GitHub, Json, connection, repository, run_at, survey, until_it_ends
from tests.replay import cursor_of, load, replayed, rows_of

KEY = rsa.generate_private_key(65537, 2048)
APP = {"organization": "acme", "app_id": 4711, "private_key": "env:GITHUB_KEY"}


def pem(key: Any, encryption: KeySerializationEncryption | None = None) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption or NoEncryption()).decode()


@pytest.fixture(autouse=True)
def _no_token_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(github_auth, "_tokens", {})
    monkeypatch.setenv("GITHUB_KEY", pem(KEY).replace("\n", "\\n"))


def all_of(stream: str, github: GitHub, **given: Any) -> list[Any]:
    return list(connector.streams[stream].fetch(run_at(stream, github, **given)))


def unpadded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def token(life: timedelta, name: str = "ghs_once") -> Json:
    return {"token": name, "expires_at": (datetime.now(UTC) + life).isoformat(), "permissions": {"contents": "read"}}


def app(life: timedelta = timedelta(hours=1), **more: Any) -> GitHub:
    others = [{"id": number, "account": {"login": f"other-{number}"}} for number in range(100)]
    pages = {"1": others, "2": others, "3": [{"id": 88, "account": {"login": "Acme"}}]}
    return GitHub(
        {
            "/app/installations": lambda asked: pages[asked["page"]],
            "/app/installations/88/access_tokens": lambda _: token(life),
            "Survey": survey(repository(1, "shop")),
            **more,
        }
    )


def test_an_app_signs_its_word_and_uses_the_token_of_its_installation() -> None:
    github = app()
    assert len(rows_of(all_of("repositories", github, options=APP), Repositories)) == 1
    assert github.names() == ["/app/installations"] * 3 + ["/app/installations/88/access_tokens", "Survey"]
    word = github.asked[3][2]["Authorization"].removeprefix("Bearer ")
    head, claims, signature = word.split(".")
    KEY.public_key().verify(unpadded(signature), f"{head}.{claims}".encode(), padding.PKCS1v15(), SHA256())
    assert json.loads(unpadded(head)) == {"alg": "RS256", "typ": "JWT"}
    said = json.loads(unpadded(claims))
    assert said["iss"] == "4711"
    assert said["iat"] <= time.time() - 50
    assert 500 < said["exp"] - time.time() <= 600
    assert github.asked[4][2]["Authorization"] == "Bearer ghs_once"


def test_the_token_of_an_app_is_kept_until_shortly_before_it_ends() -> None:
    github = app()
    known = {**APP, "installation_id": 88}
    all_of("repositories", github, options=known)
    all_of("releases", github, options=known)
    assert github.names() == ["/app/installations/88/access_tokens", "Survey", "Survey"]
    short = app(timedelta(minutes=4))
    all_of("repositories", short, options={**known, "app_id": 1})
    all_of("repositories", short, options={**known, "app_id": 1})
    assert short.names() == ["/app/installations/88/access_tokens", "Survey"] * 2


def test_a_withdrawn_token_is_bought_anew_once() -> None:
    answers = [{"status": 401, "body": {"message": "Bad credentials"}}, survey(repository(1, "shop"))({})]
    github = app(Survey=lambda _: answers.pop(0))
    known = {**APP, "installation_id": 88}
    assert len(all_of("repositories", github, options=known)) == 1
    assert github.names() == ["/app/installations/88/access_tokens", "Survey"] * 2


@pytest.mark.parametrize(
    "key",
    [
        "no key",
        pem(ec.generate_private_key(ec.SECP256R1())),
        pem(KEY, BestAvailableEncryption(b"word")),
        pem(KEY)[:200],
    ],
)
def test_a_key_that_is_none_is_said_without_showing_it(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_KEY", key)
    with pytest.raises(SourceError, match="private_key holds no RSA key") as raised:
        all_of("repositories", app(), options=APP)
    assert raised.value.error_class == "auth"
    assert key[30:60] not in f"{raised.value!r} {raised.value.__cause__!r}" or len(key) < 30


def test_an_app_that_is_not_installed_is_said() -> None:
    github = GitHub({"/app/installations": lambda _: []})
    with pytest.raises(SourceError, match="not installed at acme") as raised:
        all_of("repositories", github, options=APP)
    assert raised.value.error_class == "not_found"


@pytest.mark.parametrize(
    ("url", "root"),
    [
        ("https://github.com", "https://api.github.com"),
        ("https://api.github.com/", "https://api.github.com"),
        ("https://acme.ghe.com", "https://api.acme.ghe.com"),
        ("https://git.acme.example", "https://git.acme.example/api"),
        ("https://git.acme.example/api/v3/", "https://git.acme.example/api"),
        ("http://git.acme.example:8443/api/graphql", "http://git.acme.example:8443/api"),
    ],
)
def test_the_address_that_people_know_leads_to_the_api(url: str, root: str) -> None:
    assert root_of(url) == root


def test_an_enterprise_server_is_asked_below_api() -> None:
    newest = repository(1, "shop", "2026-03-04T12:00:00Z")
    github = GitHub({"Survey": survey(newest), "/api/v3/repos/acme/shop/issues": lambda _: []})
    all_of("work_items", github, options={**OPTIONS, "url": "https://git.acme.example"})
    assert github.names() == ["Survey"] + ["/api/v3/repos/acme/shop/issues"] * 2


@pytest.mark.parametrize(
    "told",
    [
        {"organization": "acme"},
        {"organization": "acme", "app_id": 1},
        {"organization": "acme", "token": "env:A", "app_id": 1, "private_key": "env:B"},
        {"token": "env:A"},
        {"token": "env:A", "repositories": ["acme"]},
        {"token": "env:A", "repositories": ["acme/shop/../.."]},
        {"token": "env:A", "organization": "acme", "environments": {"live": "prod"}},
        {"token": "ghp_in_the_open", "organization": "acme"},
    ],
)
def test_options_that_do_not_fit_are_refused(told: Json) -> None:
    with pytest.raises(ValidationError):
        GitHubOptions.model_validate(told)


def error(kind: str | None, message: str, data: Json = None, **more: Json) -> Json:
    return {"status": 200, "body": {"data": data, "errors": [{"type": kind, "message": message, **more}]}}


ERRORS: list[tuple[Json, ErrorClass, str]] = [
    (error("RATE_LIMITED", "API rate limit exceeded for user ID 1."), "rate_limited", "API rate limit"),
    (error(None, "You have exceeded a secondary rate limit."), "rate_limited", "secondary"),
    (error("FORBIDDEN", "Resource protected by organization SAML enforcement."), "permission", "single sign-on"),
    (error("X", "Denied", extensions={"saml_failure": True}), "permission", "Denied"),
    (error("INSUFFICIENT_SCOPES", "needs read:org"), "permission", "read:org"),
    (error("NOT_FOUND", "Could not resolve"), "not_found", "Could not resolve"),
    (error(None, "Field 'x' doesn't exist on type 'Y'"), "bad_query", "Field 'x'"),
    (error(None, "Something went wrong while executing your query."), "vendor_5xx", "Something"),
    (error("FORBIDDEN", "no", {"repositoryOwner": None, "rateLimit": {"cost": 1}}), "permission", "no"),
    (error(None, "half", survey()({})), "bad_query", "half"),
    ({"status": 200, "body": {"data": None, "errors": "none"}}, "bad_query", "error"),
    ({"status": 200, "body": {"data": None}}, "schema_drift", "without data"),
    ({"status": 200, "body": {"message": "Problems parsing JSON"}}, "schema_drift", "Problems"),
    ({"status": 200, "body": []}, "schema_drift", "no answer"),
    ({"status": 200, "body": {"data": {"repositoryOwner": None}}}, "not_found", "no account acme"),
]


@pytest.mark.parametrize(("told", "kind", "said"), ERRORS)
def test_graphql_errors_under_200_are_no_success(told: Json, kind: ErrorClass, said: str) -> None:
    with pytest.raises(SourceError, match=said) as raised:
        all_of("repositories", GitHub({"Survey": lambda _: told}))
    assert raised.value.error_class == kind


def test_errors_never_show_a_token() -> None:
    with pytest.raises(SourceError) as raised:
        all_of("repositories", GitHub({"Survey": lambda _: error(None, "ghp_abcdefghij0123456789 is no token")}))
    assert "ghp_" not in str(raised.value)


def test_a_page_that_takes_too_long_is_asked_in_smaller_ones() -> None:
    def answer(asked: Json) -> Json:
        return survey(repository(1, "shop"))({}) if asked["first"] <= 12 else error(None, "Something went wrong")

    github = GitHub({"Survey": answer})
    assert len(all_of("repositories", github)) == 1
    assert [asked["first"] for _, asked, _ in github.asked] == [50, 25, 12]


def test_listed_repositories_that_are_gone_are_passed_over_with_a_warning() -> None:
    told = {"r0": repository(1, "shop"), "r1": None}
    gone = error("NOT_FOUND", "Could not resolve to a Repository with the name 'acme/gone'.", told, path=["r1"])
    run = run_at("repositories", GitHub({"Survey": lambda _: gone}), options=listed("acme/shop", "acme/gone"))
    assert len(list(connector.streams["repositories"].fetch(run))) == 1
    assert run.warnings == ["test: GraphQL: Could not resolve to a Repository with the name 'acme/gone'."]
    nothing = error("NOT_FOUND", "Could not resolve", {"r0": None, "rateLimit": {}})
    with pytest.raises(SourceError) as raised:
        all_of("repositories", GitHub({"Survey": lambda _: nothing}), options=listed("acme/gone"))
    assert raised.value.error_class == "not_found"


def listed(*names: str) -> Json:
    return {"token": "env:HOME", "repositories": list(names)}


def test_a_blocked_repository_and_a_disabled_one_do_not_fail_the_source() -> None:
    _, run, _ = replayed(connector, "work_items", load("github", "work_items"))
    (warning,) = run.warnings
    assert warning.startswith("acme/gone was passed over: ")
    assert "451" in warning
    _, run, _ = replayed(connector, "repositories", load("github", "repositories"))
    assert run.warnings == ["acme/banned is disabled at GitHub: it was passed over"]


def test_what_every_repository_refuses_fails_the_source() -> None:
    many = [repository(number, f"r{number}") for number in range(1, 40)]
    refused = {"status": 403, "body": {"message": "Resource not accessible by personal access token"}}
    paths = {f"/repos/acme/r{number}/actions/runs": lambda _: refused for number in range(1, 40)}
    github = GitHub({"Survey": survey(*many), **paths})
    with pytest.raises(SourceError, match="not accessible") as raised:
        all_of("ci_runs", github)
    assert raised.value.error_class == "permission"
    assert len(github.asked) == 6  # it does not ask all of them to find out


SECONDARY = {"status": 403, "body": {"message": "You have exceeded a secondary rate limit."}}


@pytest.mark.parametrize(
    ("refusals", "slept"),
    [
        ([{**SECONDARY, "headers": {"Retry-After": "7"}}], [7.0]),
        ([SECONDARY, SECONDARY], [60.0, 120.0]),
        ([{"status": 429, "body": "", "headers": {"X-RateLimit-Remaining": "40"}}], [60.0]),
        ([{"status": 403, "body": {"message": "You have triggered an abuse detection mechanism."}}], [60.0]),
        ([{"status": 502, "body": "", "headers": {"X-RateLimit-Reset": "9999999999"}}], None),
    ],
)
def test_limits_are_waited_out(refusals: list[Json], slept: list[float] | None) -> None:
    answers, waits = [*refusals, survey(repository(1, "shop"))({})], []
    run = run_at("repositories", GitHub({"Survey": lambda _: answers.pop(0)}), slept=waits)
    assert len(list(connector.streams["repositories"].fetch(run))) == 1
    if slept is None:
        assert len(waits) == 1
        assert waits[0] < 2
    else:
        assert waits == slept
        assert run.http.rate_limited_s == sum(slept)


def test_the_hour_that_is_used_up_ends_the_run_at_once() -> None:
    reset = str(int(time.time()) + 3000)
    gone = {"X-RateLimit-Remaining": "0", "X-RateLimit-Limit": "5000", "X-RateLimit-Reset": reset}
    told = {"status": 403, "body": {"message": "API rate limit exceeded"}, "headers": gone}
    slept: list[float] = []
    with pytest.raises(SourceError) as raised:
        all_of("repositories", GitHub({"Survey": lambda _: told}), slept=slept)
    assert raised.value.error_class == "rate_limited"
    assert slept == []


@pytest.mark.parametrize("kind", ["graphql", "core"])
def test_the_last_requests_of_an_hour_are_left_to_others_and_what_was_read_stays_read(kind: str) -> None:
    soon = datetime.now(UTC) + timedelta(minutes=30)
    few = {"X-RateLimit-Remaining": "199", "X-RateLimit-Limit": "5000", "X-RateLimit-Reset": str(soon.timestamp())}
    named = [repository(number, f"r{number}", "2026-03-04T12:00:00Z") for number in (1, 2)]
    page: Json = survey(*named)({})
    if kind == "graphql":
        page["rateLimit"] = {"cost": 1, "limit": 5000, "remaining": 10, "resetAt": soon.isoformat()}
        page["repositoryOwner"]["repositories"] = connection(named, "more")
    issue = {"number": 1, "title": "x", "state": "open", "labels": [], "created_at": "2026-03-01T00:00:00Z"}
    found = [issue | {"updated_at": "2026-03-04T12:00:00Z"}]
    counted = {"status": 200, "body": found, "headers": few}
    open_first = [found, counted]
    github = GitHub({"Survey": lambda _: page, "/repos/acme/r1/issues": lambda _: open_first.pop(0)})
    items, error = until_it_ends(run_at("work_items", github))
    assert isinstance(error, SourceError)
    assert error.error_class == "rate_limited"
    assert "kept for others" in str(error)
    if kind == "core":
        assert len(rows_of(items, WorkItems)) == 2
        assert isinstance(items[-1], Checkpoint)
        assert cursor_of(items) == {"repositories": {"1": {"until": "2026-03-04T12:00:00+00:00"}}}


@pytest.mark.parametrize(
    ("title", "branch", "keys"),
    [
        ("SHOP-12: totals (#34), see GH-9 and other/repo#7", None, ["SHOP-12", "other/repo#7", "a/b#34", "a/b#9"]),
        ("UTF-8 and SHA-256, CVE-2024-1234", "feature/SHOP-13_totals", ["SHOP-13"]),
        ("x-1 shop-2 ABC-0 ABC-12345678 xABC-1 ABC-1x", "release/2024-01", []),
        ("https://x.example/page#12 &#39;", "issue-55-names", ["a/b#55"]),
        (None, "fix/#77", ["a/b#77"]),
        ("#1 #1 AB-1 AB-1", "gh-1", ["AB-1", "a/b#1"]),
        ("\udcff" * 3 + "A" * 100_000 + "-1", None, []),
    ],
)
def test_work_items_that_a_title_or_a_branch_names(title: str | None, branch: str | None, keys: list[str]) -> None:
    assert work_keys(title, branch, "a/b") == keys
