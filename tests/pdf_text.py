"""The text of a PDF as typst writes it: enough of the format to read back what was printed, page by page."""

import re
import zlib
from collections.abc import Iterator

SHOWN = re.compile(rb"/(f\d+) [\d.]+ Tf|\[(.*?)\]TJ|(?<!\])\((?:[^()\\]|\\.)*\)\s*Tj", re.S)
STRING = re.compile(rb"\(((?:[^()\\]|\\.)*)\)", re.S)
ESCAPED = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}


def page_texts(content: bytes) -> list[str]:
    """The text of each page, a line for each piece that was set at once."""
    objects = {int(one[1]): one[2] for one in re.finditer(rb"(\d+) 0 obj\n(.*?)endobj", content, re.S)}
    pages = [one for one in objects.values() if re.search(rb"/Type/Page\b(?!s)", one)]
    return ["\n".join(_pieces(objects, page)) for page in pages]


def _pieces(objects: dict[int, bytes], page: bytes) -> Iterator[str]:
    fonts = dict(re.findall(rb"/(f\d+) (\d+) 0 R", objects[_number(page, b"Resources")]))
    maps = {name: _unicode(objects, objects[int(number)]) for name, number in fonts.items()}
    font: dict[bytes, str] = {}
    for found in SHOWN.finditer(_stream(objects[_number(page, b"Contents")])):
        if found[1]:
            font = maps[found[1]]
            continue
        codes = b"".join(_plain(one) for one in STRING.findall(found[0]))
        yield "".join(font.get(codes[place : place + 2], "") for place in range(0, len(codes), 2))


def _unicode(objects: dict[int, bytes], font: bytes) -> dict[bytes, str]:
    told = _stream(objects[_number(font, b"ToUnicode")])
    pairs = re.findall(rb"<([0-9A-F]{4})> <([0-9A-F]+)>\n", told)
    return {bytes.fromhex(code.decode()): bytes.fromhex(text.decode()).decode("utf-16-be") for code, text in pairs}


def _stream(one: bytes) -> bytes:
    return zlib.decompress(one[one.index(b"stream\n") + 7 : one.rindex(b"\nendstream")])


def _number(one: bytes, name: bytes) -> int:
    found = re.search(rb"/" + name + rb" (\d+) 0 R", one)
    assert found, (name, one[:200])
    return int(found[1])


def _plain(text: bytes) -> bytes:
    """A string of a content stream without its escapes."""
    return re.sub(
        rb"\\([0-7]{1,3}|.)", lambda one: bytes([int(one[1], 8)]) if one[1].isdigit() else ESCAPED.get(one[1], one[1]),
        text, flags=re.S,
    )  # fmt: skip
