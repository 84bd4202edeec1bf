"""Whose turn it is."""

import threading

import pytest

from aurora.errors import CancelledError, RefusedError
from aurora.explore.turns import Turns


def waiting(turns: Turns, actor: str, served: list[str], done: threading.Event) -> threading.Thread:
    """A thread that joins the queue now and notes its turn."""
    before = len(turns._waiting)

    def run() -> None:
        with turns.turn(actor):
            served.append(actor)
            done.wait(10)

    thread = threading.Thread(target=run)
    thread.start()
    while len(turns._waiting) == before and thread.is_alive() and actor not in served:
        pass
    return thread


def test_nobodys_second_goes_before_anothers_first() -> None:
    turns, served, done = Turns(places=1), list[str](), threading.Event()
    done.set()
    with turns.turn("busy"):
        threads = [waiting(turns, actor, served, done) for actor in ("a", "a", "a", "b", "c")]
    for thread in threads:
        thread.join(10)
    assert served == ["a", "b", "c", "a", "a"]


def test_one_actor_never_holds_all_places() -> None:
    turns, served, done = Turns(places=3), list[str](), threading.Event()
    threads = [waiting(turns, "a", served, done) for _ in range(2)]
    third = waiting(turns, "a", served, done)
    with turns.turn("b"):
        assert served == ["a", "a"]
    done.set()
    for thread in (*threads, third):
        thread.join(10)
    assert served == ["a", "a", "a"]


def test_waiting_ends_with_a_sentence() -> None:
    turns = Turns(places=1, wait_s=0.05)
    with turns.turn("a"), pytest.raises(RefusedError, match="try again"), turns.turn("b"):
        pass
    with turns.turn("b"):
        assert turns._waiting == []


def test_waiting_can_be_given_up() -> None:
    turns = Turns(places=1)
    with turns.turn("a"), pytest.raises(CancelledError), turns.turn("b", lambda: True):
        pass


def test_nobody_waits_with_too_many() -> None:
    turns, served, done = Turns(places=1, waiting_each=1), list[str](), threading.Event()
    done.set()
    with turns.turn("b"):
        thread = waiting(turns, "a", served, done)
        with pytest.raises(RefusedError, match="waiting already"), turns.turn("a"):
            pass
    thread.join(10)


def test_a_place_is_free_again_after_a_failure() -> None:
    turns = Turns(places=1)
    with pytest.raises(ValueError), turns.turn("a"):
        raise ValueError
    with turns.turn("b"):
        assert turns._running == {"b": 1}
