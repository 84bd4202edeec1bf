"""Registry files: which there are, their text, and what one says; a file that has not changed is not read again."""

import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

from ingest.registry.parse import BrokenError, Fault, Said, parse

MAX_BYTES = 5 * 2**20
MAX_FILES = 10_000


def find_files(path: Path, fail: Callable[[Path, OSError], None]) -> Iterator[Path]:
    """The file, or the *.toml files below the folder, sorted; hidden ones and a second way to one are passed over."""
    if not path.is_dir():
        if path.exists() or path.is_symlink():
            yield path
        return
    seen: set[str] = set()
    found = 0
    for folder, folders, files in os.walk(path, followlinks=True, onerror=lambda error: fail(path, error)):
        real = os.path.realpath(folder)
        folders[:] = [] if real in seen else sorted(name for name in folders if not name.startswith("."))
        for name in [] if real in seen else sorted(files):
            if name.endswith(".toml") and not name.startswith("."):
                found += 1
                if found <= MAX_FILES:
                    yield Path(folder, name)
        seen.add(real)
    if found > MAX_FILES:
        fail(path, OSError(0, f"it holds more than {MAX_FILES:,} files"))


_cache: dict[tuple[str, str], tuple[int, int, Said]] = {}


def said_by(path: Path, label: str, instance: str) -> Said:
    """What the file says, read anew if its time or size has changed."""
    key = (f"{instance}\0{label}", str(path))
    try:
        now = path.stat()
        known = _cache.get(key)
        if known and known[:2] == (now.st_mtime_ns, now.st_size):
            return known[2]
        said = parse(text_of(path, now), label, instance)
    except BrokenError as error:
        return Said(broken=Fault(error.line, f"{error}; what it said before stays", refused=True))
    except OSError as error:
        return Said(broken=Fault(None, f"it cannot be read ({error.strerror}); what it said before stays"))
    _cache[key] = (now.st_mtime_ns, now.st_size, said)
    return said


def forget_all_but(instance: str, paths: set[str]) -> None:
    """Drop from memory what files said that are no more."""
    for key in [key for key in _cache if key[0].startswith(f"{instance}\0") and key[1] not in paths]:
        _cache.pop(key, None)


def text_of(path: Path, now: os.stat_result) -> str:
    """The text of a file. Raises BrokenError with the line for what is no file, too large or not UTF-8."""
    if not stat.S_ISREG(now.st_mode):
        raise BrokenError(None, "this is no file: put one in its place")
    if now.st_size > MAX_BYTES:
        raise BrokenError(None, f"it is larger than {MAX_BYTES // 2**20} MiB: split it into several files")
    with path.open("rb") as file:
        data = file.read(MAX_BYTES + 1)
    try:
        text = data.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise BrokenError(line, "this is not UTF-8 text: save the file as UTF-8") from error
    return text
