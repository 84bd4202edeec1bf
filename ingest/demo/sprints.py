"""The calendar of sprints, two weeks each and the same for every product, and how much is planned for each."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from ingest.demo.world import DAY, EPOCH, HOUR, MINUTE, WEEK, World

# A sprint starts on a Monday at noon of Dubai, the one instant that `awake` leaves where it is.
LENGTH, MONDAY_NOON = 2 * WEEK, EPOCH + 4 * DAY + 8 * HOUR
CLOSING = 4 * MINUTE
FIRST, FIRST_NUMBER = -6, 21
# Items planned for each sprint, how many more with each sprint, and which part of them is done in it.
SIZES = {
    "Sales": (11, 0.0, 0.86),
    "Residents": (14, 0.0, 0.8),
    "Payments": (11, 0.9, 0.88),
    "Insight": (7, -0.5, 0.66),
    "Platform": (9, 0.0, 0.9),
}
FEWEST, MOST = 4, 14
GOALS = (
    "Fewer steps from lead to contract",
    "Nothing waits longer than a second",
    "Everything can be done on a phone",
    "Mend what users complain about most",
    "Arabic and English say the same",
    "Ready for the next community",
)


@dataclass(frozen=True)
class Sprint:
    """One sprint of one product; the one that runs at the first run has index 0."""

    product: str
    index: int
    starts_at: datetime

    @property
    def number(self) -> int:
        """The number in its name."""
        return FIRST_NUMBER + self.index - FIRST

    @property
    def ends_at(self) -> datetime:
        """When the next one starts."""
        return self.starts_at + LENGTH

    @property
    def completed_at(self) -> datetime:
        """When it is closed: minutes before the next one starts."""
        return self.ends_at - CLOSING

    @property
    def planned_at(self) -> datetime:
        """When it is first seen: soon after the one before it started."""
        return self.starts_at - LENGTH + 2 * HOUR


def sprint(world: World, product: str, index: int) -> Sprint:
    """A sprint; the active one at the first run began in the week before."""
    monday = world.anchor - (world.anchor - MONDAY_NOON) % WEEK
    return Sprint(product, index, monday - WEEK + index * LENGTH)


def index_at(world: World, at: datetime) -> int:
    """Index of the sprint in whose two weeks the instant lies."""
    return (at - sprint(world, "", 0).starts_at) // LENGTH


def workday(one: Sprint, days: float) -> datetime:
    """The instant so many working days (0 to 10) after the sprint's start."""
    return one.starts_at + timedelta(days=days + (2 if days >= 4.6 else 0))


def item_count(world: World, product: str, index: int) -> int:
    """How many items are planned for a sprint."""
    size, more, _ = SIZES[product]
    wanted = size + more * index + world.between(-1.5, 1.5, product, index, "items")
    return min(max(round(wanted), FEWEST), MOST)


def goal(world: World, one: Sprint) -> str:
    """What the sprint is for."""
    return world.pick(GOALS, one.product, one.index, "goal")
