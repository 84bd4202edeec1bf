"""What the words of one Jira site mean: its custom fields, statuses, issue types and priorities."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aurora.errors import SourceError
from ingest.connector import Json, Run
from ingest.vendors.jira_api import Api

SPRINT = "com.pyxis.greenhopper.jira:gh-sprint"
STORY_POINTS = "com.pyxis.greenhopper.jira:jsw-story-points"
POINTS_NAMES = ("story points", "story point estimate")
CATEGORIES = {"new": "todo", "indeterminate": "in_progress", "done": "done"}
TYPES = {
    **dict.fromkeys(("story", "user story", "new feature", "feature", "improvement"), "story"),
    **dict.fromkeys(("bug", "defect"), "bug"),
    **dict.fromkeys(("task", "sub-task", "subtask", "technical task", "spike"), "task"),
    "epic": "epic",
}
SEVERITIES = {
    **dict.fromkeys(("blocker", "critical", "highest", "p0", "p1"), "critical"),
    **dict.fromkeys(("major", "high", "p2"), "high"),
    **dict.fromkeys(("medium", "normal", "p3"), "medium"),
    **dict.fromkeys(("minor", "low", "p4"), "low"),
    **dict.fromkeys(("trivial", "lowest", "p5"), "info"),
}
ISSUE_FIELDS = (
    "summary", "issuetype", "status", "priority", "labels", "assignee", "project", "parent", "created", "updated",
    "resolutiondate",
)  # fmt: skip
MAX_CHANGING = 10  # fields that Cloud takes as a filter of changelogs


@dataclass(frozen=True)
class Words:
    """What this site calls things. `changing` are the fields whose changes are kept, by id and by name."""

    sprint_field: str | None
    points_fields: tuple[str, ...]
    changing: Mapping[str, str]
    states: Mapping[str, str]
    type_names: Mapping[str, str]
    types: Mapping[str, str]
    severities: Mapping[str, str]

    @property
    def asked(self) -> tuple[str, ...]:
        """The fields that a search must name."""
        return (*ISSUE_FIELDS, *filter(None, (self.sprint_field,)), *self.points_fields)

    @property
    def logged(self) -> tuple[str, ...]:
        """The ids of fields whose changes are asked for."""
        return tuple(filter(None, ("status", "assignee", self.sprint_field, *self.points_fields)))[:MAX_CHANGING]

    def state(self, run: Run[Any], status_id: Any, name: str | None) -> str:
        """todo, in_progress or done for a status; `unknown` (and counted) for one that Jira no longer lists."""
        known = self.states.get(str(status_id))
        return known if known else run.word({}, name)

    def type(self, run: Run[Any], kind: Json) -> str:
        """The canonical type of an issue type, by its untranslated name where Jira tells it."""
        name = str(kind.get("name"))
        if kind.get("subtask"):
            return self.types.get(name.lower(), "task")
        untranslated = self.type_names.get(str(kind.get("id"))) or name
        return self.types.get(name.lower()) or run.word(TYPES, untranslated)

    def severity(self, run: Run[Any], priority: str | None) -> str | None:
        """The severity that a priority stands for; None for none."""
        return run.word(self.severities, priority) if priority else None


def words_of(run: Run[Any], api: Api) -> Words:
    """Ask the site for its fields, statuses and issue types. Raises SourceError when points_field names no field."""
    fields = api.rows("field")
    sprint = next((one["id"] for one in fields if _custom(one) == SPRINT), None)
    points = _points_fields(run, fields)
    names = {one["id"]: str(one.get("name")).lower() for one in fields}
    changing = {"status": "state", "assignee": "assignee"} | dict.fromkeys(points, "points")
    changing |= {sprint: "sprint"} if sprint else {}
    # Data Center's changelogs name fields, they tell no ids
    changing |= {names[one]: canonical for one, canonical in changing.items() if one in names}
    return Words(
        sprint_field=sprint,
        points_fields=points,
        changing=changing,
        states={str(one["id"]): state_of(one) for one in api.rows("status")},
        type_names={
            str(one["id"]): one["untranslatedName"] for one in api.rows("issuetype") if one.get("untranslatedName")
        },
        types={name.lower(): word for name, word in run.options.types.items()},
        severities=SEVERITIES | {name.lower(): word for name, word in run.options.severities.items()},
    )


def state_of(status: Json) -> str:
    """todo, in_progress or done by the category of a status, else unknown."""
    return CATEGORIES.get(str((status.get("statusCategory") or {}).get("key")), "unknown")


def _points_fields(run: Run[Any], fields: list[Json]) -> tuple[str, ...]:
    wanted = run.options.points_field
    if not wanted:
        return tuple(one["id"] for one in fields if _holds_points(one))
    found = tuple(one["id"] for one in fields if wanted.lower() in (one["id"], str(one.get("name")).lower()))
    if not found:
        raise SourceError(f"{run.source_instance}: Jira has no field {wanted!r}: check points_field", "bad_query")
    return found


def _holds_points(one: Json) -> bool:
    """Company-managed projects have a number field of that name, team-managed ones a field of its own kind."""
    is_number = (one.get("schema") or {}).get("type") == "number"
    return _custom(one) == STORY_POINTS or (is_number and str(one.get("name")).lower() in POINTS_NAMES)


def _custom(one: Json) -> str | None:
    return (one.get("schema") or {}).get("custom")


def points(value: Any) -> float | None:
    """An estimate as a number; None for none and for what is no estimate."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) and number >= 0 and not isinstance(value, bool) else None


def points_text(value: Any) -> str | None:
    """An estimate as the text of a change: 3, 0.5; None for none."""
    number = points(value)
    return None if number is None else f"{number:.10g}"


def sprint_numbers(value: Any) -> list[str]:
    """The ids in a sprint field: objects in Cloud, texts such as `...Sprint@1a2b[id=7,state=...]` in Data Center."""
    found = [_sprint_number(one) for one in value] if isinstance(value, list) else []
    return [number for number in dict.fromkeys(found) if number]


def _sprint_number(one: Any) -> str | None:
    if isinstance(one, dict):
        return str(one["id"]) if one.get("id") else None
    told = re.search(r"[\[,]id=(\d+)", one) if isinstance(one, str) else None
    return told[1] if told else None
