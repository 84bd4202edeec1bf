"""Locks between the processes of one machine; the kernel frees them when their holder dies, however it dies."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from aurora.errors import AlreadyRunningError


@contextmanager
def locked(path: Path, *, wait: bool = True) -> Iterator[None]:
    """Hold an exclusive lock on `path`; the file tells the holder's process id.

    Raises AlreadyRunningError at once if it is held and `wait` is false.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise AlreadyRunningError(f"{path.stem} is held by process {holder(path) or '?'}") from error
        os.ftruncate(handle, 0)
        os.pwrite(handle, str(os.getpid()).encode(), 0)
        yield
    finally:
        os.close(handle)


def holder(path: Path) -> int | None:
    """Process id that wrote itself into the lock file last, None if there is none."""
    try:
        return int(path.read_text())
    except (OSError, ValueError):
        return None


def is_held(path: Path) -> bool:
    """True while some process holds the lock.

    A lock whose last holder is gone is not tried: for that moment it would look held to a process that starts.
    """
    last = holder(path)
    if last is None or not is_alive(last):
        return False
    try:
        with locked(path, wait=False):
            return False
    except AlreadyRunningError:
        return True


def is_alive(pid: int) -> bool:
    """True while a process of that id runs."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
