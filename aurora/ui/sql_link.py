"""A query as an address of the SQL explorer, so that it can be opened, sent and kept as a link."""

import base64
import binascii
import zlib

from aurora.errors import QueryError

PAGE = "/sql"
MOST_BYTES = 20_000
MOST_CHARS = 28_000  # what MOST_BYTES that do not compress come to


def sql_link(sql: str) -> str:
    """The address that opens the explorer with this SQL. Raises QueryError if it is longer than a link can carry."""
    told = sql.encode()
    if len(told) > MOST_BYTES:
        raise QueryError(f"This SQL has {len(told):,} bytes, a link carries {MOST_BYTES:,}: copy the text instead")
    packed = base64.urlsafe_b64encode(zlib.compress(told, 9)).decode().rstrip("=")
    return f"{PAGE}?q={packed}"


def sql_of(q: str) -> str:
    """The SQL that `?q=` of a link carries. Raises QueryError if it carries none."""
    try:
        return _unpacked(q)
    except (ValueError, zlib.error, binascii.Error):
        raise QueryError("This link carries no SQL that can be read: ask for a new one, or write the query") from None


def _unpacked(q: str) -> str:
    if len(q) > MOST_CHARS:
        raise ValueError
    packed = base64.b64decode(q.encode("ascii") + b"=" * (-len(q) % 4), altchars=b"-_", validate=True)
    # A few bytes can unpack to gigabytes: what comes out is bounded as it comes.
    unpacker = zlib.decompressobj()
    told = unpacker.decompress(packed, MOST_BYTES)
    if not unpacker.eof or unpacker.unused_data:
        raise ValueError
    return told.decode()
