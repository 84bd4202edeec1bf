"""What an episode of trouble is: its alert, what it does to the health of components, and the incident it becomes."""

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True)
class Effect:
    """What an episode does to the health of one component; `rises_over` spreads memory_add over a time."""

    component: str
    start: datetime
    end: datetime
    status: str | None = None
    reason: str | None = None
    latency_x: float = 1.0
    errors_add: float = 0.0
    cpu_add: float = 0.0
    memory_add: float = 0.0
    rises_over: timedelta | None = None


@dataclass(frozen=True)
class Trouble:
    """The incident that an episode becomes."""

    title: str
    severity: str
    cause: str
    app: str | None
    affected: tuple[str, ...]
    users: int
    caused_by: str | None = None


@dataclass(frozen=True)
class Episode:
    """Something that went wrong: its alert (first suspected at `start`), effects and perhaps an incident."""

    rule: str
    component: str
    app: str | None
    severity: str
    title: str
    message: str
    start: datetime
    fires_after: timedelta
    acked_after: timedelta | None
    end: datetime
    value: float | None = None
    threshold: float | None = None
    effects: tuple[Effect, ...] = ()
    trouble: Trouble | None = None
    by: str | None = None

    @property
    def native_id(self) -> str:
        """Unique among the episodes of the demo: the alert's fingerprint and beginning."""
        return f"{self.fingerprint}@{self.start:%Y%m%dT%H%M%S}"

    @property
    def fingerprint(self) -> str:
        """The same for every alert of this rule on this component."""
        return f"{self.rule}:{self.component}"

    @property
    def fired_at(self) -> datetime:
        """When suspicion became an alert."""
        return self.start + self.fires_after

    @property
    def acked_at(self) -> datetime | None:
        """When somebody took it on, None where it was over before."""
        at = self.start + self.acked_after if self.acked_after else None
        return at if at and at < self.end else None
