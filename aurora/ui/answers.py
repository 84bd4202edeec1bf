"""Answers to saved questions: asked within limits, in a process of their own, and kept for the minute."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import polars as pl
import streamlit as st

from aurora.contracts import Row
from aurora.errors import AuroraError
from aurora.explore.ask import Answer, Limits, ask
from aurora.explore.questions import asked
from aurora.ui.data import generation, settings
from aurora.ui.filters import Span
from aurora.ui.session import actor

AT_ONCE = 4
LIMITS = Limits(wall_s=20.0, cpu_s=20, rows=5000)
Asked = tuple[Row, Mapping[str, Any]]


def answer(question: Row, values: Mapping[str, Any], over: Span) -> Answer:
    """The answer to a question (columns sql and parameters) with these values, over whole minutes of the span.

    Raises an AuroraError, as a sentence, for what may not be asked, fails or takes too long.
    """
    return _answer((question, values), over, actor())


def together(wanted: Sequence[Asked], over: Span) -> list[Answer | str]:
    """The answers to several questions at once, in their order; the sentence where there is none."""
    generation()  # before the first one there is nothing to ask: the page says so once, not each block
    who = actor()

    def one(told: Asked) -> Answer | str:
        try:
            return _answer(told, over, who)
        except AuroraError as error:
            return str(error).splitlines()[0]

    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="questions") as pool:
        return list(pool.map(one, wanted))


def asked_now(sql: str, params: dict[str, Any]) -> pl.DataFrame:
    """The rows of one query with its parameters. Raises an AuroraError, as a sentence."""
    return _cached(str(settings().published), sql, params, actor()).frame


def _answer(told: Asked, over: Span, who: str) -> Answer:
    question, values = told
    until = over.until.replace(second=0, microsecond=0)
    length = timedelta(minutes=(over.until - over.since) // timedelta(minutes=1))
    sql, params = asked(question, values, until, length)
    return _cached(str(settings().published), sql, params, who)


@st.cache_data(max_entries=300, ttl=60, show_spinner=False)
def _cached(folder: str, sql: str, params: dict[str, Any], who: str) -> Answer:
    return ask(Path(folder), sql, params, actor=who, limits=LIMITS)
