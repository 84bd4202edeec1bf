"""Links that carry SQL: there and back, and what a stranger may put into one."""

import base64
import random
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurora.errors import QueryError
from aurora.ui.sql_link import MOST_BYTES, MOST_CHARS, sql_link, sql_of


def packed(told: bytes) -> str:
    return base64.urlsafe_b64encode(zlib.compress(told)).decode().rstrip("=")


def carried(link: str) -> str:
    page, _, q = link.partition("?q=")
    assert page == "/sql"
    return sql_of(q)


@given(st.text(max_size=400))
def test_what_a_link_carries_comes_out_as_it_went_in(sql: str) -> None:
    assert carried(sql_link(sql)) == sql


def test_the_longest_sql_that_does_not_compress_still_has_a_link_that_opens() -> None:
    sql = "".join(random.Random(7).choices([chr(code) for code in range(128)], k=MOST_BYTES))
    assert len(sql_link(sql)) <= MOST_CHARS
    assert carried(sql_link(sql)) == sql


def test_an_address_needs_no_escaping() -> None:
    link = sql_link("select 'ä', '?', '+/='  -- " + "x" * 50)
    assert set(link.removeprefix("/sql?q=")) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


@pytest.mark.parametrize("sql", ["x" * (MOST_BYTES + 1), "ä" * (MOST_BYTES // 2 + 1)], ids=["letters", "bytes"])
def test_sql_longer_than_a_link_carries_is_refused_with_a_sentence(sql: str) -> None:
    with pytest.raises(QueryError, match="a link carries 20,000"):
        sql_link(sql)


@pytest.mark.parametrize(
    "q",
    [
        "",
        "select 1",
        "ä",
        "a",
        "A" * (MOST_CHARS + 1),
        packed(b"select 1")[:-4],
        packed(b"select 1") + "AAAA",
        packed(b"\xff\xfe"),
        packed(b"x" * 50_000_000),
        base64.urlsafe_b64encode(b"no zlib").decode(),
        packed(b"select 1") + "\n",
    ],
    ids=["none", "plain", "alien", "short", "long", "cut", "tail", "no-text", "bomb", "no-zlib", "newline"],
)
def test_a_link_that_carries_no_sql_is_told_so(q: str) -> None:
    with pytest.raises(QueryError, match="carries no SQL that can be read"):
        sql_of(q)
