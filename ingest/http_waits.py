"""How long a client waits before it asks again: what the vendor says, else longer each time."""

import email.utils
import random
import time
from collections.abc import Mapping
from datetime import UTC, datetime

BACKOFF_S = 0.25
_WAITS = ("Retry-After", "X-RateLimit-Reset", "RateLimit-Reset")


def wait_s(headers: Mapping[str, str], status: int, attempt: int) -> float:
    """Seconds to wait: Retry-After (seconds or date), else a reset (seconds or epoch), else back-off."""
    # Some vendors name their reset in every answer: it says nothing of a gateway that broke.
    named = _WAITS if status == 429 else _WAITS[:1]
    after = next((headers[name] for name in named if headers.get(name)), None)
    backoff: float = BACKOFF_S * 2**attempt * random.uniform(0.5, 1.0)  # noqa: S311
    if not after:
        return backoff
    try:
        seconds = float(after)
    except ValueError:
        try:
            seconds = (email.utils.parsedate_to_datetime(after) - datetime.now(UTC)).total_seconds()
        except (TypeError, ValueError):
            return backoff
    return max(0.0, seconds - time.time() if seconds > 1e9 else seconds)
