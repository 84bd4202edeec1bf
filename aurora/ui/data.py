"""The pages' only way to data: rows(sql, ...) of the newest generation, cached until there is a newer one."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import polars as pl
import streamlit as st

from aurora.errors import SettingsError
from aurora.settings import Settings, load
from warehouse.heartbeat import Heartbeat, last_beat
from warehouse.lake import Lake
from warehouse.publish import Generation
from warehouse.query import Warehouse

FRESH_S = 15


@dataclass(frozen=True)
class Asked:
    """A query with its parameters, and the answer that a page got."""

    sql: str
    params: dict[str, Any]
    frame: pl.DataFrame


_asked: ContextVar[list[Asked] | None] = ContextVar("asked", default=None)


@contextmanager
def remembering() -> Iterator[list[Asked]]:
    """Every question asked inside, in order, with its answer."""
    asked: list[Asked] = []
    before = _asked.set(asked)
    try:
        yield asked
    finally:
        _asked.reset(before)


def rows(sql: str, **params: Any) -> pl.DataFrame:
    """The answer to one query; `$name` in the SQL takes the keyword of that name.

    Cached per generation, and for FRESH_S at most, since models judge by the clock too.
    """
    return _remembered(sql, params, _answer(sql, params))


def together(*asked: tuple[str, dict[str, Any]]) -> list[pl.DataFrame]:
    """The answers to several queries (SQL, parameters) asked at once, in their order; each cached as by `rows`.

    Planning a query takes one core, and half of the time of those that read rollups.
    """
    with ThreadPoolExecutor(len(asked), thread_name_prefix="rows") as pool:
        answers = list(pool.map(lambda one: _answer(*one), asked))
    return [_remembered(sql, params, frame) for (sql, params), frame in zip(asked, answers, strict=True)]


def _answer(sql: str, params: dict[str, Any]) -> pl.DataFrame:
    folder = str(settings().published)
    generation = _warehouse(folder).generation().number
    return _cached(folder, generation, int(time.time() // FRESH_S), sql, params)


def _remembered(sql: str, params: dict[str, Any], frame: pl.DataFrame) -> pl.DataFrame:
    if (asked := _asked.get()) is not None:
        asked.append(Asked(sql, params, frame))
    return frame


def settings() -> Settings:
    """The settings in force; a wrong edit of aurora.toml leaves those that were read last."""
    return _last_good.current()


def generation() -> Generation:
    """The generation that the pages show. Raises NotPublishedError before the first one."""
    return _warehouse(str(settings().published)).generation()


def heartbeat() -> Heartbeat | None:
    """What the worker last said, None if it never ran."""
    return last_beat(settings().data)


def lake() -> Lake:
    """The lake, for what people write."""
    return _lake(str(settings().lake))


def utc_now() -> datetime:
    """Now, UTC, without a zone, as the warehouse's instants are."""
    return datetime.now(UTC).replace(tzinfo=None)


@lru_cache(maxsize=4)
def _warehouse(folder: str) -> Warehouse:
    """One for the life of the process: opening a generation takes longer than most questions."""
    return Warehouse(Path(folder))


@st.cache_resource
def _lake(folder: str) -> Lake:
    return Lake(folder)


@st.cache_data(max_entries=400, ttl=600, show_spinner=False)
def _cached(folder: str, generation: int, tick: int, sql: str, params: dict[str, Any]) -> pl.DataFrame:
    return _warehouse(folder).rows(sql, params or None)


class LastGood:
    """The settings that could be read last; looked at again whenever their file changes."""

    def __init__(self) -> None:
        self._settings: Settings | None = None
        self._seen = 0

    def current(self) -> Settings:
        """The settings in force. Raises SettingsError only if none could ever be read."""
        if self._settings is None or _mtime(self._settings.config) != self._seen:
            try:
                self._settings = load()
            except SettingsError:
                if self._settings is None:
                    raise
            self._seen = _mtime(self._settings.config)
        return self._settings


def _mtime(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


_last_good = LastGood()
