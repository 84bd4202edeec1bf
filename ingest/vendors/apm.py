"""What connectors of application-monitoring vendors share: windows, split ranges, instants, words, open alerts."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from aurora.contracts import Row
from ingest.connector import Checkpoint, Json, Run

Window = tuple[datetime, datetime]
SHORTEST = timedelta(minutes=1)  # a range that is not split any further
FRESH = timedelta(minutes=10)  # what a source says of now stands for buckets this young
TIERS = {
    **dict.fromkeys(("production", "prod", "prd", "live"), "production"),
    **dict.fromkeys(("staging", "stage", "stg", "preprod", "uat"), "staging"),
    **dict.fromkeys(("testing", "test", "qa"), "testing"),
    **dict.fromkeys(("development", "dev"), "development"),
}


def windows(run: Run[Any], step: timedelta, settle: timedelta, points: int) -> list[Window]:
    """Half-open ranges of at most `points` steps from run.since up to what has settled; UTC, multiples of the step."""
    first, last = _floor(run.since, step), _floor(run.now - settle, step)
    size, found = step * points, []
    while first < last:
        found.append((first, min(first + size, last)))
        first += size
    return found


def rest(run: Run[Any], step: timedelta) -> Checkpoint:
    """The checkpoint of a run that found no settled window: it goes on where it stood."""
    return Checkpoint({"until": _floor(run.since, step).isoformat()})


def _floor(at: datetime, step: timedelta) -> datetime:
    start = datetime.fromtimestamp(0, UTC)
    return start + (at - start) // step * step


def split(
    ask: Callable[[datetime, datetime], list[Json]], start: datetime, end: datetime, limit: int
) -> Iterator[Json]:
    """The items of a time range that a vendor cuts off after `limit`: a full answer is asked again in two halves."""
    found = ask(start, end)
    if len(found) < limit or end - start <= SHORTEST:
        yield from found
        return
    middle = start + (end - start) / 2
    middle = middle.replace(microsecond=middle.microsecond // 1000 * 1000)
    yield from split(ask, start, middle, limit)
    yield from split(ask, middle, end, limit)


def warn_once(run: Run[Any], sentence: str) -> None:
    """Mark the run as partial, unless it said so before."""
    if sentence not in run.warnings:
        run.warn(sentence)


def millis(at: datetime) -> int:
    """An instant as epoch milliseconds."""
    return round(at.timestamp() * 1000)


def instant(milliseconds: float) -> datetime:
    """Epoch milliseconds as a UTC instant."""
    return datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=milliseconds)


def at_millis(value: Any) -> datetime | None:
    """Epoch milliseconds as a UTC instant; None for none and for 0, which vendors write for "not yet"."""
    return instant(value) if value else None


def at_seconds(value: Any) -> datetime | None:
    """Epoch seconds as a UTC instant; None for none and for 0."""
    return at_millis(value * 1000) if value else None


def percentage(value: float | None) -> float | None:
    """The value within 0 to 100: sampling makes shares that pass their bounds by a little."""
    return None if value is None else min(max(float(value), 0.0), 100.0)


def share_pct(part: float | None, whole: float | None) -> float | None:
    """100 * part / whole within 0 to 100; None where nothing was counted."""
    return percentage(100 * part / whole) if whole and part is not None else None


def tier(run: Run[Any], raw: str | None) -> str | None:
    """The environment tier for a vendor's word; None if the vendor says none."""
    return run.word(TIERS, raw) if raw else None


def resolved(row: Row, ended_at: datetime | None, now: datetime) -> Row:
    """The alert as ended, at the first poll that no longer showed it if Datadog does not say when."""
    return row | {
        "state": "resolved",
        "ended_at": ended_at or now,
        "is_end_inferred": ended_at is None,
        "updated_at": now,
    }


def kept(row: Row) -> str:
    """An open alert as text for the cursor."""
    return json.dumps(row, default=datetime.isoformat)


def revived(text: str) -> Row:
    """An open alert out of the cursor, its instants as instants again."""
    row: dict[str, Any] = json.loads(text)
    return {name: datetime.fromisoformat(it) if it and name.endswith("_at") else it for name, it in row.items()}
