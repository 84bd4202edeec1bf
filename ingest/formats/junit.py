"""JUnit XML, as nearly every test runner writes it: one run per suite, counted from its cases.

Kept of the cases are those that failed, those that passed only after they were tried again, and the slowest.
Format: none is official; https://github.com/testmoapp/junitxml tells the common ground.
"""

import hashlib
import heapq
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from aurora.contracts import Row
from aurora.contracts.delivery import TestCases, TestRuns
from ingest.markup import Attributes, Walker, root_of, walk
from ingest.report import About, Told, instant_of
from ingest.vendors.git_words import clean

SLOWEST = 20
LONGEST_NAME, LONGEST_MESSAGE = 500, 2000
SUITES = ("testsuites", "testsuite")
# "flaky" and "rerun" are Maven Surefire's: the attempts that failed of a case which passed in the end, or never did.
FAULTS = {"error": "error", "failure": "failed", "flakyError": "passed", "flakyFailure": "passed"}
RESULTS = ("passed", "skipped", "failed", "error")
WORST = RESULTS.index
NOT_RUN = {"notrun", "disabled", "skipped", "suppressed"}
_VARIES = re.compile(r"0x[0-9a-f]+|[0-9a-f]{8,}(-[0-9a-f]{4,})*|\d+")


@dataclass
class Case:
    """A test case; `fault` is the first thing said of why it failed."""

    classname: str
    name: str
    duration_s: float | None
    result: str = "passed"
    fault: str | None = None


@dataclass
class Suite:
    """A suite as it is read: all is counted, little is kept."""

    name: str
    told: Attributes
    at: datetime | None
    is_holder: bool
    has_suites: bool = False
    results: Counter[str] = field(default_factory=Counter)
    spent_s: float | None = None
    kept: dict[tuple[str, str], Case] = field(default_factory=dict)
    slow: list[tuple[float, int, Case]] = field(default_factory=list)

    def take(self, case: Case) -> None:
        """Count a case; keep it if it failed or is among the slowest."""
        self.results[case.result] += 1
        if case.duration_s is not None:
            self.spent_s = (self.spent_s or 0.0) + case.duration_s
        if case.fault is not None or case.result in ("failed", "error"):
            before = self.kept.setdefault((case.classname, case.name), case)
            self.kept[case.classname, case.name] = max(before, case, key=lambda one: WORST(one.result))
        elif case.result == "passed" and case.duration_s:
            heapq.heappush(self.slow, (case.duration_s, self.results.total(), case))
            if len(self.slow) > SLOWEST:
                heapq.heappop(self.slow)

    def count(self, *names: str) -> int:
        """Cases that came to this; the suite's own figures are believed only where it tells no case."""
        if self.results:
            return sum(self.results[name] for name in names)
        told = self.told.get({"failed": "failures", "error": "errors", "skipped": "skipped"}.get(names[0], "tests"), "")
        return int(told) if re.fullmatch(r"\d{1,9}", told) else 0

    def cases(self) -> Iterator[Case]:
        """What is kept: a case that both failed and passed under one name is told as failed."""
        slow = {(case.classname, case.name): case for _, _, case in sorted(self.slow, key=lambda one: one[:2])}
        yield from {**slow, **self.kept}.values()


def recognises(head: bytes) -> bool:
    """True for a root that is a suite or holds some."""
    return (root_of(head) or ("", {}))[0] in SUITES


def rows(path: Path, about: About) -> Told:
    """Rows of one report, cases first. Raises ValueError with one sentence."""
    report = _Report(about)
    walk(path, report)
    yield from report.cases
    yield from report.runs


class _Report(Walker):
    def __init__(self, about: About) -> None:
        self.about = about
        self.open: list[Suite] = []
        self.case: Case | None = None
        self.cases: list[tuple[type[TestCases], Row]] = []
        self.runs: list[tuple[type[TestRuns], Row]] = []
        self.names: Counter[str] = Counter()

    def start(self, name: str, told: Attributes) -> None:
        if not self.open and name not in SUITES:
            raise ValueError(f"its root is <{name}> and not JUnit's <testsuites> or <testsuite>")
        if name in SUITES:
            self._open(name, told)
        elif name == "testcase":
            self.case = _case(told)
        elif self.case and name == "skipped":
            self.case.result = max(self.case.result, "skipped", key=WORST)
        elif self.case and name in FAULTS:
            said = ": ".join(told[part] for part in ("type", "message") if told.get(part))
            self.case.fault = self.case.fault or said or None
            self.case.result = max(self.case.result, FAULTS[name], key=WORST)

    def end(self, name: str, text: str) -> None:
        if name in FAULTS and self.case and self.case.fault is None:
            self.case.fault = text.strip() or "(nothing said)"
        elif name == "testcase" and self.case:
            self.open[-1].take(self.case)
            self.case = None
        elif name in SUITES:
            self._close(self.open.pop())

    def _open(self, name: str, told: Attributes) -> None:
        above, own = self.open[-1] if self.open else None, clean(told.get("name", ""), LONGEST_NAME) or ""
        at = instant_of(told.get("timestamp"))
        if above:
            above.has_suites, at = True, at or above.at
            own = " > ".join(part for part in (above.name, own) if part) if not above.is_holder else own
        self.open.append(Suite(own, told, at, name == "testsuites"))

    def _close(self, suite: Suite) -> None:
        """A suite that only holds others is no run; of two with one name the second is told apart."""
        if not suite.results and (suite.has_suites or suite.is_holder):
            return
        name = suite.name or self.about.stem
        self.names[name] += 1
        suite.name = name if self.names[name] == 1 else f"{name} ({self.names[name]})"
        run_id, at = self.about.id(len(self.runs) + 1), self.about.believed(suite.at)
        self.runs.append((TestRuns, run_row(self.about, run_id, suite, at)))
        self.cases += [(TestCases, case_row(run_id, case, at)) for case in suite.cases()]


def run_row(about: About, run_id: str, suite: Suite, at: datetime) -> Row:
    """A suite's figures; its own time is believed: it has what is spent between cases."""
    told_s = seconds(suite.told.get("time"))
    return {
        "test_run_id": run_id,
        **about.whose,
        "suite": suite.name,
        "test_count": suite.count(*RESULTS),
        "failure_count": suite.count("failed"),
        "error_count": suite.count("error"),
        "skipped_count": suite.count("skipped"),
        "duration_s": suite.spent_s if told_s is None else told_s,
        "executed_at": at,
    }


def case_row(run_id: str, case: Case, at: datetime) -> Row:
    """A case; passed with a message means: passed after it had failed in the same run."""
    return {
        "test_run_id": run_id,
        "classname": case.classname,
        "name": case.name,
        "result": case.result,
        "duration_s": case.duration_s,
        "message_hash": message_hash(case.fault) if case.fault else None,
        "message": clean(case.fault, LONGEST_MESSAGE) if case.fault else None,
        "executed_at": at,
    }


def message_hash(said: str) -> str:
    """The same for two messages that differ in numbers, addresses and ids only."""
    alike = _VARIES.sub("#", said[:LONGEST_MESSAGE].lower()).split()
    return hashlib.sha256(" ".join(alike).encode(errors="replace")).hexdigest()[:16]


def seconds(text: str | None) -> float | None:
    """A duration, whichever way its thousands and decimals are parted; None for what is none."""
    told = (text or "").strip()
    if re.fullmatch(r"[1-9]\d{0,2}(,\d{3})+(\.\d+)?", told):
        told = told.replace(",", "")
    told = told.replace(",", ".")
    return float(told) if re.fullmatch(r"\d{1,12}(\.\d+)?(e-?\d{1,2})?", told, re.I) else None


def _case(told: Attributes) -> Case:
    is_out = {told.get("status", "").lower(), told.get("result", "").lower()} & NOT_RUN
    return Case(
        clean(told.get("classname", ""), LONGEST_NAME) or "",
        clean(told.get("name", ""), LONGEST_NAME) or "(no name)",
        seconds(told.get("time")),
        "skipped" if is_out else "passed",
    )
