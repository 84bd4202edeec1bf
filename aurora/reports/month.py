"""The calendar months that reports are of."""

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from aurora.errors import UsageError

NAMES = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip


@dataclass(frozen=True, order=True)
class Month:
    """A month of UTC days."""

    first: date

    @property
    def since(self) -> datetime:
        """Its first instant, UTC without a zone."""
        return datetime(self.first.year, self.first.month, 1)  # noqa: DTZ001

    @property
    def until(self) -> datetime:
        """The first instant after it."""
        return self.after.since

    @property
    def after(self) -> "Month":
        """The next month."""
        return Month((self.first + timedelta(days=32)).replace(day=1))

    @property
    def before(self) -> "Month":
        """The month before."""
        return Month((self.first - timedelta(days=1)).replace(day=1))

    @property
    def name(self) -> str:
        """'October'; English whatever the locale."""
        return NAMES[self.first.month - 1]

    @property
    def title(self) -> str:
        """'October 2026'."""
        return f"{self.name} {self.first.year}"

    @property
    def window(self) -> dict[str, datetime]:
        """As the parameters of models that take since and until."""
        return {"since": self.since, "until": self.until}

    def __str__(self) -> str:
        return f"{self.first:%Y-%m}"


def month_of(text: str) -> Month:
    """The month of '2026-10'. Raises UsageError."""
    found = re.fullmatch(r"(\d{4})-(\d{2})", text.strip())
    if not found or not 1 <= int(found[2]) <= 12 or int(found[1]) < 1970:
        raise UsageError(f"{text!r} is no month: write one such as 2026-10")
    return Month(date(int(found[1]), int(found[2]), 1))


def last_full(at: datetime) -> Month:
    """The month that was over last at that instant."""
    return Month(at.date().replace(day=1)).before
