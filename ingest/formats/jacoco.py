"""JaCoCo XML: counters of each source file; the same file of several modules stands under the module's name.

Format: https://www.jacoco.org/jacoco/trunk/coverage/report.dtd
"""

import re
from datetime import datetime
from pathlib import Path

from ingest.coverage import Counts, coverage_rows, plain
from ingest.markup import Attributes, Walker, root_of, walk
from ingest.report import About, Told, epoch_of

NAMED = ("group", "package", "sourcefile")


def recognises(head: bytes) -> bool:
    """True for a root <report> with a name, in a document that speaks of JaCoCo or holds what its reports hold."""
    name, told = root_of(head) or ("", {})
    return name == "report" and "name" in told and bool(re.search(rb"JACOCO|<(sessioninfo|package|group)\b", head))


def rows(path: Path, about: About) -> Told:
    """Rows of one report. Raises ValueError with one sentence."""
    report = _Report()
    walk(path, report)
    has_branches = any("BRANCH" in told for told in (report.whole, *report.files.values()))
    files = {name: _counts(told, has_branches) for name, told in report.files.items()}
    yield from coverage_rows(about, "jacoco", files, _counts(report.whole, has_branches), report.dumped_at)


class _Report(Walker):
    def __init__(self) -> None:
        self.files: dict[str, dict[str, tuple[int, int]]] = {}
        self.whole: dict[str, tuple[int, int]] = {}
        self.dumped_at: datetime | None = None
        self.above: list[tuple[str, str]] = []

    def start(self, name: str, told: Attributes) -> None:
        if not self.above and name != "report":
            raise ValueError(f"its root is <{name}> and not JaCoCo's <report>")
        if name == "sessioninfo":
            times = [at for at in (self.dumped_at, epoch_of(told.get("dump"))) if at]
            self.dumped_at = max(times, default=None)
        elif name == "counter":
            self._count(told)
        self.above.append((name, told.get("name", "")))
        if name == "sourcefile":
            self.files.setdefault(self._path(), {})

    def end(self, name: str, text: str) -> None:
        self.above.pop()

    def _count(self, told: Attributes) -> None:
        """A counter of a file or of all; those of classes, methods, packages and groups tell the same once more."""
        where = self.above[-1][0] if self.above else ""
        if where not in ("sourcefile", "report"):
            return
        counters = self.files[self._path()] if where == "sourcefile" else self.whole
        missed, covered = told.get("missed", ""), told.get("covered", "")
        if not re.fullmatch(r"\d{1,12}", missed) or not re.fullmatch(r"\d{1,12}", covered):
            raise ValueError(f"a counter is told with missed {missed[:20]!r} and covered {covered[:20]!r}")
        before = counters.get(told.get("type", ""), (0, 0))
        counters[told.get("type", "")] = before[0] + int(covered), before[1] + int(missed) + int(covered)

    def _path(self) -> str:
        return plain("/".join(name for kind, name in self.above if kind in NAMED and name))


def _counts(counters: dict[str, tuple[int, int]], has_branches: bool) -> Counts:
    """A counter of nothing is left out: no branches are 0 where others have some; no lines are not told by classes."""
    branches = counters.get("BRANCH", (0, 0) if has_branches and counters else (None, None))
    return Counts(*counters.get("LINE", (None, None)), *branches)
