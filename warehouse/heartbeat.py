"""Small files by which the processes of one machine tell each other what is not data: alive, nudged, planned."""

import json
import os
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path


@dataclass(frozen=True)
class Planned:
    """When a stream of a source runs next; instants are UTC in ISO form."""

    source: str
    connector: str
    stream: str
    every_s: float
    next_run_at: str
    is_running: bool


@dataclass(frozen=True)
class Heartbeat:
    """What the worker last said about itself."""

    pid: int
    started_at: str
    ticked_at: str
    settings_error: str | None
    plan: tuple[Planned, ...]

    def age_s(self) -> float:
        """Seconds since the scheduler ticked."""
        return (datetime.now(UTC) - datetime.fromisoformat(self.ticked_at)).total_seconds()


def beat(data: Path, heartbeat: Heartbeat) -> None:
    """Tell that the scheduler ticked."""
    data.mkdir(parents=True, exist_ok=True)
    fresh = data / f".worker.json.{os.getpid()}"
    fresh.write_text(json.dumps(asdict(heartbeat)), encoding="utf-8")
    fresh.replace(data / "worker.json")


def last_beat(data: Path) -> Heartbeat | None:
    """The worker's last word, None if there never was one or it cannot be read."""
    try:
        told = json.loads((data / "worker.json").read_text(encoding="utf-8"))
        plan = tuple(Planned(**planned) for planned in told.pop("plan"))
        return Heartbeat(**told, plan=plan)
    except (OSError, ValueError, TypeError, KeyError):
        return None


def nudge(data: Path) -> None:
    """Tell the worker that something was committed and wants publishing."""
    data.mkdir(parents=True, exist_ok=True)
    (data / "nudge").write_text(str(time.time_ns()))


def nudged_at(data: Path) -> int:
    """Nanoseconds of the last nudge, 0 if there was none."""
    try:
        return (data / "nudge").stat().st_mtime_ns
    except OSError:
        return 0
