"""What nightly builds found out about the code: test results, slow and failed cases, and coverage.

Stories: one case of the Android app fails now and then; coverage rises in DAMAC Hills 2 CRM and falls in the
WhatsApp CRM.
"""

import hashlib
from collections.abc import Iterator
from datetime import datetime

from aurora.contracts import Row, Table
from aurora.contracts.delivery import CoverageReports, TestCases, TestRuns
from ingest.demo.builds import FLAKY_JOB, Build
from ingest.demo.catalog import App
from ingest.demo.world import DAY, World

# Coverage in percent at the first run, points that it gains a day, lines of code, tests of the two suites.
LEVELS = {
    "damac-hills-2-crm": (73.0, 0.11, 42_000, 1_480, 260),
    "whatsapp-crm": (64.0, -0.1, 21_000, 610, 140),
    "payment-system": (84.0, 0.0, 33_000, 1_920, 310),
    "booking-api": (77.0, 0.01, 18_000, 730, 170),
    "property-manager-android": (58.0, 0.0, 37_000, 540, 95),
}
LOWEST, HIGHEST, LINES_A_DAY, TESTS_A_DAY = 30.0, 93.0, 25, 0.7
FOLDERS = (("src/api", 0.45, 4.0), ("src/core", 0.35, -2.0), ("src/views", 0.2, -6.0))
FORMATS = {"TypeScript": "lcov", "Java": "jacoco", "Kotlin": "jacoco"}
SUITES = {"unit-tests": "unit", FLAKY_JOB: "integration"}
FLAKY_CASE = ("calendar.AmenityCalendarTest", "shows_slots_of_next_month")
SLOW_CASES = (
    ("import.PriceListTest", "reads_a_large_file"),
    ("search.UnitSearchTest", "finds_across_communities"),
    ("export.StatementTest", "renders_a_year"),
)
BROKEN_CASES = (
    ("units.HandoverDateTest", "accepts_a_leap_day"),
    ("money.InstalmentTest", "rounds_to_the_cent"),
    ("auth.SessionTest", "ends_after_an_hour"),
)


def quality_rows(world: World, build: Build) -> Iterator[tuple[type[Table], Row]]:
    """The test results of a nightly build, and its coverage when all passed."""
    if build.event != "schedule":
        return
    for name, _, begin, end, result in build.jobs():
        if name in SUITES and begin and end and result in ("success", "failure"):
            cases = list(_cases(world, build, name, is_failed=result == "failure"))
            run_id = world.id(f"{build.native_id}/tests/{SUITES[name]}")
            yield TestRuns, _run_row(world, build, name, run_id, cases, (end - begin).total_seconds(), end)
            yield from ((TestCases, case | {"test_run_id": run_id, "executed_at": end}) for case in cases)
    if build.failed is None:
        yield from ((CoverageReports, row) for row in _coverage_rows(world, build))


def _run_row(world: World, build: Build, job: str, run_id: str, cases: list[Row], took_s: float, end: datetime) -> Row:
    _, _, _, *tests = LEVELS[build.app.app_id]
    grown = int((build.created_at - world.anchor) / DAY * TESTS_A_DAY)
    return {
        "test_run_id": run_id,
        "repo_id": world.id(build.app.app_id),
        "ci_run_id": world.id(build.native_id),
        "sha": build.sha,
        "suite": SUITES[job],
        "test_count": max(tests[list(SUITES).index(job)] + grown, 20),
        "failure_count": sum(case["result"] == "failed" for case in cases),
        "error_count": 0,
        "skipped_count": int(world.between(2, 14, build.app.app_id, job, "skipped")),
        "duration_s": round(took_s * 0.9, 1),
        "executed_at": end,
    }


def _cases(world: World, build: Build, job: str, *, is_failed: bool) -> Iterator[Row]:
    """The slowest cases of a suite, and those that failed; the flaky one is slow as well."""
    about = (build.native_id, job)
    if job == FLAKY_JOB:
        failed = "Timed out waiting for the calendar to load" if is_failed else None
        if build.app.language == "Kotlin":
            yield _case(FLAKY_CASE, failed, 30.0 if failed else round(world.between(9, 26, *about), 2))
    elif is_failed:
        for place in range(1 + int(world.dice(*about, "failures") * 2)):
            case = BROKEN_CASES[(int(world.dice(*about, "which") * 3) + place) % 3]
            yield _case(case, "expected and actual value differ", round(world.between(0.1, 0.9, *about, place), 2))
    for case in SLOW_CASES:
        yield _case(case, None, round(world.between(3, 8, *about, case[0]), 2))


def _case(case: tuple[str, str], message: str | None, duration_s: float) -> Row:
    return {
        "classname": case[0],
        "name": case[1],
        "result": "failed" if message else "passed",
        "duration_s": duration_s,
        "message": message,
        "message_hash": hashlib.sha256(message.encode()).hexdigest() if message else None,
    }


def coverage_pct(world: World, build: Build) -> float | None:
    """The total coverage that a nightly build measured; None where nothing was measured."""
    if build.event != "schedule" or build.failed:
        return None
    folders = _folders(world, build.app, build.created_at)
    return round(100 * sum(covered for _, covered, _ in folders) / sum(valid for _, _, valid in folders), 2)


def _folders(world: World, app: App, at: datetime) -> list[tuple[str, int, int]]:
    """Covered lines and all lines of each folder."""
    level, gain, lines, *_ = LEVELS[app.app_id]
    days = (at - world.anchor) / DAY
    level += gain * days + world.between(-0.25, 0.25, app.app_id, at, "coverage")
    valid = max(lines + int(days * LINES_A_DAY), lines // 2)
    parts = [(path, int(valid * part), min(max(level + more, LOWEST), HIGHEST)) for path, part, more in FOLDERS]
    return [(path, round(count * pct / 100), count) for path, count, pct in parts]


def _coverage_rows(world: World, build: Build) -> Iterator[Row]:
    """The coverage of a repository: its folders, and the total that they add up to."""
    folders = _folders(world, build.app, build.created_at)
    total = ("", sum(covered for _, covered, _ in folders), sum(valid for _, _, valid in folders))
    for path, covered, valid in (total, *folders):
        yield {
            "coverage_id": world.id(f"{build.native_id}/coverage/{path}"),
            "repo_id": world.id(build.app.app_id),
            "sha": build.sha,
            "format": FORMATS.get(build.app.language, "cobertura"),
            "path": path,
            "lines_covered": covered,
            "lines_valid": valid,
            "reported_at": build.finished_at,
        }
