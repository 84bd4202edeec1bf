"""GET /status.rss (RSS 2.0) and /status.json (JSON Feed 1.1): incidents and public maintenance, for everybody.

What is told is what the status page tells: names, states and times.
Specifications: https://www.rssboard.org/rss-specification, https://www.jsonfeed.org/version/1.1.
Answers carry an ETag and Last-Modified, and are 304 to who has them already.
"""

import hashlib
import json
import logging
import re
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from typing import Any
from xml.etree import ElementTree

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from aurora.contracts import Row
from aurora.errors import NotPublishedError
from aurora.insights.status import details, headline
from aurora.settings import Settings
from warehouse.query import Warehouse

log = logging.getLogger("aurora.feeds")
NOTICES = "from status_notices order by updated_at desc, notice_id limit 100"
TITLE, ABOUT = "Status", "Incidents and announced maintenance"
FRESH_S = 15
PAGE = "status-page"
ATOM = "http://www.w3.org/2005/Atom"
NOT_XML = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
NOTHING_YET = datetime(1970, 1, 1, tzinfo=UTC)
ElementTree.register_namespace("atom", ATOM)


class Feeds:
    """The two routes; the notices are read once per FRESH_S at most, however many ask."""

    def __init__(self, settings: Settings) -> None:
        self._warehouse = Warehouse(settings.published, limit_s=10)
        self._lock = threading.Lock()
        self._read: tuple[float, list[Row]] = (-FRESH_S, [])
        self.routes = [
            self._route("/status.rss", "application/rss+xml", as_rss),
            self._route("/status.json", "application/feed+json", as_json),
        ]

    def _route(self, path: str, kind: str, write: Callable[[list[Row], str, str], bytes]) -> Route:
        async def answer(request: Request) -> Response:
            try:
                notices = await run_in_threadpool(self._notices)
            except NotPublishedError:
                return unavailable()
            except Exception:  # whatever keeps the warehouse from being read, a reader is told to come again
                log.exception("the status feed could not be written")
                return unavailable()
            base = str(request.base_url)
            return answered(request, write(notices, base, base + path[1:]), kind, changed_at(notices))

        return Route(path, answer, methods=["GET"])

    def _notices(self) -> list[Row]:
        with self._lock:
            read_at, notices = self._read
            if time.monotonic() - read_at >= FRESH_S:
                notices = list(self._warehouse.rows(NOTICES).iter_rows(named=True))
                self._read = (time.monotonic(), notices)
            return notices


def unavailable() -> Response:
    """503, with when to come again."""
    said = "The status cannot be told at the moment: try again in a minute."
    return PlainTextResponse(said, 503, {"Retry-After": "60"})


def answered(request: Request, body: bytes, kind: str, changed: datetime) -> Response:
    """200 with the body, or 304 where the reader's copy is the same."""
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {
        "ETag": tag,
        "Last-Modified": format_datetime(changed, usegmt=True),
        "Cache-Control": "public, max-age=60",
        "X-Content-Type-Options": "nosniff",
        "Access-Control-Allow-Origin": "*",
    }
    if _is_known(request, tag, changed):
        return Response(status_code=304, headers=headers)
    return Response(body, headers=headers, media_type=f"{kind}; charset=utf-8")


def _is_known(request: Request, tag: str, changed: datetime) -> bool:
    """RFC 9110, 13.2.2: If-None-Match counts alone where it is there."""
    if (wanted := request.headers.get("if-none-match")) is not None:
        offered = {one.strip().removeprefix("W/") for one in wanted.split(",")}
        return "*" in offered or tag in offered
    try:
        since = parsedate_to_datetime(request.headers.get("if-modified-since", ""))
    except ValueError:
        return False
    return since.tzinfo is not None and changed <= since


def changed_at(notices: list[Row]) -> datetime:
    """When the newest change of a notice was, UTC, in whole seconds."""
    return max((_utc(one["updated_at"]).replace(microsecond=0) for one in notices), default=NOTHING_YET)


def as_rss(notices: list[Row], base: str, own: str) -> bytes:
    """RSS 2.0; `own` is the feed's own address."""
    rss = ElementTree.Element("rss", {"version": "2.0"})
    channel = ElementTree.SubElement(rss, "channel")
    stamp = format_datetime(changed_at(notices), usegmt=True)
    for name, text in (
        ("title", TITLE), ("link", base + PAGE), ("description", ABOUT), ("language", "en"), ("lastBuildDate", stamp),
        ("ttl", "1"),
    ):  # fmt: skip
        ElementTree.SubElement(channel, name).text = text
    ElementTree.SubElement(channel, f"{{{ATOM}}}link", {"href": own, "rel": "self", "type": "application/rss+xml"})
    for notice in notices:
        _item(channel, notice, base)
    body: bytes = ElementTree.tostring(rss, encoding="utf-8", xml_declaration=True)
    return body


def _item(channel: ElementTree.Element, notice: Row, base: str) -> None:
    item = ElementTree.SubElement(channel, "item")
    for name, text in (
        ("title", headline(notice)), ("link", base + PAGE), ("description", details(notice)),
        ("category", notice["kind"]), ("pubDate", format_datetime(_utc(notice["published_at"]), usegmt=True)),
    ):  # fmt: skip
        ElementTree.SubElement(item, name).text = NOT_XML.sub("\ufffd", text)
    ElementTree.SubElement(item, "guid", {"isPermaLink": "false"}).text = guid(notice)


def as_json(notices: list[Row], base: str, own: str) -> bytes:
    """JSON Feed 1.1; `own` is the feed's own address."""
    items: list[dict[str, Any]] = [
        {
            "id": guid(one),
            "url": base + PAGE,
            "title": headline(one),
            "content_text": details(one),
            "date_published": _utc(one["published_at"]).isoformat(timespec="seconds"),
            "date_modified": _utc(one["updated_at"]).isoformat(timespec="seconds"),
            "tags": [one["kind"]],
        }
        for one in notices
    ]
    feed = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": TITLE,
        "description": ABOUT,
        "language": "en",
        "home_page_url": base + PAGE,
        "feed_url": own,
        "items": items,
    }
    return json.dumps(feed, ensure_ascii=False, indent=1).encode("utf-8", "replace")


def guid(notice: Row) -> str:
    """The id of a notice for ever: of nothing but what names it inside, which it does not give away."""
    return f"urn:aurora:notice:{notice['notice_id']}"


def _utc(instant: datetime) -> datetime:
    return instant.replace(tzinfo=UTC)
