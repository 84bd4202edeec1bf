"""How vendors cut long lists into pages: by link, number, offset or token; for `Http.pages(following=...)`."""

from collections.abc import Callable
from typing import Any

import requests

from ingest.http import Answer, Following, Json


def by_link(page: Json, answer: Answer, asked: dict[str, Any]) -> str | None:
    """Next page from the Link header (RFC 8288)."""
    links = requests.utils.parse_header_links(answer.headers.get("Link", ""))
    return next((link["url"] for link in links if link.get("rel") == "next"), None)


def by_page(items: Callable[[Json], list[Json]], size: int, param: str = "page") -> Following:
    """Next page by number, until a page is shorter than `size`."""

    def following(page: Json, answer: Answer, asked: dict[str, Any]) -> dict[str, Any] | None:
        return {**asked, param: int(asked.get(param, 1)) + 1} if len(items(page)) >= size else None

    return following


def by_offset(items: Callable[[Json], list[Json]], size: int, param: str = "offset") -> Following:
    """Next page by offset, until a page is shorter than `size`."""

    def following(page: Json, answer: Answer, asked: dict[str, Any]) -> dict[str, Any] | None:
        return {**asked, param: int(asked.get(param, 0)) + size} if len(items(page)) >= size else None

    return following


def by_cursor(field_name: str, param: str) -> Following:
    """Next page by a token in the body; an absent or empty token ends the list."""

    def following(page: Json, answer: Answer, asked: dict[str, Any]) -> dict[str, Any] | None:
        token = page.get(field_name)
        return {**asked, param: token} if token else None

    return following
