"""Covered lines and branches of files, however a format tells them, as coverage_reports rows."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from aurora.contracts import Row
from aurora.contracts.delivery import CoverageReports
from ingest.report import About, Told
from ingest.vendors.git_words import clean

LONGEST_PATH = 1000


@dataclass(frozen=True)
class Counts:
    """How many lines and branches there are and are covered; None where nobody counted."""

    lines_covered: int | None = None
    lines_valid: int | None = None
    branches_covered: int | None = None
    branches_valid: int | None = None

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(
            _sum(self.lines_covered, other.lines_covered),
            _sum(self.lines_valid, other.lines_valid),
            _sum(self.branches_covered, other.branches_covered),
            _sum(self.branches_valid, other.branches_valid),
        )


@dataclass
class Lines:
    """One file, line by line; what is told of a line several times counts once, with the best of it."""

    lines: dict[int, bool] = field(default_factory=dict)
    branches: dict[object, tuple[int, int]] = field(default_factory=dict)

    def hit(self, line: int, is_covered: bool) -> None:
        """A line that can be covered."""
        self.lines[line] = self.lines.get(line, False) or is_covered

    def branch(self, place: object, covered: int, valid: int) -> None:
        """The branches at a place of the file."""
        known = self.branches.get(place, (0, 0))
        self.branches[place] = max(known[0], min(covered, valid)), max(known[1], valid)

    def counts(self, has_branches: bool) -> Counts:
        """Its figures; `has_branches`: whether branches were looked at in this report."""
        covered = sum(told[0] for told in self.branches.values()) if has_branches else None
        valid = sum(told[1] for told in self.branches.values()) if has_branches else None
        return Counts(sum(self.lines.values()), len(self.lines), covered, valid)


def _sum(one: int | None, other: int | None) -> int | None:
    return other if one is None else one if other is None else one + other


def coverage_rows(
    about: About, format: str, files: dict[str, Counts], whole: Counts | None, told_at: datetime | None
) -> Told:
    """One row per path and one with path '' for all; `whole` is what the report says of all if it names no file."""
    at = about.believed(told_at)
    total = _total(files.values()) if files else whole or Counts()
    yield CoverageReports, _row(about, format, "", total, at)
    for path, counts in files.items():
        yield CoverageReports, _row(about, format, path, counts, at)


def plain(path: str) -> str:
    """A path as it is written everywhere: with '/', without what does not print."""
    return clean(path.replace("\\", "/"), LONGEST_PATH) or "?"


def _total(counts: Iterable[Counts]) -> Counts:
    total = Counts()
    for one in counts:
        total += one
    return total


def _row(about: About, format: str, path: str, counts: Counts, at: datetime) -> Row:
    return {
        "coverage_id": about.id(path),
        **about.whose,
        "format": format,
        "path": path,
        "lines_covered": counts.lines_covered,
        "lines_valid": counts.lines_valid,
        "branches_covered": counts.branches_covered,
        "branches_valid": counts.branches_valid,
        "reported_at": at,
    }
