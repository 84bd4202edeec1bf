"""Feeds of the status: both parse, tell nothing of the inside, keep their ids, and know who has them already."""

import asyncio
import json
from pathlib import Path
from typing import Any, NamedTuple
from xml.etree import ElementTree

import pytest
from starlette.applications import Starlette

from aurora.contracts.operations import MaintenanceWindows
from aurora.gateway.feeds import Feeds
from aurora.settings import Settings
from tests.conftest import Published
from tests.frames import DAY, HOUR, NOW, put
from tests.test_status import announced, incident, owned, window_of
from warehouse.lake import Lake


class Answer(NamedTuple):
    """What a feed answered."""

    status: int
    headers: dict[str, str]
    body: bytes


def asked(data: Path, path: str, method: str = "GET", **headers: str) -> Answer:
    """The answer to one request, without a server."""
    sent: list[Any] = []
    scope = {"type": "http", "http_version": "1.1", "method": method, "path": path, "raw_path": path.encode()}
    scope |= {"scheme": "https", "server": ("status.example.com", 443), "query_string": b"", "root_path": ""}
    told = {"host": "status.example.com"} | {name.replace("_", "-"): value for name, value in headers.items()}
    scope["headers"] = [(name.encode(), value.encode()) for name, value in told.items()]

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    app = Starlette(routes=Feeds(Settings(data=data, config=data / "aurora.toml")).routes)
    asyncio.run(app(scope, receive, send))  # type: ignore[arg-type]
    named = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return Answer(sent[0]["status"], named, b"".join(one.get("body", b"") for one in sent[1:]))


def parsed(body: bytes) -> ElementTree.Element:
    return ElementTree.fromstring(body)  # noqa: S314  what we wrote ourselves


def feed_estate(lake: Lake) -> None:
    owned(lake, "a<b>&\x08c", "a")
    incident(lake, 1, component_id="a", severity="critical")
    announced(lake, 1, NOW + DAY, NOW + DAY + HOUR, component_id="a", title='Move to "new" <racks> & back \x1b')
    announced(lake, 2, NOW + DAY, NOW + DAY + HOUR, is_public=False)


def test_the_rss_feed_parses_and_is_escaped(lake: Lake, data: Path, published: Published) -> None:
    feed_estate(lake)
    published()
    answer = asked(data, "/status.rss")
    assert (answer.status, answer.headers["content-type"]) == (200, "application/rss+xml; charset=utf-8")
    channel = parsed(answer.body).find("channel")
    assert channel is not None
    assert channel.findtext("link") == "https://status.example.com/status-page"
    items = channel.findall("item")
    assert [(one.findtext("title"), one.findtext("category")) for one in items] == [
        ("A<B>&\ufffdC: major outage", "incident"), ('Move to "new" <racks> & back \ufffd', "maintenance"),
    ]  # fmt: skip
    assert items[0].findtext("pubDate") == "Tue, 10 Mar 2026 11:00:00 GMT"
    assert items[1].findtext("description", "").endswith("11 Mar 2026, 12:00 to 13:00 UTC.")
    for word in (b"internal", b"db-7", b"m1", b"i1", b"Upgrade 2"):
        assert word not in answer.body


def test_the_json_feed_parses_and_its_ids_stay(lake: Lake, data: Path, published: Published) -> None:
    feed_estate(lake)
    published()
    feed = json.loads(asked(data, "/status.json").body)
    assert feed["version"] == "https://jsonfeed.org/version/1.1"
    assert feed["feed_url"] == "https://status.example.com/status.json"
    assert [(one["date_published"], one["tags"]) for one in feed["items"]] == [
        ("2026-03-10T11:00:00+00:00", ["incident"]), ("2026-03-09T12:00:00+00:00", ["maintenance"]),
    ]  # fmt: skip
    rss = parsed(asked(data, "/status.rss").body)
    assert [one["id"] for one in feed["items"]] == [one.text for one in rss.iter("guid")]
    incident(lake, 1, component_id="a", state="resolved", resolved_at=NOW)
    put(lake, MaintenanceWindows, [window_of(1) | {"version": 2, "is_deleted": True, "changed_at": NOW}])
    published()
    later = json.loads(asked(data, "/status.json").body)
    assert {one["id"] for one in later["items"]} == {one["id"] for one in feed["items"]}
    assert {one["title"] for one in later["items"]} == {"A<B>&\x08C: serious trouble", "Maintenance withdrawn"}


@pytest.mark.parametrize("path", ["/status.rss", "/status.json"])
def test_a_reader_who_has_the_feed_is_told_so(path: str, lake: Lake, data: Path, published: Published) -> None:
    feed_estate(lake)
    published()
    first = asked(data, path)
    tag, changed = first.headers["etag"], first.headers["last-modified"]
    assert changed == "Tue, 10 Mar 2026 11:00:00 GMT"
    again = asked(data, path, if_none_match=f'"x", W/{tag}')
    assert (again.status, again.body, again.headers["etag"]) == (304, b"", tag)
    assert asked(data, path, if_modified_since=changed).status == 304
    assert asked(data, path, if_modified_since="Tue, 10 Mar 2026 10:59:59 GMT").status == 200
    assert asked(data, path, if_modified_since="no date").status == 200
    assert asked(data, path, if_none_match='"x"', if_modified_since=changed).status == 200
    assert asked(data, path, "HEAD").status == 200
    assert asked(data, path, "POST").status == 405


def test_feeds_of_nothing_are_empty_and_before_the_first_data_unavailable(data: Path, published: Published) -> None:
    early = asked(data, "/status.rss")
    assert (early.status, early.headers["retry-after"]) == (503, "60")
    published()
    assert parsed(asked(data, "/status.rss").body).findall(".//item") == []
    assert json.loads(asked(data, "/status.json").body)["items"] == []
