"""Whose turn it is: few queries run at once, and nobody's tenth goes before another's first."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from aurora.errors import CancelledError, RefusedError

LOOK_EVERY_S = 0.1


@dataclass(frozen=True)
class _Waiting:
    actor: str
    number: int


class Turns:
    """A queue that is fair between actors. One actor never holds all places, so another's query starts at once."""

    def __init__(self, places: int = 3, waiting_each: int = 20, wait_s: float = 60.0) -> None:
        self._places, self._each, self._most = places, max(1, places - 1), waiting_each
        self._wait_s = wait_s
        self._changed = threading.Condition()
        self._running: Counter[str] = Counter()
        self._last: dict[str, int] = {}
        self._waiting: list[_Waiting] = []
        self._count = 0

    @contextmanager
    def turn(self, actor: str, is_cancelled: Callable[[], bool] = lambda: False) -> Iterator[None]:
        """Wait for a place and hold it. Raises RefusedError after too long, CancelledError if it is not wanted."""
        with self._changed:
            me = self._join(actor)
            try:
                self._wait(me, is_cancelled)
            finally:
                self._waiting.remove(me)
                self._changed.notify_all()
            self._running[actor] += 1
            self._last[actor] = me.number
        try:
            yield
        finally:
            with self._changed:
                self._running[actor] -= 1
                self._running += Counter()  # who has none left is forgotten
                self._changed.notify_all()

    def _join(self, actor: str) -> _Waiting:
        if sum(one.actor == actor for one in self._waiting) >= self._most:
            raise RefusedError(f"{self._most} of your queries are waiting already: let them end, or stop some.")
        self._count += 1
        me = _Waiting(actor, self._count)
        self._waiting.append(me)
        return me

    def _wait(self, me: _Waiting, is_cancelled: Callable[[], bool]) -> None:
        until = time.monotonic() + self._wait_s
        while self._next() != me:
            if is_cancelled():
                raise CancelledError("The query was stopped while it waited.")
            if time.monotonic() > until:
                raise RefusedError(
                    f"Other queries have kept this one waiting for {self._wait_s:.0f} s: try again in a moment."
                )
            self._changed.wait(LOOK_EVERY_S)

    def _next(self) -> _Waiting | None:
        """Who comes next: the actor with the fewest running, then the one whose last turn is longest ago."""
        if self._running.total() >= self._places:
            return None
        free = [one for one in self._waiting if self._running[one.actor] < self._each]
        return min(free, key=self._rank, default=None)

    def _rank(self, one: _Waiting) -> tuple[int, int, int]:
        return self._running[one.actor], self._last.get(one.actor, 0), one.number
