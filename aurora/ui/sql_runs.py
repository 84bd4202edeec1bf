"""The runs of a session: each in a thread, so that the page lives on and it can be stopped; the last few are kept."""

import re
import time
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor, TimeoutError
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import streamlit as st

from aurora.contracts import Row
from aurora.errors import CancelledError
from aurora.explore.ask import Answer, Handle, Limits, ask, prepare
from aurora.explore.parameters import bound
from aurora.explore.plan import Plan, profile
from aurora.ui.data import settings
from aurora.ui.sql_editor import Draft

KEPT = 6
AT_ONCE_S = 1.5
CAPS = (1_000, 5_000, 50_000, 100_000)
Kind = Literal["rows", "plan"]
# A name behind FROM or JOIN says best what a result is about.
SUBJECT = re.compile(r"\b(?:from|join)\s+([a-z_]\w*)", re.IGNORECASE)


@dataclass
class Run:
    """One question that was asked: what it was, and its answer, plan or error once there is one."""

    number: int
    title: str
    sql: str
    values: dict[str, Any]
    kind: Kind
    cap: int
    handle: Handle
    future: "Future[Any]"
    began: float = field(default_factory=time.monotonic)
    chart: dict[str, Any] | None = None
    is_charted: bool = False
    token: str | None = None

    @property
    def is_running(self) -> bool:
        """Whether there is no answer yet."""
        return not self.future.done()

    @property
    def age_s(self) -> float:
        """Seconds since it was asked."""
        return time.monotonic() - self.began

    @property
    def label(self) -> str:
        """What its tab says."""
        return f"{self.number} · {self.title}"

    def result(self) -> Any:
        """The answer, or the plan. Raises what went wrong."""
        return self.future.result(0)

    @property
    def is_wrong(self) -> bool:
        """Whether it ended in an error."""
        return self.future.done() and self.future.exception() is not None

    @property
    def is_stopped(self) -> bool:
        """Whether it was stopped by who asked it."""
        return self.future.done() and isinstance(self.future.exception(), CancelledError)


@dataclass
class Desk:
    """What one session has on the SQL page: the draft, the runs that are kept, and which of them is looked at.

    `turn` counts the changes of the set of runs; `given` are the values that parameters begin with, as text.
    """

    draft: Draft = field(default_factory=Draft)
    runs: list[Run] = field(default_factory=list)
    asked: int = 0
    turn: int = 0
    open: int | None = None
    arrived: str | None = None
    given: dict[str, str] = field(default_factory=dict)
    handed_over: str | None = None
    chart: dict[str, Any] | None = None
    question: Row | None = None
    said: str | None = None
    is_new: bool = False
    question_id: str | None = None

    def start(self, sql: str, values: Mapping[str, Any], cap: int, kind: Kind, where: tuple[Path, str]) -> Run:
        """Begin a run over `where` (published folder, actor) and wait a moment for it: most questions take no longer.

        The oldest results are let go, the longest-running first stopped.
        """
        self.asked += 1
        handle = Handle()
        work = _plan if kind == "plan" else _rows
        future = _pool().submit(work, sql, dict(values), cap, handle, where)
        run = Run(self.asked, title_of(sql, kind), sql, dict(values), kind, cap, handle, future)
        run.chart, self.chart = self.chart, None
        run.is_charted = bool(run.chart) and run.kind == "rows"
        self.runs.append(run)
        for old in self.runs[:-KEPT]:
            self.close(old)
        self.open, self.turn = run.number, self.turn + 1
        wait(run)
        return run

    def hand_over(self, sql: str, given: Mapping[str, str] | None = None, *, is_run: bool = True) -> None:
        """Put a question (and values of its parameters) into the editor, and run it with the next drawing."""
        self.draft.replace(sql)
        self.given, self.is_new, self.question, self.chart = dict(given or {}), True, None, None
        self.handed_over = sql if is_run else None

    def close(self, run: Run) -> None:
        """Let a result go; what still runs is stopped."""
        run.handle.cancel()
        self.runs = [one for one in self.runs if one is not run]
        self.turn += 1
        if self.open == run.number:
            self.open = self.runs[-1].number if self.runs else None

    @property
    def running(self) -> list[Run]:
        """The runs without an answer yet."""
        return [run for run in self.runs if run.is_running]

    @property
    def looked_at(self) -> Run | None:
        """The run whose result is looked at."""
        return next((run for run in self.runs if run.number == self.open), None)


def desk() -> Desk:
    """The desk of this session."""
    if "sql-desk" not in st.session_state:
        st.session_state["sql-desk"] = Desk()
        prepare(settings().published)
    found: Desk = st.session_state["sql-desk"]
    return found


def title_of(sql: str, kind: Kind = "rows") -> str:
    """What a result is called at first: what it is from."""
    subjects = SUBJECT.findall(sql)
    name = subjects[0] if subjects else " ".join(sql.split())[:24]
    return f"Plan of {name}" if kind == "plan" else name


def wait(run: Run) -> None:
    """Wait a moment for the answer."""
    try:
        run.future.exception(AT_ONCE_S)
    except TimeoutError:
        return


def _rows(sql: str, values: dict[str, Any], cap: int, handle: Handle, where: tuple[Path, str]) -> Answer:
    asked, params = bound(sql, values)
    return ask(where[0], asked, params, actor=where[1], limits=Limits(rows=cap), handle=handle)


def _plan(sql: str, values: dict[str, Any], cap: int, handle: Handle, where: tuple[Path, str]) -> Plan:
    asked, params = bound(sql, values)
    return profile(where[0], asked, params, actor=where[1], handle=handle)


@st.cache_resource
def _pool() -> ThreadPoolExecutor:
    """Threads only wait for the processes that answer; how many run at once is decided there."""
    return ThreadPoolExecutor(32, thread_name_prefix="sql")
