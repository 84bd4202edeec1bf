"""A repository of 60,000 commits and 600 tags: first load and the next one, against git's own walk over it."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

from aurora.bench.demo import settings_in
from aurora.bench.frame import Bench, Figure, Goal, benchmark
from aurora.bench.measure import seconds
from aurora.errors import AuroraError
from aurora.settings import SourceSettings
from ingest.connector import load_connectors
from ingest.run import Ingest
from warehouse.lake import Lake

COMMITS, TAGS = 60_000, 600
START = 1_600_000_000
WALK = ("log", "--all", "--numstat", "--no-renames", "--format=%H%x00%P%x00%at%x00%ct%x00%s")


@benchmark
def git_history(bench: Bench) -> Iterator[Figure]:
    """Seconds until all commits, releases and what each brought have landed, and until nothing new has been found."""
    commits, tags = bench.size(COMMITS, 50), bench.size(TAGS, 2)
    repository = bench.folder / "repository"
    _made(repository, commits, tags)
    settings = settings_in(bench.folder)
    ingest = Ingest(Lake(settings.lake), settings, load_connectors())
    source = SourceSettings.model_validate({"name": "git", "connector": "git", "paths": [str(repository)]})
    floor = seconds(lambda: _git(repository, *WALK))
    for which, limit_s in (("first", 30.0), ("next", 1.0)):
        took = seconds(lambda: _ran(ingest, source))
        name = f"{which} load of {commits:,} commits, {tags} tags / git log of all"
        yield Figure(name, took, "s", floor, Goal("value", "<=", limit_s))


def _ran(ingest: Ingest, source: SourceSettings) -> None:
    """Run the source once. Raises AuroraError if it fails."""
    for outcome in ingest.run(source):
        if outcome.status != "success":
            raise AuroraError(f"the repository does not load: {outcome.error}")


def _git(folder: Path, *arguments: str, told: bytes = b"") -> None:
    subprocess.run(["git", *arguments], cwd=folder, input=told, check=True, capture_output=True)


def _made(folder: Path, commits: int, tags: int) -> None:
    """A history with a merge every ten commits; each touches one of a few hundred files."""
    folder.mkdir()
    _git(folder, "init", "-q", "-b", "main")
    lines: list[str] = []
    for number in range(1, commits + 1):
        at = f"A <a{number % 40}@corp.example> {START + number * 600} +0000"
        text = f"line {number}\n" * (1 + number % 7)
        lines += [
            "commit refs/heads/main",
            f"mark :{number}",
            f"author {at}",
            f"committer {at}",
            "data 12",
            f"Step {number:06d} ",
        ]
        lines += [f"from :{number - 1}"] if number > 1 else []
        lines += [f"merge :{number - 5}"] if number % 10 == 0 else []
        lines += [f"M 100644 inline part-{number % 20}/file-{number % 300}.txt", f"data {len(text)}", text]
    every = commits // tags
    for number in range(1, tags + 1):
        lines += [f"tag v1.{number}.0", f"from :{number * every}"]
        lines += [f"tagger A <a@corp.example> {START + number * every * 600} +0000", "data 1", "x"]
    _git(folder, "fast-import", "--quiet", told="\n".join([*lines, ""]).encode())
