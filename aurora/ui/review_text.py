"""Text of strangers, shown as text alone: in their own direction, without marks that would turn the words around it."""

import html
import re

FSI, PDI = "\u2068", "\u2069"
# Overrides of direction (Unicode UAX 9) let text pretend to be other text; control characters say nothing.
TURNING = re.compile("[\u202a-\u202e\u2066-\u2069\u200e\u200f\u061c\x00-\x08\x0b-\x1f\x7f]")
MOST_LETTERS = 4000


def upright(text: str | None) -> str | None:
    """The text without marks of direction, set apart (FSI, PDI) so that its own direction ends with it; None stays."""
    plain = " ".join(TURNING.sub("", text).split()) if text else ""
    return f"{FSI}{plain}{PDI}" if plain else None


def paragraph(text: str) -> str:
    """The text as a paragraph of HTML that reads from the side its script begins on; markup in it is only text."""
    lines = TURNING.sub("", text[:MOST_LETTERS].replace("\r\n", "\n"))
    return f'<p dir="auto" style="white-space:pre-line;overflow-wrap:anywhere">{html.escape(lines)}</p>'


def short(text: str, letters: int = 140) -> str:
    """The beginning of a text, cut at a word."""
    plain = " ".join(text.split())
    return plain if len(plain) <= letters else plain[:letters].rsplit(" ", 1)[0] + "…"
