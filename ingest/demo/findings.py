"""What scanners found: a plan of findings for every repository, settled by seed and week, and the stories among them.

Scans run every night; a finding is first seen, and seen to be fixed, by one of them.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from ingest.demo.catalog import APP, APPS, App
from ingest.demo.packages import DENIED, ECOSYSTEMS, WORDS, Ecosystem, version, words_of
from ingest.demo.world import DAY, EPOCH, HOUR, MINUTE, WEEK, World, floor

HISTORY = 26 * WEEK
A_WEEK = 0.3
# Days until a finding is fixed, from and to, within the usual deadlines: the stories alone overstep them.
LIFE = {"critical": (1, 6), "high": (4, 26), "medium": (14, 82), "low": (30, 112)}
KINDS = (("sca", 0.56), ("sast", 0.8), ("secret", 0.87), ("license", 1.0))
SAST = (
    ("sql-from-input", "SQL built from input", "CWE-89", "high"),
    ("path-from-input", "File path built from input", "CWE-22", "medium"),
    ("weak-hash", "Weak hash for a token", "CWE-328", "medium"),
    ("open-redirect", "Redirect to an address from outside", "CWE-601", "medium"),
    ("log-of-personal-data", "Personal data written to the log", "CWE-532", "low"),
)
SCA = (
    "Denial of service by a long header",
    "Request smuggling",
    "Prototype pollution",
    "Path traversal",
    "Open redirect",
)
FILES = ("src/routes/units", "src/services/leads", "src/auth/session", "src/export/report", "src/hooks/payment")
SUFFIX = {
    "TypeScript": "ts",
    "Java": "java",
    "Kotlin": "kt",
    "Python": "py",
    "Go": "go",
    "Swift": "swift",
    "Dart": "dart",
}
# Application, severity, first seen days before the first run, days until fixed, days until another one comes.
STORIES = (
    ("damac-hills-2-crm", "critical", 11, 25, 28),
    ("booking-api", "high", 40, 50, 60),
    ("document-service", "high", 47, 55, 60),
)


@dataclass(frozen=True)
class Finding:
    """One finding; days are UTC midnights, `fixed` the day whose scan no longer saw it."""

    app: App
    category: str
    severity: str
    title: str
    rule: str
    first: datetime
    fixed: datetime
    word: str | None = None
    turn: int = 0
    cwe: str | None = None
    file: str | None = None
    line: int | None = None
    is_story: bool = False

    @property
    def native_id(self) -> str:
        """Unique among the findings of the demo."""
        return f"{self.app.app_id}/{self.category}/{self.rule}/{self.word or self.file}/{self.first:%Y%m%d}"

    @property
    def ecosystem(self) -> Ecosystem:
        """Where the repository's packages come from."""
        return ECOSYSTEMS[self.app.language]

    def is_open(self, day: datetime) -> bool:
        """Whether the scan of that day saw it."""
        return self.first <= day < self.fixed


def scan_at(world: World, app: App, day: datetime) -> datetime:
    """When a repository is scanned on a day: in the night of Dubai."""
    return day + 22 * HOUR + int(world.dice(app.app_id, "scan") * 80) * MINUTE


def findings(world: World, end: datetime) -> tuple[Finding, ...]:
    """All findings that scans of the days before `end` (a UTC midnight) saw, oldest first."""
    return tuple(one for one in _findings(world, floor(end, WEEK) + WEEK) if one.first < end)


@lru_cache(maxsize=8)
def _findings(world: World, end: datetime) -> tuple[Finding, ...]:
    found = [*_stories(world, end)]
    for app in APPS:
        found += _of_app(world, app, end)
    return tuple(sorted(found, key=lambda one: (one.first, one.native_id)))


def _of_app(world: World, app: App, end: datetime) -> Iterator[Finding]:
    words, number = words_of(world, app), 0
    week = floor(world.anchor - HISTORY, WEEK)
    while week < end:
        if world.dice(app.app_id, week, "finding") < A_WEEK:
            first = week + int(world.dice(app.app_id, week, "found on") * 7) * DAY
            dice = world.dice(app.app_id, week, "category")
            category = next(name for name, most in KINDS if dice < most)
            if category == "sca":
                number += 1
                yield _sca(world, app, first, words[1 + number % (len(words) - 1)], number // (len(words) - 1))
            else:
                yield _other(world, app, first, category, world.pick(words[1:], app.app_id, week, "word"))
        week += WEEK


def _fixed(world: World, app: App, first: datetime, severity: str) -> datetime:
    low, high = LIFE[severity]
    return first + int(world.between(low, high + 1, app.app_id, first, "life")) * DAY


def advisory_id(ecosystem: Ecosystem, word: str, first: datetime) -> str:
    """The identifier of what is known about a package: of a year so far ahead that no real one has it."""
    names = sorted({one.name for one in ECOSYSTEMS.values()})
    number = names.index(ecosystem.name) * len(WORDS) + WORDS.index(word)
    return f"CVE-2099-{(first - EPOCH) // WEEK % 100:02}{number:03}"


def _sca(world: World, app: App, first: datetime, word: str, turn: int) -> Finding:
    rule = advisory_id(ECOSYSTEMS[app.language], word, first)
    dice = world.dice(rule, "severity")
    severity = "critical" if dice < 0.08 else "high" if dice < 0.32 else "medium" if dice < 0.72 else "low"
    title = f"{world.pick(SCA, rule)} in {ECOSYSTEMS[app.language].package.format(word=word)}"
    return Finding(app, "sca", severity, title, rule, first, _fixed(world, app, first, severity), word, turn)


def _other(world: World, app: App, first: datetime, category: str, word: str) -> Finding:
    about = (app.app_id, first)
    file = f"{world.pick(FILES, *about)}.{SUFFIX[app.language]}"
    line = 10 + int(world.dice(*about, "line") * 300)
    if category == "license":
        title = f"{ECOSYSTEMS[app.language].package.format(word=word)} comes under {DENIED}"
        fixed = _fixed(world, app, first, "low")
        return Finding(app, category, "low", title, "license-denied", first, fixed, word)
    if category == "secret":
        fixed = _fixed(world, app, first, "critical")
        return Finding(
            app, category, "high", "Access key in the code", "access-key", first, fixed, None, 0, "CWE-798", file, line
        )
    rule, title, cwe, severity = world.pick(SAST, *about, "rule")
    fixed = _fixed(world, app, first, severity)
    return Finding(app, category, severity, title, rule, first, fixed, None, 0, cwe, file, line)


def _stories(world: World, end: datetime) -> Iterator[Finding]:
    """What is past its deadline at the first run; another one comes some time after it is fixed."""
    today = floor(world.anchor, DAY)
    for app_id, severity, ago, life, again in STORIES:
        app = APP[app_id]
        word = words_of(world, app)[0]
        turn, first = 0, today - timedelta(days=ago + again)
        while first < end:
            rule = advisory_id(ECOSYSTEMS[app.language], word, first)
            what = "Session takeover" if severity == "critical" else "Remote crash"
            title = f"{what} in {ECOSYSTEMS[app.language].package.format(word=word)}"
            fixed = first + timedelta(days=life)
            yield Finding(app, "sca", severity, title, rule, first, fixed, word, turn, is_story=True)
            turn, first = turn + 1, first + timedelta(days=again)


def versions(world: World, finding: Finding) -> tuple[str, str]:
    """The version in which the fault is, and the one that mends it."""
    word = finding.word or ""
    return (
        version(world, finding.ecosystem, word, finding.turn),
        version(world, finding.ecosystem, word, finding.turn + 1),
    )
