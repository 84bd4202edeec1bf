"""The frame of every page: header, freshness, notices, and the empty, stale and failed states."""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from datetime import datetime
from typing import ParamSpec

import duckdb
import polars as pl
import streamlit as st

from aurora.errors import AuroraError, NotPublishedError
from aurora.ui.data import generation, heartbeat, rows
from aurora.ui.filters import RECENT, Span, time_range
from aurora.ui.words import ago, plural, safe

log = logging.getLogger("aurora.pages")
STALE_S = 60.0
LIVE_KEY = "live_updates"
FRESHNESS = """
    select max(last_good_at) as at, count(distinct source_instance) as sources,
           count(distinct source_instance)
             filter (where status = 'failed' and list_contains($planned, source_instance)) as failing
    from source_freshness"""
P = ParamSpec("P")
Seen = tuple[int | None, bool, str | None]
ASKING_KEY = "asking"
LOOK_EVERY = "3s"
REDRAW_S = 60.0
_is_freshness_said: ContextVar[bool] = ContextVar("is_freshness_said", default=False)


@contextmanager
def page(title: str, sentence: str = "") -> Iterator[None]:
    """The body of a page; a fault inside becomes one sentence instead of a stack of lines."""
    st.title(title, anchor=False)
    if sentence:
        st.caption(sentence)
    with _footed():
        yield


@contextmanager
def ranged_page(title: str, default: str = "24h", labels: tuple[str, ...] = RECENT) -> Iterator[Span]:
    """A page with the range control at its right."""
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center", key="head"):
        st.title(title, anchor=False, width="content")
        span = time_range(default, labels)
    with _footed():
        yield span


@contextmanager
def _footed() -> Iterator[None]:
    """A body, and below it how fresh it is if it has not said so: what shows nothing may be a source that fails."""
    _is_freshness_said.set(False)
    with told():
        yield
    if not _is_freshness_said.get():
        with suppress(AuroraError, duckdb.Error):
            freshness()


@contextmanager
def told() -> Iterator[None]:
    """Say what is wrong, and what to do, where the data cannot be read."""
    try:
        yield
    except NotPublishedError:
        st.info("Aurora is loading its first data. This page fills by itself.", icon=":material/hourglass_top:")
    except (AuroraError, duckdb.Error) as error:
        said = str(error).splitlines()[0]
        st.error(f"This cannot be shown now: {safe(said)}. Run `aurora doctor` to see why.", icon=":material/error:")
    except Exception:
        log.exception("a page broke")
        st.error(
            "This cannot be shown: a fault of Aurora itself, written to its log. The other pages go on.",
            icon=":material/bug_report:",
        )


def watch() -> None:
    """Draw the page again as soon as there is something new, a minute later at the latest, unless updates are paused.

    A look costs a file's time; blocks that drew themselves by a timer cost their charts each time, changed or not.
    """
    seen = _seen()
    if not (is_paused() and seen[0]) and not st.session_state.get(ASKING_KEY):
        st.fragment(run_every=LOOK_EVERY)(_look)(seen, time.monotonic())


def _look(seen: Seen, drawn_at: float) -> None:
    # a dialog closes when its page is drawn again: what someone is typing there comes first
    if not st.session_state.get(ASKING_KEY) and (_seen() != seen or time.monotonic() - drawn_at > REDRAW_S):
        st.rerun()


def _seen() -> Seen:
    """The generation (None before the first), whether the scheduler stands still, what is wrong with the settings."""
    beat = heartbeat()
    try:
        number = generation().number
    except AuroraError:
        number = None
    return number, bool(beat and beat.age_s() > STALE_S), beat.settings_error if beat else None


def in_dialog(title: str, form: Callable[P, None], *args: P.args, **kwargs: P.kwargs) -> None:
    """The form in a dialog; the page behind it stands still until it is sent or dismissed."""
    st.session_state[ASKING_KEY] = True
    st.dialog(title, width="large", on_dismiss="rerun")(form)(*args, **kwargs)


def still() -> None:
    """Let the page stand still by itself: it shows answers of a moment, and somebody is typing."""
    st.session_state[ASKING_KEY] = True


def pause_control() -> None:
    """The switch of every page's own updates, in the side bar; on at first, kept for the session."""
    st.session_state[ASKING_KEY] = False  # the page is drawn anew: whatever dialog there was is closed
    st.session_state.setdefault(LIVE_KEY, True)
    with st.sidebar:
        st.toggle("Live updates", key=LIVE_KEY, help="Off: figures stand still until you change something or reload.")


def is_paused() -> bool:
    """Whether this session has stopped the updates."""
    return not st.session_state.get(LIVE_KEY, True)


def notices() -> None:
    """What every page tells: wrong settings, a scheduler that stands still."""
    beat = heartbeat()
    if beat and beat.settings_error:
        st.warning(
            f"Settings are wrong, the old ones stay in use: {safe(beat.settings_error)}",
            icon=":material/settings_alert:",
        )
    if beat and beat.age_s() > STALE_S:
        when = datetime.fromisoformat(beat.ticked_at).replace(tzinfo=None)
        st.warning(
            f"The scheduler stopped {ago(when)}: figures stand still. Start it with `aurora up`.",
            icon=":material/pause_circle:",
        )


def freshness() -> None:
    """'Updated 12 s ago' from the newest good run, and which sources fail."""
    _is_freshness_said.set(True)
    beat = heartbeat()
    planned = [item.source for item in beat.plan] if beat else []
    told_by = rows(FRESHNESS, planned=planned).row(0, named=True)
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        late = told_by["at"] is None
        paused = is_paused()
        said = " · Updates are paused" if paused else ""
        icon = "pause_circle" if paused else "sync"
        st.caption(f":material/{icon}: Updated {ago(told_by['at'])} · {plural(told_by['sources'], 'source')}{said}")
        if told_by["failing"]:
            st.page_link(
                "pages/platform/sources.py",
                label=f":red[{plural(told_by['failing'], 'source')} failing]",
                icon=":material/error:",
            )
        elif late:
            st.badge("no source has run well yet", icon=":material/warning:", color="orange")


def empty(what: str, advice: str) -> None:
    """The empty state: what there is none of, and what would fill it."""
    with st.container(border=True, horizontal_alignment="center"):
        st.markdown(f":material/inbox: **{what}**", width="content")
        st.caption(advice, width="content")


def demo_badge(frame: pl.DataFrame) -> None:
    """Say so where rows of the demo estate are shown; the only thing that may look for them."""
    if "source_instance" in frame.columns and (frame["source_instance"] == "demo").any():
        st.badge(
            "Demo data", icon=":material/science:", color="violet",
            help="Part of what you see is the demo estate. `aurora demo remove` takes every row of it out.",
        )  # fmt: skip
