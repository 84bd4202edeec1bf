"""Who works on which product: the crew of each planning project, out of the team that owns its applications."""

from dataclasses import dataclass
from functools import lru_cache

from ingest.demo.catalog import APPS, PEOPLE, TEAMS
from ingest.demo.world import World

TEAM_SIZE = 3
HELPERS = 2


@dataclass(frozen=True)
class Crew:
    """The people of a planning project by role."""

    manager: str
    developers: tuple[str, ...]
    designer: str
    tester: str

    def roles(self) -> list[tuple[str, str]]:
        """Each role with who has it."""
        developers = [("developer", name) for name in self.developers]
        return [("product_manager", self.manager), *developers, ("designer", self.designer), ("tester", self.tester)]


def team_members(team_id: str) -> tuple[str, ...]:
    """The three people of a team; the smallest teams share theirs."""
    number = [team.team_id for team in TEAMS if team.parent].index(team_id)
    return tuple(PEOPLE[(number * TEAM_SIZE + place) % len(PEOPLE)] for place in range(TEAM_SIZE))


@lru_cache(maxsize=64)
def crew(world: World, product: str) -> Crew:
    """The team's people and two helpers develop; two others design and test."""
    team = team_members(next(app.team for app in APPS if app.product == product))
    others = sorted((name for name in PEOPLE if name not in team), key=lambda name: world.dice(product, name, "crew"))
    return Crew(
        manager=world.pick(PEOPLE, product, "product manager"),
        developers=(*team, *others[:HELPERS]),
        designer=others[HELPERS],
        tester=others[HELPERS + 1],
    )
