"""XML of strangers, read element by element with the standard library's expat: nothing is fetched, nothing expands.

A DOCTYPE that only names a DTD is passed over (Cobertura and JaCoCo write one), one that declares anything is refused,
and so is every entity that XML itself does not know.
"""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NoReturn
from xml.parsers import expat

Attributes = dict[str, str]
CHUNK = 1 << 16
MAX_BYTES = 256 << 20
MAX_DEPTH = 200
MAX_TEXT = 20_000


class _FoundError(Exception):
    """The root has been read: no more is wanted."""


class Walker:
    """What reads a document: override what is wanted. Elements are told by their name without a prefix."""

    def start(self, name: str, told: Attributes) -> None:
        """An element begins."""

    def end(self, name: str, text: str) -> None:
        """An element ends; `text` is its own, cut off after MAX_TEXT letters."""


def walk(path: Path, walker: Walker) -> None:
    """Read a file from beginning to end. Raises ValueError with one sentence for what is no XML or not safe."""
    if path.stat().st_size > MAX_BYTES:
        raise ValueError(f"the file is larger than {MAX_BYTES >> 20} MiB")
    parser = _parser(walker)
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            _feed(parser, chunk, False)
    _feed(parser, b"", True)


def walk_text(text: str, walker: Walker) -> None:
    """Read a document that is in memory. Raises ValueError with one sentence for what is no XML or not safe."""
    _feed(_parser(walker), text.encode(), True)


def root_of(head: bytes) -> tuple[str, Attributes] | None:
    """Name and attributes of the root element, out of a document's first bytes; None for what is no XML."""
    found: list[tuple[str, Attributes]] = []

    class Root(Walker):
        def start(self, name: str, told: Attributes) -> None:
            found.append((name, told))
            raise _FoundError

    with suppress(_FoundError, ValueError):
        _feed(_parser(Root()), head, False)
    return found[0] if found else None


def _feed(parser: expat.XMLParserType, chunk: bytes, is_last: bool) -> None:
    try:
        parser.Parse(chunk, is_last)
    except expat.ExpatError as error:
        raise ValueError(f"line {error.lineno}: {expat.ErrorString(error.code)}") from error
    except LookupError as error:
        raise ValueError(f"its encoding is not known ({error})") from error


def _parser(walker: Walker) -> expat.XMLParserType:
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
    for name in ("EntityDecl", "ElementDecl", "AttlistDecl", "NotationDecl", "UnparsedEntityDecl"):
        setattr(parser, f"{name}Handler", _declared)
    parser.ExternalEntityRefHandler = parser.SkippedEntityHandler = _named
    texts: list[list[str]] = []

    def start(name: str, told: Attributes) -> None:
        if len(texts) >= MAX_DEPTH:
            raise ValueError(f"elements stand more than {MAX_DEPTH} deep in each other")
        texts.append([])
        walker.start(name.rpartition(":")[2], told)

    parser.StartElementHandler = start
    parser.CharacterDataHandler = _keeper(texts)
    parser.EndElementHandler = lambda name: walker.end(name.rpartition(":")[2], "".join(texts.pop())[:MAX_TEXT])
    return parser


def _keeper(texts: list[list[str]]) -> Callable[[str], None]:
    """What keeps the text of the innermost element, and no more of it than is wanted."""

    def keep(data: str) -> None:
        if texts and sum(map(len, texts[-1])) < MAX_TEXT:
            texts[-1].append(data)

    return keep


def _declared(*told: object) -> NoReturn:
    raise ValueError("its DOCTYPE declares things, and such files are not read")


def _named(*told: object) -> NoReturn:
    raise ValueError("it uses entities that XML itself does not know, and such files are not read")
