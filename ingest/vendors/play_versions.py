"""Version codes of Google Play and the version names that people know them by.

Play counts by version code; a release, or a review, tells the name that belongs to it. One name may have several codes.
"""

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from aurora.contracts import Row
from aurora.contracts.mobile import MobileBuilds, MobileReleases
from ingest.connector import Run

Labels = dict[str, dict[str, str]]
LONGEST = 200  # Play takes 50 characters
_CODED = re.compile(r"\s*(\d+)\s*\((.+)\)\s*", re.S)
_VERSION = re.compile(r"\s*v?(\d+(?:\.\d+)+[\w.+-]*)\s*")


def name_in(release: str, code: str) -> str | None:
    """The version name in a release's name: "42 (2.4.0)", as the Play Console proposes, or "2.4.0"; None for words."""
    if len(release) > LONGEST:
        return None
    coded = _CODED.fullmatch(release)
    if coded and coded[1] == code:
        return coded[2].strip()
    found = _VERSION.fullmatch(release)
    return found[1] if found else None


class Builds:
    """Builds by package and version code as they have landed, and what a run learns of them.

    Play does not tell when a build was uploaded: the earliest instant at which it is known to be there stands for it.
    """

    def __init__(self, run: Run[Any]) -> None:
        self.run, self.names = run, Labels()
        self.known: dict[str, datetime] = {}
        self.fresh: dict[str, Row] = {}
        before = len(run.source_instance) + 1
        for row in run.landed(MobileReleases).iter_rows(named=True):
            package, _, code = row["mobile_release_id"][before:].replace("/", "\n", 1).partition("\n")
            self._name(package, code.rpartition("/")[2], row["version"])
        for row in run.landed(MobileBuilds).iter_rows(named=True):
            self.known[row["build_id"]] = row["uploaded_at"]
            self._name(row["build_id"][before:].partition("/")[0], row["build_number"], row["version"])

    def _name(self, package: str, code: str, version: str) -> None:
        if version != code:
            self.names.setdefault(package, {})[code] = version

    def name(self, package: str, code: str) -> str:
        """The version name of a code, else the code."""
        return self.names.get(package, {}).get(code, code)

    def saw(self, package: str, code: str, name: str | None, at: datetime) -> None:
        """A build was there at an instant; without a name it is no row."""
        build_id = self.run.id(f"{package}/{code}")
        if not code or not name or (build_id in self.known and self.known[build_id] <= at):
            return
        self.known[build_id] = at
        self._name(package, code, self.names.get(package, {}).get(code, name))
        self.fresh[build_id] = {
            "build_id": build_id,
            "store_app_id": self.run.id(package),
            "version": self.name(package, code),
            "build_number": code,
            "uploaded_at": at,
            "state": "valid",
        }

    def rows(self) -> Iterator[tuple[type[MobileBuilds], Row]]:
        """The builds that were learnt of since it was asked last."""
        fresh, self.fresh = self.fresh, {}
        yield from ((MobileBuilds, row) for row in fresh.values())


class Shown:
    """What each version code is called in rows that are counted by version: once said, it stays so.

    A name that another code has already is told apart by the code, so that no row takes another's place.
    """

    def __init__(self, builds: Builds, said: Labels) -> None:
        self.builds = builds
        self.said: Labels = {package: dict(codes) for package, codes in said.items()}

    def label(self, package: str, code: str) -> str:
        """The version of a row."""
        said = self.said.setdefault(package, {})
        if code not in said:
            name = self.builds.name(package, code)
            said[code] = f"{name} ({code})" if name in said.values() else name
        return said[code]
