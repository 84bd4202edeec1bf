"""A question in an address: other pages link to the SQL page by it, and a link shown shows the same to a colleague."""

import base64
import binascii
import zlib
from collections.abc import Mapping
from datetime import date
from typing import Any
from urllib.parse import urlencode

PAGE = "pages/explore/sql.py"
MOST_LETTERS = 100_000
# What servers and proxies on the way take; a longer question is shared as a saved one.
MOST_IN_LINK = 7000


def sql_link(sql: str, **values: Any) -> str:
    """The address, below the root, at which the SQL page opens with this SQL and runs it; `values` of `:name`."""
    return f"/sql?{urlencode(link_query(sql, values))}"


def link_query(sql: str, values: Mapping[str, Any]) -> dict[str, str]:
    """The same as query parameters, for st.page_link and st.switch_page."""
    told = {f":{name}": _said(value) for name, value in values.items() if value is not None}
    return {"q": packed(sql)} | told


def packed(sql: str) -> str:
    """The SQL compressed, in letters that an address may hold."""
    return base64.urlsafe_b64encode(zlib.compress(sql.encode(), 9)).decode().rstrip("=")


def unpacked(text: str) -> str | None:
    """The SQL of `packed`; None for what is none, or is longer than a question may be."""
    try:
        raw = base64.urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
        opened = zlib.decompressobj()
        sql = opened.decompress(raw, 4 * MOST_LETTERS).decode()
    except (ValueError, binascii.Error, zlib.error):
        return None
    return sql if opened.eof and len(sql) <= MOST_LETTERS else None


def _said(value: Any) -> str:
    return value.isoformat() if isinstance(value, date) else str(value)
