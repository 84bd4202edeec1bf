"""What git says, as values: instants, clean text, folders, releases. Pure."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

MAX_PATHS = 20
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_PRERELEASE = re.compile(r"[\d._-](?:a|alpha|b|beta|rc|pre|preview|dev|snapshot|nightly|m)[._-]?\d*(?:$|[._+-])", re.I)
_CONTROL = re.compile(r"[\x00-\x20\x7f-\x9f\u2028-\u202e\u2066-\u2069]+")


@dataclass(frozen=True)
class Release:
    """A tag that is a release, with the commit it names; instants are UTC."""

    tag: str
    sha: str
    created_at: datetime
    notes: str | None


def top_folders(paths: Iterable[str]) -> list[str]:
    """First and second-level folders of the files, shallow ones first, at most MAX_PATHS; [] for files at the top."""
    found: set[str] = set()
    for path in paths:
        folders = path.split("/")[:-1][:2]
        found.update("/".join(folders[:depth]) for depth in range(1, len(folders) + 1))
    return [clean(folder, 300) or "?" for folder in sorted(found, key=lambda f: (f.count("/"), f))[:MAX_PATHS]]


def is_prerelease(tag: str) -> bool:
    return bool(_PRERELEASE.search(tag))


def instant(seconds: str, now: datetime) -> datetime:
    """Seconds since 1970 as an instant, UTC, never after `now`; what is no number is 1970."""
    if not re.fullmatch(r"\d{1,11}", seconds):
        return EPOCH
    return min(datetime.fromtimestamp(int(seconds), UTC), now)


def clean(text: str, limit: int) -> str | None:
    return _CONTROL.sub(" ", text).strip()[:limit] or None
