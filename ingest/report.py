"""What is known about a report before it is read: whose it is, and when it was made where it does not say."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from aurora.contracts import Row, Table

Told = Iterator[tuple[type[Table], Row]]
OLDEST = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class About:
    """`digest` names the file's content together with what is said of it; `at` is the file's own time."""

    source_instance: str
    digest: str
    stem: str
    at: datetime
    now: datetime
    app_id: str | None = None
    repo_id: str | None = None
    sha: str | None = None

    def id(self, part: object) -> str:
        """The id of a part of this report: the same for the same file, wherever it lies."""
        return f"{self.source_instance}:{self.digest}:{part}"

    @property
    def whose(self) -> Row:
        """The columns that say what the report is about."""
        return {"app_id": self.app_id, "repo_id": self.repo_id, "sha": self.sha}

    def believed(self, told: datetime | None) -> datetime:
        """When it was made: as it says itself, unless that cannot be; else the file's time."""
        return told if told and OLDEST <= told <= self.now else self.at


def instant_of(text: str | None) -> datetime | None:
    """An ISO time, UTC where it names no zone; None for anything else."""
    try:
        told = datetime.fromisoformat((text or "").strip())
        return told.replace(tzinfo=UTC) if told.tzinfo is None else told.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def epoch_of(text: str | None) -> datetime | None:
    """Seconds or milliseconds since 1970, whichever it can be; None for anything else."""
    try:
        number = float(text or "")
        return datetime.fromtimestamp(number / 1000 if number > 1e11 else number, UTC)
    except (ValueError, OverflowError, OSError):
        return None
