"""Links that carry SQL: there and back, and what a stranger may put into one."""

import base64
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurora.errors import QueryError
from aurora.ui.sql_link import MOST_IN_LINK, MOST_LETTERS, sql_link, unpacked


def packed(told: bytes) -> str:
    return base64.urlsafe_b64encode(zlib.compress(told)).decode().rstrip("=")


def carried(link: str) -> str | None:
    page, _, q = link.partition("?q=")
    assert page == "/sql"
    return unpacked(q)


@given(st.text(max_size=400))
def test_what_a_link_carries_comes_out_as_it_went_in(sql: str) -> None:
    assert carried(sql_link(sql)) == sql


def test_an_address_needs_no_escaping() -> None:
    link = sql_link("select 'ä', '?', '+/='  -- " + "x" * 50)
    assert set(link.removeprefix("/sql?q=")) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


def test_sql_longer_than_a_link_carries_is_refused_with_a_sentence() -> None:
    sql = "".join(chr(33 + number * number % 7919 % 90) for number in range(MOST_IN_LINK * 2))
    with pytest.raises(QueryError, match="too long for a link"):
        sql_link(sql)


@pytest.mark.parametrize(
    "q",
    [
        "",
        "select 1",
        "ä",
        "a",
        packed(b"select 1")[:-4],
        packed(b"select 1") + "AAAA",
        packed(b"\xff\xfe"),
        packed(b"x" * 50_000_000),
        packed(b"x" * (MOST_LETTERS + 1)),
        base64.urlsafe_b64encode(b"no zlib").decode(),
        packed(b"select 1") + "\n",
    ],
    ids=["none", "plain", "alien", "short", "cut", "tail", "no-text", "bomb", "long", "no-zlib", "newline"],
)
def test_a_link_that_carries_no_sql_is_none(q: str) -> None:
    assert unpacked(q) is None
