"""The rules of the application score, as score.toml states them; each fault is told in a sentence."""

import tomllib
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, ValidationError, model_validator

from aurora.errors import SettingsError
from aurora.settings import Frozen

Number = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Days = Annotated[int, Field(ge=0, le=36500)]
Percent = Annotated[float, Field(gt=0, le=100)]


class Part(Frozen):
    """One part: its weight beside the others, and the values that are worth 100, 50 and 0."""

    value: str
    weight: Number
    full_at: Number
    half_at: Number
    none_at: Number

    @model_validator(mode="after")
    def _falls(self) -> Self:
        if not self.full_at < self.half_at < self.none_at:
            raise ValueError("full_at must be less than half_at, and half_at less than none_at")
        return self


class TargetPct(Frozen):
    """Uptime in percent where no objective is declared, by tier of the application."""

    tier_1: Percent
    tier_2: Percent
    other: Percent


class Availability(Part):
    """Availability, with the targets that nobody has to declare."""

    target_pct: TargetPct


class Latency(Part):
    """Latency, with the response time in ms that counts where no objective is declared."""

    objective_ms: Positive


class AlertGrades(Frozen):
    """What an open alert of each severity adds to the value."""

    critical: Number
    warning: Number
    info: Number


class Alerts(Part):
    """Alerts, with their grades."""

    grades: AlertGrades


class FindingGrades(Frozen):
    """What an overdue finding of each severity adds to the value."""

    critical: Number
    high: Number
    medium: Number
    low: Number
    unknown: Number
    info: Number


class DeadlineDays(Frozen):
    """Days that there are to mend a finding of each severity; one of mere information has no deadline."""

    critical: Days
    high: Days
    medium: Days
    low: Days
    unknown: Days


class Security(Part):
    """Security, with grades and deadlines of findings."""

    grades: FindingGrades
    deadline_days: DeadlineDays


class LimitPct(Frozen):
    """The limit of each vital, in percent of users or sessions."""

    user_perceived_crash: Positive
    user_perceived_anr: Positive
    crashed_sessions: Positive


class Mobile(Part):
    """Mobile, with the limits of the vitals."""

    limit_pct: LimitPct


class Rules(Frozen):
    """score.toml: one block for each part."""

    availability: Availability
    latency: Latency
    errors: Part
    alerts: Alerts
    delivery: Part
    security: Security
    cost: Part
    mobile: Mobile
    freshness: Part

    @model_validator(mode="after")
    def _weighs(self) -> Self:
        if not sum(part.weight for part in self.parts().values()) > 0:
            raise ValueError("all weights are 0: give at least one part a weight")
        return self

    def parts(self) -> dict[str, Part]:
        """The parts by name."""
        return {name: getattr(self, name) for name in Rules.model_fields}


ADVICE = {
    "extra_forbidden": "there is no such setting: remove it or mend its spelling",
    "missing": "it is missing: add it",
    "float_type": "write a number",
    "float_parsing": "write a number",
    "finite_number": "write a number",
    "greater_than": "write a number above {gt:g}",
    "greater_than_equal": "write a number from {ge:g} on",
    "less_than_equal": "write a number up to {le:g}",
    "int_type": "write a whole number",
    "int_parsing": "write a whole number",
    "int_from_float": "write a whole number",
    "string_type": "write text in quotes",
}


def load_rules(path: Path) -> Rules:
    """The rules of the file. Raises SettingsError with one sentence: file, key, what to write."""
    try:
        return Rules.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: this is not TOML: {error}") from error
    except OSError as error:
        raise SettingsError(f"{path}: this cannot be read ({error.strerror})") from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        key = ".".join(str(part) for part in first["loc"]) or "weight"
        advice = ADVICE.get(first["type"], "").format(**first.get("ctx", {}))
        advice = advice or first["msg"].removeprefix("Value error, ")
        raise SettingsError(f"{path}: {key}: {advice}") from error
