"""What a report says, as plain data: PDF and HTML are drawn from the same document and say the same."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

Tone = Literal["good", "warn", "bad", "plain"]
# A sign beside each colour, so that a black and white print says the same.
SIGNS: dict[Tone, str] = {"good": "●", "warn": "▲", "bad": "✕", "plain": "–"}
NOT_TOLD = "not told"


@dataclass(frozen=True)
class Figure:
    """One figure with its change against the month before; `note` says what it rests on."""

    label: str
    value: str
    change: str = ""
    tone: Tone = "plain"
    note: str = ""


@dataclass(frozen=True)
class Figures:
    """A wall of figures, four in a row."""

    figures: tuple[Figure, ...]


@dataclass(frozen=True)
class Said:
    """A sentence, good, bad or neither."""

    text: str
    tone: Tone = "plain"


@dataclass(frozen=True)
class Words:
    """Sentences under one another, each with its sign; `title` may be empty."""

    sentences: tuple[Said, ...]
    title: str = ""


@dataclass(frozen=True)
class Chart:
    """A chart as a Vega-Lite specification, with the sentence that stands for it where it cannot be seen."""

    title: str
    spec: dict[str, Any] = field(repr=False)
    alt: str


@dataclass(frozen=True)
class Pair:
    """Two charts beside each other."""

    left: Chart
    right: Chart


@dataclass(frozen=True)
class Column:
    """A column: its heading, whether it holds numbers (then they stand at the right), and its share of the width."""

    heading: str
    is_number: bool = False
    width: float = 1.0


@dataclass(frozen=True)
class Cell:
    """A cell with a tone of its own; a plain cell is its text alone."""

    text: str
    tone: Tone


@dataclass(frozen=True)
class Table:
    """All rows of it; `nothing` is said where there is none, `note` stands below."""

    title: str
    columns: tuple[Column, ...]
    rows: Sequence[Sequence[str | Cell]]
    nothing: str
    note: str = ""


@dataclass(frozen=True)
class Note:
    """Small words: how something is counted, what is left out."""

    text: str


Block = Figures | Words | Chart | Pair | Table | Note


@dataclass(frozen=True)
class Section:
    """A part of the report under a heading; `lead` says in a sentence what it comes to."""

    title: str
    blocks: tuple[Block, ...]
    lead: str = ""
    on_new_page: bool = False


@dataclass(frozen=True)
class Logo:
    """A picture: its bytes, and which of svg, png or jpg it is."""

    content: bytes = field(repr=False)
    format: str


@dataclass(frozen=True)
class Document:
    """A whole report. `at`: until when data are in it (UTC); `source`: which state of the lake they are from."""

    title: str
    about: str
    period: str
    company: str
    sections: tuple[Section, ...]
    at: datetime
    source: str
    accent: str
    logo: Logo | None = None

    @property
    def footer(self) -> str:
        """What stands at the foot of each page."""
        return f"Data until {self.at:%d %b %Y %H:%M} UTC · {self.source}"
