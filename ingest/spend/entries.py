"""Entries of TOML and CSV files that people keep, each with its file and line; a file that cannot be read is told.

TOML holds `[[<kind>]]` tables, CSV a header and a line for each; `;` may part the cells, as where the comma is decimal.
"""

import csv
import os
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from io import StringIO
from pathlib import Path
from typing import Any

from aurora.contracts import Row, Table
from aurora.settings import ROOT
from ingest.connector import Run
from ingest.registry.file import MAX_FILES, text_of
from ingest.registry.lines import Lines
from ingest.registry.parse import BrokenError, toml_tables

ENDINGS = (".toml", ".csv")


class WrongError(ValueError):
    """What is wrong with an entry, as a sentence that says what to write."""


@dataclass(frozen=True)
class Entry:
    """One table or line of a file, the `number`th of it from 0; empty cells are absent."""

    file: str
    line: int
    number: int
    values: Row

    @property
    def place(self) -> str:
        """As people are sent there."""
        return f"{self.file}, line {self.line}"

    def only(self, known: tuple[str, ...]) -> None:
        """Raises WrongError for a key that there is not, with the nearest that there is."""
        for name in self.values:
            if name not in known:
                near = get_close_matches(str(name)[:100], known, 1)
                advice = f"did you mean {near[0]}?" if near else f"write one of {', '.join(known)}"
                raise WrongError(f"{str(name)[:100]!r} is no key of it: {advice}")

    def refused(self, run: Run[Any], table: type[Table], reason: object) -> None:
        """Quarantine it with its place."""
        told = {str(name)[:100]: str(value)[:500] for name, value in self.values.items()}
        message = f"{self.place}: {reason}"
        run.refuse(table, "unreadable", message, told | {"file": self.file, "line": self.line})


@dataclass(frozen=True)
class Found:
    """What the files hold, and the names of those that cannot be read now."""

    entries: list[Entry]
    broken: frozenset[str]


def read_entries(run: Run[Any], paths: tuple[str, ...], kind: str) -> Found:
    """All entries of a kind in files and folders (relative to Aurora's folder); what cannot be read is warned of."""
    entries: list[Entry] = []
    broken: set[str] = set()
    for path, label in _files(run, paths).items():
        try:
            entries += _read(Path(path), label, kind)
        except BrokenError as error:
            at = f", line {error.line}" if error.line else ""
            run.warn(f"{label}{at}: {error}; what it said before stays")
            broken.add(label)
        except OSError as error:
            run.warn(f"{label}: it cannot be read ({error.strerror}); what it said before stays")
            broken.add(label)
    return Found(entries, frozenset(broken))


def _files(run: Run[Any], paths: tuple[str, ...]) -> dict[str, str]:
    """Path -> how it is called: from the folder in which the given path stands, the whole path where two share that."""
    found: dict[str, str] = {}
    labels: set[str] = set()
    for given in paths:
        base = (ROOT / Path(given).expanduser()).absolute()
        if not base.exists():
            run.warn(f"{given}: there is no such file or folder: nothing of it counts")
        for path in _below(base):
            label = path.relative_to(base.parent).as_posix()
            label = str(path) if label in labels and str(path) not in found else label
            found.setdefault(str(path), label)
            labels.add(label)
    if len(found) > MAX_FILES:
        run.warn(f"there are more than {MAX_FILES:,} files: only the first were read")
    return dict(list(found.items())[:MAX_FILES])


def _below(base: Path) -> Iterator[Path]:
    if not base.is_dir():
        yield from [base] if base.exists() else []
        return
    for folder, folders, files in os.walk(base):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            if name.lower().endswith(ENDINGS) and not name.startswith("."):
                yield Path(folder, name)


def _read(path: Path, label: str, kind: str) -> Iterator[Entry]:
    text = text_of(path, path.stat())
    return _of_csv(text, label) if path.suffix.lower() == ".csv" else _of_toml(text, label, kind)


def _of_toml(text: str, label: str, kind: str) -> Iterator[Entry]:
    tables = toml_tables(text).get(kind, [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise BrokenError(None, f"write [[{kind}]], in two pairs of brackets")
    lines = Lines(text, {kind: len(tables)})
    for index, table in enumerate(tables):
        yield Entry(label, lines.entry(kind, index) or 1, index, table)


def _of_csv(text: str, label: str) -> Iterator[Entry]:
    head = text.partition("\n")[0]
    reader = csv.reader(StringIO(text), delimiter=";" if head.count(";") > head.count(",") else ",")
    try:
        names = [name.strip().lower() for name in next(reader, [])]
        before = reader.line_num
        for number, cells in enumerate(reader):
            line, before = before + 1, reader.line_num
            if any(cell.strip() for cell in cells):
                yield Entry(label, line, number, _line(names, cells))
    except csv.Error as error:
        raise BrokenError(reader.line_num, f"this is no CSV ({error})") from error


def _line(names: list[str], cells: list[str]) -> Row:
    """Cells by column; what stands beyond the header is kept under a name that no entry takes."""
    values = {name: cell.strip() for name, cell in zip(names, cells, strict=False) if cell.strip()}
    beyond = [cell for cell in cells[len(names) :] if cell.strip()]
    return values | ({"a cell without a heading": beyond[0]} if beyond else {})
