"""What webhooks have in common: how a body is signed, what it says of rows, and what is said where nobody knows better.

A row of a webhook tells less than one that is asked for: what it leaves out stays as it was (`Said.row`), and what it
can only guess counts where nothing is known yet (`Said.otherwise`).
"""

import hashlib
import hmac
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import Any

from aurora.contracts import Row, Table
from aurora.receive import Deploys, Tier
from aurora.settings import Frozen
from ingest.connector import Json, Run
from ingest.vendors.environments import TIERS, env_tier
from ingest.vendors.git_words import clean

Headers = Mapping[str, str]


class HookOptions(Frozen):
    """What the settings say of a hook; `has_connector`: a source of the same name reads the vendor too."""

    environments: dict[str, Tier] = {}
    deploys: tuple[Deploys, ...] = ()
    has_connector: bool = False


HookRun = Run[HookOptions]
_ZONE = re.compile(r"\s+(?=[+-]\d{2}:?\d{2}$)")


@dataclass(frozen=True)
class Said:
    """A row as an event tells it."""

    table: type[Table]
    row: Row
    otherwise: Row = field(default_factory=dict)


@dataclass(frozen=True)
class Vendor:
    """A sender: `name` is its route and its connector's, `proof` the header without which nothing is read."""

    name: str
    title: str
    proof: str
    is_signed: Callable[[Headers, bytes, str], bool]
    delivery: Callable[[Headers], str | None]
    kind: Callable[[Headers, Json], str | None]
    said: Callable[[HookRun, str, Json], Iterator[Said]]


def is_hmac(given: str, body: bytes, secret: str) -> bool:
    """Whether `sha256=<hex>` is the body's, in constant time."""
    wanted = "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(given.encode(errors="replace"), wanted.encode())


def is_token(given: str, secret: str) -> bool:
    """Whether a header is the token, in constant time; headers come as latin-1."""
    return hmac.compare_digest(given.encode("latin-1", errors="replace"), secret.encode())


def moment(told: Any) -> datetime:
    """An instant as vendors write them: ISO, "2021-04-28 21:50:00 +0200", "... UTC", seconds. Raises ValueError."""
    if isinstance(told, int | float) and not isinstance(told, bool):
        return datetime.fromtimestamp(told, UTC)
    at = datetime.fromisoformat(_ZONE.sub("", str(told).strip().removesuffix(" UTC")))
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)


def instant(told: Any) -> datetime | None:
    """The same, None for none."""
    return None if told in (None, "", 0) else moment(told)


def text(told: Any, limit: int = 500) -> str | None:
    """Clean text, None for none."""
    return clean(str(told), limit) if told is not None else None


def tier_said(run: HookRun, environment: str, vendor_tier: str | None = None) -> tuple[Row, Row]:
    """The tier as what is said, or as what counts where nobody has said one: a name alone tells less than a person."""
    tier, by = tier_of(run, environment, vendor_tier)
    told = {"env_tier": tier}
    return (told, {}) if by in ("person", "vendor") else ({}, told)


def tier_of(run: HookRun, environment: str, vendor_tier: str | None = None) -> tuple[str, str]:
    """The tier of an environment and who says so: a person in the settings, the vendor, or its name."""
    for pattern, said in run.options.environments.items():
        if fnmatchcase(environment.lower(), pattern.lower()):
            return said, "person"
    if vendor_tier in ("production", "staging", "testing", "development"):
        return str(vendor_tier), "vendor"
    known = environment if environment.lower() in TIERS else environment.partition("/")[0]
    tier = env_tier(run, known)
    return tier, "none" if tier == "unknown" else "rule"
