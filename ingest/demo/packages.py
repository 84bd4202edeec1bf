"""What the repositories are built of: invented packages of each ecosystem, and how old they are."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from aurora.contracts import Row
from ingest.demo.catalog import APPS, App
from ingest.demo.world import World

# The first is kept for the stories.
_WORDS = """
session-store http-client json-mapper date-tools image-resize pdf-render csv-reader token-signer queue-client
retry-policy form-rules table-view map-tiles chart-lines text-search mail-builder rate-limiter cache-layer
feature-flags geo-codes phone-format currency-format zip-stream xml-reader log-writer metric-client
trace-client crypto-box url-router template-engine test-runner mock-server style-check type-check bundle-tool
seed-data diff-view clock-source id-maker color-names
"""
WORDS = tuple(_WORDS.split())
DEV = {"test-runner", "mock-server", "style-check", "type-check", "bundle-tool", "seed-data"}
LICENSES = ("MIT", "Apache-2.0", "BSD-3-Clause", "ISC")
DENIED = "AGPL-3.0-only"


@dataclass(frozen=True)
class Ecosystem:
    """How a language's packages are named, and in which file a repository lists them."""

    name: str
    manifest: str
    package: str
    purl: str


_MAVEN = Ecosystem("maven", "build.gradle.kts", "org.example:{word}", "pkg:maven/org.example/{word}")
ECOSYSTEMS = {
    "TypeScript": Ecosystem("npm", "package-lock.json", "@example/{word}", "pkg:npm/%40example/{word}"),
    "Java": _MAVEN,
    "Kotlin": _MAVEN,
    "Python": Ecosystem("pypi", "requirements.txt", "example-{word}", "pkg:pypi/example-{word}"),
    "Go": Ecosystem("golang", "go.sum", "example.org/{word}", "pkg:golang/example.org/{word}"),
    "Swift": Ecosystem("swift", "Package.resolved", "example.org/{word}", "pkg:swift/example.org/{word}"),
    "Dart": Ecosystem("pub", "pubspec.lock", "example_{word}", "pkg:pub/example_{word}"),
}


def words_of(world: World, app: App) -> list[str]:
    """The packages of a repository, 15 to 38, the one that stories need first."""
    count = 15 + int(world.dice(app.app_id, "packages") * 23)
    return [WORDS[0], *sorted(WORDS[1:], key=lambda word: world.dice(app.app_id, word, "uses"))[: count - 1]]


def version(world: World, ecosystem: Ecosystem, word: str, turn: int) -> str:
    """The version of a package `turn` patches after its base."""
    about = (ecosystem.name, word)
    major, minor = 1 + int(world.dice(*about, "major") * 6), int(world.dice(*about, "minor") * 20)
    return f"{major}.{minor}.{2 + turn}"


Use = tuple[str, str]


def package_rows(world: World, day: datetime, used: dict[Use, tuple[str, str]], denied: set[Use]) -> Iterator[Row]:
    """All packages of all repositories as of a day.

    `used` says version and latest version where findings tell, by application and word; `denied` whose licence is.
    """
    for app in APPS:
        ecosystem = ECOSYSTEMS[app.language]
        for number, word in enumerate(words_of(world, app)):
            latest = version(world, ecosystem, word, 0)
            is_old = world.dice(app.app_id, word, "old") < 0.3
            older = f"{latest.rpartition('.')[0]}.{int(world.dice(app.app_id, word, 'older') * 2)}"
            is_denied = (app.app_id, word) in denied
            own, newest = used.get((app.app_id, word), (older if is_old else latest, latest))
            yield {
                "repo_id": world.id(app.app_id),
                "manifest_path": ecosystem.manifest,
                "purl": f"{ecosystem.purl.format(word=word)}@{own}",
                "ecosystem": ecosystem.name,
                "name": ecosystem.package.format(word=word),
                "package_version": own,
                "latest_version": newest,
                "scope": "dev" if word in DEV else "runtime",
                "is_direct": number < 12,
                "licenses": [DENIED if is_denied else world.pick(LICENSES, ecosystem.name, word, "license")],
                "license_status": "denied" if is_denied else "allowed",
                "day": day.date(),
            }
