"""On which line of a TOML text a thing stands; tomllib does not tell. Pure; looked up only where it is asked."""

import re
from bisect import bisect_right
from collections.abc import Iterator
from itertools import pairwise

Path = tuple[str, ...]
_PART = r"""(?:[A-Za-z0-9_-]+|"[^"\n]*"|'[^'\n]*')"""
_KEY = re.compile(rf"[ \t]*({_PART}(?:[ \t]*\.[ \t]*{_PART})*)[ \t]*=")
_HEADER = re.compile(rf"[ \t]*\[{{1,2}}[ \t]*({_PART}(?:[ \t]*\.[ \t]*{_PART})*)[ \t]*\]")
_QUOTED = re.compile(
    r'"""(?:\\.|[^\\])*?"{3,5}' r"|'''.*?'{3,5}" r'|"(?:\\.|[^"\\\n])*"' r"|'[^'\n]*'" r"|#[^\n]*", re.DOTALL
)


class Lines:
    """The lines of one text whose entries are the tables of arrays, such as the third [[application]]."""

    def __init__(self, text: str, counts: dict[str, int]) -> None:
        self.text = text
        self.counts = counts
        self.starts = self._starts()
        self._offsets = sorted(place for places in self.starts.values() for place, _ in places)
        self._firsts: dict[str, int | None] = {}
        self._keys: dict[tuple[str, int], dict[Path, int]] = {}

    def of(self, kind: str, index: int, *path: str) -> int | None:
        """The line of a key in the entry (of its nearest table or of the entry where it cannot be told), from 1."""
        keys = self._keys.get((kind, index))
        if keys is None:
            keys = self._keys[kind, index] = self._keys_of(kind, index)
        while path and path not in keys:
            path = path[:-1]
        return keys.get(path)

    def entry(self, kind: str, index: int) -> int | None:
        """The line of the entry's header."""
        found = self.starts.get(kind, ())
        return found[index][1] if index < len(found) else self._first(kind)

    def top(self, key: str) -> int | None:
        """The line of a key or table of the file itself."""
        return self._first(key)

    def _starts(self) -> dict[str, list[tuple[int, int]]]:
        """Offset and line of each entry's header, by kind. Masking costs, so it is done only where counts differ."""
        found = dict(_headers(self.text, self.counts))
        if any(len(found[kind]) != count for kind, count in self.counts.items()):
            self.text = masked(self.text)
            found = dict(_headers(self.text, self.counts))
        return {kind: places for kind, places in found.items() if len(places) == self.counts[kind]}

    def _keys_of(self, kind: str, index: int) -> dict[Path, int]:
        first = self.entry(kind, index)
        if first is None:
            return {}
        keys: dict[Path, int] = {(): first}
        if len(self.starts.get(kind, ())) <= index:
            return keys
        start = self.starts[kind][index][0]
        prefix: Path = ()
        for number, line in enumerate(masked(self.text[start : self._end(start)]).split("\n")):
            if number and (header := _HEADER.match(line)):
                prefix = _parts(header[1])[1:]
                _note(keys, prefix, first + number)
            elif key := _KEY.match(line):
                _note(keys, prefix + _parts(key[1]), first + number)
        return keys

    def _end(self, start: int) -> int:
        following = bisect_right(self._offsets, start)
        return self._offsets[following] if following < len(self._offsets) else len(self.text)

    def _first(self, key: str) -> int | None:
        if key not in self._firsts:
            pattern = rf"""^[ \t]*(?:\[{{1,2}}[ \t]*)?["']?{re.escape(key)}["']?[ \t]*[\].=]"""
            found = re.search(pattern, self.text, re.MULTILINE)
            self._firsts[key] = self.text.count("\n", 0, found.start()) + 1 if found else None
        return self._firsts[key]


def masked(text: str) -> str:
    """The text without comments and without what multi-line strings hold, every line where it was."""

    def blank(found: re.Match[str]) -> str:
        token = found[0]
        if token[0] == "#":
            return ""
        return token if "\n" not in token else '""' + "\n" * token.count("\n")

    return _QUOTED.sub(blank, text)


def _headers(text: str, kinds: dict[str, int]) -> Iterator[tuple[str, list[tuple[int, int]]]]:
    for kind in kinds:
        pattern = rf"""^[ \t]*\[\[[ \t]*["']?{kind}["']?[ \t]*\]\]"""
        places = [found.start() for found in re.finditer(pattern, text, re.MULTILINE)]
        line, lines = 1, []
        for before, place in pairwise([0, *places]):
            line += text.count("\n", before, place)
            lines.append((place, line))
        yield kind, lines


def _parts(key: str) -> Path:
    return tuple(part.strip("\"'") for part in re.findall(_PART, key))


def _note(keys: dict[Path, int], path: Path, line: int) -> None:
    for depth in range(1, len(path) + 1):
        keys.setdefault(path[:depth], line)
