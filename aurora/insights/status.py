"""What the status page says, on the page and in its feeds: names, states and times, nothing of the inside."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

import polars as pl

from aurora.contracts import Row

WORST_FIRST = ("down", "degraded", "unknown", "maintenance")
SAID = {
    "down": "down",
    "degraded": "not working as usual",
    "unknown": "in an unknown state",
    "maintenance": "under maintenance",
}
IMPACT = {"critical": "major outage", "high": "serious trouble", "medium": "trouble", "low": "minor trouble"}
STEP = {
    "open": "We are looking into it",
    "acknowledged": "We are working on it",
    "mitigated": "It is mended, and we are watching it",
    "resolved": "It is over",
    "scheduled": "It is planned",
    "in_progress": "It is under way",
    "ended": "It is over",
    "cancelled": "It was withdrawn",
}
LONGEST_TITLE = 120
LONGEST = timedelta(days=31)


@dataclass(frozen=True)
class Overall:
    """The state of everything: the worst there is, and a sentence."""

    status: str
    sentence: str


@dataclass(frozen=True)
class Day:
    """One day (UTC) of an availability bar; without data it is unknown and has no figure."""

    day: date
    status: str
    uptime_pct: float | None
    unknown_pct: float


def overall(statuses: list[str], open_incident_count: int) -> Overall:
    """The worst first; unknown is said as such, and everything is well only where everything is known to be."""
    counts = {word: statuses.count(word) for word in WORST_FIRST}
    found = [word for word in WORST_FIRST if counts[word]]
    if statuses and counts["unknown"] == len(statuses):
        return Overall("unknown", "Nothing is known about any application at the moment")
    if open_incident_count and not {"down", "degraded", "unknown"} & set(found):
        return Overall("degraded", f"{_are(open_incident_count, 'incident')} open, though no application is down")
    if not found:
        return Overall("healthy", "All systems operational")
    first, *others = found
    said = [f"{_are(counts[first], 'application')} {SAID[first]}"]
    said += [f"{counts[word]} {'is' if counts[word] == 1 else 'are'} {SAID[word]}" for word in others]
    return Overall(first, ", ".join(said))


def headline(notice: Row) -> str:
    """The public title of a notice: what it hits and how badly, or what is announced."""
    if notice["kind"] == "maintenance":
        return str(notice["title"] or "Maintenance withdrawn")
    return f"{apps(notice) or 'Other systems'}: {IMPACT.get(notice['severity'], 'incident')}"


def apps(notice: Row) -> str:
    """The applications that a notice is about, '' if none is named."""
    return ", ".join(notice["app_names"] or [])


def details(notice: Row) -> str:
    """Where a notice stands, and its times in UTC."""
    step = STEP.get(notice["state"], "How it stands is not known")
    about = f" Concerns {apps(notice)}." if notice["kind"] == "maintenance" and apps(notice) else ""
    return f"{step}.{about} {times(notice)}."


def times(notice: Row) -> str:
    """'29 Nov 2026, 08:00 to 12:00 UTC', 'Since 29 Nov 2026, 08:00 UTC'."""
    start, end = notice["starts_at"], notice["ends_at"]
    if end is None:
        return f"Since {moment(start)} UTC"
    until = f"{end:%H:%M}" if end.date() == start.date() else moment(end)
    return f"{moment(start)} to {until} UTC"


def moment(instant: datetime) -> str:
    """'29 Nov 2026, 08:00'."""
    return f"{instant:%d %b %Y, %H:%M}"


def bars(frame: pl.DataFrame, today: date, count: int) -> list[Day]:
    """The last `count` days, oldest first, each with its row of the frame (day, worst_status ...) or unknown."""
    rows = {row["day"]: row for row in frame.iter_rows(named=True)}
    days = [today - timedelta(days=back) for back in range(count - 1, -1, -1)]
    return [_bar(day, rows.get(day)) for day in days]


def _bar(day: date, row: Row | None) -> Day:
    if row is None or not row["elapsed_s"]:
        return Day(day, "unknown", None, 100.0)
    known = row["healthy_s"] + row["degraded_s"] + row["down_s"] + row["maintenance_s"]
    share = row["unknown_s"] / (known + row["unknown_s"]) if known + row["unknown_s"] else 1.0
    return Day(day, row["worst_status"], row["uptime_pct"], 100.0 * share)


def refusal(title: str, about: str | None, starts_at: datetime | None, ends_at: datetime | None) -> str | None:
    """Why an announcement cannot stand as written, as a sentence; None if it can."""
    if not title.strip():
        return "Write a title: what is done, in words that everybody may read"
    if len(title.strip()) > LONGEST_TITLE:
        return f"Shorten the title to {LONGEST_TITLE} characters"
    if about is None:
        return "Choose the application or component that it is about"
    if starts_at is None or ends_at is None:
        return "Say when it starts and when it ends, in UTC"
    if ends_at <= starts_at:
        return "Let it end after it starts"
    if ends_at - starts_at > LONGEST:
        return f"Let it last {LONGEST.days} days at most: announce a longer one in parts"
    return None


def _are(n: int, word: str) -> str:
    return f"1 {word} is" if n == 1 else f"{n:,} {word}s are"
