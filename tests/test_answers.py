"""Shared questions as files over HTTP: rows, parameters, who may read, and what is refused with a sentence."""

import asyncio
import base64
import io
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode

import polars as pl
import pytest
from starlette.applications import Starlette

from aurora.errors import QueryError
from aurora.explore.parameters import typed
from aurora.explore.questions import save
from aurora.gateway.answers import Answers
from aurora.receive import Answers as Block
from aurora.settings import Settings
from tests.conftest import Published
from warehouse.lake import Lake

SQL = "select $word as word, n from range(:n::int) t(n) where :since < :until".replace("$word", ":word")


class Got(NamedTuple):
    """What was answered."""

    status: int
    headers: dict[str, str]
    body: bytes


def got(settings: Settings, path: str, client: str = "127.0.0.1", auth: str | None = None, **query: str) -> Got:
    """The answer to one request, without a server."""
    sent: list[Any] = []
    scope = {
        "type": "http", "http_version": "1.1", "method": "GET", "path": path, "raw_path": path.encode(),
        "scheme": "http", "server": ("aurora", 80), "client": (client, 1), "root_path": "",
        "query_string": urlencode(query).encode(), "headers": [(b"host", b"aurora")],
    }  # fmt: skip
    if auth:
        scope["headers"] = [(b"authorization", auth.encode())]

    async def receive() -> Any:
        await asyncio.Event().wait()  # the reader stays

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(Starlette(routes=[Answers(settings).route])(scope, receive, send))  # type: ignore[arg-type]
    named = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return Got(sent[0]["status"], named, b"".join(one.get("body", b"") for one in sent[1:]))


@pytest.fixture
def asked(lake: Lake, data: Path, published: Published) -> Settings:
    """A shared question and one of somebody's own."""
    given = {"word": "first", "n": 3}
    assert save(lake, None, "Words", SQL, given, None, [], "ada", True) == "words"
    assert save(lake, None, "Mine", "select 1 as x", {}, None, [], "ada", False) == "mine"
    published()
    return Settings(data=data, config=data / "aurora.toml")


def test_rows_come_in_each_format_with_the_values_of_the_address(asked: Settings) -> None:
    csv = got(asked, "/questions/words.csv")
    assert csv.status == 200
    assert csv.headers["content-disposition"] == 'attachment; filename="words.csv"'
    assert csv.body.decode().splitlines() == ["word,n", "first,0", "first,1", "first,2"]
    told = got(asked, "/questions/words.parquet", word="a'; drop", n="2", until="2999-01-01", since="2026-03-01")
    assert pl.read_parquet(io.BytesIO(told.body)).rows() == [("a'; drop", 0), ("a'; drop", 1)]
    assert got(asked, "/questions/words.json", n="1").body.decode().strip().startswith("[")
    assert got(asked, "/questions/words.xlsx").body[:2] == b"PK"


@pytest.mark.parametrize(
    ("path", "query", "status", "sentence"),
    [
        ("/questions/mine.csv", {}, 404, "no shared question is saved as mine"),
        ("/questions/nobody.csv", {}, 404, "see Questions for those there are"),
        ("/questions/words.exe", {}, 404, "ask for csv, parquet, xlsx, json"),
        ("/questions/words.csv", {"app": "x"}, 422, "no parameter app: it takes word, n, since, until"),
        ("/questions/words.csv", {"n": "x"}, 422, "write a whole number"),
        ("/questions/words.csv", {"since": "soon"}, 422, "write a day or an instant"),
    ],
)
def test_what_cannot_be_answered_is_a_sentence(
    asked: Settings, path: str, query: dict[str, str], status: int, sentence: str
) -> None:
    told = got(asked, path, **query)
    assert told.status == status
    assert sentence in told.body.decode()


def test_only_this_machine_reads_without_a_token(asked: Settings) -> None:
    told = got(asked, "/questions/words.csv", "192.0.2.1")
    assert told.status == 403
    assert b'set [answers] token = "env:NAME"' in told.body


def test_the_token_opens_as_bearer_and_as_the_password_that_spreadsheets_send(
    asked: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = asked.model_copy(update={"answers": Block(token="env:READ_TOKEN")})
    assert got(settings, "/questions/words.csv").status == 503
    monkeypatch.setenv("READ_TOKEN", "s3cret")
    refused = got(settings, "/questions/words.csv")
    assert (refused.status, refused.headers["www-authenticate"]) == (401, 'Bearer, Basic realm="Aurora"')
    basic = base64.b64encode(b"anybody:s3cret").decode()
    for right in ("Bearer s3cret", f"Basic {basic}"):
        assert got(settings, "/questions/words.csv", "192.0.2.1", right).status == 200
    for wrong in ("Bearer other", "Basic !", f"Basic {base64.b64encode(b's3cret').decode()}", "s3cret"):
        assert got(settings, "/questions/words.csv", "192.0.2.1", wrong).status == 401


def test_nothing_published_yet_is_told(data: Path) -> None:
    told = got(Settings(data=data, config=data / "aurora.toml"), "/questions/words.csv")
    assert (told.status, told.headers["retry-after"]) == (503, "60")


@pytest.mark.parametrize(
    ("name", "told", "value"),
    [
        ("since", "2026-03-01", "2026-03-01 00:00:00"),
        ("until", "2026-03-01", "2026-03-02 00:00:00"),
        ("until", "2026-03-01T12:00:00+02:00", "2026-03-01 10:00:00"),
        ("limit", "7", "7"),
        ("app", "7", "7"),
    ],
)
def test_values_are_what_their_names_say(name: str, told: str, value: str) -> None:
    assert str(typed(name, told)) == value
    with pytest.raises(QueryError, match="write"):
        typed("day", "never")
