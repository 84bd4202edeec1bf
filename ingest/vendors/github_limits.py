"""GitHub's limits: how a refusal for them is told from one for want of permission, and what is left of the hour.

https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
"""

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from aurora.errors import SourceError
from ingest.http import Answer

SECONDARY = ("secondary rate limit", "abuse detection")
LEAST_S = 60.0  # what GitHub asks for where it tells no time
SHARE = 25  # the last 1/25 of the hour's requests is left to people and other tools of the same account


def limited_s(answer: Answer, attempt: int) -> float | None:
    """Seconds to wait before the next try; None for an answer that refuses for another reason than limits."""
    if answer.status not in (403, 429):
        return None
    after = _number(answer.headers.get("Retry-After"))
    if after is not None:
        return max(0.0, after)
    reset = _number(answer.headers.get("X-RateLimit-Reset"))
    if answer.headers.get("X-RateLimit-Remaining") == "0" and reset is not None:
        return max(0.0, reset - time.time()) + 1
    is_secondary = answer.status == 429 or any(mark in answer.text.lower() for mark in SECONDARY)
    return LEAST_S * 2.0 ** (attempt - 1) if is_secondary else None


def _number(text: Any) -> float | None:
    try:
        value = float(text)
    except (TypeError, ValueError):
        return None
    return value if math.isfinite(value) else None


@dataclass
class Budget:
    """What is left of each kind of request (core, graphql) in this hour, as the last answers told."""

    who: str
    left: dict[str, tuple[float, float, float]] = field(default_factory=dict)

    def check(self, kind: str) -> None:
        """Raises SourceError(rate_limited) when only the last share of the hour's requests is left."""
        left, limit, reset = self.left.get(kind, (1.0, 0.0, 0.0))
        if left < limit / SHARE and time.time() < reset:
            until = datetime.fromtimestamp(reset, UTC).strftime("%H:%M UTC")
            raise SourceError(
                f"{self.who}: {int(left)} of {int(limit)} {kind} requests are left until {until} and kept for others; "
                "the rest is read after that: raise `every`, or sign in as a GitHub App, whose limit is higher",
                "rate_limited",
            )

    def of_headers(self, headers: Mapping[str, str]) -> None:
        """Note what a REST answer tells."""
        told = (headers.get(f"X-RateLimit-{name}") for name in ("Remaining", "Limit", "Reset"))
        self._note(headers.get("X-RateLimit-Resource") or "core", [_number(text) for text in told])

    def of_graphql(self, told: Any) -> None:
        """Note what a GraphQL answer tells in `rateLimit`; null at servers without limits."""
        if isinstance(told, dict):
            numbers = [_number(told.get("remaining")), _number(told.get("limit")), _epoch(told.get("resetAt"))]
            self._note("graphql", numbers)

    def _note(self, kind: str, numbers: list[float | None]) -> None:
        left, limit, reset = numbers
        if left is not None and limit is not None and reset is not None:
            self.left[kind] = left, limit, min(reset, 1e11)


def _epoch(text: Any) -> float | None:
    try:
        return datetime.fromisoformat(str(text)).timestamp()
    except (ValueError, OverflowError):
        return None
