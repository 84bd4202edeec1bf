"""Cobertura XML, as coverage.py, gcovr, coverlet and others write it: counted from its lines, not from its rates.

Format: https://raw.githubusercontent.com/cobertura/web/master/htdocs/xml/coverage-04.dtd
"""

import re
from pathlib import Path

from ingest.coverage import Counts, Lines, coverage_rows, plain
from ingest.markup import Attributes, Walker, root_of, walk
from ingest.report import About, Told, epoch_of

_BRANCHES = re.compile(r"\((\d{1,9})/(\d{1,9})\)")


def recognises(head: bytes) -> bool:
    """True for a root <coverage> that tells a line rate; that of Clover does not."""
    name, told = root_of(head) or ("", {})
    return name == "coverage" and "line-rate" in told


def rows(path: Path, about: About) -> Told:
    """Rows of one report. Raises ValueError with one sentence."""
    report = _Report()
    walk(path, report)
    told = {
        name: lines for name, own in report.files.items() if (lines := own if own.lines else report.spare[name]).lines
    }
    has_branches = any(lines.branches for lines in told.values())
    files = {name: lines.counts(has_branches) for name, lines in told.items()}
    yield from coverage_rows(about, "cobertura", files, _whole(report.root), epoch_of(report.root.get("timestamp")))


class _Report(Walker):
    def __init__(self) -> None:
        self.root: Attributes = {}
        self.files: dict[str, Lines] = {}
        self.spare: dict[str, Lines] = {}  # of methods, which tell the same once more, or alone
        self.above: list[str] = []
        self.path: str | None = None

    def start(self, name: str, told: Attributes) -> None:
        if not self.above:
            self.root = told
            if name != "coverage" or "clover" in told:
                raise ValueError(f"its root is <{name}> and not Cobertura's <coverage>")
        elif name == "class":
            self.path = plain(told.get("filename") or told.get("name", ""))
        elif name == "line" and self.path is not None and self.above[-1] == "lines":
            kept = self.files if self.above[-2] == "class" else self.spare
            _take(kept[self.path], told)
        self.above.append(name)
        if name == "class" and self.path is not None:
            self.files.setdefault(self.path, Lines())
            self.spare.setdefault(self.path, Lines())

    def end(self, name: str, text: str) -> None:
        self.above.pop()


def _take(file: Lines, told: Attributes) -> None:
    number, hits = told.get("number", ""), told.get("hits", "")
    if not re.fullmatch(r"\d{1,9}", number) or not re.fullmatch(r"-?\d{1,20}(\.\d{1,9})?", hits):
        raise ValueError(f"a line is told with number {number[:20]!r} and hits {hits[:20]!r}")
    file.hit(int(number), float(hits) > 0)
    if found := _BRANCHES.search(told.get("condition-coverage", "")):
        file.branch(int(number), int(found[1]), int(found[2]))


def _whole(root: Attributes) -> Counts:
    names = ("lines-covered", "lines-valid", "branches-covered", "branches-valid")
    return Counts(*(int(told) if re.fullmatch(r"\d{1,12}", told := root.get(name, "")) else None for name in names))
