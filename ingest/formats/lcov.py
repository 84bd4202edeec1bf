"""LCOV tracefiles: `SF:` begins a file, `DA:` tells a line, `BRDA:` a branch. Format: man 1 geninfo."""

import re
from pathlib import Path

from ingest.coverage import Counts, Lines, coverage_rows, plain
from ingest.report import About, Told

MAX_LINE = 10_000
_RECORD = re.compile(r"[A-Z]{2,8}[0-9]?$")
_COUNT = re.compile(r"\d{1,30}(\.\d{1,9})?(e\+?\d{1,2})?")


def recognises(head: bytes) -> bool:
    """True for what begins as a tracefile does."""
    first = next((line for line in head.split(b"\n") if line.strip() and not line.startswith(b"#")), b"")
    return first.startswith((b"TN:", b"SF:"))


def rows(path: Path, about: About) -> Told:
    """Rows of one tracefile. Raises ValueError with one sentence."""
    trace = _Trace()
    with path.open(encoding="utf-8", errors="replace") as lines:
        number = 0
        while line := lines.readline(MAX_LINE):
            number += 1
            if (text := line.strip()) and not text.startswith("#"):
                try:
                    trace.take(text)
                except ValueError as error:
                    raise ValueError(f"line {number}: {error}") from error
    yield from coverage_rows(about, "lcov", trace.counts(), None, None)


class _Trace:
    def __init__(self) -> None:
        self.files: dict[str, Lines] = {}
        self.sums: dict[str, dict[str, int]] = {}
        self.path: str | None = None

    def take(self, text: str) -> None:
        """One line of the file. Raises ValueError."""
        if text == "end_of_record":
            self.path = None
            return
        kind, colon, told = text.partition(":")
        if not colon or not _RECORD.match(kind):
            raise ValueError(f"{text[:40]!r} is no record of a tracefile")
        if kind == "SF":
            self.path = plain(told)
            self.files.setdefault(self.path, Lines())
            self.sums.setdefault(self.path, {})
        elif self.path is not None:
            self._of_file(self.path, kind, told)

    def _of_file(self, path: str, kind: str, told: str) -> None:
        if kind == "DA":
            line, hits = _apart(kind, told, 2)[:2]
            self.files[path].hit(_number(line), _is_taken(hits))
        elif kind == "BRDA":
            parts = _apart(kind, told, 4)  # what a branch is called may hold commas
            self.files[path].branch((_number(parts[0]), *parts[1:-1]), int(_is_taken(parts[-1])), 1)
        elif kind in ("LF", "LH", "BRF", "BRH"):
            self.sums[path][kind] = max(self.sums[path].get(kind, 0), _number(told))

    def counts(self) -> dict[str, Counts]:
        """The figures of each file: counted from its lines where they are told, else its own sums."""
        if self.path is not None:
            raise ValueError("it ends within a record: the file is not whole")
        if not self.files:
            raise ValueError("it names no file")
        return {path: self._counts(path, lines) for path, lines in self.files.items()}

    def _counts(self, path: str, lines: Lines) -> Counts:
        sums, counted = self.sums[path], lines.counts(bool(lines.branches))
        by_line = (counted.lines_covered, counted.lines_valid) if lines.lines else (sums.get("LH"), sums.get("LF"))
        if lines.branches:
            return Counts(*by_line, counted.branches_covered, counted.branches_valid)
        return Counts(*by_line, sums.get("BRH"), sums.get("BRF"))


def _apart(kind: str, told: str, least: int) -> list[str]:
    parts = told.split(",")
    if len(parts) < least:
        raise ValueError(f"{kind}:{told[:40]} tells less than {least} things")
    return parts


def _number(text: str) -> int:
    if not re.fullmatch(r"\d{1,12}", text.strip()):
        raise ValueError(f"{text[:40]!r} is no number")
    return int(text)


def _is_taken(hits: str) -> bool:
    """Whether a count says that it was reached: '-' and '=====' are how tools say never."""
    return bool(_COUNT.fullmatch(hits.strip())) and float(hits) > 0
