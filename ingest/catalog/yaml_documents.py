"""YAML as plain values that know their lines, read from files that nobody vouches for.

Works on the parser's events, so nothing is built that could be code, recurse or expand without a bound: every scalar
stays the text that was written (a date too), only null is None. https://yaml.org/spec/1.2.2/ names the core schema.
"""

import re
from dataclasses import dataclass
from typing import Any

import yaml
from yaml import events

MAX_BYTES = 1 << 20
MAX_DOCUMENTS = 1_000
MAX_NODES = 50_000
MAX_DEPTH = 40
HOPELESS_DEPTH = 200  # the parser's time grows with the square of the depth, so such a file is not read to its end
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_NULLS = {"", "~", "null", "Null", "NULL"}
_CORE = {"!", *(f"tag:yaml.org,2002:{name}" for name in ("str", "null", "bool", "int", "float", "map", "seq"))}
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff]")


class Fields(dict[str, "Value"]):
    """A mapping, with the line on which it begins and that of each key; lines count from 1."""

    def __init__(self, line: int = 0) -> None:
        super().__init__()
        self.line = line
        self.lines: dict[str, int] = {}


class Items(list["Value"]):
    """A sequence, with the line of each item."""

    def __init__(self, line: int = 0) -> None:
        super().__init__()
        self.line = line
        self.lines: list[int] = []


Value = str | None | Fields | Items


@dataclass(frozen=True)
class Refused:
    """A document that is left out, and why."""

    line: int
    message: str


class BrokenFileError(Exception):
    """The whole file cannot be read; `line` is None where no line is to blame."""

    def __init__(self, message: str, line: int | None = None) -> None:
        super().__init__(message)
        self.line = line


class _RefusedError(Exception):
    """Ends the reading of one document."""


@dataclass(frozen=True)
class _Sized:
    """A value, how many nodes it has with its aliases written out, and how many levels it is high."""

    value: Value
    weight: int = 1
    height: int = 0


@dataclass
class _Open:
    """A collection that has not ended yet; `key` waits for its value."""

    value: Fields | Items
    anchor: str | None
    weight: int = 1
    height: int = 1
    key: str | None = None


def documents(data: bytes) -> list[Fields | Refused]:
    """The documents of a file in their order, empty ones left out. Raises BrokenFileError for a file as a whole."""
    found: list[Fields | Refused] = []
    count, reader = 0, _Document(1)
    try:
        for event in yaml.parse(_text(data), Loader=_LOADER):
            if isinstance(event, events.DocumentStartEvent):
                count, reader = count + 1, _Document(_line(event))
                if count > MAX_DOCUMENTS:
                    raise BrokenFileError(f"holds more than {MAX_DOCUMENTS:,} documents: split it", reader.line)
            elif isinstance(event, events.DocumentEndEvent):
                found += reader.result()
            elif isinstance(event, events.NodeEvent | events.CollectionEndEvent):
                reader.take(event)
    except yaml.YAMLError as error:
        mark: Any = getattr(error, "problem_mark", None)
        said = " ".join(str(getattr(error, "problem", None) or "it ends too early").split())
        raise BrokenFileError(f"is no YAML ({said}): mend it here", mark.line + 1 if mark else None) from error
    return found


def _text(data: bytes) -> str:
    if len(data) > MAX_BYTES:
        raise BrokenFileError(f"is larger than {MAX_BYTES >> 20} MiB and was not read: split it")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BrokenFileError("is not UTF-8: save it as UTF-8", data[: error.start].count(b"\n") + 1) from error
    control = _CONTROL.search(text)
    if control:
        raise BrokenFileError("holds a control character: remove it", text.count("\n", 0, control.start()) + 1)
    return text


class _Document:
    """Takes the events of one document; what breaks a rule refuses it, and the events up to its end are passed over."""

    def __init__(self, line: int) -> None:
        self.line = line
        self.depth = 0
        self.open: list[_Open] = []
        self.anchors: dict[str, _Sized | _Open] = {}
        self.root = _Sized(None)
        self.refusal: Refused | None = None

    def take(self, event: Any) -> None:
        line = _line(event)
        self.depth += isinstance(event, events.CollectionStartEvent) - isinstance(event, events.CollectionEndEvent)
        if self.depth > HOPELESS_DEPTH:
            raise BrokenFileError(f"is nested more than {HOPELESS_DEPTH} levels deep: write it flatter", line)
        if self.refusal:
            return
        try:
            self._take(event, line)
        except _RefusedError as error:
            self.refusal = Refused(line, str(error))

    def result(self) -> list[Fields | Refused]:
        """The document's mapping or refusal; nothing for an empty document."""
        if self.refusal:
            return [self.refusal]
        if isinstance(self.root.value, Fields):
            return [self.root.value]
        return [] if self.root.value is None else [Refused(self.line, "is no mapping: write kind, metadata and spec")]

    def _take(self, event: Any, line: int) -> None:
        if isinstance(event, events.AliasEvent):
            self._place(self._alias(str(event.anchor)), line)
        elif isinstance(event, events.CollectionEndEvent):
            self._close(line)
        elif event.tag is not None and event.tag not in _CORE:
            raise _RefusedError(f"uses the tag {event.tag[:80]!r}: only plain text, lists and mappings are read")
        elif isinstance(event, events.ScalarEvent):
            self._scalar(event, line)
        else:
            self._begin(event, line)

    def _begin(self, event: Any, line: int) -> None:
        value = Fields(line) if isinstance(event, events.MappingStartEvent) else Items(line)
        if self.open and self._wants_key():
            raise _RefusedError("uses a list or mapping as a key: write text")
        opened = _Open(value, event.anchor)
        self.open.append(opened)
        if event.anchor:
            self.anchors[event.anchor] = opened
        self._check_depth(0)

    def _close(self, line: int) -> None:
        done = self.open.pop()
        sized = _Sized(done.value, done.weight, done.height)
        if done.anchor and self.anchors[done.anchor] is done:
            self.anchors[done.anchor] = sized
        self._place(sized, done.value.line)

    def _scalar(self, event: Any, line: int) -> None:
        text: str = event.value
        if _CONTROL.search(text):
            raise _RefusedError("holds an escaped control character: remove it")
        if self.open and self._wants_key():
            self._key(text, line)
            return
        is_null = text in _NULLS and event.tag is None and event.implicit[0]
        sized = _Sized(None if is_null else text)
        if event.anchor:
            self.anchors[event.anchor] = sized
        self._place(sized, line)

    def _key(self, text: str, line: int) -> None:
        frame = self.open[-1]
        if text == "<<":
            raise _RefusedError("uses the merge key <<, which YAML 1.2 does not know: write the fields out")
        assert isinstance(frame.value, Fields)  # noqa: S101
        if text in frame.value.lines:
            raise _RefusedError(f"has the key {text[:80]!r} twice (first in line {frame.value.lines[text]}): keep one")
        frame.value.lines[text], frame.key = line, text

    def _alias(self, anchor: str) -> _Sized:
        known = self.anchors.get(anchor)
        if known is None:
            raise _RefusedError(f"uses *{anchor[:80]}, which no anchor before it names: write the value out")
        if isinstance(known, _Open):
            raise _RefusedError(f"contains itself through *{anchor[:80]}: write the value out")
        if self.open and self._wants_key():
            raise _RefusedError(f"uses *{anchor[:80]} as a key: write text")
        return known

    def _place(self, sized: _Sized, line: int) -> None:
        self._check_depth(sized.height)
        if not self.open:
            self.root = sized
            return
        frame = self.open[-1]
        frame.weight += sized.weight
        frame.height = max(frame.height, sized.height + 1)
        if frame.weight > MAX_NODES:
            raise _RefusedError(f"has more than {MAX_NODES:,} values when its aliases are written out: shorten it")
        if isinstance(frame.value, Fields):
            assert frame.key is not None  # noqa: S101
            frame.value[frame.key], frame.key = sized.value, None
        else:
            frame.value.append(sized.value)
            frame.value.lines.append(line)

    def _wants_key(self) -> bool:
        return isinstance(self.open[-1].value, Fields) and self.open[-1].key is None

    def _check_depth(self, height: int) -> None:
        if len(self.open) + height > MAX_DEPTH:
            raise _RefusedError(f"is nested more than {MAX_DEPTH} levels deep: write it flatter")


def _line(event: Any) -> int:
    return int(event.start_mark.line) + 1
